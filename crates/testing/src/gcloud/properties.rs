//! Data: the environment variables for gcloud that have the same values for every fake.
//!
//! gcloud reads the property `SECTION/NAME` from the variable `CLOUDSDK_SECTION_NAME`:
//! <https://cloud.google.com/sdk/docs/properties>.

pub(super) const FIXED: [(&str, &str); 7] = [
    ("CLOUDSDK_CORE_DISABLE_PROMPTS", "true"),
    ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true"),
    ("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "true"),
    ("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false"),
    ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true"),
    ("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "true"),
    ("NO_PROXY", "127.0.0.1"),
];
