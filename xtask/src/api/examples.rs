//! Counts the public items whose documentation contains an example.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The least share of items with an example, in percent.
const LEAST: usize = 80;
/// The kinds of items that are counted, by their names in rustdoc's JSON. A field, a variant or a
/// constant is shown by the example of its type.
const KINDS: [&str; 5] = ["function", "struct", "enum", "union", "trait"];

/// How many items of a crate have an example.
pub(crate) struct ExampleCount {
    items: usize,
    /// The names of the items without an example.
    missing: Vec<String>,
}

impl ExampleCount {
    /// Counts the items in a file that rustdoc wrote.
    pub(crate) fn read(json: &Path) -> Result<Self> {
        let text = fs::read_to_string(json).with_context(|| json.display().to_string())?;
        Ok(Self::from_json(&serde_json::from_str(&text)?))
    }

    /// Counts the types, traits and functions that are declared `pub`. rustdoc leaves out hidden
    /// items, and items that no public path leads to.
    fn from_json(json: &Value) -> Self {
        let index = json["index"].as_object().into_iter().flat_map(serde_json::Map::values);
        let is_counted = |item: &&Value| {
            item["visibility"] == "public" && KINDS.iter().any(|kind| !item["inner"][kind].is_null())
        };
        let mut count = Self { items: 0, missing: Vec::new() };
        for item in index.filter(is_counted) {
            count.items += 1;
            if !item["docs"].as_str().is_some_and(|docs| docs.contains("```")) {
                count.missing.push(item["name"].as_str().unwrap_or_default().to_owned());
            }
        }
        count.missing.sort();
        count
    }

    /// Returns the share of items with an example, in percent. A crate without items has them all.
    fn percent(&self) -> usize {
        ((self.items - self.missing.len()) * 100).checked_div(self.items).unwrap_or(100)
    }

    /// Returns a line for a person.
    pub(crate) fn line(&self, name: &str) -> String {
        let with = self.items - self.missing.len();
        format!("api: {name} has {with} of {} items with an example, {} %", self.items, self.percent())
    }

    /// Returns what is missing if too few items have an example.
    pub(crate) fn violation(&self, name: &str) -> Option<String> {
        let is_low = self.percent() < LEAST;
        is_low.then(|| format!("{name} needs {LEAST} %; without an example: {}", self.missing.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(kind: &str, visibility: &str, docs: &str) -> Value {
        json!({"name": kind, "visibility": visibility, "docs": docs, "inner": {kind: {}}})
    }

    #[test]
    fn public_types_and_functions_count() {
        let example = "Text.\n\n```\nexample();\n```";
        let items = [
            item("struct", "public", example),
            item("trait", "public", example),
            item("function", "public", "Text."),
            // None of these counts: a field, a private function, and a method of a trait.
            item("struct_field", "public", "Text."),
            item("function", "crate", "Text."),
            item("function", "default", "Text."),
        ];
        let index = Value::Object((0..).map(|id: u32| id.to_string()).zip(items).collect());
        let count = ExampleCount::from_json(&json!({"index": index}));
        assert_eq!(count.line("own"), "api: own has 2 of 3 items with an example, 66 %");
        let violation = count.violation("own");
        assert_eq!(violation.as_deref(), Some("own needs 80 %; without an example: function"));
    }

    #[test]
    fn eighty_percent_are_enough() {
        let count = |items, missing| ExampleCount { items, missing: vec![String::new(); missing] };
        assert!(count(5, 1).violation("own").is_none() && count(0, 0).violation("own").is_none());
        assert!(count(100, 21).violation("own").is_some());
    }
}
