//! Lists the objects of a bucket.

use std::collections::BTreeSet;
use std::ops::Bound;

use http::StatusCode;
use serde_json::json;

use super::call::{ApiResult, StorageCall, check_permission};
use super::represent::resource;
use crate::incoming::FormData;
use crate::response::json;
use crate::state::FakeState;
use crate::store::Object;

/// One page of a list.
pub(super) struct Page<'a> {
    pub(super) objects: Vec<&'a Object>,
    /// The common prefixes: the names up to and including the first delimiter after the requested
    /// prefix.
    pub(super) prefixes: BTreeSet<String>,
    /// The last name of this page if more names follow. The next page begins after this name.
    pub(super) next: Option<&'a String>,
}

/// Returns a page of the call's bucket. `size` and `after` are the names of the query parameters
/// with the maximum length of the page and with the name after which the page begins.
pub(super) fn page<'a>(
    state: &'a FakeState,
    call: &StorageCall<'_>,
    size: &str,
    after: &str,
) -> ApiResult<Page<'a>> {
    let bucket = check_permission(state, call, "storage.objects.list")?;
    let query = &call.request.query;
    // Google returns at most 1000 entries a page, which is also the default. Source:
    // <https://cloud.google.com/storage/docs/json_api/v1/objects/list>.
    let limit = query.get(size).and_then(|text| text.parse().ok()).unwrap_or(1000).clamp(1, 1000);
    let start = query.get(after).map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_owned()));
    let mut page = Page { objects: Vec::new(), prefixes: BTreeSet::new(), next: None };
    let mut last = None;
    for (name, object) in bucket.objects.range((start, Bound::Unbounded)) {
        let Some(prefix) = common_prefix(name, query) else { continue };
        let is_new = prefix.as_ref().is_none_or(|prefix| !page.prefixes.contains(prefix));
        // A common prefix counts as one entry of the page. An object whose prefix is on the page
        // already needs no further entry.
        if is_new && page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        last = Some(name);
        match prefix {
            Some(prefix) => drop(page.prefixes.insert(prefix)),
            None => page.objects.push(object),
        }
    }
    Ok(page)
}

/// Returns the entry of `prefixes` that `name` falls under: the name up to and including the first
/// delimiter after the requested prefix. Returns `Some(None)` if the name is listed as an object,
/// and `None` if the name does not start with the prefix.
fn common_prefix(name: &str, query: &FormData) -> Option<Option<String>> {
    let prefix = query.get("prefix").unwrap_or_default();
    let rest = name.strip_prefix(prefix)?;
    let delimiter = query.get("delimiter").filter(|delimiter| !delimiter.is_empty());
    Some(delimiter.and_then(|delimiter| {
        let (before, _) = rest.split_once(delimiter)?;
        Some(format!("{prefix}{before}{delimiter}"))
    }))
}

/// Responds with a page in the format of the JSON API.
pub(super) fn list(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let page = page(state, call, "maxResults", "pageToken")?;
    let mut body = json!({"kind": "storage#objects"});
    if !page.objects.is_empty() {
        body["items"] =
            page.objects.iter().map(|object| resource(call, &call.bucket, object)).collect();
    }
    if !page.prefixes.is_empty() {
        body["prefixes"] = json!(page.prefixes);
    }
    if let Some(next) = page.next {
        body["nextPageToken"] = json!(next);
    }
    Ok(json(StatusCode::OK, &body))
}
