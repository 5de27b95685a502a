//! Reads JSON bodies by the names of their fields, at any depth. So an error within an array, the
//! inner object of an error without the outer object, and an `ErrorInfo` at an unusual place are
//! read by the same code.

use std::collections::VecDeque;

use serde_json::Value;

use super::other_servers::{GITLAB_SCOPES, OTHER_OAUTH_SERVER};
use super::response_facts::{ResponseFacts, is_known_reason};
use super::status::http_status;
use super::syntax;

/// How many values of a body are read. Google's errors have fewer than a hundred.
const NODE_LIMIT: usize = 4096;

/// Returns whether a body is an error of a server, alone or as the first item of an array.
pub(super) fn is_error_response(root: &Value) -> bool {
    let error = root.as_array().and_then(|items| items.first()).unwrap_or(root);
    // A token endpoint sends `error` as one word:
    // <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>.
    let is_word = |text: &str| !text.contains(' ');
    let is_error = |error: &Value| error.is_object() || error.as_str().is_some_and(is_word);
    error.get("error").is_some_and(is_error)
        || (error.get("code").is_some() && error.get("message").is_some())
}

/// Reads the values of a body. Reads outer values first, so that the first message is the main one.
pub(super) fn read(root: &Value, facts: &mut ResponseFacts) {
    let mut queue = VecDeque::from([("", root)]);
    for _ in 0..NODE_LIMIT {
        let Some((key, value)) = queue.pop_front() else { return };
        match value {
            // The values of an `ErrorInfo.metadata` may be names, whatever their keys are.
            Value::Object(fields) if key == "metadata" && facts.is_response => {
                let texts = fields.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
                texts.for_each(|(key, text)| facts.add_metadata(key, text));
            }
            Value::Object(fields) => {
                read_account(value, facts);
                queue.extend(fields.iter().map(|(key, value)| (key.as_str(), value)))
            }
            Value::Array(items) => queue.extend(items.iter().map(|item| (key, item))),
            Value::String(text) => read_text(key, text, facts),
            Value::Number(number) if key == "code" || key == "grpc_status" => {
                facts.add_code(number.as_u64());
            }
            Value::Bool(true) if key == "dryRun" => facts.is_dry_run = true,
            _ => {}
        }
    }
}

/// Reads the account of an `ErrorInfo` whose reason is the state of the account.
/// Source: <https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>
fn read_account(value: &Value, facts: &mut ResponseFacts) {
    if value.get("reason").and_then(Value::as_str) == Some("ACCOUNT_STATE_INVALID") {
        let email = value.pointer("/metadata/email").and_then(Value::as_str);
        email.into_iter().for_each(|email| facts.details.add("principal", email));
    }
}

/// Reads a message. A message that is the error response of another server is read as that
/// response; any other field may be a name that a user chose.
fn read_message(text: &str, facts: &mut ResponseFacts) {
    match embedded_response(text) {
        Some(response) => {
            facts.is_indirect = true;
            read(&response, facts);
        }
        None => facts.add_message(text),
    }
}

/// Parses a string that is the error response of another server. Returns `None` for other strings.
fn embedded_response(text: &str) -> Option<Value> {
    let is_object = text.trim_start().starts_with(['{', '[']);
    is_object.then(|| serde_json::from_str(text).ok())?.filter(is_error_response)
}

/// Reads a string in the field with this name.
fn read_text(key: &str, text: &str, facts: &mut ResponseFacts) {
    let lower = key.to_ascii_lowercase();
    let is_prose =
        ["message", "description", "detail", "title"].iter().any(|part| lower.contains(part));
    match lower.as_str() {
        "error" if !text.contains(' ') => facts.token_error = Some(text.to_owned()),
        "error" | "msg" | "message" => read_message(text, facts),
        "error_description" => {
            facts.is_token_endpoint = true;
            facts.add_message(text);
        }
        // Google's token endpoint sends `error_subtype`, such as `invalid_rapt`.
        "reason" | "code" | "errorcode" | "error_subtype" => facts.add_reason(text),
        // PHP's client prints the details of a gRPC status as objects with the fields `number` and
        // `data`.
        "data" if is_known_reason(text) => facts.add_reason(text),
        "status" => facts.add_code(http_status_of_name(text).map(u64::from)),
        "type" | "subject" | "@type" => facts.add_violation(text, lower == "subject"),
        _ if is_prose => facts.add_message(text),
        _ => facts.add_metadata(key, text),
    }
}

/// Returns the HTTP status for the name of a gRPC status with which Google refuses calls.
fn http_status_of_name(word: &str) -> Option<u16> {
    let code = match word {
        "PERMISSION_DENIED" => 7,
        "RESOURCE_EXHAUSTED" => 8,
        "UNAUTHENTICATED" => 16,
        _ => return None,
    };
    Some(http_status(code))
}

/// The fields of log records that describe where a record comes from, not what happened.
pub const RECORD_LABELS: [&str; 4] = ["labels", "annotations", "resource", "@type"];

/// Returns the texts in a log record that may be messages: they have more than one word, or are
/// JSON or XML. Leaves out the [labels](RECORD_LABELS) of the record.
///
/// ```
/// use gcp_scopes_explain::refusal::record_texts;
///
/// let record = serde_json::json!({
///     "severity": "ERROR",
///     "labels": {"run": "nightly import"},
///     "error": {"message": "Error 403: Forbidden"},
/// });
/// assert_eq!(record_texts(&record), ["Error 403: Forbidden"]);
/// ```
#[must_use]
pub fn record_texts(root: &Value) -> Vec<&str> {
    let (mut texts, mut queue) = (Vec::new(), VecDeque::from([root]));
    for _ in 0..NODE_LIMIT {
        match queue.pop_front() {
            Some(Value::Object(fields)) => {
                queue.extend(
                    fields
                        .iter()
                        .filter(|(key, _)| !RECORD_LABELS.contains(&key.as_str()))
                        .map(|(_, value)| value),
                );
            }
            Some(Value::Array(items)) => queue.extend(items),
            Some(Value::String(text)) if text.contains([' ', '{', '<']) => {
                texts.push(text.as_str())
            }
            Some(_) => {}
            None => break,
        }
    }
    texts
}

/// Returns the server that refused, if the scopes or the words in the error of an OAuth server show
/// that the server is not one of Google's. Google's scopes are URIs and a few names of OpenID
/// Connect.
pub(super) fn other_oauth_server(root: &Value) -> Option<&'static str> {
    let field = |name| root.get(name).and_then(Value::as_str);
    // The libraries of resource servers for Node name their errors:
    // https://github.com/node-oauth/node-oauth2-server/blob/master/lib/errors
    if field("name") == Some("insufficient_scope") {
        return Some(OTHER_OAUTH_SERVER);
    }
    if field("error") != Some("insufficient_scope") {
        return None;
    }
    let mut scopes = field("scope").unwrap_or_default().split_ascii_whitespace();
    if scopes.clone().any(|scope| GITLAB_SCOPES.contains(&scope)) {
        return Some("GitLab");
    }
    let is_sentence_of_rfc =
        || field("error_description").is_some_and(|text| text.contains("higher privileges"));
    let is_other = scopes.any(|scope| !syntax::is_scope(scope)) || is_sentence_of_rfc();
    is_other.then_some(OTHER_OAUTH_SERVER)
}
