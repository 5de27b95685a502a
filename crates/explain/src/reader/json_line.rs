//! What every line of a stream of JSON has in common: one JSON object, and errors that show what was sent.

use super::lists::SECRETS;
use gcp_scopes_catalog::typos;
use serde_json::{Map, Value};

/// What is longer than this is no misspelt name.
pub(super) const LONG: usize = 100;

/// Reads a line that should be a JSON object of this shape.
pub(super) fn object(line: &[u8], shape: &str) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(line)
        .map_err(|_| format!("not UTF-8: {}; expected {shape}", shown(&String::from_utf8_lossy(line))))?;
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(format!("not a JSON object: {}; expected {shape}", shown(text))),
        Err(error) => Err(format!("not JSON ({}): {}; expected {shape}", in_line(&error), shown(text))),
    }
}

/// The parser counts lines from the start of this one.
fn in_line(error: &serde_json::Error) -> String {
    error.to_string().replace(&format!("at line {} column", error.line()), "at column")
}

/// What sort of value it is, and the value.
pub(super) fn kind(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".into(),
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{kind}, {}", shown(&value.to_string()))
}

/// The name that is meant, if one typo or a few in a long name make it, in capitals or not.
///
/// ```
/// use gcp_scopes_explain::reader::nearest_name;
///
/// assert_eq!(nearest_name("PSOT", ["GET", "POST"].into_iter()), Some("POST"));
/// ```
pub fn nearest_name<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.trim().to_ascii_lowercase();
    let short = |name: &&str| name.len() <= LONG && text.len() <= LONG;
    let edits = |name: &'a str| Some((typos(&text, &name.to_ascii_lowercase())?, name));
    names.filter(short).filter_map(edits).min().map(|(_, name)| name)
}

/// An input as far as it can be shown: its start, escaped, and without what may be a secret.
///
/// ```
/// use gcp_scopes_explain::reader::shown;
///
/// assert_eq!(shown("https://example.com/?key=AIza"), "`https://example.com/…`");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let open = text.split('?').next().unwrap_or_default();
    let start = open.char_indices().nth(80).and_then(|(end, _)| open.get(..end)).unwrap_or(open);
    let secret = SECRETS.iter().filter_map(|mark| start.find(mark)).min();
    let start = secret.and_then(|end| start.get(..end)).unwrap_or(start);
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", start.escape_debug())
}

/// Whether it may hold a token or a key of Google's.
///
/// ```
/// assert!(gcp_scopes_explain::reader::looks_secret("--need=ya29.a0AfH6SM"));
/// ```
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    SECRETS.iter().any(|mark| text.contains(mark))
}
