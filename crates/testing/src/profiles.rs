//! Data: for each [`FakePlatform`], the metadata and the environment variables that a program on
//! the platform can read, and the default scopes and service account.
//!
//! The values follow Google's own detector,
//! <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go/tree/main/detectors/gcp>,
//! and <https://cloud.google.com/run/docs/container-contract>. For platforms that the detector does
//! not know, the values come from other public sources: TPU VMs from
//! <https://github.com/jax-ml/jax/blob/main/jax/_src/clusters/cloud_tpu_cluster.py>, Slurm from
//! <https://github.com/GoogleCloudPlatform/cluster-toolkit>, Cloud Workstations from
//! <https://github.com/firebase/firebase-tools>, custom jobs from
//! <https://docs.cloud.google.com/vertex-ai/docs/training/code-requirements>. The variables of
//! Cloud Batch, Cloud Build and Composer are unverified. In values, `{name}`, `{zone}` and
//! `{region}` stand for the name, zone and region of the machine, and `{project}` and `{number}`
//! for the id and number of its project.

use crate::platform::FakePlatform;

/// Pairs of a name and a value.
type Pairs = &'static [(&'static str, &'static str)];

const VM_SCOPES: [&str; 6] = [
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/monitoring.write",
    "https://www.googleapis.com/auth/service.management.readonly",
    "https://www.googleapis.com/auth/servicecontrol",
    "https://www.googleapis.com/auth/trace.append",
];

/// Returns the access scopes that a VM gets if its creator chooses no scopes, as Google documents
/// them.
///
/// Source: <https://cloud.google.com/compute/docs/access/service-accounts#default_scopes>.
///
/// ```
/// use gcp_scopes_testing::default_scopes;
///
/// // With the default scopes, a VM can read buckets but cannot write to them.
/// assert!(default_scopes().contains(&"https://www.googleapis.com/auth/devstorage.read_only"));
/// assert!(!default_scopes().contains(&"https://www.googleapis.com/auth/devstorage.read_write"));
/// ```
#[must_use]
pub fn default_scopes() -> [&'static str; 6] {
    VM_SCOPES
}

/// Returns the access scopes of gcloud's alias `default`: the [`default_scopes`] and `pubsub`.
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
    [
        storage,
        logging,
        monitoring,
        "https://www.googleapis.com/auth/pubsub",
        management,
        control,
        trace,
    ]
}

/// The scopes that the metadata server lists on serverless platforms. A program may request these
/// scopes; a token does not have all of them by default. Users of Cloud Functions have reported
/// such lists. Google publishes no list, so the contents are unverified.
pub(crate) const REQUESTABLE: [&str; 5] =
    ["cloud-platform", "userinfo.email", "drive", "spreadsheets", "calendar"];

/// The scopes of a token on serverless platforms if the program requests no scopes.
/// Source: <https://cloud.google.com/run/docs/securing/service-identity#access_tokens>.
pub(crate) const SERVERLESS_DEFAULT: [&str; 2] = ["cloud-platform", "userinfo.email"];

/// The scopes of gcloud's alias `gke-default`.
/// Source: `gcloud container node-pools create --help`.
const GKE_SCOPES: [&str; 6] = [
    "devstorage.read_only",
    "logging.write",
    "monitoring",
    "service.management.readonly",
    "servicecontrol",
    "trace.append",
];

/// The default scopes of Dataproc clusters with image version 2.1 or later. Source:
/// <https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts>.
const DATAPROC_SCOPES: [&str; 4] =
    ["cloud-platform", "cloud.useraccounts.readonly", "devstorage.read_write", "logging.write"];

/// The default scopes of Vertex AI Workbench instances, also used for other VMs. Source:
/// <https://cloud.google.com/vertex-ai/docs/workbench/instances/introduction>. For Dataflow
/// workers, Cloud Batch and TPU VMs the scopes are unverified.
const WORKBENCH_SCOPES: [&str; 2] = ["cloud-platform", "userinfo.email"];

/// Expands to the environment variables of Knative, which Cloud Run services and Cloud Run
/// functions set. The optional argument is a variable that is put before them.
macro_rules! knative {
    ($($first:expr)?) => {
        &[
            $($first,)?
            ("K_SERVICE", "{name}"),
            ("K_CONFIGURATION", "{name}"),
            ("K_REVISION", "{name}-00001-abc"),
            ("PORT", "8080"),
        ]
    };
}

/// The default service account that Compute Engine creates in every project.
pub(crate) const COMPUTE_ACCOUNT: &str = "{number}-compute@developer.gserviceaccount.com";

const GKE_ATTRIBUTES: Pairs = &[("cluster-name", "cluster-1"), ("cluster-location", "{zone}")];
const GKE_ENV: Pairs =
    &[("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];

/// Source of the names of these values:
/// <https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys>.
const DISKS: &str = r#"[{
    "device-name": "{name}", "index": 0, "interface": "SCSI", "mode": "READ_WRITE",
    "type": "PERSISTENT-BALANCED"
}]"#;
const NETWORK_INTERFACES: &str = r#"[{
    "access-configs": [{"external-ip": "203.0.113.7", "type": "ONE_TO_ONE_NAT"}],
    "dns-servers": ["169.254.169.254"], "forwarded-ips": [], "gateway": "10.128.0.1",
    "ip": "10.128.0.2", "ip-aliases": [], "mac": "42:01:0a:80:00:02", "mtu": 1460,
    "network": "projects/{number}/networks/default", "subnetmask": "255.255.240.0",
    "target-instance-ips": []
}]"#;
const SCHEDULING: &str = r#"{
    "automatic-restart": "TRUE", "on-host-maintenance": "MIGRATE", "preemptible": "FALSE"
}"#;

impl FakePlatform {
    /// Returns the access scopes of a machine if its creator chooses no scopes.
    pub(crate) fn default_scopes(self) -> &'static [&'static str] {
        match self {
            Self::GkeNode => &GKE_SCOPES,
            Self::Dataproc => &DATAPROC_SCOPES,
            Self::Workbench | Self::Dataflow | Self::CloudBatch | Self::TpuVm => &WORKBENCH_SCOPES,
            _ => &VM_SCOPES,
        }
    }

    /// Returns the service account of a machine if its creator chooses no account.
    pub(crate) fn default_account(self) -> &'static str {
        match self {
            Self::GkeWorkloadIdentity => "workload@{project}.iam.gserviceaccount.com",
            Self::AppEngineStandard => "{project}@appspot.gserviceaccount.com",
            _ => COMPUTE_ACCOUNT,
        }
    }

    /// Returns the custom metadata attributes that the platform sets on its machines.
    pub(crate) fn attributes(self) -> Pairs {
        match self {
            Self::ManagedInstanceGroup => &[
                ("created-by", "projects/{number}/zones/{zone}/instanceGroupManagers/{name}-group"),
                ("instance-template", "projects/{number}/global/instanceTemplates/{name}-template"),
            ],
            Self::GkeNode | Self::GkeWorkloadIdentity | Self::Composer => GKE_ATTRIBUTES,
            Self::CloudBatch => &[
                ("cloudbatch-job-uid", "{name}-00000000-0000-4000-800000000"),
                ("created-by", "projects/{number}/zones/{zone}/instanceGroupManagers/{name}-group"),
            ],
            Self::SlurmNode => {
                &[("slurm_cluster_name", "cluster1"), ("slurm_instance_role", "compute")]
            }
            Self::TpuVm => &[
                ("agent-worker-number", "0"),
                ("tpu-env", "ACCELERATOR_TYPE: 'v4-8'\nNODE_ID: '{name}'\nZONE: '{zone}'\n"),
            ],
            Self::Dataproc => &[
                ("dataproc-cluster-name", "cluster-1"),
                ("dataproc-cluster-uuid", "00000000-0000-4000-8000-000000000000"),
                ("dataproc-region", "{region}"),
            ],
            Self::Dataflow => &[("job_id", "2026-01-01_00_00_00-1234567890123456789")],
            Self::Workbench => {
                &[("proxy-url", "{name}-dot-{region}.notebooks.googleusercontent.com")]
            }
            _ => &[],
        }
    }

    /// Returns the metadata values below `instance/`, as pairs of a path and a value, which is
    /// text, or the JSON of a directory or a list. On serverless platforms the zone, such as
    /// `us-central1-1`, is not a real zone; only the region is real.
    pub(crate) fn metadata(self) -> Pairs {
        if self.is_vm() {
            &[
                ("name", "{name}"),
                ("hostname", "{name}.{zone}.c.{project}.internal"),
                ("zone", "projects/{number}/zones/{zone}"),
                ("machine-type", "projects/{number}/machineTypes/e2-medium"),
                ("cpu-platform", "Intel Broadwell"),
                ("description", ""),
                ("disks", DISKS),
                ("image", "projects/debian-cloud/global/images/debian-12-bookworm-v20260101"),
                ("licenses", r#"[{"id": "2147286739765738111"}]"#),
                ("maintenance-event", "NONE"),
                ("network-interfaces", NETWORK_INTERFACES),
                ("preempted", "FALSE"),
                ("scheduling", SCHEDULING),
                ("tags", r#"["http-server"]"#),
                ("virtual-clock", r#"{"drift-token": "0"}"#),
            ]
        } else {
            &[
                ("zone", "projects/{number}/zones/{region}-1"),
                ("region", "projects/{number}/regions/{region}"),
            ]
        }
    }

    /// Returns the environment variables that the platform sets for a program.
    pub(crate) fn env(self) -> Pairs {
        match self {
            Self::CloudRunService => knative!(),
            Self::CloudFunctions => knative!(("FUNCTION_TARGET", "{name}")),
            Self::CloudRunJob => &[
                ("CLOUD_RUN_JOB", "{name}"),
                ("CLOUD_RUN_EXECUTION", "{name}-abcde"),
                ("CLOUD_RUN_TASK_INDEX", "0"),
            ],
            Self::CloudRunWorkerPool => {
                &[("CLOUD_RUN_WORKER_POOL", "{name}"), ("CLOUD_RUN_REVISION", "{name}-00001-abc")]
            }
            Self::AppEngineStandard => &[
                ("GAE_ENV", "standard"),
                ("GAE_SERVICE", "{name}"),
                ("GAE_VERSION", "20260101t000000"),
                ("GAE_INSTANCE", "0001"),
                ("GOOGLE_CLOUD_PROJECT", "{project}"),
            ],
            Self::AppEngineFlexible => &[
                ("GAE_SERVICE", "{name}"),
                ("GAE_VERSION", "20260101t000000"),
                ("GAE_INSTANCE", "0001"),
                ("GOOGLE_CLOUD_PROJECT", "{project}"),
            ],
            Self::CloudBatch => &[("BATCH_JOB_UID", "{name}-00000000-0000-4000-800000000")],
            Self::CloudBuild => &[("BUILDER_OUTPUT", "/builder/outputs")],
            Self::CloudShell => &[("CLOUD_SHELL", "true"), ("DEVSHELL_PROJECT_ID", "{project}")],
            Self::ColabEnterprise => &[("VERTEX_PRODUCT", "COLAB_ENTERPRISE")],
            Self::Composer => &[
                ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
                ("COMPOSER_ENVIRONMENT", "{name}"),
                ("COMPOSER_LOCATION", "{region}"),
            ],
            Self::GkeNode | Self::GkeWorkloadIdentity => GKE_ENV,
            Self::VertexCustomJob => {
                &[("CLOUD_ML_PROJECT_ID", "{project}"), ("AIP_MODEL_DIR", "gs://{project}/model/")]
            }
            Self::Workstations => &[("GOOGLE_CLOUD_WORKSTATIONS", "true")],
            _ => &[],
        }
    }
}
