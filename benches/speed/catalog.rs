//! The data of the two catalogs, which the benchmark reads without the library: to list all request
//! forms, and to compare a small catalog with the full one.

pub(crate) mod templates;

use gcp_scopes_catalog::raw::Blob;

pub(crate) static FULL: Blob<'static> = Blob::open(include_bytes!("../../crates/catalog/src/data/full.bin"));
pub(crate) static STORAGE: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/storage.bin"));
