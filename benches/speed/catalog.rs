//! The data files of two catalogs: the full one, and that of Cloud Storage alone. The benchmark
//! lists the request templates of the full catalog, and compares look-ups in the two catalogs.

pub(crate) mod templates;

use gcp_scopes_catalog::raw::Blob;

pub(crate) static FULL: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/full.bin"));
pub(crate) static STORAGE: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/storage.bin"));
