//! Parses a line of JSON Lines input.

use crate::input_errors::shown;
use serde_json::{Map, Value};

/// Parses a line, which must be a JSON object, and returns its fields. `shape` is an example of the
/// expected object, which the error shows.
pub(crate) fn fields(line: &[u8], shape: &str) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(line).map_err(|_| {
        format!("not UTF-8: {}; expected {shape}", shown(&String::from_utf8_lossy(line)))
    })?;
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(format!("not a JSON object: {}; expected {shape}", shown(text))),
        Err(error) => Err(format!(
            "not JSON ({}): {}; expected {shape}",
            without_line_number(&error),
            shown(text)
        )),
    }
}

/// Returns the parser's error without its line number, which would always be 1.
fn without_line_number(error: &serde_json::Error) -> String {
    error.to_string().replace(&format!("at line {} column", error.line()), "at column")
}

/// Describes a value for an error, by its type and its text.
pub(crate) fn describe_value(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".into(),
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{kind}, {}", shown(&value.to_string()))
}
