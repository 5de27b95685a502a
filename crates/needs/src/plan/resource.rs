//! A resource of a plan or a state.

use serde_json::Value;

use super::value::{PlannedValue, find};

/// A resource as it will be after a plan is applied, or as it is in a state.
pub(super) struct PlannedResource {
    pub(super) address: String,
    pub(super) kind: String,
    /// The blocks and attributes.
    pub(super) after: Value,
    /// Which values are unknown until the plan is applied.
    pub(super) unknown: Value,
}

impl PlannedResource {
    /// Returns a value by the names of blocks and of an attribute.
    pub(super) fn value(&self, path: &[&str]) -> PlannedValue<'_> {
        find(&self.after, &self.unknown, path)
    }
}
