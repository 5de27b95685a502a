//! Data: the environment variables, files and metadata from which a platform is recognized, as
//! tables.

use super::metadata::{EMAIL, SCOPES};
use super::platform::Platform;

/// The file in which Linux provides the product name of the machine.
pub(super) const PRODUCT_NAME_FILE: &str = "/sys/class/dmi/id/product_name";
/// The environment variable that contains the path of a credential file.
pub(super) const CREDENTIALS_VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The environment variable that names the tool which manages the machine, one of [`OWNERS`].
pub(super) const OWNER_VARIABLE: &str = "GCP_SCOPES_MANAGED_BY";
/// The tools that may manage the machine. Tools such as Terraform undo changes that were made by
/// other means. `gcloud` and `console` stand for a person.
pub(crate) static OWNERS: [&str; 7] =
    ["terraform", "gcloud", "console", "pulumi", "config-connector", "ansible", "packer"];
/// The environment variables that are read. Other variables are never read.
pub(super) static VARIABLES: [&str; 40] = [
    CREDENTIALS_VARIABLE,
    OWNER_VARIABLE,
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
    "BATCH_JOB_UID",
    "GOOGLE_CLOUD_WORKSTATIONS",
    "VERTEX_PRODUCT",
    "CLOUD_ML_PROJECT_ID",
    "AIP_MODEL_DIR",
    "CLUSTER_SPEC",
    "BIGQUERY_EMULATOR_HOST",
    "BIGTABLE_EMULATOR_HOST",
    "DATASTORE_EMULATOR_HOST",
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "SPANNER_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
];

/// The variables in which client libraries find an emulator, and the API of the emulator. Sources:
/// <https://docs.cloud.google.com/sdk/gcloud/reference/beta/emulators>; for BigQuery and Cloud
/// Storage, which gcloud does not emulate, Google's client libraries for Python and Go.
pub(super) static EMULATORS: [(&str, &str); 7] = [
    ("BIGQUERY_EMULATOR_HOST", "bigquery.googleapis.com"),
    ("BIGTABLE_EMULATOR_HOST", "bigtable.googleapis.com"),
    ("DATASTORE_EMULATOR_HOST", "datastore.googleapis.com"),
    ("FIRESTORE_EMULATOR_HOST", "firestore.googleapis.com"),
    ("PUBSUB_EMULATOR_HOST", "pubsub.googleapis.com"),
    ("SPANNER_EMULATOR_HOST", "spanner.googleapis.com"),
    ("STORAGE_EMULATOR_HOST", "storage.googleapis.com"),
];

/// The paths that are read from the metadata server, apart from [`ATTRIBUTE_PATHS`]. The first path
/// is read first, to find out whether there is a metadata server.
pub(super) static METADATA_PATHS: [&str; 9] = [
    "project/project-id",
    "project/numeric-project-id",
    "instance/zone",
    "instance/region",
    "instance/name",
    EMAIL,
    SCOPES,
    DISKS,
    // This path lists the names of the attributes. Their values may be secrets, so only a few are
    // read.
    ATTRIBUTE_LIST,
];

/// The path that lists the VM's disks as JSON. A disk of the type `LOCAL-SSD` is a local SSD:
/// <https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-keys>.
pub(super) const DISKS: &str = "instance/disks/?recursive=true";
/// The path that lists the names of the VM's attributes.
pub(super) const ATTRIBUTE_LIST: &str = "instance/attributes/";
/// The paths of the attributes that are read.
pub(super) static ATTRIBUTE_PATHS: [&str; 8] = [
    "instance/attributes/created-by",
    "instance/attributes/cluster-name",
    "instance/attributes/cluster-location",
    "instance/attributes/kube-labels",
    "instance/attributes/dataproc-cluster-name",
    "instance/attributes/dataproc-region",
    "instance/attributes/job_id",
    "instance/attributes/proxy-url",
];

/// The environment variables that identify a platform. The first variable that is set decides; the
/// order is that of Google's detector for OpenTelemetry. Source: `detectors/gcp` of
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go>; Cloud Shell:
/// `google/cloud/env` of <https://github.com/googleapis/ruby-cloud-env>; `BUILDER_OUTPUT` is
/// unverified. Cloud Workstations: `src/utils.ts` of <https://github.com/firebase/firebase-tools>;
/// `VERTEX_PRODUCT`: <https://github.com/googleapis/python-bigquery-dataframes>; custom jobs:
/// <https://docs.cloud.google.com/vertex-ai/docs/training/code-requirements>.
pub(super) static VARIABLE_PLATFORMS: [(&str, Platform); 17] = [
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
    ("GOOGLE_CLOUD_WORKSTATIONS", Platform::Workstations),
    ("VERTEX_PRODUCT", Platform::ColabEnterprise),
    ("VERTEX_PRODUCT", Platform::Workbench),
    ("CLOUD_ML_PROJECT_ID", Platform::VertexCustomJob),
    ("APPENGINE_RUNTIME", Platform::AppEngineStandard),
];

/// The signals of a VM that identify a platform: names of attributes, and an environment variable.
/// The first row whose signals all exist decides. Users can set any attribute. So a row has two
/// signals, or one attribute that counts only with a value of the form that the product writes.
///
/// Sources: <https://github.com/GoogleCloudPlatform/fluent-plugin-google-cloud> (Dataproc, GKE),
/// `gce_metadata_util.py` of <https://github.com/apache/beam> (Dataflow),
/// <https://github.com/jax-ml/jax/blob/main/jax/_src/clusters/cloud_tpu_cluster.py> (TPU),
/// `resume.py` of <https://github.com/GoogleCloudPlatform/cluster-toolkit> (Slurm). The attributes
/// of Cloud Batch and Workbench are known only from public scripts; Google does not document them.
pub(super) static VM_PLATFORMS: [(&[&str], Platform); 11] = [
    (&["cloudbatch-job-uid", "BATCH_JOB_UID"], Platform::CloudBatch),
    (&["cloudbatch-job-uid", "created-by"], Platform::CloudBatch),
    (&["tpu-env", "agent-worker-number"], Platform::TpuVm),
    (&["dataproc-cluster-name", "dataproc-region"], Platform::Dataproc),
    (&["cluster-name", "cluster-location"], Platform::GkeNode),
    (&["cluster-name", "kube-labels"], Platform::GkeNode),
    (&["cluster-name", "kube-env"], Platform::GkeNode),
    (&["slurm_cluster_name", "slurm_instance_role"], Platform::SlurmNode),
    (&["proxy-url"], Platform::Workbench),
    (&["job_id"], Platform::Dataflow),
    (&["created-by"], Platform::ManagedInstanceGroup),
];

/// The domains of service agents (Google's own service accounts) that do not begin with `gcp-sa-`.
/// Source: <https://docs.cloud.google.com/iam/docs/service-agents>.
pub(super) static OTHER_AGENT_DOMAINS: [&str; 7] = [
    "cloudservices.gserviceaccount.com",
    "compute-system.iam.gserviceaccount.com",
    "container-engine-robot.iam.gserviceaccount.com",
    "serverless-robot-prod.iam.gserviceaccount.com",
    "gcf-admin-robot.iam.gserviceaccount.com",
    "cloudcomposer-accounts.iam.gserviceaccount.com",
    "dataproc-accounts.iam.gserviceaccount.com",
];
