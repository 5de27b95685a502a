//! What Google's products let a program see of where it runs, as tables.

use std::collections::BTreeMap;

use super::state::{Project, scope_uri};

/// The access scopes of a VM that nobody chose scopes for, as Google's documentation lists them.
///
/// Source: <https://cloud.google.com/compute/docs/access/service-accounts#default_scopes>.
///
/// ```
/// use gcp_scopes_testing::default_scopes;
///
/// // A VM of the defaults can read buckets and cannot write to them.
/// assert!(default_scopes().contains(&"https://www.googleapis.com/auth/devstorage.read_only"));
/// assert!(!default_scopes().contains(&"https://www.googleapis.com/auth/devstorage.read_write"));
/// ```
#[must_use]
pub fn default_scopes() -> [&'static str; 6] {
    [
        "https://www.googleapis.com/auth/devstorage.read_only",
        "https://www.googleapis.com/auth/logging.write",
        "https://www.googleapis.com/auth/monitoring.write",
        "https://www.googleapis.com/auth/service.management.readonly",
        "https://www.googleapis.com/auth/servicecontrol",
        "https://www.googleapis.com/auth/trace.append",
    ]
}

/// The access scopes behind gcloud's alias `default`: the documented ones and `pubsub`.
///
/// Source: `gcloud compute instances create --help`, flag `--scopes`.
///
/// ```
/// use gcp_scopes_testing::{default_scopes, gcloud_default_scopes};
///
/// let added = gcloud_default_scopes().into_iter().find(|scope| !default_scopes().contains(scope));
/// assert_eq!(added, Some("https://www.googleapis.com/auth/pubsub"));
/// ```
#[must_use]
pub fn gcloud_default_scopes() -> [&'static str; 7] {
    let [storage, logging, monitoring, management, control, trace] = default_scopes();
    [storage, logging, monitoring, "https://www.googleapis.com/auth/pubsub", management, control, trace]
}

/// What a program runs on.
///
/// The profiles follow Google's own detector,
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go/tree/main/detectors/gcp>,
/// and <https://cloud.google.com/run/docs/container-contract>.
///
/// ```
#[doc = awaits!()]
/// use gcp_scopes_testing::{FakeGoogle, Platform, Vm};
///
/// let google = FakeGoogle::builder().vm(Vm::new("shop").platform(Platform::CloudRunService)).start().await?;
/// assert!(google.env().contains(&("K_SERVICE".to_owned(), "shop".to_owned())));
#[doc = done!()]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// A VM of its own.
    ComputeEngine,
    /// A VM that a managed instance group made.
    ManagedInstanceGroup,
    /// A pod that sees the node's metadata server.
    GkeNode,
    /// A pod behind the metadata server of GKE Workload Identity.
    GkeWorkloadIdentity,
    /// A Cloud Run service.
    CloudRunService,
    /// A Cloud Run job.
    CloudRunJob,
    /// A function of Cloud Run functions.
    CloudFunctions,
    /// App Engine standard environment.
    AppEngineStandard,
    /// A worker pool of Cloud Run.
    CloudRunWorkerPool,
    /// A node of a Dataproc cluster.
    Dataproc,
    /// A worker VM of Dataflow.
    Dataflow,
    /// A Vertex AI Workbench instance.
    Workbench,
}

/// What `/scopes` lists on serverless platforms: what may be asked for, not what a token has.
/// Reported by users of Cloud Functions; Google publishes no list, so its contents are unverified.
const REQUESTABLE: [&str; 5] = ["cloud-platform", "userinfo.email", "drive", "spreadsheets", "calendar"];

/// What a token has on serverless platforms if nothing was asked for.
/// Source: <https://cloud.google.com/run/docs/securing/service-identity#access_tokens>.
const SERVERLESS_DEFAULT: [&str; 2] = ["cloud-platform", "userinfo.email"];

impl Platform {
    /// Whether access scopes are a setting of the machine.
    pub(super) fn is_vm(self) -> bool {
        match self {
            Self::ComputeEngine | Self::ManagedInstanceGroup | Self::GkeNode => true,
            Self::Dataproc | Self::Dataflow | Self::Workbench => true,
            Self::GkeWorkloadIdentity | Self::AppEngineStandard | Self::CloudFunctions => false,
            Self::CloudRunService | Self::CloudRunJob | Self::CloudRunWorkerPool => false,
        }
    }

    fn is_gke(self) -> bool {
        matches!(self, Self::GkeNode | Self::GkeWorkloadIdentity)
    }

    pub(super) fn default_account(self, project: &Project) -> String {
        match self {
            Self::GkeWorkloadIdentity => format!("workload@{}.iam.gserviceaccount.com", project.id),
            Self::AppEngineStandard => format!("{}@appspot.gserviceaccount.com", project.id),
            _ => project.default_account(),
        }
    }

    /// The access scopes that its machines get if nobody chose any.
    ///
    /// Sources: gcloud's alias `gke-default` in `gcloud container node-pools create --help`; image
    /// 2.1 and later in
    /// <https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts>;
    /// <https://cloud.google.com/vertex-ai/docs/workbench/instances/introduction>. Those of
    /// Dataflow's workers are unverified.
    pub(super) fn default_scopes(self) -> Vec<String> {
        let short: &[&str] = match self {
            Self::GkeNode => &[
                "devstorage.read_only",
                "logging.write",
                "monitoring",
                "service.management.readonly",
                "servicecontrol",
                "trace.append",
            ],
            Self::Dataproc => {
                &["cloud-platform", "cloud.useraccounts.readonly", "devstorage.read_write", "logging.write"]
            }
            Self::Workbench | Self::Dataflow => &["cloud-platform", "userinfo.email"],
            _ => &default_scopes(),
        };
        short.iter().map(|scope| scope_uri(scope)).collect()
    }

    /// What `/scopes` says.
    pub(super) fn listed_scopes(self, instance: &[String]) -> Vec<String> {
        match self {
            vm if vm.is_vm() => instance.to_vec(),
            Self::GkeWorkloadIdentity => SERVERLESS_DEFAULT.map(scope_uri).to_vec(),
            _ => REQUESTABLE.map(scope_uri).to_vec(),
        }
    }

    /// What a token gets: a VM ignores what is asked for, everything else honours it.
    /// Source: the docstring of `google.auth.compute_engine.credentials`,
    /// <https://googleapis.dev/python/google-auth/latest/reference/google.auth.compute_engine.credentials.html>.
    pub(super) fn token_scopes(self, instance: &[String], asked: &[String]) -> Vec<String> {
        match asked {
            _ if self.is_vm() => instance.to_vec(),
            [] => SERVERLESS_DEFAULT.map(scope_uri).to_vec(),
            asked => asked.to_vec(),
        }
    }

    /// Custom metadata that the product sets on its machines.
    pub(super) fn attributes(self, name: &str, zone: &str, project: &Project) -> BTreeMap<String, String> {
        let number = project.number;
        let region = zone.rsplit_once('-').map_or(zone, |(region, _)| region);
        let pairs = match self {
            Self::ManagedInstanceGroup => vec![
                ("created-by", format!("projects/{number}/zones/{zone}/instanceGroupManagers/{name}-group")),
                ("instance-template", format!("projects/{number}/global/instanceTemplates/{name}-template")),
            ],
            gke if gke.is_gke() => {
                vec![("cluster-name", "cluster-1".to_owned()), ("cluster-location", zone.to_owned())]
            }
            Self::Dataproc => vec![
                ("dataproc-cluster-name", "cluster-1".to_owned()),
                ("dataproc-cluster-uuid", "00000000-0000-4000-8000-000000000000".to_owned()),
                ("dataproc-region", region.to_owned()),
            ],
            Self::Dataflow => vec![("job_id", "2026-01-01_00_00_00-1234567890123456789".to_owned())],
            Self::Workbench => {
                vec![("proxy-url", format!("{name}-dot-{region}.notebooks.googleusercontent.com"))]
            }
            _ => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Environment variables that the product sets for the program.
    pub(super) fn env(self, name: &str, project: &Project) -> Vec<(&'static str, String)> {
        let revision = format!("{name}-00001-abc");
        let knative = |target: Option<&'static str>| {
            let first = target.map(|target| (target, name.to_owned()));
            first.into_iter().chain([
                ("K_SERVICE", name.to_owned()),
                ("K_CONFIGURATION", name.to_owned()),
                ("K_REVISION", revision.clone()),
                ("PORT", "8080".to_owned()),
            ])
        };
        match self {
            Self::CloudRunService => knative(None).collect(),
            Self::CloudFunctions => knative(Some("FUNCTION_TARGET")).collect(),
            Self::CloudRunJob => vec![
                ("CLOUD_RUN_JOB", name.to_owned()),
                ("CLOUD_RUN_EXECUTION", format!("{name}-abcde")),
                ("CLOUD_RUN_TASK_INDEX", "0".to_owned()),
            ],
            Self::CloudRunWorkerPool => {
                vec![("CLOUD_RUN_WORKER_POOL", name.to_owned()), ("CLOUD_RUN_REVISION", revision)]
            }
            Self::AppEngineStandard => vec![
                ("GAE_ENV", "standard".to_owned()),
                ("GAE_SERVICE", name.to_owned()),
                ("GAE_VERSION", "20260101t000000".to_owned()),
                ("GAE_INSTANCE", "0001".to_owned()),
                ("GOOGLE_CLOUD_PROJECT", project.id.clone()),
            ],
            gke if gke.is_gke() => vec![
                ("KUBERNETES_SERVICE_HOST", "10.0.0.1".to_owned()),
                ("KUBERNETES_SERVICE_PORT", "443".to_owned()),
            ],
            _ => Vec::new(),
        }
    }
}
