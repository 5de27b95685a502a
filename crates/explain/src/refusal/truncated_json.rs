//! Reads JSON that is truncated. gcp-scopes reads only the beginning of a long body, and proxies
//! shorten long bodies.

use serde_json::Value;

/// Reads the JSON value at the beginning of a text. If the text ends before the value does, closes
/// the open strings, arrays and objects at the end of the text, and drops an incomplete last entry.
/// Returns `None` if the completed text is not JSON. Also returns `None` if words follow the value,
/// because such a text begins with a name that a user chose.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next()? {
        Ok(first) => {
            let rest = text.get(values.byte_offset()..).unwrap_or_default().trim_start();
            is_end(rest).then_some(first)
        }
        // The text is the beginning of a JSON value, and ends before the value does.
        Err(error) if error.is_eof() => {
            let truncated = TruncatedJson::new(text);
            truncated.completions().into_iter().find_map(|text| serde_json::from_str(&text).ok())
        }
        Err(_) => None,
    }
}

/// Returns whether a response may continue with this text after a JSON value: with the boundary of
/// a part, or with another value.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("--") || rest.starts_with(['{', '['])
}

/// A text that ends within a JSON value, and the state of a JSON parser at the end of the text.
struct TruncatedJson<'t> {
    text: &'t str,
    /// The closing brackets of the arrays and objects that are open at the end, outermost first.
    closers: String,
    is_in_string: bool,
    /// The byte offset at which the last complete entry ends.
    last_entry: Option<usize>,
}

impl<'t> TruncatedJson<'t> {
    /// Reads the text up to its end to find out which strings, arrays and objects are open there.
    fn new(text: &'t str) -> Self {
        let mut state =
            Self { text, closers: String::new(), is_in_string: false, last_entry: None };
        let mut is_escaped = false;
        for (offset, character) in text.char_indices() {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' if state.is_in_string => is_escaped = true,
                '"' => state.is_in_string = !state.is_in_string,
                _ if state.is_in_string => {}
                ',' => state.last_entry = Some(offset),
                '{' => state.closers.push('}'),
                '[' => state.closers.push(']'),
                '}' | ']' => _ = state.closers.pop(),
                _ => {}
            }
        }
        state
    }

    /// Returns the ways to complete the text, best first: the whole text, the text without an
    /// incomplete escape at its end, and the text up to the last complete entry.
    fn completions(&self) -> Vec<String> {
        let closers: String = self.closers.chars().rev().collect();
        // A truncated string ends with an ellipsis: otherwise the beginning of one reason could be
        // read as another, shorter reason.
        let quote = if self.is_in_string { "\u{2026}\"" } else { "" };
        let before_escape =
            self.text.rfind('\\').and_then(|offset| self.text.get(..offset)).unwrap_or_default();
        let mut texts = vec![
            format!("{}{quote}{closers}", self.text),
            format!("{before_escape}{quote}{closers}"),
        ];
        // Reads the text up to its last entry a second time. Otherwise the first reading would have
        // to copy the open brackets at each comma.
        let entry = self.last_entry.and_then(|end| self.text.get(..end)).map(Self::new);
        texts.extend(
            entry.map(|entry| entry.text.chars().chain(entry.closers.chars().rev()).collect()),
        );
        texts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn truncated_json_keeps_its_complete_entries() {
        for (text, expected) in [
            (r#"{"a":1}"#, json!({"a": 1})),
            (r#"{"a":1} --boundary"#, json!({"a": 1})),
            (r#"{"a":[{"b":"c"#, json!({"a": [{"b": "c\u{2026}"}]})),
            (r#"{"a":1,"b"#, json!({"a": 1})),
            (r#"{"a":1,"b":"#, json!({"a": 1})),
            (r#"{"a":1,"b":tru"#, json!({"a": 1})),
            (r#"{"a":"b\"#, json!({"a": "b\u{2026}"})),
            (r#"{"a":"b\u00"#, json!({"a": "b\u{2026}"})),
            (r#"{"a":"x\", \"b\": \"y"#, json!({"a": "x\", \"b\": \"y\u{2026}"})),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for named in [
            r#"{"a":1} is locked"#,
            r#"{"a":1},x is locked"#,
            r#"{"a":[{"b":1}]}, is locked"#,
            r#"{"a":[{"b":1}], is locked"#,
        ] {
            assert_eq!(read(named), None, "{named}");
        }
        // These texts have no complete entry. Reading them must not panic.
        for text in ["", "no JSON", "{", "}", "[{"] {
            let _ = read(text);
        }
    }
}
