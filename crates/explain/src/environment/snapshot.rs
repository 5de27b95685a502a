//! The environment variables, files and metadata from which an environment is recognized.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;

use super::credential::Credential;
use super::credential_file::{self, CredentialFile};
use super::metadata::DEFAULT_HOST;
use super::signals::{
    ATTRIBUTE_LIST, ATTRIBUTE_PATHS, CREDENTIALS_VARIABLE, EMULATORS, METADATA_PATHS,
    PRODUCT_NAME_FILE, VARIABLES,
};

/// Environment variables, credential files and values of the metadata server, from which an
/// [`Environment`](super::Environment) is recognized.
///
/// A snapshot keeps only the type, the account and the project of a credential file. `Debug` prints
/// the names of variables, files and metadata, without their contents.
///
/// ```
/// use gcp_scopes_explain::environment::{Credential, Environment, Snapshot};
///
/// let key = r#"{"type":"service_account","client_email":"r@shop-prod.iam.gserviceaccount.com"}"#;
/// let snapshot = Snapshot::new()
///     .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json")
///     .with_file("/etc/key.json", key)
///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
///     .with_metadata("instance/name", "web-1");
/// // The key file takes precedence over the VM's account.
/// assert_eq!(Environment::from_snapshot(&snapshot).credential(), Credential::ServiceAccountKey);
/// ```
#[derive(Clone, Default)]
pub struct Snapshot {
    env: BTreeMap<String, String>,
    /// The files by path; for a file that cannot be used, the reason.
    files: BTreeMap<String, Result<CredentialFile, String>>,
    /// The content of [`PRODUCT_FILE`](Self::PRODUCT_FILE).
    product: Option<String>,
    /// The values of the metadata server by path.
    metadata: BTreeMap<String, String>,
    /// Why the metadata server could not be read.
    problem: Option<String>,
    /// The credential that takes precedence over files and the metadata server.
    declared: Option<Credential>,
}

impl Snapshot {
    /// Creates an empty snapshot.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
    ///
    /// assert_eq!(Environment::from_snapshot(&Snapshot::new()).platform(), Platform::Unknown);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of the environment variables to read.
    pub const VARIABLES: &'static [&'static str] = &VARIABLES;

    /// The file in which Linux provides the product name of the machine. On Google Cloud, the
    /// product name is `Google Compute Engine`.
    pub const PRODUCT_FILE: &'static str = PRODUCT_NAME_FILE;

    /// Returns the paths to read from the metadata server, in three rounds: a path that every
    /// metadata server has; the other paths, including the list of attribute names; and the
    /// attributes. The requests of a round can be sent concurrently. Skip paths that the server
    /// [lacks](Self::lacks).
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// assert_eq!(Snapshot::metadata_rounds()[0], ["project/project-id"]);
    /// ```
    #[must_use]
    pub fn metadata_rounds() -> [&'static [&'static str]; 3] {
        let (first, others) = METADATA_PATHS.split_at(1);
        [first, others, &ATTRIBUTE_PATHS]
    }

    /// Returns whether the metadata server certainly has no value at this path: the path is that of
    /// an attribute, and the list of attribute names in this snapshot does not contain the name.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let snapshot = Snapshot::new().with_metadata("instance/attributes/", "created-by\n");
    /// assert!(snapshot.lacks("instance/attributes/cluster-name"));
    /// assert!(!snapshot.lacks("instance/attributes/created-by"));
    /// ```
    #[must_use]
    pub fn lacks(&self, path: &str) -> bool {
        let attribute = path.strip_prefix(ATTRIBUTE_LIST).filter(|name| !name.is_empty());
        match (attribute, self.metadata(ATTRIBUTE_LIST)) {
            (Some(name), Some(names)) => names.lines().all(|line| line.trim() != name),
            _ => false,
        }
    }

    /// Adds an environment variable. An empty value counts as not set.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
    ///
    /// let snapshot = Snapshot::new().with_env("K_SERVICE", "web");
    /// assert_eq!(Environment::from_snapshot(&snapshot).platform(), Platform::CloudRunService);
    /// ```
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.env.insert(name.into(), value);
        }
        self
    }

    /// Adds a file with this content: a credential file, or [`PRODUCT_FILE`](Self::PRODUCT_FILE).
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
    ///
    /// let snapshot = Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json");
    /// let snapshot = snapshot.with_file("/etc/key.json", r#"{"type":"service_account"}"#);
    /// assert_eq!(
    ///     Environment::from_snapshot(&snapshot).credential(),
    ///     Credential::ServiceAccountKey
    /// );
    /// ```
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, text: &str) -> Self {
        let path = path.into();
        if path == PRODUCT_NAME_FILE {
            self.product = Some(text.trim().to_owned());
        } else {
            let file = CredentialFile::parse(text);
            self.files.insert(path, file.ok_or_else(|| credential_file::problem(text)));
        }
        self
    }

    /// Adds a credential file that cannot be read. Has no effect unless
    /// `GOOGLE_APPLICATION_CREDENTIALS` was added with this path before: at the default paths, a
    /// missing file is no problem.
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let snapshot = Snapshot::new()
    ///     .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json")
    ///     .with_unread_file("/etc/key.json", ErrorKind::NotFound);
    /// let here = Environment::from_snapshot(&snapshot);
    /// assert!(here.credential_file_problem().is_some_and(|why| why.contains("/etc/key.json")));
    /// ```
    #[must_use]
    pub fn with_unread_file(mut self, path: impl Into<String>, why: ErrorKind) -> Self {
        let why = match why {
            ErrorKind::NotFound => "does not exist".to_owned(),
            ErrorKind::IsADirectory => "is a folder".to_owned(),
            ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
            other => format!("cannot be read: {other}"),
        };
        let path = path.into();
        if self.env(CREDENTIALS_VARIABLE) == Some(&path) {
            self.files.insert(path, Err(why));
        }
        self
    }

    /// Adds a value of the metadata server. The path is relative to `/computeMetadata/v1/`.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
    ///
    /// let snapshot = Snapshot::new().with_metadata("instance/name", "web-1");
    /// let snapshot = snapshot.with_metadata("instance/zone", "projects/1/zones/us-central1-a");
    /// assert_eq!(Environment::from_snapshot(&snapshot).zone(), Some("us-central1-a"));
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.metadata.insert(path.into(), text.into().trim().to_owned());
        self
    }

    /// Sets the credential of a program that does not use the default credential, such as a program
    /// with domain-wide delegation. This credential takes precedence over files and the metadata
    /// server.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
    ///
    /// let snapshot = Snapshot::new().with_credential(Credential::Impersonated);
    /// assert_eq!(Environment::from_snapshot(&snapshot).credential(), Credential::Impersonated);
    /// ```
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.declared = Some(credential);
        self
    }

    /// Sets the reason why the metadata server could not be read.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let snapshot = Snapshot::new().with_metadata_problem("timed out");
    /// assert_eq!(snapshot.metadata_problem(), Some("timed out"));
    /// ```
    #[must_use]
    pub fn with_metadata_problem(mut self, why: impl Into<String>) -> Self {
        self.problem = Some(why.into());
        self
    }

    /// Returns whether the snapshot contains a value of the metadata server.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// assert!(!Snapshot::new().has_metadata());
    /// assert!(Snapshot::new().with_metadata("instance/name", "web-1").has_metadata());
    /// ```
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        !self.metadata.is_empty()
    }

    /// Returns the reason why the metadata server could not be read; `None` if it was read or not
    /// queried.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// assert_eq!(Snapshot::new().metadata_problem(), None);
    /// ```
    #[must_use]
    pub fn metadata_problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Returns the host of the metadata server, which may include a port: the value of the variable
    /// `GCE_METADATA_HOST` or `GCE_METADATA_IP`, else the default address. Returns `None` if the
    /// variable `NO_GCE_CHECK` is `true`.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// assert_eq!(Snapshot::new().metadata_host(), Some("169.254.169.254"));
    /// assert_eq!(Snapshot::new().with_env("NO_GCE_CHECK", "true").metadata_host(), None);
    /// ```
    #[must_use]
    pub fn metadata_host(&self) -> Option<&str> {
        if self.env("NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        // `GCE_METADATA_HOST` is first, because Google's libraries for Go and Rust know only this
        // variable. The libraries for Node.js and Python know `GCE_METADATA_IP`, too, for example
        // <https://github.com/googleapis/gcp-metadata>.
        Some(
            self.env("GCE_METADATA_HOST")
                .or_else(|| self.env("GCE_METADATA_IP"))
                .unwrap_or(DEFAULT_HOST),
        )
    }

    /// Returns the emulators of Google APIs that variables such as `STORAGE_EMULATOR_HOST` name:
    /// the variable, its value, and the host of the API.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let snapshot = Snapshot::new().with_env("PUBSUB_EMULATOR_HOST", "localhost:8085");
    /// let expected = ("PUBSUB_EMULATOR_HOST", "localhost:8085", "pubsub.googleapis.com");
    /// assert!(snapshot.emulators().eq([expected]));
    /// ```
    pub fn emulators(&self) -> impl Iterator<Item = (&'static str, &str, &'static str)> {
        EMULATORS.iter().filter_map(|&(variable, api)| Some((variable, self.env(variable)?, api)))
    }

    /// Returns the credential that [`with_credential`](Self::with_credential) set.
    pub(super) fn declared(&self) -> Option<Credential> {
        self.declared
    }

    /// Returns the value of an environment variable, if it is set.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// assert_eq!(Snapshot::new().with_env("K_SERVICE", "web").env("K_SERVICE"), Some("web"));
    /// ```
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// Returns the value of the metadata server at this path, without white space at its ends.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let snapshot = Snapshot::new().with_metadata("instance/name", "web-1\n");
    /// assert_eq!(snapshot.metadata("instance/name"), Some("web-1"));
    /// ```
    #[must_use]
    pub fn metadata(&self, path: &str) -> Option<&str> {
        self.metadata.get(path).map(String::as_str)
    }

    /// Returns the credential file that Google's client libraries use; `None` if there is no such
    /// file or if it cannot be parsed.
    pub(super) fn credential_file(&self) -> Option<&CredentialFile> {
        self.credential_paths().iter().find_map(|path| self.files.get(path))?.as_ref().ok()
    }

    /// Returns where the credential file was found: its path, preceded by the name of the variable
    /// if a variable names the file.
    pub(super) fn credential_file_place(&self) -> Option<String> {
        let paths = self.credential_paths();
        let path = paths.iter().find(|path| self.files.contains_key(*path))?.escape_debug();
        Some(match self.env(CREDENTIALS_VARIABLE) {
            Some(_) => format!("{CREDENTIALS_VARIABLE}: {path}"),
            None => path.to_string(),
        })
    }

    /// Returns why the file that `GOOGLE_APPLICATION_CREDENTIALS` names cannot be used.
    pub(super) fn credential_file_problem(&self) -> Option<String> {
        let path = self.env(CREDENTIALS_VARIABLE)?;
        let why = self.files.get(path)?.as_ref().err()?;
        Some(format!("{CREDENTIALS_VARIABLE} names {}, which {why}", path.escape_debug()))
    }

    /// Returns the paths at which a credential file may be. The first path with a file counts. If
    /// `GOOGLE_APPLICATION_CREDENTIALS` is set, its value is the only path.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let snapshot = Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json");
    /// assert_eq!(snapshot.credential_paths(), ["/etc/key.json"]);
    /// ```
    #[must_use]
    pub fn credential_paths(&self) -> Vec<String> {
        if let Some(named) = self.env(CREDENTIALS_VARIABLE) {
            return vec![named.to_owned()];
        }
        // `APPDATA` precedes `HOME`, because shells such as Git Bash set `HOME` on Windows, too,
        // where gcloud keeps its files in `%APPDATA%`.
        let folders =
            [("CLOUDSDK_CONFIG", ""), ("APPDATA", "/gcloud"), ("HOME", "/.config/gcloud")];
        let in_folder = |(name, folder)| {
            self.env(name)
                .map(|root| format!("{root}{folder}/application_default_credentials.json"))
        };
        folders.into_iter().filter_map(in_folder).collect()
    }

    /// Returns whether the metadata server should be queried. A variable such as `K_SERVICE` is not
    /// a reason to query it: tools that run a function on a laptop set that variable, too.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Snapshot;
    ///
    /// let laptop = Snapshot::new().with_file(Snapshot::PRODUCT_FILE, "ThinkPad");
    /// assert!(!laptop.needs_metadata());
    /// let vm = Snapshot::new().with_file(Snapshot::PRODUCT_FILE, "Google Compute Engine");
    /// assert!(vm.needs_metadata());
    /// ```
    #[must_use]
    pub fn needs_metadata(&self) -> bool {
        let in_a_pod = self.env("KUBERNETES_SERVICE_HOST").is_some();
        if self.env("GCE_METADATA_HOST").or_else(|| self.env("GCE_METADATA_IP")).is_some() {
            return true;
        }
        // Without the product file, as in a container, a program in a pod needs the server. Any
        // other program needs the server only if the program has no credential file.
        match &self.product {
            // google-auth for Python checks the same prefix (its module
            // `compute_engine/_metadata.py`).
            Some(product) => product.starts_with("Google"),
            None => in_a_pod || self.credential_file().is_none(),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("env", &self.env.keys())
            .field("files", &self.files.keys())
            .field("metadata", &self.metadata.keys())
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gce_metadata_host_overrides_gce_metadata_ip_and_the_default() {
        let with_ip = Snapshot::new().with_env("GCE_METADATA_IP", "10.0.0.1");
        assert_eq!(Snapshot::new().metadata_host(), Some("169.254.169.254"));
        assert_eq!(with_ip.metadata_host(), Some("10.0.0.1"));
        assert_eq!(with_ip.with_env("GCE_METADATA_HOST", "mds:80").metadata_host(), Some("mds:80"));
    }
}
