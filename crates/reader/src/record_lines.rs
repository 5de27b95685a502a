//! Writes a record of a JSON log as lines, in which a call is searched like in a plain-text log.

use serde_json::Value;

use gcp_scopes_explain::refusal::RECORD_LABELS;

/// Returns a line for each text of a record, with the name of its field: `url: https://…`. Labels
/// are left out: they name where the record comes from.
pub(crate) fn lines_of(record: &Value) -> String {
    let mut lines = String::new();
    add_lines("", record, &mut lines);
    // OpenTelemetry has the name of an RPC in two attributes.
    let value = |name: &str| {
        lines
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    if let (Some(service), Some(method)) = (value("rpc.service"), value("rpc.method")) {
        lines.extend(["rpc: ", &service, "/", &method, "\n"]);
    }
    lines
}

fn add_lines(key: &str, value: &Value, lines: &mut String) {
    match value {
        // OpenTelemetry writes attributes as `{"key": "url.full", "value": {"stringValue": "…"}}`.
        Value::Object(fields) => {
            match (fields.get("key").and_then(Value::as_str), fields.get("value")) {
                (Some(key), Some(Value::Object(value))) => {
                    value.values().for_each(|value| add_lines(key, value, lines));
                }
                _ => {
                    let named =
                        fields.iter().filter(|(key, _)| !RECORD_LABELS.contains(&key.as_str()));
                    named.for_each(|(key, value)| add_lines(key, value, lines));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_lines(key, item, lines)),
        Value::String(text) => lines.extend([key, ": ", text, "\n"]),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
