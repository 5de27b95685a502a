//! The id of a row.
//!
//! The catalog's data contains the whole ids of REST methods. The whole ids of gRPC methods would
//! take 800 KB more, so the data contains the names of services and methods separately. The id of a
//! gRPC method is formed when it is first requested, and stays in memory: at most one short text
//! per gRPC method.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::catalog::Catalog;

/// Returns the id of a row. The id of a gRPC method is kept in memory until the program ends.
pub(crate) fn id(catalog: Catalog, row: u32) -> &'static str {
    match id_text(catalog, row) {
        Cow::Borrowed(id) => id,
        Cow::Owned(id) => intern(catalog, row, id),
    }
}

/// Returns the id of a row, without keeping the id of a gRPC method in memory.
pub(crate) fn id_text(catalog: Catalog, row: u32) -> Cow<'static, str> {
    match catalog.blob().row_name(row) {
        ("", id) => Cow::Borrowed(id),
        (service, method) => Cow::Owned(format!("{service}.{method}")),
    }
}

/// Keeps the id of a gRPC method in memory and returns it.
fn intern(catalog: Catalog, row: u32, id: String) -> &'static str {
    type Ids = Mutex<HashMap<(Catalog, u32), &'static str>>;
    static IDS: LazyLock<Ids> = LazyLock::new(Mutex::default);
    // The map is consistent even if a thread panicked with the lock: `or_insert_with` is the only
    // change.
    let mut ids = IDS.lock().unwrap_or_else(PoisonError::into_inner);
    ids.entry((catalog, row)).or_insert_with(|| Box::leak(id.into_boxed_str()))
}
