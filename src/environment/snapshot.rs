//! Everything that is looked at to tell where the process runs.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Credential;
use super::credential_file::CredentialFile;
use crate::granted::Fetch;
use crate::granted::clock::bounded;
use crate::granted::metadata::{DEFAULT_HOST, EMAIL, MetadataServer, SCOPES};

/// For all questions to the metadata server together.
const LIMIT: Duration = Duration::from_secs(1);
/// A credential file is a few KiB.
const MOST_FILE: u64 = 64 * 1024;
const DMI: &str = "/sys/class/dmi/id/product_name";
const NAMED_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The only environment variables that are read.
static VARIABLES: [&str; 26] = [
    NAMED_FILE,
    "CLOUDSDK_CONFIG",
    "HOME",
    "APPDATA",
    "GCE_METADATA_HOST",
    "GCE_METADATA_IP",
    "NO_GCE_CHECK",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "DEVSHELL_PROJECT_ID",
    "KUBERNETES_SERVICE_HOST",
    "FUNCTION_TARGET",
    "FUNCTION_NAME",
    "K_CONFIGURATION",
    "K_SERVICE",
    "CLOUD_RUN_JOB",
    "CLOUD_RUN_WORKER_POOL",
    "GAE_ENV",
    "GAE_SERVICE",
    "APPENGINE_RUNTIME",
    "COMPOSER_ENVIRONMENT",
    "COMPOSER_LOCATION",
    "CLOUD_SHELL",
    "GOOGLE_CLOUD_SHELL",
    "DEVSHELL_CLIENT_PORT",
    "BUILDER_OUTPUT",
];

/// The only values of the metadata server that are asked for, besides [`ATTRIBUTES`]. The first
/// one shows whether there is a server at all.
static PATHS: [&str; 8] = [
    "project/project-id",
    "project/numeric-project-id",
    "instance/zone",
    "instance/region",
    "instance/name",
    EMAIL,
    SCOPES,
    // Names only: what the attributes hold may be secret.
    ATTRIBUTE_NAMES,
];

const ATTRIBUTE_NAMES: &str = "instance/attributes/";
static ATTRIBUTES: [&str; 8] = [
    "instance/attributes/created-by",
    "instance/attributes/cluster-name",
    "instance/attributes/cluster-location",
    "instance/attributes/kube-labels",
    "instance/attributes/dataproc-cluster-name",
    "instance/attributes/dataproc-region",
    "instance/attributes/job_id",
    "instance/attributes/proxy-url",
];

/// What was seen of the outside world, as plain values.
///
/// Credential files are read when they are put in; only their type, account and project are kept.
/// `Debug` shows names, not contents.
///
/// ```
/// use gcp_scopes::Guard;
/// use gcp_scopes::environment::{Credential, Snapshot};
///
/// let key = r#"{"type":"service_account","project_id":"shop-prod","client_email":"robot@shop-prod.iam.gserviceaccount.com"}"#;
/// let world = Snapshot::new()
///     .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json")
///     .with_file("/etc/key.json", key)
///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
///     .with_metadata("instance/name", "web-1");
/// let guard = Guard::builder().snapshot(world).build();
/// // On a VM, but the key file wins: nothing that is done to the VM would help.
/// assert_eq!(guard.environment().credential(), Credential::ServiceAccountKey);
/// ```
#[derive(Clone, Default)]
pub struct Snapshot {
    env: BTreeMap<String, String>,
    files: BTreeMap<String, Option<CredentialFile>>,
    product: Option<String>,
    metadata: BTreeMap<String, String>,
    problem: Option<String>,
    declared: Option<Credential>,
}

impl Snapshot {
    /// A world in which there is nothing.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// assert_eq!(Environment::of(&Snapshot::new()).platform(), Platform::Unknown);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the real world: environment variables, credential file, and the metadata server
    /// unless the machine is none of Google's or `NO_GCE_CHECK=true` is set.
    ///
    /// Never fails and takes little more than a second: what it cannot see is not in the snapshot.
    /// Must run on a tokio runtime with a timer to see the metadata server.
    pub async fn take(fetch: Option<Arc<dyn Fetch>>) -> Self {
        let mut snapshot = Self::new();
        for name in VARIABLES {
            snapshot = snapshot.with_env(name, std::env::var(name).unwrap_or_default());
        }
        if let Some(text) = read_file(Path::new(DMI)) {
            snapshot = snapshot.with_file(DMI, &text);
        }
        snapshot.completed(fetch).await
    }

    /// The same world with what its variables point to: the credential file and the metadata
    /// server, under the rules of [`take`](Self::take).
    pub(crate) async fn completed(mut self, fetch: Option<Arc<dyn Fetch>>) -> Self {
        for path in self.credential_paths() {
            if let Some(text) = read_file(Path::new(&path)) {
                self = self.with_file(path, &text);
            }
        }
        match fetch {
            Some(fetch) => self.asked(fetch).await,
            None => self,
        }
    }

    /// The same world with what the metadata server says, if there may be one.
    pub(crate) async fn asked(mut self, fetch: Arc<dyn Fetch>) -> Self {
        let Some(host) = self.metadata_host().filter(|_| self.needs_metadata()) else { return self };
        let server = match MetadataServer::new(fetch, host) {
            Ok(server) => server,
            Err(error) => return Self { problem: Some(error.to_string()), ..self },
        };
        let until = Instant::now() + LIMIT;
        for path in PATHS.into_iter().chain(ATTRIBUTES) {
            if self.is_absent(path) {
                continue;
            }
            if let Err(why) = self.ask_for(&server, path, until).await {
                return Self { problem: Some(why), ..self };
            }
        }
        self
    }

    /// The same world with this environment variable. An empty one is as good as none.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// let world = Snapshot::new().with_env("K_SERVICE", "web").with_metadata("instance/region", "projects/1/regions/europe-west3");
    /// assert_eq!(Environment::of(&world).platform(), Platform::CloudRunService);
    /// ```
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.env.insert(name.into(), value);
        }
        self
    }

    /// The same world with a file of this text: a credential file, or
    /// `/sys/class/dmi/id/product_name`.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// let world = Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json");
    /// let world = world.with_file("/etc/key.json", r#"{"type":"service_account"}"#);
    /// assert_eq!(Environment::of(&world).credential(), Credential::ServiceAccountKey);
    /// ```
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, text: &str) -> Self {
        let path = path.into();
        if path == DMI {
            self.product = Some(text.trim().to_owned());
        } else {
            self.files.insert(path, CredentialFile::parse(text));
        }
        self
    }

    /// The same world with this answer of the metadata server, at a path relative to
    /// `computeMetadata/v1/`.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// let world = Snapshot::new().with_metadata("instance/name", "web-1");
    /// let world = world.with_metadata("instance/zone", "projects/1/zones/us-central1-a");
    /// assert_eq!(Environment::of(&world).zone(), Some("us-central1-a"));
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.metadata.insert(path.into(), text.into().trim().to_owned());
        self
    }

    /// The same world, for a program that makes its own credentials: what only the caller can tell,
    /// such as domain-wide delegation. It wins over files and the metadata server.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// let world = Snapshot::new().with_credential(Credential::Impersonated);
    /// assert_eq!(Environment::of(&world).credential(), Credential::Impersonated);
    /// ```
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.declared = Some(credential);
        self
    }

    /// Why the metadata server told nothing, where it was asked.
    ///
    /// ```
    /// # use gcp_scopes::environment::{Credential, Environment, Platform, Snapshot};
    /// assert_eq!(Snapshot::new().metadata_problem(), None);
    /// ```
    #[must_use]
    pub fn metadata_problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The metadata server's host, unless the user says that there is none.
    pub(crate) fn metadata_host(&self) -> Option<&str> {
        if self.env("NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        Some(self.env("GCE_METADATA_HOST").or_else(|| self.env("GCE_METADATA_IP")).unwrap_or(DEFAULT_HOST))
    }

    pub(super) fn declared(&self) -> Option<Credential> {
        self.declared
    }

    pub(super) fn env(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    pub(super) fn metadata(&self, path: &str) -> Option<&str> {
        self.metadata.get(path).map(String::as_str)
    }

    /// The credential file that client libraries would use.
    pub(super) fn credential_file(&self) -> Option<&CredentialFile> {
        self.credential_paths().iter().find_map(|path| self.files.get(path))?.as_ref()
    }

    /// Where a credential file may be, first the one that wins. If one is named, no other counts.
    fn credential_paths(&self) -> Vec<String> {
        if let Some(named) = self.env(NAMED_FILE) {
            return vec![named.to_owned()];
        }
        let folders = [("CLOUDSDK_CONFIG", ""), ("APPDATA", "/gcloud"), ("HOME", "/.config/gcloud")];
        let in_folder = |(name, folder)| {
            self.env(name).map(|root| format!("{root}{folder}/application_default_credentials.json"))
        };
        folders.into_iter().filter_map(in_folder).collect()
    }

    /// Whether there may be a metadata server to ask. A variable such as `K_SERVICE` proves none: tools
    /// that run a function on a laptop set it, too.
    fn needs_metadata(&self) -> bool {
        let in_a_pod = self.env("KUBERNETES_SERVICE_HOST").is_some();
        if self.env("GCE_METADATA_HOST").or_else(|| self.env("GCE_METADATA_IP")).is_some() {
            return true;
        }
        // A machine that says who made it is believed. One that does not say, such as a container,
        // is asked, but not on account of a laptop that has its credential in a file.
        match &self.product {
            Some(product) => product.starts_with("Google"),
            None => in_a_pod || self.credential_file().is_none(),
        }
    }

    /// An attribute that is not among the names, if the server told the names.
    fn is_absent(&self, path: &str) -> bool {
        let attribute = path.strip_prefix(ATTRIBUTE_NAMES).filter(|name| !name.is_empty());
        match (attribute, self.metadata(ATTRIBUTE_NAMES)) {
            (Some(name), Some(names)) => names.lines().all(|line| line.trim() != name),
            _ => false,
        }
    }

    /// A value that is missing is no reason to stop; a server that is missing or slow is one.
    async fn ask_for(
        &mut self,
        server: &MetadataServer,
        path: &'static str,
        until: Instant,
    ) -> Result<(), String> {
        let server = server.clone();
        let left = until.saturating_duration_since(Instant::now());
        match bounded(left, async move { server.get(path).await }).await {
            Some(Ok(text)) => drop(self.metadata.insert(path.to_owned(), text)),
            Some(Err(error)) if self.metadata.is_empty() => return Err(error.to_string()),
            Some(Err(_)) => {}
            None => return Err("the metadata server did not answer in time".to_owned()),
        }
        Ok(())
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

/// The text of a plain file. A pipe is left alone: to read it would take it from the program.
fn read_file(path: &Path) -> Option<String> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(MOST_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Request, Response};

    use super::*;
    use crate::granted::fetch::tests::{FakeFetch, answer};

    /// What a snapshot of `world` sees of a metadata server, and how often it asks.
    async fn ask<F>(world: Snapshot, serve: F) -> (Snapshot, usize)
    where
        F: Fn(&str) -> Option<Response<Bytes>> + Send + Sync + 'static,
    {
        let by_path = move |request: &Request<Bytes>| {
            serve(request.uri().path().trim_start_matches("/computeMetadata/v1/"))
        };
        let fetch = Arc::new(FakeFetch::new(by_path));
        let snapshot = world.asked(Arc::clone(&fetch) as Arc<dyn Fetch>).await;
        (snapshot, fetch.asked())
    }

    fn vm(path: &str) -> Option<Response<Bytes>> {
        let text = match path {
            "project/project-id" => "my-project",
            "instance/name" => "web-1",
            ATTRIBUTE_NAMES => "created-by\nssh-keys\nstartup-script\n",
            "instance/attributes/created-by" => "somebody",
            _ => return Some(answer(404, "<html>")),
        };
        Some(answer(200, text))
    }

    #[tokio::test(start_paused = true)]
    async fn the_few_values_are_asked_for_and_the_missing_ones_left_out() {
        let (snapshot, asked) = ask(Snapshot::new(), vm).await;
        assert_eq!(snapshot.metadata("project/project-id"), Some("my-project"));
        assert_eq!(snapshot.metadata("instance/attributes/created-by"), Some("somebody"));
        assert_eq!((snapshot.metadata("instance/zone"), snapshot.metadata_problem()), (None, None));
        assert_eq!(asked, PATHS.len() + 1, "attributes that are not there are not asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn attributes_are_asked_for_one_by_one_where_their_names_are_not_told() {
        let serve = |path: &str| vm(path).filter(|_| path != ATTRIBUTE_NAMES).or(Some(answer(403, "")));
        let (snapshot, asked) = ask(Snapshot::new(), serve).await;
        assert_eq!(snapshot.metadata("instance/attributes/created-by"), Some("somebody"));
        assert_eq!(asked, PATHS.len() + ATTRIBUTES.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_missing_slow_or_false_is_asked_once() {
        type Serve = fn(&str) -> Option<Response<Bytes>>;
        let rows: [(Serve, &str); 4] = [
            (|_| None, "in time"),
            (|_| Some(answer(403, "<html>")), "403"),
            (|_| Some(Response::new(Bytes::from_static(b"welcome to the hotel"))), "something else"),
            (|_| Some(answer(200, "<html>")), "cannot be read"),
        ];
        for (serve, problem) in rows {
            let (snapshot, asked) = ask(Snapshot::new(), serve).await;
            assert!(snapshot.metadata_problem().unwrap().contains(problem), "{snapshot:?}");
            assert!(snapshot.metadata.is_empty());
            assert_eq!(asked, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_falls_silent_leaves_what_it_had_told() {
        let (snapshot, _) = ask(Snapshot::new(), |path| vm(path).filter(|_| path != "instance/name")).await;
        assert_eq!(snapshot.metadata("project/project-id"), Some("my-project"));
        assert!(snapshot.metadata_problem().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_asked_where_the_machine_is_not_googles_or_the_user_forbids_it() {
        let key = r#"{"type":"service_account"}"#;
        let credential = "/h/.config/gcloud/application_default_credentials.json";
        let laptop = Snapshot::new().with_env("HOME", "/h").with_file(credential, key);
        let world = Snapshot::new;
        let rows = [
            (world(), true),
            (world().with_env("NO_GCE_CHECK", "true"), false),
            (world().with_env("NO_GCE_CHECK", "True").with_env("GCE_METADATA_HOST", "127.0.0.1:1"), false),
            (world().with_env("K_SERVICE", "web"), true),
            (world().with_env("CLOUD_RUN_JOB", "job"), true),
            (laptop.clone().with_env("FUNCTION_TARGET", "local"), false),
            (world().with_env("FUNCTION_TARGET", "local").with_file(DMI, "ThinkPad\n"), false),
            (world().with_env("K_SERVICE", "web").with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1"), true),
            (world().with_file(DMI, "Google Compute Engine\n"), true),
            (world().with_file(DMI, "ThinkPad\n"), false),
            (world().with_file(DMI, "ThinkPad\n").with_env("GCE_METADATA_HOST", "127.0.0.1:1"), true),
            (world().with_file(DMI, "ThinkPad\n").with_env("GCE_METADATA_IP", "127.0.0.1"), true),
            (laptop.clone(), false),
            (laptop.clone().with_file(DMI, "Google Compute Engine\n"), true),
            (laptop.with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1"), true),
        ];
        for (world, expected) in rows {
            let (snapshot, asked) = ask(world, vm).await;
            assert_eq!(asked > 0, expected, "{snapshot:?}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_the_user_names() {
        let host = Snapshot::new().with_env("GCE_METADATA_IP", "10.0.0.1");
        assert_eq!(Snapshot::new().metadata_host(), Some("169.254.169.254"));
        assert_eq!(host.metadata_host(), Some("10.0.0.1"));
        assert_eq!(host.with_env("GCE_METADATA_HOST", "mds:80").metadata_host(), Some("mds:80"));
    }

    #[tokio::test]
    async fn a_host_that_is_none_is_a_problem_and_no_failure() {
        let (snapshot, asked) = ask(Snapshot::new().with_env("GCE_METADATA_HOST", "http://x/"), vm).await;
        assert!(snapshot.metadata_problem().unwrap().contains("`http://x/`"));
        assert_eq!(asked, 0);
    }

    #[test]
    fn without_a_runtime_the_rest_is_still_seen() {
        let mut take = Box::pin(Snapshot::take(None));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(take.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_folder_and_a_missing_file_are_no_files() {
        assert_eq!(read_file(&std::env::temp_dir()), None);
        assert_eq!(read_file(&std::env::temp_dir().join("no-such-credential.json")), None);
    }
}
