//! The connector that sends the requests of a store through a guard.

use std::fmt;

use gcp_scopes::Guard;

/// A connector whose requests go through a [`Guard`]. Created by
/// [`GuardObjectStoreExt::object_store`](crate::GuardObjectStoreExt::object_store).
///
/// If `C` implements the trait `HttpConnector` of a version of object_store, this connector
/// implements it too.
///
/// ```
/// # #[cfg(feature = "v0_14")] {
/// use gcp_scopes_object_store::GuardConnector;
/// use object_store::client::HttpConnector;
/// use object_store::gcp::GoogleCloudStorageBuilder;
///
/// /// The settings that all stores of a program share.
/// fn settings<C: HttpConnector + Clone>(
///     connector: &GuardConnector<C>,
/// ) -> GoogleCloudStorageBuilder {
///     GoogleCloudStorageBuilder::from_env().with_http_connector(connector.clone())
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct GuardConnector<C> {
    pub(crate) guard: Guard,
    pub(crate) inner: C,
}

impl<C> GuardConnector<C> {
    /// Creates a connector that wraps `inner` and sends its requests through the guard.
    ///
    /// ```
    /// # #[cfg(feature = "v0_14")] {
    /// use gcp_scopes_object_store::GuardConnector;
    /// use gcp_scopes_object_store::gcp_scopes::Guard;
    /// use object_store::client::HttpConnector;
    ///
    /// fn guarded<C: HttpConnector>(guard: &Guard, connector: C) -> GuardConnector<C> {
    ///     GuardConnector::new(guard, connector)
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn new(guard: &Guard, inner: C) -> Self {
        Self { guard: guard.clone(), inner }
    }
}

impl<C: fmt::Debug> fmt::Debug for GuardConnector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guard, inner } = self;
        f.debug_struct("GuardConnector").field("guard", guard).field("inner", inner).finish()
    }
}
