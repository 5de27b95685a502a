//! [`NeedsFile`]: the methods that a service needs, as a file that is kept with the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gcp_scopes_catalog::scope::Scope;
use gcp_scopes_catalog::{ApiMethod, VERSION, narrowest_first};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::NeedsError;
use crate::permissions::permissions_of;

/// The name and the version of the file's format.
const SCHEMA: &str = "gcp-scopes/needs/1";

/// The methods of Google's APIs that a service needs: the content of `gcp-needs.json`.
///
/// A recorder writes the file, and people review and extend it. A method is all that an entry
/// needs: the catalog fills in the accepted scopes. `Display` writes the file, sorted by method and
/// resource, so that a change is a small diff.
///
/// ```
/// use gcp_scopes_needs::NeedsFile;
///
/// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
/// assert_eq!(needs.needs()[0].method().id(), "storage.objects.insert");
/// assert!(needs.to_string().contains("devstorage.read_write"));
/// # Ok::<(), gcp_scopes_needs::NeedsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsFile {
    catalog: String,
    needs: Vec<NeededMethod>,
    /// Keys of the file that this version does not know.
    others: Map<String, Value>,
}

/// A method that a service needs, and its resource if a person wrote one into the file.
///
/// ```
/// use gcp_scopes_needs::NeedsFile;
///
/// let text = r#"{"needs": [{"method": "storage.objects.insert", "resource": "gs://photos"}]}"#;
/// let needs = NeedsFile::parse(text)?;
/// assert_eq!(needs.needs()[0].resource(), Some("gs://photos"));
/// # Ok::<(), gcp_scopes_needs::NeedsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededMethod {
    method: ApiMethod,
    entry: NeedsEntry,
}

/// An entry of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NeedsEntry {
    method: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<String>,
    /// Keys that this version does not know. They are kept, because people write the file, too.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The file. The entries are read one by one, so that an error can name the entry.
#[derive(Serialize, Deserialize)]
struct NeedsJson<T> {
    #[serde(default)]
    schema: Option<String>,
    #[serde(default)]
    catalog: String,
    needs: Vec<T>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl NeedsFile {
    /// Reads a needs file.
    ///
    /// # Errors
    /// Returns an error that names the entry and what was expected. For an unknown method the error
    /// names the nearest methods.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let text = r#"{"needs": [{"method": "storage.objects.insrt"}]}"#;
    /// let error = NeedsFile::parse(text).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, NeedsError> {
        let text = text.trim_start_matches('\u{feff}');
        let file: NeedsJson<Value> = serde_json::from_str(text)
            .map_err(|error| NeedsError::json("needs file", &error, EXAMPLE))?;
        if let Some(schema) = file.schema.filter(|schema| schema != SCHEMA) {
            let schema = schema.escape_debug();
            return Err(NeedsError::new(format!("schema: `{schema:.60}`; expected `{SCHEMA}`")));
        }
        let entries = file.needs.into_iter().enumerate();
        let (needs, errors): (Vec<_>, Vec<_>) = entries
            .map(|(index, entry)| {
                NeededMethod::from_json(entry).map_err(|why| format!("needs[{index}]: {why}"))
            })
            .partition(Result::is_ok);
        let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
        if !errors.is_empty() {
            return Err(NeedsError::new(errors.join("\n")));
        }
        let needs = needs.into_iter().flatten();
        Ok(Self { catalog: file.catalog, needs: Vec::new(), others: file.others }.with(needs))
    }

    /// Creates the file for these methods, without resources.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::from_methods([ApiMethod::by_id("pubsub.projects.topics.publish")?]);
    /// assert_eq!(needs.needs().len(), 1);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn from_methods(methods: impl IntoIterator<Item = ApiMethod>) -> Self {
        let none = Self { catalog: VERSION.to_owned(), needs: Vec::new(), others: Map::new() };
        none.with(methods.into_iter().map(NeededMethod::from))
    }

    /// Adds the methods of `recorded` that this file does not have. The entries of this file stay
    /// as they are, with their resources.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let file = r#"{"needs": [
    ///     {"method": "storage.objects.insert", "resource": "gs://photos"}
    /// ]}"#;
    /// let recorded = ["storage.objects.get", "storage.objects.insert"].map(ApiMethod::by_id);
    /// let recorded = NeedsFile::from_methods(recorded.into_iter().flatten());
    /// let merged = NeedsFile::parse(file)?.merge(&recorded);
    /// assert_eq!(merged.needs().len(), 2);
    /// assert_eq!(merged.needs()[1].resource(), Some("gs://photos"));
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn merge(self, recorded: &Self) -> Self {
        let new: Vec<NeededMethod> = self.lacks(recorded).cloned().collect();
        let mut merged = self;
        // An unchanged file keeps its text, also with a newer catalog.
        if !new.is_empty() {
            merged.catalog.clone_from(&recorded.catalog);
        }
        merged.with(new)
    }

    /// Compares the file with the methods that a recorder has seen.
    ///
    /// # Errors
    /// Returns an error whose message contains the lines to add, if the file lacks a method.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let file = NeedsFile::parse(r#"{"needs": []}"#)?;
    /// let recorded = ApiMethod::by_id("storage.objects.get").into_iter();
    /// let error = file.require(&NeedsFile::from_methods(recorded)).unwrap_err();
    /// assert!(error.to_string().contains(r#""method": "storage.objects.get""#));
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    pub fn require(&self, recorded: &Self) -> Result<(), NeedsError> {
        let missing: Vec<String> = self.lacks(recorded).map(NeededMethod::lines).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let count = missing.len();
        let noun = if count == 1 { "method that was" } else { "methods that were" };
        let lines = missing.join(",\n");
        Err(NeedsError::new(format!(
            "the needs file lacks {count} {noun} called; add to `needs`:\n{lines}"
        )))
    }

    /// Returns the methods, sorted by id and resource.
    ///
    /// ```
    /// assert!(gcp_scopes_needs::NeedsFile::from_methods([]).needs().is_empty());
    /// ```
    #[must_use]
    pub fn needs(&self) -> &[NeededMethod] {
        &self.needs
    }

    /// Returns the permissions on each resource that the file names.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let text =
    ///     r#"{"needs": [{"method": "storage.objects.insert", "resource": "gs://photos"}]}"#;
    /// let permissions = NeedsFile::parse(text)?.permissions_by_resource();
    /// assert!(permissions["gs://photos"].contains("storage.objects.create"));
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn permissions_by_resource(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut resources = BTreeMap::<String, BTreeSet<String>>::new();
        for need in &self.needs {
            if let (Some(resource), false) = (need.resource(), need.permissions().is_empty()) {
                let permissions = resources.entry(resource.to_owned()).or_default();
                permissions.extend(need.permissions().into_iter().map(str::to_owned));
            }
        }
        resources
    }

    /// Returns the entries of `recorded` whose method this file does not have.
    fn lacks<'a>(&self, recorded: &'a Self) -> impl Iterator<Item = &'a NeededMethod> {
        let has = |method: &ApiMethod| self.needs.iter().any(|need| need.method == *method);
        let new: Vec<_> = recorded.needs.iter().filter(|need| !has(&need.method)).collect();
        new.into_iter()
    }

    /// Adds entries, and sorts all by method and resource. Of several entries for the same method
    /// and resource, keeps the last.
    fn with(mut self, needs: impl IntoIterator<Item = NeededMethod>) -> Self {
        let all = self.needs.into_iter().chain(needs);
        let key = |need: &NeededMethod| (need.entry.method.clone(), need.entry.resource.clone());
        let sorted: BTreeMap<_, _> = all.map(|need| (key(&need), need)).collect();
        self.needs = sorted.into_values().collect();
        self
    }
}

const EXAMPLE: &str = r#"`{"needs": [{"method": "storage.objects.insert"}]}`"#;

/// Writes the file, with a line end at its end.
impl fmt::Display for NeedsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let catalog = if self.catalog.is_empty() { VERSION } else { &self.catalog };
        let json = NeedsJson {
            schema: Some(SCHEMA.to_owned()),
            catalog: catalog.to_owned(),
            needs: self.needs.iter().map(NeededMethod::filled).collect(),
            others: self.others.clone(),
        };
        let text = serde_json::to_string_pretty(&json).map_err(|_| fmt::Error)?;
        writeln!(f, "{text}")
    }
}

impl NeededMethod {
    fn from_json(entry: Value) -> Result<Self, String> {
        let entry: NeedsEntry = serde_json::from_value(entry)
            .map_err(|error| format!("{error}; expected {ENTRY_EXAMPLE}"))?;
        let method = ApiMethod::by_id(&entry.method).map_err(|error| error.to_string())?;
        Ok(Self { method, entry })
    }

    /// Returns the method.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    /// assert_eq!(needs.needs()[0].method().host(), "storage.googleapis.com");
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn method(&self) -> ApiMethod {
        self.method
    }

    /// Returns the method as the file names it. The name may contain the version of the API, as in
    /// `compute.beta:compute.instances.get`.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    /// assert_eq!(needs.needs()[0].name(), "storage.objects.get");
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.method
    }

    /// Returns the resource that a person has written into the file, such as `gs://photos`, if the
    /// file has one for this method.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    /// assert_eq!(needs.needs()[0].resource(), None);
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.entry.resource.as_deref()
    }

    /// Returns the permissions that the file lists, or else the permissions that the method [always
    /// needs](crate::permissions_of).
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    /// assert_eq!(needs.needs()[0].permissions(), ["storage.objects.get"]);
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    #[must_use]
    pub fn permissions(&self) -> Vec<&str> {
        match self.entry.permissions.as_slice() {
            [] => permissions_of(self.method),
            permissions => permissions.iter().map(String::as_str).collect(),
        }
    }

    /// Returns the scopes that the file lists. The method accepts them and those of the catalog.
    pub(crate) fn accepted_by_file(&self) -> impl Iterator<Item = Scope> + '_ {
        self.entry.accepted.iter().filter_map(|name| name.parse().ok())
    }

    /// Returns the entry. If the file lists no accepted scopes, the entry has those of the catalog;
    /// if it lists no permissions, the entry has those of the table.
    fn filled(&self) -> NeedsEntry {
        let mut entry = self.entry.clone();
        if entry.accepted.is_empty() {
            let accepted = narrowest_first(&self.method.accepted());
            entry.accepted = accepted.iter().map(ToString::to_string).collect();
        }
        entry.permissions = self.permissions().into_iter().map(str::to_owned).collect();
        entry
    }

    /// Returns the lines of the entry in the file.
    fn lines(&self) -> String {
        let text = serde_json::to_string_pretty(&self.filled()).unwrap_or_default();
        text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }
}

const ENTRY_EXAMPLE: &str = r#"an entry such as `{"method": "storage.objects.insert"}`"#;

impl From<ApiMethod> for NeededMethod {
    fn from(method: ApiMethod) -> Self {
        // The name contains the version only if the id alone stands for another version.
        let is_usual = ApiMethod::by_id(method.id()).is_ok_and(|usual| usual == method);
        let name = match is_usual {
            true => method.id().to_owned(),
            false => format!("{}:{}", method.api(), method.id()),
        };
        let entry = NeedsEntry {
            method: name,
            accepted: Vec::new(),
            resource: None,
            permissions: Vec::new(),
            others: Map::new(),
        };
        Self { method, entry }
    }
}
