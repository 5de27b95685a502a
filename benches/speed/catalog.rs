//! The catalog's own data and reader, to list the request forms in it and to read catalogs of other
//! sizes than the one that is compiled into the library.

#[allow(dead_code, unreachable_pub, reason = "the benchmarks need half of it")]
#[path = "../../crates/catalog/src/blob.rs"]
pub(crate) mod blob;
#[allow(dead_code, reason = "the benchmarks need half of it")]
#[path = "../../crates/catalog/src/path.rs"]
pub(crate) mod path;
pub(crate) mod templates;
#[allow(dead_code, reason = "the benchmarks need half of it")]
#[path = "../../crates/catalog/src/walk.rs"]
pub(crate) mod walk;

pub(crate) static FULL: blob::Blob<'static> =
    blob::Blob::open(include_bytes!("../../crates/catalog/src/data/full.bin"));
pub(crate) static STORAGE: blob::Blob<'static> =
    blob::Blob::open(include_bytes!("../../crates/catalog/src/data/storage.bin"));
