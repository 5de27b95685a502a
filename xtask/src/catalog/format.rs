//! The crate's own reader and hand table, so that writer and reader cannot disagree.

#[allow(dead_code, unreachable_pub, reason = "the generator needs half of it")]
#[path = "../../../src/catalog/blob.rs"]
pub(crate) mod blob;
#[allow(dead_code, reason = "the generator needs half of it")]
#[path = "../../../src/catalog/overrides.rs"]
pub(crate) mod overrides;
#[allow(dead_code, reason = "the generator needs half of it")]
#[path = "../../../src/catalog/path.rs"]
pub(crate) mod path;
#[allow(dead_code, reason = "the generator needs half of it")]
#[path = "../../../src/catalog/walk.rs"]
pub(crate) mod walk;
