//! The IAM permissions that a call of a method always needs on its resource. The table
//! `permissions.txt` contains them, with the pages of Google that state them.

use gcp_scopes_catalog::ApiMethod;

/// Returns the permissions that a call of a method always needs on its resource; empty if they are
/// not known, or if they depend on the request. A call may need more permissions, by its request.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_needs::permissions_of;
///
/// let insert = ApiMethod::by_id("storage.objects.insert")?;
/// assert_eq!(permissions_of(insert), ["storage.objects.create"]);
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn permissions_of(method: ApiMethod) -> Vec<&'static str> {
    let row = rows().find(|(ids, _)| ids.split_whitespace().any(|id| id == method.id()));
    let words = row.map_or("", |(_, permissions)| permissions).split_whitespace();
    words.filter(|word| !UNKNOWN_WORDS.contains(word)).collect()
}

const TABLE: &str = include_str!("permissions.txt");

/// The words that stand for permissions which are not known.
const UNKNOWN_WORDS: [&str; 2] = ["depends", "unread"];

/// Returns the ids of methods and the permissions of each row.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    entries().filter(|entry| !entry.starts_with('#')).filter_map(|entry| entry.split_once('='))
}

/// Returns the lines of the table, each with the lines that continue it.
fn entries() -> impl Iterator<Item = &'static str> {
    let ends = TABLE.match_indices('\n').map(|(place, _)| place + 1);
    let ends = ends.filter(|end| !TABLE.get(*end..).unwrap_or_default().starts_with(' '));
    ends.scan(0, |start, end| {
        let entry = TABLE.get(*start..end);
        *start = end;
        entry
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Services, each with the service to which its permissions belong.
    const BORROWED: [(&str, &str); 2] = [("firestore", "datastore"), ("iamcredentials", "iam")];

    #[test]
    fn each_row_is_of_known_methods_and_below_the_page_that_states_it() {
        let (mut page, mut ids, mut services) = ("", BTreeSet::new(), BTreeSet::new());
        for entry in entries().map(str::trim).filter(|entry| !entry.starts_with('#')) {
            let Some((methods, permissions)) = entry.split_once('=') else {
                page = if entry.is_empty() { page } else { entry };
                continue;
            };
            let is_of_google = ["https://docs.cloud.google.com/", "https://github.com/googleapis/"]
                .iter()
                .any(|begin| page.starts_with(begin));
            assert!(is_of_google, "{page}");
            for id in methods.split_whitespace() {
                let method = ApiMethod::by_id(id).unwrap_or_else(|error| panic!("{error}"));
                assert!(ids.insert(id), "{id} is in two rows");
                let service = method.host().split('.').next().unwrap_or_default();
                let row = BORROWED.iter().find(|(of, _)| *of == service);
                let prefix = row.map_or(service, |(_, prefix)| *prefix);
                services.insert(prefix);
                for permission in permissions_of(method) {
                    assert_eq!(permission.split('.').next(), Some(prefix), "{id}: {permission}");
                    assert_eq!(permission.matches('.').count(), 2, "{id}: {permission}");
                }
            }
            assert!(!permissions.trim().is_empty(), "{methods}");
        }
        // A reader that skips rows would find fewer methods or services.
        assert!(ids.len() > 300, "{}", ids.len());
        assert_eq!(services.len(), 14, "{services:?}");
    }

    #[test]
    fn permissions_that_depend_on_the_request_are_not_derived() {
        let of = |id| permissions_of(ApiMethod::by_id(id).unwrap());
        assert!(of("firestore.projects.databases.documents.commit").is_empty());
        assert!(of("compute.instances.insert").is_empty());
        assert!(of("drive.files.list").is_empty());
        let all = of("google.bigtable.v2.Bigtable.ReadModifyWriteRow");
        assert_eq!(all, ["bigtable.tables.mutateRows", "bigtable.tables.readRows"]);
    }
}
