//! The data files of two catalogs: the full one, and that of Cloud Storage alone. The benchmark
//! lists the request templates of the full catalog, and compares look-ups in the two catalogs.

pub(crate) mod templates;

use gcp_scopes_catalog::raw::Blob;

/// The catalog of the feature `catalog-full`.
pub(crate) static FULL: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/full.bin"));
/// The catalog of the feature `catalog-storage`.
pub(crate) static STORAGE: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/storage.bin"));
