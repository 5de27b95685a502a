//! `testIamPermissions` of the resources that have one, for every API but Cloud Storage's.
//!
//! The scopes that it asks for are written by hand from each API's reference, such as
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::exchange::{Asked, Reply, challenge, json, legacy_error, with};
use super::state::{State, Token, scope_uri};

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

/// The answer, if this is such a question: first a live token, then a scope, then IAM. What does not exist has no permission granted on it.
pub(super) fn answer(state: &State, asked: &Asked) -> Option<Reply> {
    let path = asked.path.strip_suffix(":testIamPermissions").filter(|_| asked.verb == Method::POST)?;
    let (_, resource) = path.split_once("/projects/")?;
    let resource = format!("projects/{resource}");
    let kind = resource.rsplit('/').nth(1)?;
    let (_, scopes) = KINDS.iter().find(|(name, _)| *name == kind)?;
    let accepted: Vec<String> = scopes.iter().map(|scope| scope_uri(scope)).collect();
    Some(match asked.bearer().and_then(|text| state.live_token(text)) {
        None => refusal(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"),
        Some(token) if token.scopes.iter().any(|held| accepted.contains(held)) => {
            granted(state, asked, &resource, &token)
        }
        Some(_) => lack_of_scope(&accepted),
    })
}

fn lack_of_scope(accepted: &[String]) -> Reply {
    let words = "Request had insufficient authentication scopes.";
    let reply = refusal(StatusCode::FORBIDDEN, "insufficientPermissions", words);
    with(reply, "www-authenticate", &challenge(accepted))
}

/// IAM's word on each permission.
fn granted(state: &State, asked: &Asked, resource: &str, token: &Token) -> Reply {
    let body = asked.json().unwrap_or_default();
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
