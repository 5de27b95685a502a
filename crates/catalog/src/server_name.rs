//! The method that a server calls by a name of its own, as in the `method` of an `ErrorInfo`.
//!
//! Such names are those of RPCs: published ones (`google.pubsub.v1.Publisher.Publish`), and internal
//! ones in which the Discovery id still shows (`compute.v1.InstancesService.List`,
//! `calendar.v3.Events.Insert`, `google.apps.drive.v3.DriveFiles.Create`). Nothing is guessed: a name
//! is tried in the few ways that such names are made, and only an id that the catalog has is taken.

use crate::catalog::Catalog;
use crate::method::ApiMethod;
use crate::server_names::{ACTIONS, APIS};

impl Catalog {
    /// The method that a server calls by this name; `service` is the API's host as the server names it.
    ///
    /// None where that is not certain: most internal names hold only parts of a method's.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let by_name = |name| Catalog::built_in().method_by_server_name("compute.googleapis.com", name);
    /// let method = by_name("compute.v1.InstancesService.List");
    /// assert_eq!(method.map(|method| method.id()), Some("compute.instances.list"));
    /// assert_eq!(by_name("compute.v1.Magic.Do"), None);
    /// # }
    /// ```
    #[must_use]
    pub fn method_by_server_name(self, service: &str, name: &str) -> Option<ApiMethod> {
        let name = name.trim_start_matches('/').replace('/', ".");
        // Not `by_id`, which would look for the nearest ids to put into an error.
        if let Some(method) = self.versions(&name).next() {
            return Some(method);
        }
        let (path, verb) = name.rsplit_once('.')?;
        let (package, resource) = path.rsplit_once('.')?;
        let version = package.rsplit('.').find(|part| is_version(part));
        let known = APIS.iter().find(|(host, ..)| *host == service);
        let api = known.map(|(_, api, _)| *api).or_else(|| service.strip_suffix(".googleapis.com"))?;
        let prefix = known.map_or("", |(.., prefix)| *prefix);
        let found = candidates(api, resource, prefix, verb).into_iter().find_map(|id| {
            // The version of `admin.directory_v1` is `v1` too.
            let own = |method: &ApiMethod| method.api().rsplit(['.', '_']).next();
            self.versions(&id).find(|method| version.is_none() || own(method) == version)
        });
        found.filter(|method| is_of(method, service))
    }
}

/// The ids that a name may stand for, the likelier form first. At most one of them exists.
fn candidates(api: &str, resource: &str, prefix: &str, verb: &str) -> Vec<String> {
    let plain = resource.strip_suffix("Service").unwrap_or(resource);
    let bare = plain.strip_prefix(prefix).filter(|bare| !bare.is_empty() && *bare != plain);
    let method = lower_first(verb);
    let mut ids: Vec<String> = [Some(plain), bare]
        .into_iter()
        .flatten()
        .map(|resource| format!("{api}.{}.{method}", lower_first(resource)))
        .collect();
    if let Some((action, noun)) = split_verb(verb) {
        let noun = lower_first(noun);
        let plural = if noun.ends_with('s') { noun } else { format!("{noun}s") };
        ids.push(format!("{api}.{plural}.{}", lower_first(action)));
    }
    if resource == "MailboxService" {
        ids.push(format!("{api}.{method}"));
    }
    ids
}

/// `GetSpreadsheet` is `get` of `spreadsheets`. Only verbs that ids have too, and no more words.
fn split_verb(verb: &str) -> Option<(&str, &str)> {
    let split = |action: &&'static str| verb.strip_prefix(*action).map(|noun| (*action, noun));
    let (action, noun) = ACTIONS.iter().find_map(split)?;
    let is_one_word = noun.starts_with(|c: char| c.is_ascii_uppercase())
        && noun.chars().skip(1).all(|c| c.is_ascii_lowercase());
    is_one_word.then_some((action, noun))
}

/// Whether the method is of the API at this host: APIs share names of resources, not hosts.
fn is_of(method: &ApiMethod, service: &str) -> bool {
    let shared = method.host() == "www.googleapis.com";
    shared || method.host() == service || APIS.iter().any(|(host, ..)| *host == service)
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn lower_first(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_lowercase() + rest
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_method_only_where_that_is_certain() {
        let rows = [
            ("compute", "compute.v1.InstancesService.List", Some("compute.instances.list")),
            ("compute", "compute.beta.InstancesService.Get", Some("compute.instances.get")),
            ("calendar-json", "calendar.v3.Events.Insert", Some("calendar.events.insert")),
            ("calendar-json", "calendar.v3.CalendarList.List", Some("calendar.calendarList.list")),
            ("drive", "google.apps.drive.v3.DriveFiles.List", Some("drive.files.list")),
            ("admin", "ccc.hosted.frontend.directory.v1.DirectoryUsers.List", Some("directory.users.list")),
            ("gmail", "caribou.api.proto.MailboxService.CreateDraft", Some("gmail.users.drafts.create")),
            ("gmail", "caribou.api.proto.MailboxService.GetProfile", Some("gmail.users.getProfile")),
            (
                "sheets",
                "google.apps.sheets.v4.SpreadsheetsService.GetSpreadsheet",
                Some("sheets.spreadsheets.get"),
            ),
            (
                "sheets",
                "google.apps.sheets.v4.SpreadsheetsService.BatchUpdateSpreadsheet",
                Some("sheets.spreadsheets.batchUpdate"),
            ),
            // Two resources deep, which the name does not show.
            ("sheets", "google.apps.sheets.v4.SpreadsheetsService.GetValues", None),
            ("gmail", "caribou.api.proto.MailboxService.BatchFetchThings", None),
            ("drive", "compute.v1.InstancesService.List", None),
            ("compute", "List", None),
            ("compute", "....", None),
            ("", "", None),
        ];
        for (service, name, id) in rows {
            let found = Catalog::built_in().method_by_server_name(&format!("{service}.googleapis.com"), name);
            assert_eq!(found.map(|method| method.id()), id, "{name}");
        }
    }
}
