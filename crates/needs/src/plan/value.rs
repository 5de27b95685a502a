//! Finds a value in a planned resource, and whether the value is known.

use serde_json::Value;

/// A value of a planned resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PlannedValue<'a> {
    /// The value, and which parts of it are unknown.
    Known(&'a Value, &'a Value),
    /// The value, or a block around it, is known only after the plan is applied.
    Unknown,
    /// A block around the value is known to be absent, or the value is `null`.
    Absent,
    /// Neither the value nor a mark that it is unknown is there.
    Missing,
}

/// Finds a value by the names of blocks and of an attribute. Of a block that may be repeated, the
/// first one counts.
pub(super) fn find<'a>(after: &'a Value, unknown: &'a Value, path: &[&str]) -> PlannedValue<'a> {
    let (mut after, mut unknown) = (first(after), first(unknown));
    for (index, name) in path.iter().enumerate() {
        let is_last = index + 1 == path.len();
        let (next, next_unknown) = (after.get(name), unknown.get(name).unwrap_or(&Value::Null));
        if *unknown == Value::Bool(true) || *next_unknown == Value::Bool(true) {
            return PlannedValue::Unknown;
        }
        match next {
            None => return PlannedValue::Missing,
            Some(Value::Null) => return PlannedValue::Absent,
            Some(Value::Array(blocks)) if !is_last && blocks.is_empty() => {
                return PlannedValue::Absent;
            }
            Some(next) if is_last => return PlannedValue::Known(next, next_unknown),
            Some(next) => (after, unknown) = (first(next), first(next_unknown)),
        }
    }
    PlannedValue::Missing
}

/// Returns the first element of a list of blocks; another value is returned unchanged.
fn first(value: &Value) -> &Value {
    match value {
        Value::Array(blocks) => blocks.first().unwrap_or(&Value::Null),
        other => other,
    }
}

impl<'a> PlannedValue<'a> {
    /// Returns the text of the value, if it is known.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Known(value, _) => value.as_str(),
            _ => None,
        }
    }

    /// Returns whether the value is known, and is this truth value.
    pub(super) fn is(self, expected: bool) -> bool {
        matches!(self, Self::Known(Value::Bool(value), _) if *value == expected)
    }
}

/// Checks whether a part of a value is marked as unknown.
pub(super) fn has_unknown(unknown: &Value) -> bool {
    match unknown {
        Value::Bool(is_unknown) => *is_unknown,
        Value::Array(parts) => parts.iter().any(has_unknown),
        Value::Object(parts) => parts.values().any(has_unknown),
        _ => false,
    }
}
