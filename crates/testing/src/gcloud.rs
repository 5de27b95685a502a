//! The real gcloud, pointed at the fake.

use std::path::Path;
use std::{fs, io};

use super::FakeGoogle;

/// Who runs gcloud: an owner of every project.
pub(super) const OWNER: &str = "owner@example.com";

/// gcloud reads every property from an environment variable of its name,
/// <https://cloud.google.com/sdk/docs/properties>.
pub(super) fn env(google: &FakeGoogle, dir: &Path) -> io::Result<Vec<(String, String)>> {
    let token = dir.join("access-token");
    fs::write(&token, google.mint(OWNER, ["cloud-platform"]))?;
    let project = google.shared.lock().projects.first().map(|project| project.id.clone());
    let compute = format!("{}/compute/v1/", google.compute_url());
    let storage = format!("{}/storage/v1/", google.storage_url());
    let variables = [
        ("CLOUDSDK_CONFIG", dir.display().to_string()),
        ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", token.display().to_string()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", compute),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", storage),
        ("CLOUDSDK_CORE_PROJECT", project.unwrap_or_default()),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", "true".to_owned()),
        ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true".to_owned()),
        ("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "true".to_owned()),
        ("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false".to_owned()),
        ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true".to_owned()),
        ("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "true".to_owned()),
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ];
    Ok(variables.map(|(name, value)| (name.to_owned(), value)).to_vec())
}
