//! The column of object_store 0.14.

use ::object_store;

#[allow(clippy::duplicate_mod, reason = "the same code for each version of object_store")]
#[path = "object_store.rs"]
mod column;

pub(crate) use column::kinds;

const NAME: &str = "object_store 0.14";
