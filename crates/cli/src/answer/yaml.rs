//! Reads the records of Cloud Logging in YAML, as `gcloud logging read` prints them.

use serde_json::Value;

/// What separates two records.
pub(crate) const SEPARATOR: &[u8] = b"\n---\n";

/// Fields of a record. Each record has at least one of them.
/// Source: <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>
const FIELDS: [&str; 5] = ["logName", "insertId", "textPayload", "jsonPayload", "protoPayload"];

/// Returns whether a text begins as records in YAML do.
pub(crate) fn is_log(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let is_field = |line: &[u8]| {
        FIELDS.iter().any(|name| {
            line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b":"))
        })
    };
    // A record may begin with a field that has fields of its own, such as `httpRequest:`.
    let is_name = first.strip_suffix(b":").is_some_and(|name| name.is_ascii() && !name.is_empty());
    is_field(first)
        || ((first == b"---" || is_name) && lines.take_while(|line| *line != b"---").any(is_field))
}

/// Returns the records in YAML as an array of JSON; `None` if a document is not a record.
pub(crate) fn as_json(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let documents = text.split("\n---\n").map(|document| document.trim_start_matches("---\n"));
    let documents = documents.filter(|document| !document.trim().is_empty());
    let record = |document| serde_yaml_ng::from_str::<Value>(document).ok();
    let records: Option<Vec<Value>> = documents.map(record).collect();
    let records = records?.into_iter().filter(|record| !record.is_null());
    let records: Vec<Value> = records.collect();
    records.iter().all(Value::is_object).then(|| Value::Array(records).to_string().into_bytes())
}
