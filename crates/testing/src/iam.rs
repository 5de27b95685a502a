//! `testIamPermissions` of the resources that have one, for every API but Cloud Storage's.

mod kinds;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::incoming::IncomingRequest;
use crate::reply::{Reply, challenge, error, json, with};
use crate::scope;
use crate::state::{State, Token};
use kinds::KINDS;

/// The answer, if this is such a question: first a live token, then a scope, then IAM. On what does
/// not exist no permission is granted.
pub(crate) fn answer(state: &State, request: &IncomingRequest) -> Option<Reply> {
    let path = request.path.strip_suffix(":testIamPermissions").filter(|_| request.verb == Method::POST)?;
    let (_, resource) = path.split_once("/projects/")?;
    let resource = format!("projects/{resource}");
    let kind = resource.rsplit('/').nth(1)?;
    let (_, scopes) = KINDS.iter().find(|(name, _)| *name == kind)?;
    let accepted = scope::uris(*scopes);
    Some(match request.bearer().and_then(|text| state.live_token(text)) {
        None => error(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"),
        Some(token) if token.holds_any(&accepted) => granted(state, request, &resource, &token),
        Some(_) => {
            let words = "Request had insufficient authentication scopes.";
            let refusal = error(StatusCode::FORBIDDEN, "insufficientPermissions", words);
            with(refusal, "www-authenticate", &challenge(&accepted))
        }
    })
}

/// The permissions that IAM grants, of those in the request.
fn granted(state: &State, request: &IncomingRequest, resource: &str, token: &Token) -> Reply {
    let body = request.json().unwrap_or_default();
    let Some(permissions) = body.get("permissions").and_then(Value::as_array) else {
        return error(StatusCode::BAD_REQUEST, "badRequest", "Invalid JSON payload received.");
    };
    let project = resource.split('/').nth(1).unwrap_or_default();
    let holds = |permission: &&str| state.policy.allows(&token.account, permission, &[resource, project]);
    let held: Vec<&str> = permissions.iter().filter_map(Value::as_str).filter(holds).collect();
    json(StatusCode::OK, &if held.is_empty() { json!({}) } else { json!({ "permissions": held }) })
}
