//! Data: gcloud's commands and the names of client libraries, each with the host of its API, as
//! tables.
//!
//! Sources: `gcloud help`, and the package lists of Google's client libraries,
//! <https://cloud.google.com/apis/docs/cloud-client-libraries>. A name that is not listed is the
//! first label of the host: `pubsub` stands for `pubsub.googleapis.com`.

/// Names of groups of gcloud's commands and of libraries, each with the first label of the host of
/// its API, where the names differ.
pub(crate) static API_NAMES: &[(&str, &str)] = &[
    ("accesscontextmanager", "accesscontextmanager"),
    ("ai", "aiplatform"),
    ("aiplatformv1", "aiplatform"),
    ("app", "appengine"),
    ("artifacts", "artifactregistry"),
    ("asset", "cloudasset"),
    ("billing", "cloudbilling"),
    ("build", "cloudbuild"),
    ("builds", "cloudbuild"),
    ("calendar", "calendar"),
    ("credentials", "iamcredentials"),
    ("deploy", "clouddeploy"),
    ("directory", "admin"),
    ("drive", "drive"),
    ("endpoints", "servicemanagement"),
    ("errorreporting", "clouderrorreporting"),
    ("filestore", "file"),
    ("functions", "cloudfunctions"),
    ("genai", "generativelanguage"),
    ("generativeai", "generativelanguage"),
    ("gcs", "storage"),
    ("hadoop", "storage"),
    ("identity", "cloudidentity"),
    ("kms", "cloudkms"),
    ("organizations", "cloudresourcemanager"),
    ("orgpolicies", "orgpolicy"),
    ("people", "people"),
    ("profiler", "cloudprofiler"),
    ("project", "cloudresourcemanager"),
    ("projects", "cloudresourcemanager"),
    ("pubsublite", "pubsublite"),
    ("quotas", "cloudquotas"),
    ("resourcemanager", "cloudresourcemanager"),
    ("scheduler", "cloudscheduler"),
    ("scc", "securitycenter"),
    ("secrets", "secretmanager"),
    ("serviceaccount", "iam"),
    ("services", "serviceusage"),
    ("source", "sourcerepo"),
    ("sql", "sqladmin"),
    ("sqladmin", "sqladmin"),
    ("tasks", "cloudtasks"),
    ("trace", "cloudtrace"),
    ("transfer", "storagetransfer"),
    ("translation", "translate"),
    ("vertexai", "aiplatform"),
    ("video", "videointelligence"),
    ("youtube", "youtube"),
];

/// What precedes the name of an API in packages, modules, namespaces and paths of Google's client
/// libraries, in lower case.
pub(crate) const LIBRARY_PREFIXES: [&str; 25] = [
    "google/cloud/",
    "google.cloud.",
    "google::cloud::",
    "google\\cloud\\",
    "google_cloud_",
    "@google-cloud/",
    "google-cloud-",
    "cloud.google.com/go/",
    "google.golang.org/api/",
    "com.google.api.services.",
    "googleapis/build/src/apis/",
    "google-apis-",
    "google.apis.",
    "google::apis::",
    "google_service_",
    "google\\service\\",
    "apiclient-services/src/",
    "google.ads.",
    "google/ads/",
    "google::ads::",
    "google\\ads\\",
    // The hooks and operators of Airflow, and the types of Pulumi.
    "google/cloud/hooks/",
    "google/cloud/operators/",
    "google/suite/hooks/",
    "gcp:",
];

/// Words that only one tool or library prints, each with the host of its API.
pub(crate) const TOOLS: [(&str, &str); 9] = [
    ("BigQuery error in ", "bigquery.googleapis.com"),
    ("AccessDeniedException: 403", "storage.googleapis.com"),
    ("gsutil ", "storage.googleapis.com"),
    // The packages of Analytics end with words that stand for other APIs elsewhere.
    ("google.analytics.data", "analyticsdata.googleapis.com"),
    ("google/analytics/data", "analyticsdata.googleapis.com"),
    ("@google-analytics/data", "analyticsdata.googleapis.com"),
    ("google.analytics.admin", "analyticsadmin.googleapis.com"),
    ("google/analytics/admin", "analyticsadmin.googleapis.com"),
    ("@google-analytics/admin", "analyticsadmin.googleapis.com"),
];

/// Verbs of gcloud's commands, each with the last words of the ids of the methods that it calls.
pub(crate) const COMMAND_VERBS: [(&str, &[&str]); 8] = [
    ("list", &["list", "aggregatedList"]),
    ("describe", &["get"]),
    ("get-credentials", &["get"]),
    ("create", &["create", "insert"]),
    ("update", &["update", "patch"]),
    ("get-iam-policy", &["getIamPolicy"]),
    ("set-iam-policy", &["setIamPolicy"]),
    ("delete", &["delete"]),
];
