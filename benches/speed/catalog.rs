//! The data of the catalog, to list the request forms in it and to read catalogs of other sizes than the
//! one that is compiled into the library.

pub(crate) mod templates;

use gcp_scopes_catalog::raw::Blob;

pub(crate) static FULL: Blob<'static> = Blob::open(include_bytes!("../../crates/catalog/src/data/full.bin"));
pub(crate) static STORAGE: Blob<'static> =
    Blob::open(include_bytes!("../../crates/catalog/src/data/storage.bin"));
