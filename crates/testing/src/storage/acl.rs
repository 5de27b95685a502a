//! Access control lists as far as they can be read, and permissions.

use http::StatusCode;
use serde_json::json;

use super::call::{Answer, Call, permit};
use super::problem::Problem;
use crate::reply::json;
use crate::state::State;

/// Lists hold one entry, which cannot be changed: IAM alone decides here.
pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, call.permission)?;
    let (kind, verb) = call.id.rsplit_once('.').unwrap_or_default();
    let kind = kind.replacen('.', "#", 1);
    let owners = format!("project-owners-{}", state.projects.first().map_or(0, |project| project.number));
    let entry = json!({"kind": kind.trim_end_matches('s'), "entity": owners, "role": "OWNER"});
    match verb {
        "list" => Ok(json(StatusCode::OK, &json!({"kind": kind, "items": [entry]}))),
        "get" if call.request.path.ends_with(&owners) => Ok(json(StatusCode::OK, &entry)),
        "get" => Err(Problem::NotFound),
        _ => Err(Problem::NotImplemented(call.id.to_owned())),
    }
}

/// Permissions that the caller has on the bucket, of those it asks about. Scopes do not count.
pub(super) fn test_permissions(state: &mut State, call: &Call<'_>) -> Answer {
    let held = |permission: &&str| permit(state, call, permission).is_ok();
    let permissions: Vec<&str> = call.request.query.all("permissions").filter(held).collect();
    let mut answer = json!({"kind": "storage#testIamPermissionsResponse"});
    if !permissions.is_empty() {
        answer["permissions"] = json!(permissions);
    }
    Ok(json(StatusCode::OK, &answer))
}
