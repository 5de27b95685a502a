//! The method `testIamPermissions` of every API except Cloud Storage, for which a separate module
//! implements the method.

mod kinds;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, json, legacy_error, scope_challenge, with_header};
use crate::scope;
use crate::state::{FakeState, Token};
use kinds::KINDS;

/// Responds to a call of `testIamPermissions`, and returns `None` for any other request.
///
/// Requires a valid token and an accepted scope, and then returns the permissions that IAM grants.
/// The fake does not check whether the resource exists.
pub(crate) fn respond(state: &FakeState, request: &IncomingRequest) -> Option<FullResponse> {
    let path = request
        .path
        .strip_suffix(":testIamPermissions")
        .filter(|_| request.verb == Method::POST)?;
    let (_, resource) = path.split_once("/projects/")?;
    let resource = format!("projects/{resource}");
    let kind = resource.rsplit('/').nth(1)?;
    let (_, scopes) = KINDS.iter().find(|(name, _)| *name == kind)?;
    let accepted = scope::uris(*scopes);
    Some(match request.bearer().and_then(|text| state.valid_token(text)) {
        None => legacy_error(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"),
        Some(token) if token.has_any_scope(&accepted) => {
            test_permissions(state, request, &resource, &token)
        }
        Some(_) => {
            let message = "Request had insufficient authentication scopes.";
            let refusal = legacy_error(StatusCode::FORBIDDEN, "insufficientPermissions", message);
            with_header(refusal, "www-authenticate", &scope_challenge(&accepted))
        }
    })
}

/// Responds with those permissions of the request that IAM grants to the token's account.
fn test_permissions(
    state: &FakeState,
    request: &IncomingRequest,
    resource: &str,
    token: &Token,
) -> FullResponse {
    let body = request.json().unwrap_or_default();
    let Some(permissions) = body.get("permissions").and_then(Value::as_array) else {
        return legacy_error(
            StatusCode::BAD_REQUEST,
            "badRequest",
            "Invalid JSON payload received.",
        );
    };
    let project = resource.split('/').nth(1).unwrap_or_default();
    let is_granted = |name: &&str| state.policy.allows(&token.account, name, &[resource, project]);
    let granted: Vec<&str> =
        permissions.iter().filter_map(Value::as_str).filter(is_granted).collect();
    json(
        StatusCode::OK,
        &if granted.is_empty() { json!({}) } else { json!({ "permissions": granted }) },
    )
}
