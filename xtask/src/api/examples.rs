//! Counts the public items whose documentation contains an example.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The least share of items with an example, in percent.
const LEAST: usize = 80;

/// How many items of a crate have an example.
#[derive(Default)]
pub(crate) struct ExampleCount {
    items: usize,
    /// The names of the items without an example.
    missing: Vec<String>,
    /// The ids of the items that were visited. An item with two public paths counts once.
    visited: BTreeSet<u64>,
}

impl ExampleCount {
    /// Counts the items in a file that rustdoc wrote.
    pub(crate) fn read(json: &Path) -> Result<Self> {
        let text = fs::read_to_string(json).with_context(|| json.display().to_string())?;
        Ok(Self::from_json(&serde_json::from_str(&text)?))
    }

    /// Counts the types, traits and functions to which a path from the root leads. rustdoc leaves
    /// out private and hidden items.
    fn from_json(json: &Value) -> Self {
        let mut count = Self::default();
        count.visit(&json["index"], &json["root"]);
        count.missing.sort();
        count
    }

    fn visit(&mut self, index: &Value, id: &Value) {
        let Some(number) = id.as_u64().filter(|number| self.visited.insert(*number)) else {
            return;
        };
        let item = &index[number.to_string()];
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next())
        else {
            // The item belongs to another crate.
            return;
        };
        match kind.as_str() {
            "use" => self.visit(index, &inner["id"]),
            "struct" | "enum" | "union" | "trait" | "function" => self.add(item),
            _ => {}
        }
        // A trait implementation has no items of its own: they are those of the trait.
        let is_own = inner["trait"].is_null();
        let members = if kind == "trait" { None } else { inner["items"].as_array() };
        let members = members.into_iter().filter(|_| is_own).chain(inner["impls"].as_array());
        members.flatten().for_each(|id| self.visit(index, id));
    }

    fn add(&mut self, item: &Value) {
        self.items += 1;
        if !item["docs"].as_str().is_some_and(|docs| docs.contains("```")) {
            self.missing.push(item["name"].as_str().unwrap_or_default().to_owned());
        }
    }

    /// Returns the share of items with an example, in percent: 100 for a crate without items.
    fn percent(&self) -> usize {
        ((self.items - self.missing.len()) * 100).checked_div(self.items).unwrap_or(100)
    }

    /// Returns a line with the counts, to be printed.
    pub(crate) fn line(&self, name: &str) -> String {
        let with = self.items - self.missing.len();
        format!(
            "api: {name} has {with} of {} items with an example, {} %",
            self.items,
            self.percent()
        )
    }

    /// Returns what is missing if too few items have an example.
    pub(crate) fn violation(&self, name: &str) -> Option<String> {
        let is_low = self.percent() < LEAST;
        is_low.then(|| {
            format!("{name} needs {LEAST} %; without an example: {}", self.missing.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns a library whose root has the items 1 to 5.
    fn library(items: &[(u32, &str, Value, &str)]) -> Value {
        let mut index = json!({"0": {"inner": {"module": {"items": [1, 2, 3, 4, 5]}}}});
        for (id, kind, inner, docs) in items {
            index[id.to_string()] = json!({"name": kind, "docs": docs, "inner": {*kind: inner}});
        }
        json!({"root": 0, "index": index})
    }

    #[test]
    fn public_types_and_functions_count_once() {
        let example = "Text.\n\n```\nexample();\n```";
        let json = library(&[
            (1, "struct", json!({"impls": [11, 12]}), example),
            (2, "use", json!({"id": 1}), ""),
            (3, "trait", json!({"items": [13]}), example),
            (4, "constant", json!({}), ""),
            (11, "impl", json!({"trait": null, "items": [14]}), ""),
            (14, "function", json!({}), "Text."),
            // None of these counts: the methods of a trait and of its implementation, and an item
            // that no public path leads to. Item 5 belongs to another crate.
            (12, "impl", json!({"trait": {"path": "Clone"}, "items": [15]}), ""),
            (13, "function", json!({}), "Text."),
            (15, "function", json!({}), "Text."),
            (16, "struct", json!({"impls": []}), "Text."),
        ]);
        let count = ExampleCount::from_json(&json);
        assert_eq!(count.line("own"), "api: own has 2 of 3 items with an example, 66 %");
        let violation = count.violation("own");
        assert_eq!(violation.as_deref(), Some("own needs 80 %; without an example: function"));
    }

    #[test]
    fn eighty_percent_are_enough() {
        let count = |items, missing| {
            let missing = vec![String::new(); missing];
            ExampleCount { items, missing, ..ExampleCount::default() }
        };
        assert!(count(5, 1).violation("own").is_none() && count(0, 0).violation("own").is_none());
        assert!(count(100, 21).violation("own").is_some());
    }
}
