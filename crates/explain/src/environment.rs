//! Where a program runs, and which credential the program uses.
//!
//! The platform does not determine the credential. A credential file on a VM takes precedence over
//! the VM's service account; then a change to the VM does not change the program's tokens.
//!
//! Platform and credential are recognized from a [`Snapshot`]: some environment variables, the
//! credential files and a few values of the metadata server. Tests create a snapshot from fixed
//! values.
//!
//! ```
//! use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
//!
//! let snapshot = Snapshot::new()
//!     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
//!     .with_metadata("instance/name", "web-1");
//! let here = Environment::from_snapshot(&snapshot);
//! assert_eq!(here.platform(), Platform::ComputeEngine);
//! assert_eq!(here.credential(), Credential::MetadataServer);
//! assert_eq!((here.instance(), here.zone()), (Some("web-1"), Some("us-central1-a")));
//! ```

mod account;
mod credential;
mod credential_file;
pub mod metadata;
pub(crate) mod names;
mod place;
mod platform;
mod recognize;
mod setters;
mod signals;
mod snapshot;
mod token;

use gcp_scopes_catalog::scope::ScopeSet;

pub use credential::Credential;
pub use platform::Platform;
pub use snapshot::Snapshot;

pub(crate) use account::AccountKind;
use credential_file::CredentialFile;
use metadata::scope_list;
pub(crate) use signals::OWNERS;

/// Where a program runs, and which credential the program uses.
///
/// Users of a VM can set most of its names to any text. A name is kept only if it has the syntax
/// that Google documents for such names, so that a command with the name is safe to paste into a
/// shell.
///
/// ```
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
///
/// let there = Environment::new(Platform::CloudRunJob, Credential::MetadataServer)
///     .with_resource("nightly")?
///     .with_region("europe-west3")?;
/// assert_eq!((there.resource(), there.region()), (Some("nightly"), Some("europe-west3")));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    platform: Platform,
    credential: Credential,
    project: Option<String>,
    project_number: Option<String>,
    zone: Option<String>,
    region: Option<String>,
    location: Option<String>,
    instance: Option<String>,
    resource: Option<String>,
    node_pool: Option<String>,
    account: Option<String>,
    unique_id: Option<String>,
    scopes: Option<ScopeSet>,
    managed_by: Option<&'static str>,
    has_local_ssd: Option<bool>,
    /// The workforce pool and the provider of a person's login.
    workforce: Option<(String, String)>,
    credential_file_problem: Option<String>,
    credential_file_place: Option<String>,
}

impl Environment {
    /// Recognizes the platform, its names and the credential from a snapshot.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Platform, Snapshot};
    ///
    /// let pod = Snapshot::new()
    ///     .with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    ///     .with_metadata("instance/attributes/cluster-name", "my-cluster");
    /// assert_eq!(Environment::from_snapshot(&pod).platform(), Platform::GkeWorkloadIdentity);
    /// ```
    #[must_use]
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let platform = Platform::from_snapshot(snapshot);
        let file = snapshot.credential_file();
        let credential = detect_credential(snapshot, platform, file);
        // On serverless platforms, these paths do not contain the name and the zone of a VM.
        let on_vm = |path| snapshot.metadata(path).filter(|_| !platform.is_serverless());
        let zone = last_part(on_vm("instance/zone")).and_then(names::zone);
        Self {
            platform,
            credential,
            project: project(snapshot, platform, file),
            project_number: validated(
                snapshot.metadata("project/numeric-project-id"),
                names::project_number,
            ),
            zone: zone.map(str::to_owned),
            region: region(snapshot, zone).map(str::to_owned),
            location: location(snapshot, platform, zone).map(str::to_owned),
            instance: validated(on_vm("instance/name"), names::instance),
            resource: platform.resource(snapshot).and_then(names::resource).map(str::to_owned),
            node_pool: validated(platform.node_pool(snapshot), names::instance),
            account: account(snapshot, credential, file),
            unique_id: validated(file.and_then(|file| file.unique_id.as_deref()), names::unique_id),
            // On App Engine, for example, this path lists the scopes that a program may request,
            // not those of its token.
            scopes: snapshot
                .metadata(metadata::SCOPES)
                .filter(|_| platform.has_fixed_scopes())
                .and_then(scope_list),
            managed_by: snapshot.env(signals::OWNER_VARIABLE).and_then(names::owner),
            has_local_ssd: on_vm(signals::DISKS).map(|disks| disks.contains("LOCAL-SSD")),
            workforce: file.and_then(|file| file.workforce.clone()),
            credential_file_problem: snapshot
                .credential_file_problem()
                .filter(|_| snapshot.declared().is_none()),
            credential_file_place: snapshot
                .credential_file_place()
                .filter(|_| file.is_some() && snapshot.declared().is_none()),
        }
    }

    /// Returns whether the VM has local SSDs; `None` if this is unknown.
    pub(crate) fn has_local_ssd(&self) -> Option<bool> {
        self.has_local_ssd
    }

    /// Returns the workforce pool of a person's login, and the provider in the pool; `None` for
    /// other credentials.
    pub(crate) fn workforce(&self) -> Option<(&str, &str)> {
        self.workforce.as_ref().map(|(pool, provider)| (pool.as_str(), provider.as_str()))
    }

    /// Returns the product of Google Cloud on which the program runs.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Platform, Snapshot};
    ///
    /// assert_eq!(Environment::from_snapshot(&Snapshot::new()).platform(), Platform::Unknown);
    /// ```
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Returns the credential that the program uses by default.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Snapshot};
    ///
    /// let adc = r#"{"type":"authorized_user","refresh_token":"1//x"}"#;
    /// let laptop = Snapshot::new()
    ///     .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/adc.json")
    ///     .with_file("/adc.json", adc);
    /// assert_eq!(Environment::from_snapshot(&laptop).credential(), Credential::UserAdc);
    /// ```
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// Returns why the file that the variable `GOOGLE_APPLICATION_CREDENTIALS` names cannot be
    /// used, with the path of the file. Google's client libraries then try no other credential.
    /// Returns `None` if the variable is not set, or if the file can be used.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let snapshot = Snapshot::new()
    ///     .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json")
    ///     .with_file("/etc/key.json", "");
    /// let problem = "GOOGLE_APPLICATION_CREDENTIALS names /etc/key.json, which is empty";
    /// assert_eq!(Environment::from_snapshot(&snapshot).credential_file_problem(), Some(problem));
    /// ```
    #[must_use]
    pub fn credential_file_problem(&self) -> Option<&str> {
        self.credential_file_problem.as_deref()
    }

    /// Sets the credential of the program.
    ///
    /// If the credential changes, the account becomes unknown. Domain-wide delegation keeps the
    /// account, because the account requests the delegated tokens.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// // A program on a VM that signs its tokens with a key does not use the VM's account.
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
    ///     .with_account("123-compute@developer.gserviceaccount.com")?;
    /// assert_eq!(vm.with_credential(Credential::ServiceAccountKey).account(), None);
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        if ![self.credential, Credential::DomainWideDelegation].contains(&credential) {
            (self.account, self.unique_id) = (None, None);
        }
        self.credential = credential;
        self.credential_file_problem = None;
        self.credential_file_place = None;
        self
    }

    /// Returns where the file of the credential was found: its path, preceded by
    /// `GOOGLE_APPLICATION_CREDENTIALS: ` if that variable names the file. Returns `None` for a
    /// credential without a file.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let login = "/home/ann/.config/gcloud/application_default_credentials.json";
    /// let laptop = Snapshot::new().with_env("HOME", "/home/ann");
    /// let laptop = laptop.with_file(login, r#"{"type":"authorized_user"}"#);
    /// assert_eq!(Environment::from_snapshot(&laptop).credential_file_place(), Some(login));
    /// ```
    #[must_use]
    pub fn credential_file_place(&self) -> Option<&str> {
        self.credential_file_place.as_deref()
    }

    /// Returns the id of the project in which the program runs. Outside Google Cloud, returns the
    /// id of the project that environment variables or the credential file set. Returns `None` if
    /// no project is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("project/project-id", "shop-prod");
    /// assert_eq!(Environment::from_snapshot(&vm).project(), Some("shop-prod"));
    /// ```
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// Returns the number of the project in which the program runs, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("project/numeric-project-id", "123456789012");
    /// assert_eq!(Environment::from_snapshot(&vm).project_number(), Some("123456789012"));
    /// ```
    #[must_use]
    pub fn project_number(&self) -> Option<&str> {
        self.project_number.as_deref()
    }

    /// Returns the zone of the VM, such as `us-central1-a`, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a");
    /// assert_eq!(Environment::from_snapshot(&vm).zone(), Some("us-central1-a"));
    /// ```
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Returns the region in which the program runs, such as `us-central1`, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a");
    /// assert_eq!(Environment::from_snapshot(&vm).region(), Some("us-central1"));
    /// ```
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the location of the [`resource`](Self::resource): a region, or a zone for a zonal
    /// cluster or instance group. If that location is unknown, returns the region in which the
    /// program runs, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let group = "projects/1/regions/us-central1/instanceGroupManagers/web";
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/attributes/created-by", group);
    /// assert_eq!(Environment::from_snapshot(&vm).location(), Some("us-central1"));
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Returns the name of the VM, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/name", "web-1");
    /// assert_eq!(Environment::from_snapshot(&vm).instance(), Some("web-1"));
    /// ```
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Returns the name of the instance group, cluster, service, job or function in which the
    /// program runs, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let group = "projects/1/zones/us-central1-a/instanceGroupManagers/web";
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/attributes/created-by", group);
    /// assert_eq!(Environment::from_snapshot(&vm).resource(), Some("web"));
    /// ```
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// Returns the name of the node pool that the GKE node belongs to, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let labels = "cloud.google.com/gke-nodepool=pool-1";
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/attributes/cluster-name", "my-cluster")
    ///     .with_metadata("instance/attributes/kube-labels", labels);
    /// assert_eq!(Environment::from_snapshot(&vm).node_pool(), Some("pool-1"));
    /// ```
    #[must_use]
    pub fn node_pool(&self) -> Option<&str> {
        self.node_pool.as_deref()
    }

    /// Returns the tool that manages the machine on which the program runs, as
    /// [`with_managed_by`](Self::with_managed_by) spells it. `None` if it is unknown.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let here = Snapshot::new().with_env("GCP_SCOPES_MANAGED_BY", "terraform");
    /// assert_eq!(Environment::from_snapshot(&here).managed_by(), Some("terraform"));
    /// ```
    #[must_use]
    pub fn managed_by(&self) -> Option<&'static str> {
        self.managed_by
    }

    /// Returns the e-mail of the service account whose tokens the program uses, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let email = "r@shop-prod.iam.gserviceaccount.com";
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/service-accounts/default/email", email);
    /// assert_eq!(Environment::from_snapshot(&vm).account(), Some(email));
    /// ```
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Returns the kind of the service account, if the account and its kind are known.
    pub(crate) fn account_kind(&self) -> Option<AccountKind> {
        AccountKind::from_email(self.account()?)
    }

    /// Returns the numeric id of the service account, which an administrator enters in Google
    /// Workspace for domain-wide delegation. Only key files contain the id.
    pub(crate) fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    /// Returns the scopes that are set on the VM. Each token from the VM's metadata server holds
    /// exactly these scopes. Returns `None` if the scopes are unknown, and on platforms where the
    /// metadata server's list of scopes has another meaning (see [`Platform::has_fixed_scopes`]).
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    ///
    /// let scope = "https://www.googleapis.com/auth/pubsub";
    /// let vm = Snapshot::new()
    ///     .with_metadata("instance/name", "web-1")
    ///     .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
    ///     .with_metadata("instance/service-accounts/default/scopes", scope);
    /// assert!(Environment::from_snapshot(&vm).scopes().is_some_and(|scopes| scopes.len() == 1));
    /// ```
    #[must_use]
    pub fn scopes(&self) -> Option<&ScopeSet> {
        self.scopes.as_ref()
    }
}

/// Returns the credential that the program uses by default: a declared credential, else the
/// credential file, else the metadata server.
fn detect_credential(
    snapshot: &Snapshot,
    platform: Platform,
    file: Option<&CredentialFile>,
) -> Credential {
    match (snapshot.declared(), file) {
        (Some(declared), _) => declared,
        (None, Some(file)) => file.credential,
        // Google's libraries do not try another credential if the file that this variable names
        // cannot be read.
        (None, None) if snapshot.env("GOOGLE_APPLICATION_CREDENTIALS").is_some() => {
            Credential::Unknown
        }
        // The metadata server of Cloud Shell issues tokens of the person who uses Cloud Shell.
        (None, None) if platform == Platform::CloudShell => Credential::GcloudUser,
        (None, None) if platform != Platform::Unknown => Credential::MetadataServer,
        (None, None) => Credential::Unknown,
    }
}

/// Returns the project in which the program runs. If that project is unknown, returns the project
/// that environment variables or the credential file set. The project in which the program runs
/// takes precedence, because the commands in steps change resources of that project.
fn project(
    snapshot: &Snapshot,
    platform: Platform,
    file: Option<&CredentialFile>,
) -> Option<String> {
    let variables = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "DEVSHELL_PROJECT_ID"];
    let of_machine =
        snapshot.metadata("project/project-id").filter(|_| !platform.is_in_project_of_google());
    let ids = std::iter::once(of_machine)
        .chain(variables.map(|name| snapshot.env(name)))
        .chain([file.and_then(|file| file.project.as_deref())]);
    ids.flatten().find_map(names::project_id).map(str::to_owned)
}

/// Returns the region from the metadata server, else the region of the zone.
fn region<'a>(snapshot: &'a Snapshot, zone: Option<&'a str>) -> Option<&'a str> {
    let of_zone = zone.and_then(|zone| zone.rsplit_once('-')).map(|(region, _)| region);
    last_part(snapshot.metadata("instance/region")).or(of_zone).and_then(names::region)
}

/// Returns the location of the resource, else the region of the program.
fn location<'a>(
    snapshot: &'a Snapshot,
    platform: Platform,
    zone: Option<&'a str>,
) -> Option<&'a str> {
    platform.location(snapshot).and_then(names::location).or_else(|| region(snapshot, zone))
}

/// Returns the service account whose tokens the program uses, if it is known.
fn account(
    snapshot: &Snapshot,
    credential: Credential,
    file: Option<&CredentialFile>,
) -> Option<String> {
    let attached = snapshot.metadata(metadata::EMAIL);
    let of_file = |file: &'_ CredentialFile| file.account.clone();
    let account = match credential {
        Credential::MetadataServer => attached.map(str::to_owned),
        Credential::DomainWideDelegation => {
            file.and_then(of_file).or_else(|| attached.map(str::to_owned))
        }
        _ => file.filter(|file| file.credential == credential).and_then(of_file),
    };
    validated(account.as_deref(), names::account)
}

/// Returns a copy of the value if the check accepts it.
fn validated(value: Option<&str>, check: impl Fn(&str) -> Option<&str>) -> Option<String> {
    value.and_then(check).map(str::to_owned)
}

/// Returns the last part of a path such as `projects/NUMBER/zones/ZONE`.
fn last_part(path: Option<&str>) -> Option<&str> {
    path?.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path at which gcloud stores application default credentials, if `HOME` is `/home/me`.
    const ADC: &str = "/home/me/.config/gcloud/application_default_credentials.json";
    /// The file of a person's login.
    const USER: &str = concat!(
        r#"{"type":"authorized_user","refresh_token":"1//SECRET","#,
        r#""quota_project_id":"quota-project"}"#,
    );
    /// The key file of a service account.
    const KEY: &str = r#"{"type":"service_account","project_id":"key-project",
        "private_key":"SECRET","client_email":"robot@key-project.iam.gserviceaccount.com"}"#;

    /// Creates a snapshot with these environment variables.
    fn env(pairs: &[(&str, &str)]) -> Snapshot {
        pairs
            .iter()
            .fold(Snapshot::new(), |snapshot, (name, value)| snapshot.with_env(*name, *value))
    }

    /// Creates a snapshot of a VM with these attributes.
    fn vm(attributes: &[(&str, &str)]) -> Snapshot {
        let named = attributes.iter().fold(Snapshot::new(), |snapshot, (name, value)| {
            snapshot.with_metadata(format!("instance/attributes/{name}"), *value)
        });
        named
            .with_metadata("project/project-id", "my-project")
            .with_metadata("project/numeric-project-id", "123")
            .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
            .with_metadata("instance/name", "web-1")
            .with_metadata(metadata::EMAIL, "123-compute@developer.gserviceaccount.com")
            .with_metadata(metadata::SCOPES, "https://www.googleapis.com/auth/pubsub\n")
    }

    /// Adds the variable that Kubernetes sets in each pod.
    fn pod(snapshot: Snapshot) -> Snapshot {
        snapshot.with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    }

    #[test]
    fn each_platform_is_recognized_by_its_signals() {
        use Platform::*;
        let group = "projects/123/regions/us-central1/instanceGroupManagers/web";
        let cluster = [("cluster-name", "prod"), ("cluster-location", "us-central1")];
        let federated = vm(&cluster).with_metadata(
            metadata::SCOPES,
            "https://www.googleapis.com/auth/cloud-platform\n\
             https://www.googleapis.com/auth/userinfo.email",
        );
        // The snapshot, its platform, and the name and the location of the resource.
        let rows = [
            (vm(&[]), ComputeEngine, None, Some("us-central1")),
            (vm(&[("created-by", group)]), ManagedInstanceGroup, Some("web"), Some("us-central1")),
            (vm(&[("created-by", "me")]), ComputeEngine, None, Some("us-central1")),
            // A group creates VMs only in its own zone or region, so a user set this value.
            (
                vm(&[("created-by", "projects/1/zones/us-east1-b/instanceGroupManagers/web")]),
                ComputeEngine,
                None,
                Some("us-central1"),
            ),
            (vm(&cluster), GkeNode, Some("prod"), Some("us-central1")),
            (
                vm(&[("cluster-name", "dev"), ("cluster-location", "us-east1-b")]),
                GkeNode,
                Some("dev"),
                Some("us-east1-b"),
            ),
            (pod(vm(&cluster)), GkeNode, Some("prod"), Some("us-central1")),
            (pod(federated.clone()), GkeWorkloadIdentity, Some("prod"), Some("us-central1")),
            // Only the metadata server of a node has the attribute `kube-env`.
            (
                pod(federated.with_metadata("instance/attributes/", "kube-env\n")),
                GkeNode,
                Some("prod"),
                Some("us-central1"),
            ),
            (
                pod(vm(&cluster)).with_metadata(metadata::EMAIL, "my-project.svc.id.goog"),
                GkeWorkloadIdentity,
                Some("prod"),
                Some("us-central1"),
            ),
            (
                pod(vm(&cluster).with_env("COMPOSER_ENVIRONMENT", "flows")),
                Composer,
                Some("flows"),
                Some("us-central1"),
            ),
            (
                vm(&[("dataproc-cluster-name", "spark"), ("dataproc-region", "us-west1")]),
                Dataproc,
                Some("spark"),
                Some("us-west1"),
            ),
            (vm(&[("job_id", "2026-11-21_x")]), Dataflow, None, Some("us-central1")),
            (
                vm(&[("proxy-url", "x-dot-us-central1.notebooks.googleusercontent.com")]),
                Workbench,
                None,
                Some("us-central1"),
            ),
            (
                env(&[("K_SERVICE", "web"), ("K_CONFIGURATION", "web")]),
                CloudRunService,
                Some("web"),
                None,
            ),
            (env(&[("CLOUD_RUN_JOB", "nightly")]), CloudRunJob, Some("nightly"), None),
            (env(&[("CLOUD_RUN_WORKER_POOL", "pool")]), CloudRunWorkerPool, Some("pool"), None),
            (
                env(&[("FUNCTION_TARGET", "f"), ("K_SERVICE", "fun")]),
                CloudFunctions,
                Some("fun"),
                None,
            ),
            (
                env(&[("GAE_ENV", "standard"), ("GAE_SERVICE", "default")]),
                AppEngineStandard,
                Some("default"),
                None,
            ),
            (
                env(&[("GAE_ENV", "flex"), ("GAE_SERVICE", "default")]),
                AppEngineFlexible,
                Some("default"),
                None,
            ),
            (env(&[("CLOUD_SHELL", "true")]), CloudShell, None, None),
            (env(&[("BUILDER_OUTPUT", "/builder/outputs")]), CloudBuild, None, None),
            (
                vm(&[("cloudbatch-job-uid", "j-1"), ("created-by", group)]),
                CloudBatch,
                None,
                Some("us-central1"),
            ),
            (
                vm(&[("cloudbatch-job-uid", "j-1")]).with_env("BATCH_JOB_UID", "j-1"),
                CloudBatch,
                None,
                Some("us-central1"),
            ),
            (
                vm(&[("tpu-env", "x"), ("agent-worker-number", "0")]),
                TpuVm,
                None,
                Some("us-central1"),
            ),
            (
                vm(&[("", "slurm_cluster_name\nslurm_instance_role\n")]),
                SlurmNode,
                None,
                Some("us-central1"),
            ),
            (
                vm(&[]).with_env("GOOGLE_CLOUD_WORKSTATIONS", "true"),
                Workstations,
                None,
                Some("us-central1"),
            ),
            (env(&[("VERTEX_PRODUCT", "COLAB_ENTERPRISE")]), ColabEnterprise, None, None),
            (env(&[("VERTEX_PRODUCT", "WORKBENCH_INSTANCE")]), Workbench, None, None),
            (
                env(&[("CLOUD_ML_PROJECT_ID", "123"), ("AIP_MODEL_DIR", "gs://b/model")]),
                VertexCustomJob,
                None,
                None,
            ),
            // A custom job has a second variable; gcloud treats port 0 as "not set".
            (env(&[("CLOUD_ML_PROJECT_ID", "my-project")]), Unknown, None, None),
            (env(&[("DEVSHELL_CLIENT_PORT", "0")]), Unknown, None, None),
            // Knative sets `K_SERVICE` outside Google Cloud, too.
            (pod(env(&[("K_SERVICE", "knative-elsewhere")])), Unknown, None, None),
            (Snapshot::new(), Unknown, None, None),
        ];
        for (snapshot, platform, resource, location) in rows {
            let here = Environment::from_snapshot(&snapshot);
            assert_eq!(here.platform(), platform, "{snapshot:?}");
            assert_eq!((here.resource(), here.location()), (resource, location), "{platform:?}");
        }
    }

    #[test]
    fn one_attribute_that_a_user_may_set_identifies_no_platform() {
        let names = ["cluster-name", "job_id", "proxy-url", "dataproc-cluster-name", "created-by"];
        let others = ["cloudbatch-job-uid", "tpu-env", "slurm_instance_role", "kube-env"];
        for name in names.into_iter().chain(others) {
            let here = Environment::from_snapshot(&vm(&[(name, "mine")]));
            assert_eq!(here.platform(), Platform::ComputeEngine, "{name}");
        }
    }

    #[test]
    fn a_machine_in_a_project_of_google_has_no_known_project() {
        let here = vm(&[]).with_env("VERTEX_PRODUCT", "COLAB_ENTERPRISE");
        assert_eq!(Environment::from_snapshot(&here).project(), None);
    }

    #[test]
    fn a_vm_has_all_names_for_commands() {
        let here = Environment::from_snapshot(&vm(&[]));
        assert_eq!(here.credential(), Credential::MetadataServer);
        assert_eq!((here.project(), here.project_number()), (Some("my-project"), Some("123")));
        assert_eq!((here.zone(), here.region()), (Some("us-central1-a"), Some("us-central1")));
        assert_eq!(here.instance(), Some("web-1"));
        assert_eq!(here.account(), Some("123-compute@developer.gserviceaccount.com"));
        assert_eq!(here.scopes().map(ScopeSet::len), Some(1));
    }

    #[test]
    fn a_list_of_scopes_counts_only_on_a_platform_with_fixed_scopes() {
        let cloud_run = vm(&[]).with_env("K_SERVICE", "web");
        assert_eq!(Environment::from_snapshot(&cloud_run).scopes(), None);
    }

    #[test]
    fn a_machine_with_a_nonexistent_zone_is_not_recognized_as_a_vm() {
        let with_false_zone =
            vm(&[]).with_metadata("instance/zone", "projects/123/zones/us-central1-1");
        let here = Environment::from_snapshot(&with_false_zone);
        assert_eq!((here.platform(), here.zone(), here.scopes()), (Platform::Unknown, None, None));
    }

    #[test]
    fn names_with_shell_commands_are_left_out() {
        let harmful =
            vm(&[("created-by", "projects/1/zones/us-central1-a/instanceGroupManagers/$(reboot)")])
                .with_metadata("project/project-id", "p; rm -rf ~")
                .with_metadata("project/numeric-project-id", "$(id)")
                .with_metadata("instance/name", "web-1`id`")
                .with_metadata(metadata::EMAIL, "x@y.iam.gserviceaccount.com --impersonate");
        let here = Environment::from_snapshot(&harmful);
        assert_eq!(here.platform(), Platform::ComputeEngine);
        let names = [
            here.project(),
            here.project_number(),
            here.instance(),
            here.account(),
            here.resource(),
        ];
        assert_eq!(names, [None; 5]);
    }

    #[test]
    fn a_credential_file_takes_precedence_over_the_metadata_server() {
        let home = vm(&[]).with_env("HOME", "/home/me");
        // A snapshot in which the variable names the credential file.
        let named = |path: &str| home.clone().with_env("GOOGLE_APPLICATION_CREDENTIALS", path);
        let robot = Some("robot@key-project.iam.gserviceaccount.com");
        let rows = [
            (home.clone().with_file(ADC, USER), Credential::UserAdc, None),
            (
                named("/k.json").with_file("/k.json", KEY).with_file(ADC, USER),
                Credential::ServiceAccountKey,
                robot,
            ),
            // The named file cannot be read: Google's libraries do not try another credential.
            (named("/gone.json").with_file(ADC, USER), Credential::Unknown, None),
            (named("/k.json").with_file("/k.json", "not json"), Credential::Unknown, None),
            (
                home.clone()
                    .with_env("CLOUDSDK_CONFIG", "/c")
                    .with_file("/c/application_default_credentials.json", KEY),
                Credential::ServiceAccountKey,
                robot,
            ),
            (
                home.clone(),
                Credential::MetadataServer,
                Some("123-compute@developer.gserviceaccount.com"),
            ),
        ];
        for (snapshot, credential, account) in rows {
            let here = Environment::from_snapshot(&snapshot);
            assert_eq!((here.credential(), here.account()), (credential, account));
            assert_eq!(here.platform(), Platform::ComputeEngine);
        }
        assert_eq!(
            Environment::from_snapshot(&env(&[("HOME", "/home/me")])).credential(),
            Credential::Unknown
        );
    }

    #[test]
    fn the_project_of_the_machine_takes_precedence_over_variables() {
        let set_project =
            |snapshot: Snapshot| snapshot.with_env("GOOGLE_CLOUD_PROJECT", "other-project");
        let key = env(&[("HOME", "/home/me")]).with_file(ADC, KEY);
        assert_eq!(Environment::from_snapshot(&set_project(vm(&[]))).project(), Some("my-project"));
        assert_eq!(
            Environment::from_snapshot(&set_project(key.clone())).project(),
            Some("other-project")
        );
        assert_eq!(Environment::from_snapshot(&key).project(), Some("key-project"));
    }

    #[test]
    fn a_declared_credential_has_no_known_account() {
        let here = Environment::from_snapshot(&vm(&[])).with_credential(Credential::Declared);
        assert_eq!((here.credential(), here.account()), (Credential::Declared, None));
    }

    #[test]
    fn only_a_gke_node_has_a_node_pool() {
        let labels = "cloud.google.com/gke-boot-disk=pd-ssd,cloud.google.com/gke-nodepool=pool-1";
        let node = vm(&[("cluster-name", "prod"), ("kube-labels", labels)]);
        assert_eq!(Environment::from_snapshot(&node).node_pool(), Some("pool-1"));
        assert_eq!(Environment::from_snapshot(&vm(&[("kube-labels", labels)])).node_pool(), None);
    }

    #[test]
    fn a_serverless_platform_has_an_account_but_no_vm() {
        let here = Environment::from_snapshot(&vm(&[]).with_env("K_SERVICE", "shop"));
        assert_eq!((here.instance(), here.zone()), (None, None));
        assert_eq!(here.account_kind(), Some(AccountKind::ComputeDefault));
    }

    #[test]
    fn delegation_is_recognized_and_keeps_the_account() {
        // A key file with the numeric id of its account, and one that also names a person.
        let with_id =
            KEY.replace("\"project_id\"", "\"client_id\":\"103456789012345678901\",\"project_id\"");
        let with_person =
            with_id.replace("\"project_id\"", "\"subject\":\"me@example.com\",\"project_id\"");
        let home = env(&[("HOME", "/home/me")]);
        let declared =
            |snapshot: Snapshot| snapshot.with_credential(Credential::DomainWideDelegation);
        let robot = "robot@key-project.iam.gserviceaccount.com";
        let rows = [
            (home.clone().with_file(ADC, &with_person), robot, Some("103456789012345678901")),
            (declared(home.with_file(ADC, &with_id)), robot, Some("103456789012345678901")),
            (declared(vm(&[])), "123-compute@developer.gserviceaccount.com", None),
        ];
        for (snapshot, account, unique_id) in rows {
            let here = Environment::from_snapshot(&snapshot);
            assert_eq!(here.credential(), Credential::DomainWideDelegation);
            assert_eq!((here.account(), here.unique_id()), (Some(account), unique_id));
        }
    }

    #[test]
    fn debug_output_has_no_secret_of_a_file() {
        let snapshot = env(&[("HOME", "/home/me"), ("GOOGLE_APPLICATION_CREDENTIALS", "/k.json")])
            .with_file(ADC, USER)
            .with_file("/k.json", KEY);
        let printed = format!(
            "{snapshot:?} {:?} {:?}",
            snapshot.credential_file(),
            Environment::from_snapshot(&snapshot)
        );
        assert!(!printed.contains("SECRET") && printed.contains("k.json"), "{printed}");
        assert!(!format!("{snapshot:?}").contains("robot@"));
    }

    proptest::proptest! {
        #[test]
        fn names_from_the_metadata_server_have_no_shell_characters(
            values in proptest::collection::vec("[a-z0-9/@.;$` \\n-]{0,40}|.{0,40}", 14)
        ) {
            let paths = ["project/project-id", "project/numeric-project-id", "instance/name",
                "instance/zone", "instance/region", metadata::EMAIL, metadata::SCOPES,
                "instance/attributes/created-by",
                "instance/attributes/cluster-name", "instance/attributes/cluster-location",
                "instance/attributes/dataproc-cluster-name", "instance/attributes/dataproc-region",
                "instance/attributes/job_id", "instance/attributes/proxy-url"];
            let metadata = paths.iter().zip(&values);
            let snapshot = metadata.fold(vm(&[]), |vm, (path, text)| {
                vm.with_metadata(*path, text.as_str())
            });
            let here = Environment::from_snapshot(&snapshot);
            let names = [here.project(), here.project_number(), here.zone(), here.region(),
                here.location(), here.instance(), here.resource(), here.account()];
            for name in names.into_iter().flatten() {
                proptest::prop_assert!(!name.starts_with('-'), "{name}");
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@".contains(c);
                proptest::prop_assert!(name.chars().all(is_plain), "{name}");
            }
        }
    }
}
