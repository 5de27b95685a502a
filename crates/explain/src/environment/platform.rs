//! Which of Google Cloud's products the process runs on.

use std::fmt;

use super::metadata::{self, scope_list};
use super::names;
use super::snapshot::Snapshot;
use gcp_scopes_catalog::scope::ScopeSet;

/// Where a process runs.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Platform, Snapshot};
///
/// let here = Environment::of(&Snapshot::new().with_env("K_SERVICE", "shop"));
/// assert_eq!(here.platform(), Platform::CloudRunService);
/// assert_eq!(here.platform().to_string(), "a Cloud Run service");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// A VM of its own.
    ComputeEngine,
    /// A VM of a managed instance group.
    ManagedInstanceGroup,
    /// A node of a GKE cluster, or a pod that uses the node's service account.
    GkeNode,
    /// A pod with a service account of its own, by Workload Identity Federation for GKE.
    GkeWorkloadIdentity,
    /// A Cloud Run service.
    CloudRunService,
    /// A Cloud Run job.
    CloudRunJob,
    /// A Cloud Run worker pool.
    CloudRunWorkerPool,
    /// A function of Cloud Functions or Cloud Run functions.
    CloudFunctions,
    /// App Engine's standard environment.
    AppEngineStandard,
    /// App Engine's flexible environment.
    AppEngineFlexible,
    /// A VM of a Dataproc cluster.
    Dataproc,
    /// A Dataflow worker.
    Dataflow,
    /// Cloud Composer.
    Composer,
    /// A Vertex AI Workbench instance.
    Workbench,
    /// Cloud Shell.
    CloudShell,
    /// Cloud Build.
    CloudBuild,
    /// Outside Google Cloud, or nobody can tell.
    Unknown,
}

/// What the environment alone proves, in the order in which Google's own detector asks.
/// Source: `detectors/gcp` of
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go>; Cloud Shell:
/// `google/cloud/env` of <https://github.com/googleapis/ruby-cloud-env>; `BUILDER_OUTPUT` is
/// unverified.
static BY_VARIABLE: [(&str, Platform); 13] = [
    ("FUNCTION_TARGET", Platform::CloudFunctions),
    ("FUNCTION_NAME", Platform::CloudFunctions),
    ("K_CONFIGURATION", Platform::CloudRunService),
    ("K_SERVICE", Platform::CloudRunService),
    ("CLOUD_RUN_JOB", Platform::CloudRunJob),
    ("CLOUD_RUN_WORKER_POOL", Platform::CloudRunWorkerPool),
    ("GAE_ENV", Platform::AppEngineStandard),
    ("GAE_SERVICE", Platform::AppEngineFlexible),
    ("CLOUD_SHELL", Platform::CloudShell),
    ("GOOGLE_CLOUD_SHELL", Platform::CloudShell),
    ("DEVSHELL_CLIENT_PORT", Platform::CloudShell),
    ("BUILDER_OUTPUT", Platform::CloudBuild),
    ("APPENGINE_RUNTIME", Platform::AppEngineStandard),
];

/// What a VM's attributes prove, in the order in which they are asked.
/// Sources: <https://github.com/GoogleCloudPlatform/fluent-plugin-google-cloud> (Dataproc),
/// `gce_metadata_util.py` of <https://github.com/apache/beam> (Dataflow). `proxy-url` for Workbench
/// is only seen in public scripts, not documented.
static BY_ATTRIBUTE: [(&str, Platform); 5] = [
    ("instance/attributes/dataproc-cluster-name", Platform::Dataproc),
    ("instance/attributes/cluster-name", Platform::GkeNode),
    ("instance/attributes/proxy-url", Platform::Workbench),
    ("instance/attributes/job_id", Platform::Dataflow),
    ("instance/attributes/created-by", Platform::ManagedInstanceGroup),
];

/// What a pod's token holds with Workload Identity, whatever its node is set to.
/// Source: <https://github.com/googleapis/google-auth-library-java/issues/458>.
const WORKLOAD_IDENTITY_SCOPES: &str =
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email";

impl Platform {
    /// The name in JSON. `Display` gives the one that people use.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::environment::Platform::CloudRunJob.as_str(), "cloud_run_job");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.names().0
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ComputeEngine => ("compute_engine", "Compute Engine"),
            Self::ManagedInstanceGroup => ("managed_instance_group", "a managed instance group"),
            Self::GkeNode => ("gke_node", "a GKE node"),
            Self::GkeWorkloadIdentity => ("gke_workload_identity", "GKE with Workload Identity"),
            Self::CloudRunService => ("cloud_run_service", "a Cloud Run service"),
            Self::CloudRunJob => ("cloud_run_job", "a Cloud Run job"),
            Self::CloudRunWorkerPool => ("cloud_run_worker_pool", "a Cloud Run worker pool"),
            Self::CloudFunctions => ("cloud_functions", "Cloud Run functions"),
            Self::AppEngineStandard => ("app_engine_standard", "App Engine standard"),
            Self::AppEngineFlexible => ("app_engine_flexible", "App Engine flexible"),
            Self::Dataproc => ("dataproc", "a Dataproc cluster"),
            Self::Dataflow => ("dataflow", "a Dataflow worker"),
            Self::Composer => ("composer", "Cloud Composer"),
            Self::Workbench => ("workbench", "Vertex AI Workbench"),
            Self::CloudShell => ("cloud_shell", "Cloud Shell"),
            Self::CloudBuild => ("cloud_build", "Cloud Build"),
            Self::Unknown => ("unknown", "an unknown platform"),
        }
    }

    /// The value of `cloud.platform` in events: OpenTelemetry's, and one of the same form where it has none
    /// (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/cloud/>).
    #[must_use]
    pub fn in_events(self) -> &'static str {
        match self {
            Self::ComputeEngine | Self::ManagedInstanceGroup => "gcp_compute_engine",
            Self::GkeNode | Self::GkeWorkloadIdentity => "gcp_kubernetes_engine",
            Self::CloudRunService | Self::CloudRunJob | Self::CloudRunWorkerPool => "gcp_cloud_run",
            Self::CloudFunctions => "gcp_cloud_functions",
            Self::AppEngineStandard | Self::AppEngineFlexible => "gcp_app_engine",
            Self::Dataproc => "gcp_dataproc",
            Self::Dataflow => "gcp_dataflow",
            Self::Composer => "gcp_composer",
            Self::Workbench => "gcp_workbench",
            Self::CloudShell => "gcp_cloud_shell",
            Self::CloudBuild => "gcp_cloud_build",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the list of scopes that the metadata server has here is what its tokens are granted.
    ///
    /// True for VMs only. Composer, Cloud Shell, Cloud Build and App Engine's flexible environment
    /// are unverified, and unverified means no.
    #[must_use]
    pub fn grants_its_scopes(self) -> bool {
        use Platform::{ComputeEngine, Dataflow, Dataproc, GkeNode, ManagedInstanceGroup, Workbench};
        matches!(self, ComputeEngine | ManagedInstanceGroup | GkeNode | Dataproc | Dataflow | Workbench)
    }

    /// Whether there is no VM that a user could name, whatever the metadata server says.
    pub(crate) fn is_serverless(self) -> bool {
        use Platform::{
            AppEngineFlexible, AppEngineStandard, CloudBuild, CloudFunctions, CloudRunJob, CloudRunService,
            CloudRunWorkerPool, CloudShell,
        };
        let apps = matches!(self, AppEngineStandard | AppEngineFlexible | CloudFunctions);
        let runs = matches!(self, CloudRunService | CloudRunJob | CloudRunWorkerPool);
        apps || runs || matches!(self, CloudShell | CloudBuild)
    }

    pub(super) fn of(snapshot: &Snapshot) -> Self {
        if snapshot.env("KUBERNETES_SERVICE_HOST").is_some() {
            return in_a_pod(snapshot);
        }
        Self::by_variable(snapshot).unwrap_or_else(|| on_a_vm(snapshot))
    }

    /// What the environment alone proves, so that nobody need be asked.
    pub(super) fn by_variable(snapshot: &Snapshot) -> Option<Self> {
        let is_set = |(name, platform): &&(&str, Self)| match (*name, *platform) {
            ("GAE_ENV", _) => snapshot.env("GAE_ENV") == Some("standard"),
            ("DEVSHELL_CLIENT_PORT", _) => {
                snapshot.env("DEVSHELL_CLIENT_PORT").is_some_and(|port| port != "0")
            }
            (name, _) => snapshot.env(name).is_some(),
        };
        BY_VARIABLE.iter().find(is_set).map(|(_, platform)| *platform)
    }

    /// The name of what the platform is about, unchecked.
    pub(super) fn resource(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => group(snapshot).map(|(_, name)| name),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-name")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-cluster-name"),
            Self::CloudRunService => snapshot.env("K_SERVICE"),
            Self::CloudRunJob => snapshot.env("CLOUD_RUN_JOB"),
            Self::CloudRunWorkerPool => snapshot.env("CLOUD_RUN_WORKER_POOL"),
            Self::CloudFunctions => snapshot.env("K_SERVICE").or_else(|| snapshot.env("FUNCTION_NAME")),
            Self::AppEngineStandard | Self::AppEngineFlexible => snapshot.env("GAE_SERVICE"),
            Self::Composer => snapshot.env("COMPOSER_ENVIRONMENT"),
            _ => None,
        }
    }

    /// The node pool among the labels of a GKE node, unchecked. That a node has its labels in this
    /// attribute is not documented; scripts that run on nodes read it.
    pub(super) fn node_pool(self, snapshot: &Snapshot) -> Option<&str> {
        let labels =
            snapshot.metadata("instance/attributes/kube-labels").filter(|_| self == Self::GkeNode)?;
        labels.split(',').find_map(|label| label.strip_prefix("cloud.google.com/gke-nodepool="))
    }

    /// Where that is, unchecked, if it is not simply where the VM is.
    pub(super) fn location(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => group(snapshot).map(|(location, _)| location),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-location")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-region"),
            Self::Composer => snapshot.env("COMPOSER_LOCATION"),
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().1)
    }
}

/// Any cluster sets the variable; only GKE's metadata server tells of a cluster. Composer's
/// variable is unverified.
fn in_a_pod(snapshot: &Snapshot) -> Platform {
    match snapshot.metadata("instance/attributes/cluster-name") {
        Some(_) if snapshot.env("COMPOSER_ENVIRONMENT").is_some() => Platform::Composer,
        Some(_) if uses_node_account(snapshot) => Platform::GkeNode,
        Some(_) => Platform::GkeWorkloadIdentity,
        None => Platform::Unknown,
    }
}

/// Whether a pod's tokens are those of its node. In doubt they are not, because then the metadata
/// server's list proves nothing. That only a node shows `kube-env` is unverified.
fn uses_node_account(snapshot: &Snapshot) -> bool {
    let account = snapshot.metadata(metadata::EMAIL).unwrap_or_default();
    let scopes = snapshot.metadata(metadata::SCOPES).and_then(scope_list);
    let usual = ScopeSet::from_scope_text(WORKLOAD_IDENTITY_SCOPES);
    let names = snapshot.metadata("instance/attributes/").unwrap_or_default();
    !account.ends_with(".svc.id.goog")
        && (scopes.is_some_and(|scopes| scopes != usual) || names.lines().any(|name| name == "kube-env"))
}

/// A VM has a name and is in a zone that exists. Cloud Run's metadata server has no such zone.
fn on_a_vm(snapshot: &Snapshot) -> Platform {
    let zone = snapshot.metadata("instance/zone").and_then(|path| path.rsplit('/').next());
    if zone.and_then(names::zone).is_none() || snapshot.metadata("instance/name").is_none() {
        return Platform::Unknown;
    }
    let proves = |(path, platform): &&(&str, Platform)| match platform {
        Platform::ManagedInstanceGroup => group(snapshot).is_some(),
        _ => snapshot.metadata(path).is_some(),
    };
    BY_ATTRIBUTE.iter().find(proves).map_or(Platform::ComputeEngine, |(_, platform)| *platform)
}

/// Location and name in `projects/P/(zones|regions)/LOCATION/instanceGroupManagers/NAME`.
fn group(snapshot: &Snapshot) -> Option<(&str, &str)> {
    let path = snapshot.metadata("instance/attributes/created-by")?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["projects", _, "zones" | "regions", location, "instanceGroupManagers", name] => {
            Some((location, name))
        }
        _ => None,
    }
}
