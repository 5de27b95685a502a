//! Parses a question about a method: a call or the id of a method, and the scopes of a token.

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use serde_json::{Map, Value};

use super::input_errors::{nearest_name, shown};
use super::json_line::{self, describe_value};
use super::named_call::NamedCall;
use super::scope_list::read_list;
use crate::error::Error;

/// A question about the scopes that a method accepts, and optionally about a token.
///
/// ```
/// use gcp_scopes_explain::reader::{MethodQuestion, scopes};
///
/// let question = MethodQuestion::about_method("storage.objects.insert")?;
/// let question = question.with_granted(scopes(["storage-ro"])?);
/// let held = question.granted().ok_or("no scopes")?;
/// assert_eq!(question.lookup().accepts(held), Ok(false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MethodQuestion {
    lookup: Lookup,
    host: String,
    granted: Option<ScopeSet>,
}

impl MethodQuestion {
    /// Creates a question about the method that a request calls. The case of the verb is ignored.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// let url = "https://storage.googleapis.com/storage/v1/b/photos";
    /// let question = MethodQuestion::about_request("GET", url)?;
    /// let method = question.lookup().method();
    /// assert_eq!(method.map(|method| method.id()), Some("storage.buckets.get"));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the verb or the URL cannot be parsed.
    pub fn about_request(verb: &str, url: &str) -> Result<Self, Error> {
        let call = NamedCall::new(verb, url)?;
        let host = call.uri().host().unwrap_or_default().to_owned();
        Ok(Self { lookup: lookup(&call.call(), &Endpoints::new()), host, granted: None })
    }

    /// Creates a question about the method with this id. The id of a gRPC method may have a slash:
    /// `google.pubsub.v1.Publisher/Publish`.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// let error = MethodQuestion::about_method("storage.objects.insrt").unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `storage.objects.insert`?"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the catalog does not have the id; the message contains the nearest ids.
    pub fn about_method(id: &str) -> Result<Self, Error> {
        Ok(Self::read_id(id)?)
    }

    /// Parses a line of JSON: `{"verb": "GET", "url": "https://…", "granted": ["…"]}`, or with the
    /// id of a method instead of verb and URL: `{"id": "storage.objects.get"}`. The id may also be
    /// in the field `method`. The field `granted`, the scopes of the token, is optional.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// let line = br#"{"id": "storage.objects.get", "granted": ["pubsub"]}"#;
    /// let question = MethodQuestion::from_json_line(line)?;
    /// assert_eq!(question.granted().map(|scopes| scopes.len()), Some(1));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the line does not have this form. The message contains the part that is
    /// not valid, and what was expected.
    pub fn from_json_line(line: &[u8]) -> Result<Self, Error> {
        let fields = json_line::fields(line, SHAPE)?;
        let granted = match fields.get("granted") {
            None | Some(Value::Null) => None,
            Some(value) => Some(read_granted(value)?),
        };
        let question = match read_id(&fields)? {
            Some(id) => Self::about_method(id)?,
            None => Self::about_request(string_field(&fields, "verb")?, string_field(&fields, "url")?)?,
        };
        Ok(Self { granted, ..question })
    }

    /// Sets the scopes that the token holds.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::{MethodQuestion, scopes};
    ///
    /// let question = MethodQuestion::about_method("storage.buckets.list")?;
    /// assert!(question.with_granted(scopes(["pubsub"])?).granted().is_some());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn with_granted(self, granted: ScopeSet) -> Self {
        Self { granted: Some(granted), ..self }
    }

    /// Returns what the catalog knows about the method.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// let question = MethodQuestion::about_method("google.pubsub.v1.Publisher/Publish")?;
    /// assert!(question.lookup().method().is_some());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Returns the host of the request, or the host of the method.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// let question = MethodQuestion::about_method("storage.buckets.list")?;
    /// assert_eq!(question.host(), "storage.googleapis.com");
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the scopes that the token holds, if they were given.
    ///
    /// ```
    /// use gcp_scopes_explain::reader::MethodQuestion;
    ///
    /// assert!(MethodQuestion::about_method("storage.buckets.list")?.granted().is_none());
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn granted(&self) -> Option<&ScopeSet> {
        self.granted.as_ref()
    }

    fn read_id(id: &str) -> Result<Self, String> {
        let id = id.trim().trim_start_matches('/').replace('/', ".");
        let method = ApiMethod::by_id(&id).map_err(|error| error.to_string())?;
        Ok(Self { lookup: Lookup::from(method), host: method.host().to_owned(), granted: None })
    }
}

/// Examples of a line of JSON, for error messages.
const SHAPE: &str =
    r#"{"verb": "GET", "url": "https://…", "granted": ["…"]}, or {"id": "storage.objects.get"}"#;

/// Returns the id of a method in the fields of a line; `None` if the line has a verb and a URL.
fn read_id(fields: &Map<String, Value>) -> Result<Option<&str>, String> {
    let present = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let Some(name) = ["id", "method"].into_iter().find(|name| present(name)) else { return Ok(None) };
    let id = string_field(fields, name)?;
    match () {
        () if present("verb") || present("url") => {
            Err(format!("`{name}` stands beside a verb or a URL; expected {SHAPE}"))
        }
        () if name == "method" && !id.contains('.') => {
            Err(format!("`method` is {}, which is no id of a method; expected {SHAPE}", shown(id)))
        }
        () => Ok(Some(id)),
    }
}

/// Returns the string in a field, or an error that suggests a field with a similar name.
fn string_field<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            Err(format!("`{name}` is {}; expected a string, as in {SHAPE}", describe_value(other)))
        }
        None => {
            let near = nearest_name(name, fields.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(" (there is {})", shown(near)));
            Err(format!("no `{name}`{hint}; expected {SHAPE}"))
        }
    }
}

/// Reads the field `granted`: a list of scopes, or a string of scopes.
fn read_granted(value: &Value) -> Result<ScopeSet, String> {
    let expected = "expected a list of scopes, or one string of scopes that spaces separate";
    match value {
        Value::String(one) => read_list([one.as_str()]),
        Value::Array(items) => match items.iter().find(|item| !item.is_string()) {
            Some(other) => Err(format!("`granted` holds {}; {expected}", describe_value(other))),
            None => read_list(items.iter().filter_map(Value::as_str)),
        },
        other => Err(format!("`granted` is {}; {expected}", describe_value(other))),
    }
}
