//! The HTTP client of a guard that is given none.

use std::sync::Arc;

use super::fetch::DynFetch;

/// The guard's own client, if it has one.
#[cfg(feature = "metadata")]
pub(crate) fn own_fetch() -> Option<Arc<dyn DynFetch>> {
    Some(Arc::new(super::own_client::OwnClient::default()))
}

#[cfg(not(feature = "metadata"))]
pub(crate) fn own_fetch() -> Option<Arc<dyn DynFetch>> {
    None
}
