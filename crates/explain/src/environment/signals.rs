//! Data: the variables, files and metadata by which a platform is recognized.

use super::metadata::{EMAIL, SCOPES};
use super::platform::Platform;

/// The file in which Linux has the name of the machine's product.
pub(super) const DMI: &str = "/sys/class/dmi/id/product_name";
/// The variable that names a credential file.
pub(super) const NAMED_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The only environment variables that are read.
pub(super) static VARIABLES: [&str; 26] = [
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

/// The paths of the metadata server that are read, beside [`ATTRIBUTES`]. The first one shows
/// whether there is a server.
pub(super) static PATHS: [&str; 8] = [
    "project/project-id",
    "project/numeric-project-id",
    "instance/zone",
    "instance/region",
    "instance/name",
    EMAIL,
    SCOPES,
    // The names alone: values of attributes may be secrets.
    ATTRIBUTE_NAMES,
];

pub(super) const ATTRIBUTE_NAMES: &str = "instance/attributes/";
pub(super) static ATTRIBUTES: [&str; 8] = [
    "instance/attributes/created-by",
    "instance/attributes/cluster-name",
    "instance/attributes/cluster-location",
    "instance/attributes/kube-labels",
    "instance/attributes/dataproc-cluster-name",
    "instance/attributes/dataproc-region",
    "instance/attributes/job_id",
    "instance/attributes/proxy-url",
];

/// The platform that a variable proves, in the order of Google's detector for OpenTelemetry.
/// Source: `detectors/gcp` of
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go>; Cloud Shell:
/// `google/cloud/env` of <https://github.com/googleapis/ruby-cloud-env>; `BUILDER_OUTPUT` is
/// unverified.
pub(super) static BY_VARIABLE: [(&str, Platform); 13] = [
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

/// The platform that an attribute of a VM proves. The first one counts.
/// Sources: <https://github.com/GoogleCloudPlatform/fluent-plugin-google-cloud> (Dataproc),
/// `gce_metadata_util.py` of <https://github.com/apache/beam> (Dataflow). `proxy-url` for Workbench
/// is seen in public scripts only, not documented.
pub(super) static BY_ATTRIBUTE: [(&str, Platform); 5] = [
    ("instance/attributes/dataproc-cluster-name", Platform::Dataproc),
    ("instance/attributes/cluster-name", Platform::GkeNode),
    ("instance/attributes/proxy-url", Platform::Workbench),
    ("instance/attributes/job_id", Platform::Dataflow),
    ("instance/attributes/created-by", Platform::ManagedInstanceGroup),
];

/// The domains of service agents that do not begin with `gcp-sa-`.
/// Source: <https://docs.cloud.google.com/iam/docs/service-agents>.
pub(super) static OTHER_AGENTS: [&str; 7] = [
    "cloudservices.gserviceaccount.com",
    "compute-system.iam.gserviceaccount.com",
    "container-engine-robot.iam.gserviceaccount.com",
    "serverless-robot-prod.iam.gserviceaccount.com",
    "gcf-admin-robot.iam.gserviceaccount.com",
    "cloudcomposer-accounts.iam.gserviceaccount.com",
    "dataproc-accounts.iam.gserviceaccount.com",
];
