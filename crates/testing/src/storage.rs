//! A part of Cloud Storage: the JSON API, <https://cloud.google.com/storage/docs/json_api>, and the
//! objects of the XML API, <https://cloud.google.com/storage/docs/xml-api/overview>.
//!
//! A call is checked in Google's order: whether the token is valid, whether the method accepts one
//! of the token's scopes, whether the account has the permission, and finally whether the resource
//! exists.

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
use crate::response::{FullResponse, html, with_header};
use crate::state::FakeState;
use call::{ApiResult, StorageCall, check_token};
use problem::Problem;

/// Responds to a request to Cloud Storage.
pub(crate) fn respond(state: &mut FakeState, request: &IncomingRequest) -> FullResponse {
    // Discovery documents list this second path for resumable uploads, and generated clients use
    // it.
    if let Some(rest) = request.path.strip_prefix("/resumable/upload/") {
        let request = IncomingRequest { path: format!("/upload/{rest}"), ..request.clone() };
        return respond(state, &request);
    }
    let response = match request.path.as_str() {
        _ if is_session(request) => {
            upload::resume(state, request).unwrap_or_else(|problem| problem.json())
        }
        path if is_json(path) => json_api(state, request).unwrap_or_else(|problem| problem.json()),
        "/" | "/storage/v1" => {
            html(StatusCode::NOT_FOUND, "The requested URL was not found on this server.")
        }
        _ => xml::respond(state, request)
            .unwrap_or_else(|problem| problem.xml(request.verb == Method::HEAD)),
    };
    with_header(response, "x-guploader-uploadid", &random_hex())
}

/// Returns the refusal of a request whose token is invalid or lacks the scopes, and `None` for any
/// other request. Used if allowed requests are forwarded to another server.
pub(crate) fn refuse(state: &FakeState, request: &IncomingRequest) -> Option<FullResponse> {
    // The URL of an upload session is sufficient authorization.
    if is_session(request) {
        return None;
    }
    if !is_json(&request.path) {
        let (access, permission) = xml::access(request).ok()?;
        let problem = check_token(state, request, access, permission).err()?;
        return Some(problem.xml(request.verb == Method::HEAD));
    }
    let (method, _) = lookup::find(&request.verb, &request.segments())?;
    Some(check_token(state, request, method.access, method.permission).err()?.json())
}

/// Checks whether a request continues a resumable upload.
fn is_session(request: &IncomingRequest) -> bool {
    request.path.starts_with("/upload/storage/v1/") && request.query.get("upload_id").is_some()
}

/// Checks whether a path belongs to the JSON API.
fn is_json(path: &str) -> bool {
    ["/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/"]
        .iter()
        .any(|api| path.starts_with(api))
}

/// Responds to a request to the JSON API.
fn json_api(state: &mut FakeState, request: &IncomingRequest) -> ApiResult {
    let (method, names) =
        lookup::find(&request.verb, &request.segments()).ok_or(Problem::NotFound)?;
    let account = check_token(state, request, method.access, method.permission)?.account;
    let mut names = names.into_iter();
    let mut name = || names.next().unwrap_or_default();
    let call = StorageCall::new(request, account, name(), name());
    let (id, permission) = (method.id, method.permission);
    (method.handler)(state, &StorageCall { target: (name(), name()), id, permission, ..call })
}
