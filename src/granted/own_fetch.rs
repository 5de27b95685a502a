//! The HTTP client of a guard for which the program configured no client.

use std::sync::Arc;

use super::fetch::Fetch;

/// Returns the guard's own client if the feature `metadata` is on.
#[cfg(feature = "metadata")]
pub(crate) fn own_fetch() -> Option<Arc<dyn Fetch>> {
    Some(Arc::new(super::own_client::OwnClient::default()))
}

#[cfg(not(feature = "metadata"))]
pub(crate) fn own_fetch() -> Option<Arc<dyn Fetch>> {
    None
}
