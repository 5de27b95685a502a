//! Finding a method by the name that a server uses for the method, as in the `method` of an
//! `ErrorInfo`.
//!
//! Servers use the names of RPCs. Some are published (`google.pubsub.v1.Publisher.Publish`). Others
//! are internal, but contain the parts of the Discovery id (`compute.v1.InstancesService.List`,
//! `calendar.v3.Events.Insert`, `google.apps.drive.v3.DriveFiles.Create`). From an internal name a
//! few candidate ids are formed, and a candidate counts only if the catalog has a method with this
//! id.

use gcp_scopes_catalog::raw::APIS;
use gcp_scopes_catalog::{ApiMethod, Catalog};

/// The verbs that begin a method's internal name, and that Discovery ids use as well.
const ACTIONS: [&str; 10] = [
    "BatchUpdate",
    "BatchDelete",
    "BatchModify",
    "BatchGet",
    "Create",
    "Delete",
    "List",
    "Send",
    "Get",
    "Update",
];

/// Returns the method that a server reports under this name. `service` is the host of the API as
/// the server reports it.
///
/// Returns `None` if the method is not certain: most internal names contain only a part of the
/// Discovery id.
pub(crate) fn method_by_server_name(service: &str, name: &str) -> Option<ApiMethod> {
    let catalog = Catalog::built_in();
    let name = name.trim_start_matches('/').replace('/', ".");
    // `versions` is used instead of `method`, because the error of `method` contains the nearest
    // ids, for which all ids are searched.
    let named = || catalog.versions(&name);
    if let Some(method) = named().find(|method| method.host() == service).or_else(|| named().next())
    {
        return Some(method);
    }
    let (path, verb) = name.rsplit_once('.')?;
    let (package, resource) = path.rsplit_once('.')?;
    let version = package.rsplit('.').find(|part| is_version(part));
    let row = APIS.iter().find(|(host, ..)| *host == service);
    let api = row.map(|(_, api, _)| *api).or_else(|| service.strip_suffix(".googleapis.com"))?;
    let prefix = row.map_or("", |(.., prefix)| *prefix);
    let method = candidate_ids(api, resource, prefix, verb).into_iter().find_map(|id| {
        // The name of an API may have `_` before its version: `admin.directory_v1`.
        let version_of = |method: &ApiMethod| method.api().rsplit(['.', '_']).next();
        catalog.versions(&id).find(|method| version.is_none() || version_of(method) == version)
    });
    method.filter(|method| belongs_to(method, service))
}

/// Returns whether the method that a server reports under this name cannot be `method`: the
/// reported method belongs to another API or has another id, and accepts other scopes. Several
/// Discovery ids can stand for one rpc, and one API can have two names, but then the scopes are the
/// same.
pub(crate) fn contradicts(service: &str, name: &str, method: ApiMethod) -> bool {
    let is_other_api = !serves(service, method);
    let Some(named) = method_by_server_name(service, name) else {
        let scopes = Catalog::built_in().scopes_of_service(service);
        return is_other_api && !scopes.is_empty() && !scopes.intersects(&method.accepted());
    };
    // Discovery and the proto files may list other scopes for a method that only the rpc's name
    // identifies.
    let is_comparable = named.is_rpc() == method.is_rpc() || named.discovery_id().is_some();
    let id = |method: ApiMethod| method.discovery_id().unwrap_or_else(|| method.id());
    let is_other = is_other_api || is_comparable && id(named) != id(method);
    is_other && named.accepted() != method.accepted()
}

/// Returns whether the service at this host has the API of `method`.
fn serves(service: &str, method: ApiMethod) -> bool {
    let api = method.api().split(['.', '_']).next();
    let row = APIS.iter().find(|(host, ..)| *host == service);
    method.host() == service || api == service.split('.').next() || api == row.map(|row| row.1)
}

/// Returns the Discovery ids that an internal name may stand for, the most likely id first.
fn candidate_ids(api: &str, resource: &str, prefix: &str, verb: &str) -> Vec<String> {
    let plain = resource.strip_suffix("Service").unwrap_or(resource);
    let bare = plain.strip_prefix(prefix).filter(|bare| !bare.is_empty() && *bare != plain);
    let method = lower_first(verb);
    let mut ids: Vec<String> = [Some(plain), bare]
        .into_iter()
        .flatten()
        .map(|resource| format!("{api}.{}.{method}", lower_first(resource)))
        .collect();
    if let Some((action, nouns)) = split_verb(verb) {
        let action = lower_first(action);
        let plural = |noun: &str| match noun.ends_with('s') {
            true => lower_first(noun),
            false => lower_first(noun) + "s",
        };
        let resources: Vec<String> = nouns.iter().map(|noun| plural(noun)).collect();
        ids.push(format!("{api}.{}.{action}", plural(&nouns.concat())));
        ids.push(format!("{api}.{}.{action}", resources.join(".")));
    }
    // Discovery has some methods of Gmail directly below `users`, such as `gmail.users.getProfile`.
    if resource == "MailboxService" {
        ids.push(format!("{api}.{method}"));
    }
    ids
}

/// Splits a name such as `ListFormResponses` into an action (`List`) and nouns (`Form` and
/// `Responses`). Returns `None` unless the name begins with one of [`ACTIONS`], and capitalized
/// words follow.
fn split_verb(verb: &str) -> Option<(&str, Vec<&str>)> {
    let split = |action: &&'static str| verb.strip_prefix(*action).map(|rest| (*action, rest));
    let (action, rest) = ACTIONS.iter().find_map(split)?;
    let is_plain = rest.bytes().all(|b| b.is_ascii_alphabetic());
    let capitals = rest.match_indices(|c: char| c.is_ascii_uppercase()).map(|(place, _)| place);
    let mut starts: Vec<usize> = capitals.collect();
    let begins = starts.first() == Some(&0);
    starts.push(rest.len());
    let words = starts.windows(2).filter_map(|pair| rest.get(pair[0]..pair[1]));
    let nouns: Vec<&str> = words.collect();
    (is_plain && begins).then_some((action, nouns))
}

/// Checks whether the method belongs to the service at this host. Two APIs can have resources of
/// the same name, but then the APIs have different hosts, except for APIs at `www.googleapis.com`.
fn belongs_to(method: &ApiMethod, service: &str) -> bool {
    let shared = method.host() == "www.googleapis.com";
    shared || method.host() == service || APIS.iter().any(|(host, ..)| *host == service)
}

/// Checks whether a part of a name is a version, such as `v3` or `v1beta1`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn lower_first(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_lowercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contradicts_a_method_of_another_api_or_with_other_scopes() {
        let publish = "google.pubsub.v1.Publisher.Publish";
        let rows = [
            ("pubsub", publish, "drive.files.list", true),
            ("pubsub", publish, "pubsub.projects.topics.publish", false),
            ("pubsub", publish, publish, false),
            ("drive", "google.apps.drive.v3.DriveFiles.List", "drive.files.list", false),
            ("drive", "google.apps.drive.v3.DriveFiles.List", "drive.files.delete", true),
            ("calendar-json", "calendar.v3.Events.Insert", "calendar.events.insert", false),
            ("calendar-json", "calendar.v3.Unknown.Name", "calendar.events.insert", false),
            // The catalog does not have these names, so only the scopes of the service decide.
            ("sheets", "SpreadsheetsService.GetValues", "gmail.users.messages.list", true),
            ("sheets", "SpreadsheetsService.GetValues", "drive.files.list", false),
            ("brandnew", "google.brandnew.v1.Things.List", "drive.files.list", false),
            // Several resources have this rpc, and each has an id of its own in Discovery.
            (
                "logging",
                "google.logging.v2.LoggingServiceV2.ListLogs",
                "logging.folders.logs.list",
                false,
            ),
        ];
        for (service, name, id, is_contradiction) in rows {
            let service = format!("{service}.googleapis.com");
            let method = ApiMethod::by_id(id).unwrap();
            assert_eq!(contradicts(&service, name, method), is_contradiction, "{name} {id}");
        }
    }

    #[test]
    fn a_server_name_gives_a_method_only_if_the_method_is_certain() {
        let rows = [
            ("compute", "compute.v1.InstancesService.List", Some("compute.instances.list")),
            ("compute", "compute.beta.InstancesService.Get", Some("compute.instances.get")),
            ("calendar-json", "calendar.v3.Events.Insert", Some("calendar.events.insert")),
            ("calendar-json", "calendar.v3.CalendarList.List", Some("calendar.calendarList.list")),
            ("drive", "google.apps.drive.v3.DriveFiles.List", Some("drive.files.list")),
            (
                "admin",
                "ccc.hosted.frontend.directory.v1.DirectoryUsers.List",
                Some("directory.users.list"),
            ),
            (
                "gmail",
                "caribou.api.proto.MailboxService.CreateDraft",
                Some("gmail.users.drafts.create"),
            ),
            (
                "gmail",
                "caribou.api.proto.MailboxService.GetProfile",
                Some("gmail.users.getProfile"),
            ),
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
            (
                "forms",
                "google.apps.forms.v1.FormsService.ListFormResponses",
                Some("forms.forms.responses.list"),
            ),
            (
                "people",
                "google.people.v1.ContactGroupsService.ListContactGroups",
                Some("people.contactGroups.list"),
            ),
            // The server means `sheets.spreadsheets.values.get`, but the candidate ids are formed
            // from the name alone, and none of them is this id.
            ("sheets", "google.apps.sheets.v4.SpreadsheetsService.GetValues", None),
            ("gmail", "caribou.api.proto.MailboxService.BatchFetchThings", None),
            ("drive", "compute.v1.InstancesService.List", None),
            ("compute", "List", None),
            ("compute", "....", None),
            ("", "", None),
        ];
        for (service, name, id) in rows {
            let method = method_by_server_name(&format!("{service}.googleapis.com"), name);
            assert_eq!(method.map(|method| method.id()), id, "{name}");
        }
    }
}
