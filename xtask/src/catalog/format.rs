//! The crate's own reader and overrides, so that writer and reader cannot disagree.

#[allow(dead_code, unreachable_pub, reason = "the generator needs half of it")]
#[path = "../../../crates/catalog/src/blob.rs"]
pub(crate) mod blob;
pub(crate) use gcp_scopes_catalog::generator as overrides;
#[allow(dead_code, reason = "the generator needs half of it")]
#[path = "../../../crates/catalog/src/path.rs"]
pub(crate) mod path;
#[allow(dead_code, reason = "the generator needs half of it")]
#[path = "../../../crates/catalog/src/walk.rs"]
pub(crate) mod walk;
