//! `testIamPermissions` of the resources that have one, for every API but Cloud Storage's.
//!
//! The scopes that it asks for are written by hand from each API's reference, such as
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::incoming::IncomingRequest;
use crate::reply::{Reply, challenge, json, legacy_error, with};
use crate::scope;
use crate::state::{State, Token};

/// What stands before the resource's own name, and the scopes of which any one will do.
const KINDS: [(&str, &[&str]); 9] = [
    ("topics", &["cloud-platform", "pubsub"]),
    ("subscriptions", &["cloud-platform", "pubsub"]),
    ("projects", &["cloud-platform", "cloud-platform.read-only"]),
    ("secrets", &["cloud-platform"]),
    ("tables", &["bigquery", "cloud-platform", "cloud-platform.read-only"]),
    ("queues", &["cloud-platform"]),
    ("cryptoKeys", &["cloudkms", "cloud-platform"]),
    ("instances", &["cloud-platform", "spanner.admin"]),
    ("databases", &["cloud-platform", "spanner.admin"]),
];

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
        None => refusal(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"),
        Some(token) if token.holds_any(&accepted) => granted(state, request, &resource, &token),
        Some(_) => lack_of_scope(&accepted),
    })
}

fn lack_of_scope(accepted: &[String]) -> Reply {
    let words = "Request had insufficient authentication scopes.";
    let reply = refusal(StatusCode::FORBIDDEN, "insufficientPermissions", words);
    with(reply, "www-authenticate", &challenge(accepted))
}

/// The permissions that IAM grants, of those in the request.
fn granted(state: &State, request: &IncomingRequest, resource: &str, token: &Token) -> Reply {
    let body = request.json().unwrap_or_default();
    let Some(permissions) = body.get("permissions").and_then(Value::as_array) else {
        return refusal(StatusCode::BAD_REQUEST, "badRequest", "Invalid JSON payload received.");
    };
    let project = resource.split('/').nth(1).unwrap_or_default();
    let holds = |permission: &&str| state.policy.allows(&token.account, permission, &[resource, project]);
    let held: Vec<&str> = permissions.iter().filter_map(Value::as_str).filter(holds).collect();
    json(StatusCode::OK, &if held.is_empty() { json!({}) } else { json!({ "permissions": held }) })
}

fn refusal(status: StatusCode, reason: &str, message: &str) -> Reply {
    json(status, &legacy_error(status, reason, message))
}
