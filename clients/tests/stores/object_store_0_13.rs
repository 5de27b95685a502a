//! The tests of the connector with object_store 0.13.

use object_store_0_13 as object_store;

#[allow(clippy::duplicate_mod, reason = "the same code for each version of object_store")]
#[path = "object_store.rs"]
mod tests;
