//! Parses a call and the scopes of its token in a line of JSON.

use gcp_scopes_catalog::scope::ScopeSet;
use serde_json::{Map, Value};

use crate::input_errors::{nearest_name, shown};
use crate::json_line::{self, describe_value};
use crate::named_call::NamedCall;
use crate::scope_list::read_list;
use gcp_scopes_explain::Error;

impl NamedCall {
    /// Parses a line of JSON: `{"verb": "GET", "url": "https://…", "granted": ["…"]}`, or with the
    /// id of a method instead of verb and URL: `{"id": "storage.objects.get"}`. The id may also be
    /// in the field `method`. The field `granted`, the scopes of the token, is optional.
    ///
    /// ```
    /// use gcp_scopes_reader::NamedCall;
    ///
    /// let line = br#"{"id": "storage.objects.get", "granted": ["pubsub"]}"#;
    /// let call = NamedCall::from_json_line(line)?;
    /// assert_eq!(call.granted().map(|scopes| scopes.len()), Some(1));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the line does not have this form. The message contains the part that is
    /// not valid, and what was expected.
    pub fn from_json_line(line: &[u8]) -> Result<Self, Error> {
        let fields = json_line::fields(line, SHAPE)?;
        let granted = match fields.get("granted") {
            None | Some(Value::Null) => None,
            Some(value) => Some(read_granted(value)?),
        };
        let call = match read_id(&fields)? {
            Some(id) => Self::by_id(id)?,
            None => Self::new(string_field(&fields, "verb")?, string_field(&fields, "url")?)?,
        };
        Ok(Self { granted, ..call })
    }
}

/// Examples of a line of JSON, for error messages.
const SHAPE: &str =
    r#"{"verb": "GET", "url": "https://…", "granted": ["…"]}, or {"id": "storage.objects.get"}"#;

/// Returns the id of a method in the fields of a line; `None` if the line has a verb and a URL.
fn read_id(fields: &Map<String, Value>) -> Result<Option<&str>, String> {
    let present = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let Some(name) = ["id", "method"].into_iter().find(|name| present(name)) else {
        return Ok(None);
    };
    let id = string_field(fields, name)?;
    match () {
        () if present("verb") || present("url") => {
            Err(format!("`{name}` and a verb or URL exclude each other; expected {SHAPE}"))
        }
        () if name == "method" && !id.contains('.') => Err(format!(
            "`method` is {}, which is not the id of a method; expected {SHAPE}",
            shown(id)
        )),
        () => Ok(Some(id)),
    }
}

/// Returns the string in a field, or an error that suggests a field with a similar name.
fn string_field<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            Err(format!("`{name}` is {}; expected a string, as in {SHAPE}", describe_value(other)))
        }
        None => {
            let near = nearest_name(name, fields.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(" (there is {})", shown(near)));
            Err(format!("no `{name}`{hint}; expected {SHAPE}"))
        }
    }
}

/// Reads the field `granted`: a list of scopes, or a string of scopes.
fn read_granted(value: &Value) -> Result<ScopeSet, String> {
    let expected = "expected a list of scopes, or one string of scopes that spaces separate";
    match value {
        Value::String(one) => read_list([one.as_str()]),
        Value::Array(items) => match items.iter().find(|item| !item.is_string()) {
            Some(other) => Err(format!("`granted` holds {}; {expected}", describe_value(other))),
            None => read_list(items.iter().filter_map(Value::as_str)),
        },
        other => Err(format!("`granted` is {}; {expected}", describe_value(other))),
    }
}
