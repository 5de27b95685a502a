//! JSON bodies that end too early: the guard reads the beginning of a body, and proxies cut long ones.

use serde_json::Value;

/// Reads the first JSON value of a text that begins with one. If the text ends inside of the value, its
/// open strings, arrays and objects end there too, without a last entry that has no value yet.
pub(super) fn read(text: &str) -> Option<Value> {
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    first.and_then(Result::ok).or_else(|| {
        let open = Open::at_end_of(text);
        open.completed().into_iter().find_map(|text| serde_json::from_str(&text).ok())
    })
}

/// What is open at the end of a text.
struct Open<'t> {
    text: &'t str,
    /// The brackets that close what is open, the outermost first.
    closers: String,
    is_in_string: bool,
    /// Where the last complete entry ends, and what was open there.
    last_entry: Option<(usize, String)>,
}

impl<'t> Open<'t> {
    fn at_end_of(text: &'t str) -> Self {
        let mut open = Self { text, closers: String::new(), is_in_string: false, last_entry: None };
        let mut is_escaped = false;
        for (place, character) in text.char_indices() {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' if open.is_in_string => is_escaped = true,
                '"' => open.is_in_string = !open.is_in_string,
                _ if open.is_in_string => {}
                ',' => open.last_entry = Some((place, open.closers.clone())),
                '{' => open.closers.push('}'),
                '[' => open.closers.push(']'),
                '}' | ']' => _ = open.closers.pop(),
                _ => {}
            }
        }
        open
    }

    /// The text with all of it closed: as it is, without an escape that was cut, and up to the last entry.
    fn completed(&self) -> Vec<String> {
        let close = |text: &str, closers: &str| text.chars().chain(closers.chars().rev()).collect();
        // With the mark no word that was cut is taken for another, shorter one.
        let quote = if self.is_in_string { "\u{2026}\"" } else { "" };
        let before_escape =
            self.text.rfind('\\').and_then(|place| self.text.get(..place)).unwrap_or_default();
        let mut texts = vec![
            close(&format!("{}{quote}", self.text), &self.closers),
            close(&format!("{before_escape}{quote}"), &self.closers),
        ];
        let entry =
            self.last_entry.as_ref().and_then(|(end, closers)| Some((self.text.get(..*end)?, closers)));
        texts.extend(entry.map(|(text, closers)| close(text, closers)));
        texts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_was_cut_keeps_what_was_complete() {
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
        for text in ["", "no JSON", "{", "}", "[{"] {
            let _ = read(text);
        }
    }
}
