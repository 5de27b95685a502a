//! The id of a row.
//!
//! Ids of REST methods lie in the catalog's data as they are. Those of gRPC methods would take
//! 800 KB more that way, so service and method lie apart, and the few that a program ever names are
//! put together when first asked for, and kept: at most one short text per gRPC method.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::reader::BLOB;

/// The id, for as long as the program runs.
pub(crate) fn of(row: u32) -> &'static str {
    match text(row) {
        Cow::Borrowed(id) => id,
        Cow::Owned(id) => kept(row, id),
    }
}

/// The id, perhaps put together for this occasion.
pub(crate) fn text(row: u32) -> Cow<'static, str> {
    match BLOB.row_name(row) {
        ("", id) => Cow::Borrowed(id),
        (service, method) => Cow::Owned(format!("{service}.{method}")),
    }
}

fn kept(row: u32, id: String) -> &'static str {
    static KEPT: Mutex<BTreeMap<u32, &'static str>> = Mutex::new(BTreeMap::new());
    // A panic elsewhere cannot leave the map half changed.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.entry(row).or_insert_with(|| Box::leak(id.into_boxed_str()))
}
