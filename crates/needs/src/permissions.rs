//! Data: the IAM permission that a call of a method always needs on its resource.
//!
//! A row names the page of the method's reference that states the permission. A row without a
//! permission is a method whose page has not been read: nothing is derived for it. A call may need
//! more permissions, by its request: an upload that replaces an object also needs
//! `storage.objects.delete`.

use gcp_scopes_catalog::ApiMethod;

/// The id of a method, the permission, and the page that states it.
type PermissionRow = (&'static str, Option<&'static str>, &'static str);

/// Returns the permission that a call of a method always needs on its resource; `None` if it is not
/// known.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_needs::permission_of;
///
/// let insert = ApiMethod::by_id("storage.objects.insert")?;
/// assert_eq!(permission_of(insert), Some("storage.objects.create"));
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn permission_of(method: ApiMethod) -> Option<&'static str> {
    let row = PERMISSIONS.iter().find(|(id, ..)| *id == method.id());
    row.and_then(|(_, permission, _)| *permission)
}

const STORAGE: &str = "https://docs.cloud.google.com/storage/docs/access-control/iam-json";

/// The rows, by service.
static PERMISSIONS: [PermissionRow; 34] = [
    (
        "storage.objects.insert",
        Some("storage.objects.create"),
        "https://docs.cloud.google.com/storage/docs/json_api/v1/objects/insert",
    ),
    (
        "storage.objects.get",
        Some("storage.objects.get"),
        "https://docs.cloud.google.com/storage/docs/json_api/v1/objects/get",
    ),
    ("storage.objects.list", None, STORAGE),
    ("storage.objects.delete", None, STORAGE),
    ("storage.buckets.delete", Some("storage.buckets.delete"), STORAGE),
    ("storage.buckets.get", Some("storage.buckets.get"), STORAGE),
    ("storage.buckets.getIamPolicy", Some("storage.buckets.getIamPolicy"), STORAGE),
    ("storage.buckets.lockRetentionPolicy", Some("storage.buckets.update"), STORAGE),
    ("storage.buckets.setIamPolicy", Some("storage.buckets.setIamPolicy"), STORAGE),
    (
        "pubsub.projects.subscriptions.acknowledge",
        Some("pubsub.subscriptions.consume"),
        "https://docs.cloud.google.com/pubsub/docs/access-control",
    ),
    ("pubsub.projects.subscriptions.pull", None, ""),
    ("pubsub.projects.topics.publish", None, ""),
    ("bigquery.jobs.query", None, ""),
    ("bigquery.jobs.insert", None, ""),
    ("bigquery.tabledata.insertAll", None, ""),
    (
        "secretmanager.projects.secrets.versions.access",
        Some("secretmanager.versions.access"),
        "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1beta1/projects.secrets.versions/access",
    ),
    (
        "secretmanager.projects.secrets.versions.get",
        Some("secretmanager.versions.get"),
        "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1beta1/projects.secrets.versions/get",
    ),
    (
        "secretmanager.projects.secrets.versions.list",
        Some("secretmanager.versions.list"),
        "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1beta1/projects.secrets.versions/list",
    ),
    (
        "secretmanager.projects.secrets.addVersion",
        Some("secretmanager.versions.add"),
        "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1beta1/projects.secrets/addVersion",
    ),
    (
        "cloudkms.projects.locations.keyRings.cryptoKeys.encrypt",
        Some("cloudkms.cryptoKeyVersions.useToEncrypt"),
        "https://docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/encrypt",
    ),
    ("cloudkms.projects.locations.keyRings.cryptoKeys.decrypt", None, ""),
    ("firestore.projects.databases.documents.get", None, ""),
    ("firestore.projects.databases.documents.commit", None, ""),
    (
        "spanner.projects.instances.databases.sessions.executeSql",
        Some("spanner.databases.select"),
        "https://docs.cloud.google.com/spanner/docs/reference/rest/v1/projects.instances.databases.sessions/executeSql",
    ),
    ("spanner.projects.instances.databases.sessions.commit", None, ""),
    ("google.bigtable.v2.Bigtable.ReadRows", None, ""),
    ("google.bigtable.v2.Bigtable.MutateRow", None, ""),
    ("logging.entries.write", None, ""),
    ("monitoring.projects.timeSeries.create", None, ""),
    ("artifactregistry.projects.locations.repositories.get", None, ""),
    ("run.projects.locations.services.get", None, ""),
    ("compute.instances.get", None, ""),
    ("iamcredentials.projects.serviceAccounts.generateAccessToken", None, ""),
    ("iamcredentials.projects.serviceAccounts.signJwt", None, ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_derived_permission_has_the_page_that_states_it() {
        for (id, permission, page) in PERMISSIONS {
            let has_page = page.starts_with("https://docs.cloud.google.com/");
            assert!(permission.is_none() || has_page, "{id}");
            let service = id.split('.').next();
            assert!(ApiMethod::by_id(id).is_ok(), "{id}");
            assert!(permission.is_none_or(|name| name.split('.').next() == service), "{id}");
        }
    }
}
