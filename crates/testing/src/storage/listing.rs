//! Lists of objects.

use std::collections::BTreeSet;
use std::ops::Bound;

use http::StatusCode;
use serde_json::json;

use super::call::{Answer, Call, permit};
use super::problem::Problem;
use super::represent::resource;
use crate::incoming::Form;
use crate::reply::json;
use crate::state::State;
use crate::store::Object;

/// One page of names: objects, and what they have in common before a delimiter.
pub(super) struct Page<'a> {
    pub(super) objects: Vec<&'a Object>,
    pub(super) prefixes: BTreeSet<String>,
    /// The last name looked at, if there are more.
    pub(super) next: Option<&'a String>,
}

/// A page: `size` and `after` are the parameters that hold its length and the name before it.
pub(super) fn page<'a>(
    state: &'a State,
    call: &Call<'_>,
    size: &str,
    after: &str,
) -> Result<Page<'a>, Problem> {
    let bucket = permit(state, call, "storage.objects.list")?;
    let query = &call.request.query;
    let limit = query.get(size).and_then(|text| text.parse().ok()).unwrap_or(1000).clamp(1, 1000);
    let start = query.get(after).map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_owned()));
    let mut page = Page { objects: Vec::new(), prefixes: BTreeSet::new(), next: None };
    let mut last = None;
    for (name, object) in bucket.objects.range((start, Bound::Unbounded)) {
        let Some(common) = common(name, query) else { continue };
        let is_new = common.as_ref().is_none_or(|common| !page.prefixes.contains(common));
        if is_new && page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        last = Some(name);
        match common {
            Some(common) => drop(page.prefixes.insert(common)),
            None => page.objects.push(object),
        }
    }
    Ok(page)
}

/// What a name has in common with others before the delimiter; none if it does not have the prefix.
fn common(name: &str, query: &Form) -> Option<Option<String>> {
    let prefix = query.get("prefix").unwrap_or_default();
    let rest = name.strip_prefix(prefix)?;
    let delimiter = query.get("delimiter").filter(|delimiter| !delimiter.is_empty());
    Some(delimiter.and_then(|end| Some(format!("{prefix}{}{end}", rest.split_once(end)?.0))))
}

/// The list of the JSON API.
pub(super) fn list(state: &mut State, call: &Call<'_>) -> Answer {
    let page = page(state, call, "maxResults", "pageToken")?;
    let mut answer = json!({"kind": "storage#objects"});
    if !page.objects.is_empty() {
        answer["items"] = page.objects.iter().map(|object| resource(call, &call.bucket, object)).collect();
    }
    if !page.prefixes.is_empty() {
        answer["prefixes"] = json!(page.prefixes);
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(json(StatusCode::OK, &answer))
}
