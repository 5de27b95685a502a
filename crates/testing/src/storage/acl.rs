//! Read-only access control lists, and the methods that test permissions.

use http::StatusCode;
use serde_json::json;

use super::call::{ApiResult, StorageCall, check_permission};
use super::problem::Problem;
use crate::response::json;
use crate::state::FakeState;

/// Responds to a method of the access control lists. Each list has one entry, which cannot be
/// changed, because the fake checks IAM only.
pub(super) fn respond(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    check_permission(state, call, call.permission)?;
    let (kind, verb) = call.id.rsplit_once('.').unwrap_or_default();
    let kind = kind.replacen('.', "#", 1);
    let owners =
        format!("project-owners-{}", state.projects.first().map_or(0, |project| project.number));
    let entry = json!({"kind": kind.trim_end_matches('s'), "entity": owners, "role": "OWNER"});
    match verb {
        "list" => Ok(json(StatusCode::OK, &json!({"kind": kind, "items": [entry]}))),
        "get" if call.request.path.ends_with(&owners) => Ok(json(StatusCode::OK, &entry)),
        "get" => Err(Problem::NotFound),
        _ => Err(Problem::NotImplemented(call.id.to_owned())),
    }
}

/// Responds with those permissions of the request that the account has on the bucket, regardless of
/// the token's scopes.
pub(super) fn test_permissions(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let is_granted = |permission: &&str| check_permission(state, call, permission).is_ok();
    let permissions: Vec<&str> = call.request.query.all("permissions").filter(is_granted).collect();
    let mut body = json!({"kind": "storage#testIamPermissionsResponse"});
    if !permissions.is_empty() {
        body["permissions"] = json!(permissions);
    }
    Ok(json(StatusCode::OK, &body))
}
