//! Access control lists as far as they can be read, and permissions.

use http::StatusCode;
use serde_json::json;

use super::call::{Answer, Call, permit};
use super::problem::Problem;
use crate::reply::json;
use crate::state::State;

/// Lists hold one entry, which cannot be changed: IAM alone decides here.
pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answer {
    let id = call.id;
    permit(state, call, call.permission)?;
    let kind = id.rsplit_once('.').map_or(id, |(kind, _)| kind).replacen('.', "#", 1);
    let owners = format!("project-owners-{}", state.projects.first().map_or(0, |project| project.number));
    let entry = json!({"kind": kind.trim_end_matches('s'), "entity": owners, "role": "OWNER"});
    match id {
        id if id.ends_with(".list") => Ok(json(StatusCode::OK, &json!({"kind": kind, "items": [entry]}))),
        id if id.ends_with(".get") && call.request.path.ends_with(&owners) => {
            Ok(json(StatusCode::OK, &entry))
        }
        id if id.ends_with(".get") => Err(Problem::NotFound),
        id => Err(Problem::NotImplemented(id.to_owned())),
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
