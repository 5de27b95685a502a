//! Reads JSON bodies by the names of their fields, at any depth: an array around the error, the
//! inner object alone, and an `ErrorInfo` anywhere need no code of their own.

use std::collections::VecDeque;

use serde_json::Value;

use super::answer_facts::{AnswerFacts, is_known_reason};
use super::status::http_status;

/// How many values are read. Google's errors have fewer than a hundred.
const NODE_LIMIT: usize = 4096;

/// Reads a body, outer values first, so that the first message is the main one.
pub(super) fn read(root: &Value, facts: &mut AnswerFacts) {
    let mut queue = VecDeque::from([("", root)]);
    for _ in 0..NODE_LIMIT {
        let Some((key, value)) = queue.pop_front() else { return };
        match value {
            Value::Object(fields) => queue.extend(fields.iter().map(|(key, value)| (key.as_str(), value))),
            Value::Array(items) => queue.extend(items.iter().map(|item| (key, item))),
            Value::String(text) => read_text(key, text, facts),
            Value::Number(number) if key == "code" || key == "grpc_status" => {
                facts.add_code(number.as_u64());
            }
            _ => {}
        }
    }
}

fn read_text(key: &str, text: &str, facts: &mut AnswerFacts) {
    let lower = key.to_ascii_lowercase();
    let is_prose = ["message", "description", "detail", "title"].iter().any(|part| lower.contains(part));
    match lower.as_str() {
        "error" if !text.contains(' ') => facts.token_error = Some(text.to_owned()),
        "error" | "msg" => facts.add_message(text),
        "error_description" => {
            facts.is_token_endpoint = true;
            facts.add_message(text);
        }
        "reason" | "code" | "errorcode" => facts.add_reason(text),
        // PHP's client prints the details of gRPC as a `number` and this.
        "data" if is_known_reason(text) => facts.add_reason(text),
        "status" => facts.add_code(status_named(text).map(u64::from)),
        "type" | "subject" | "@type" => facts.add_violation(text),
        _ if is_prose => facts.add_message(text),
        _ => facts.details.add(key, text),
    }
}

fn status_named(word: &str) -> Option<u16> {
    let code = match word {
        "PERMISSION_DENIED" => 7,
        "RESOURCE_EXHAUSTED" => 8,
        "UNAUTHENTICATED" => 16,
        _ => return None,
    };
    Some(http_status(code))
}
