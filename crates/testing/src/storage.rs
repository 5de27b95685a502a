//! A small Cloud Storage: the JSON API, <https://cloud.google.com/storage/docs/json_api>, and
//! objects over the XML API, <https://cloud.google.com/storage/docs/xml-api/overview>.
//!
//! A call passes the gates in Google's order: is there a live token, do its scopes cover the
//! method, does its account have the permission, and only then does the resource exist.

mod access;
mod acl;
mod buckets;
mod call;
mod listing;
mod lookup;
mod methods;
mod multipart;
mod objects;
mod parts;
mod problem;
mod refusal;
mod represent;
mod upload;
mod xml;

use http::{Method, StatusCode};

use crate::encoding::random_hex;
use crate::incoming::IncomingRequest;
use crate::reply::{Reply, html, with};
use crate::state::State;
use call::{Answer, Call, admit};
use problem::Problem;

pub(crate) fn answer(state: &mut State, request: &IncomingRequest) -> Reply {
    // Discovery has a path of its own for resumable uploads, which generated clients take.
    if let Some(rest) = request.path.strip_prefix("/resumable/upload/") {
        let same = IncomingRequest { path: format!("/upload/{rest}"), ..request.clone() };
        return answer(state, &same);
    }
    let reply = match request.path.as_str() {
        _ if is_session(request) => upload::resume(state, request).unwrap_or_else(|problem| problem.json()),
        path if is_json(path) => json_api(state, request).unwrap_or_else(|problem| problem.json()),
        "/" | "/storage/v1" => html(StatusCode::NOT_FOUND, "The requested URL was not found on this server."),
        _ => xml::answer(state, request).unwrap_or_else(|problem| problem.xml(request.verb == Method::HEAD)),
    };
    with(reply, "x-guploader-uploadid", &random_hex())
}

/// The refusal of the first two gates, before another server that has none.
pub(crate) fn refuse(state: &State, request: &IncomingRequest) -> Option<Reply> {
    // The URL of a session that has begun opens the gate.
    if is_session(request) {
        return None;
    }
    if !is_json(&request.path) {
        let (access, permission) = xml::access(request).ok()?;
        let refused = admit(state, request, access, permission).err()?;
        return Some(refused.xml(request.verb == Method::HEAD));
    }
    let (method, _) = lookup::find(&request.verb, &request.segments())?;
    Some(admit(state, request, method.access, method.permission).err()?.json())
}

fn is_session(request: &IncomingRequest) -> bool {
    request.path.starts_with("/upload/storage/v1/") && request.query.get("upload_id").is_some()
}

fn is_json(path: &str) -> bool {
    ["/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/"].iter().any(|api| path.starts_with(api))
}

fn json_api(state: &mut State, request: &IncomingRequest) -> Answer {
    let (method, names) = lookup::find(&request.verb, &request.segments()).ok_or(Problem::NotFound)?;
    let account = admit(state, request, method.access, method.permission)?.account;
    let mut names = names.into_iter();
    let mut name = || names.next().unwrap_or_default();
    let call = Call::new(request, account, name(), name());
    let (id, permission) = (method.id, method.permission);
    (method.answer)(state, &Call { target: (name(), name()), id, permission, ..call })
}
