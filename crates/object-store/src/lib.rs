//! An `HttpConnector` for the Google Cloud Storage client of object_store.
//!
//! The connector wraps the connector that sends the requests: object_store's `ReqwestConnector`
//! (feature `reqwest` or `gcp`), or one that you implement.
//!
//! ```
//! # #[cfg(feature = "v0_14")] mod example {
//! use gcp_scopes_object_store::GuardObjectStoreExt as _;
//! use gcp_scopes_object_store::gcp_scopes::Guard;
//! use object_store::client::HttpConnector;
//! use object_store::gcp::GoogleCloudStorageBuilder;
//! use object_store::{ObjectStore, ObjectStoreExt};
//!
//! // With object_store's feature `gcp`, `connector` is `ReqwestConnector::default()`.
//! async fn upload(connector: impl HttpConnector) -> object_store::Result<()> {
//!     let guard = Guard::detect().await;
//!     let store = GoogleCloudStorageBuilder::from_env()
//!         .with_bucket_name("photos")
//!         .with_http_connector(guard.object_store(connector))
//!         .build()?;
//!     let stored = store.put(&"cat.jpg".into(), "meow".into()).await;
//!     if let Err(error) = &stored {
//!         if let Some(denial) = guard.denial_of(error) {
//!             eprintln!("{}", denial.report()); // the message of `error` is the short form
//!         }
//!     }
//!     stored.map(drop)
//! }
//! # }
//! ```
//!
//! # Versions of object_store
//! The feature `v0_14` (default) is for object_store 0.14, `v0_13` for 0.13, which DataFusion,
//! Delta Lake and Polars use. The code is the same for both: `guard.object_store(connector)`
//! returns a connector of the version that `connector` belongs to.
//!
//! # Errors
//! A denied call fails with the same error variant as a call that Google refuses:
//! `object_store::Error::PermissionDenied`, or `Generic` for listing, for completing a multipart
//! upload and for signing with `signBlob`. This holds for every
//! [`DenialDelivery`](gcp_scopes::DenialDelivery). A denied call is not retried.
//!
//! The guard gives a denial to object_store as a response with status 403, whose body contains the
//! denial's message. If the guard returned an error instead, object_store would convert that error
//! to `Generic`, while programs match on `PermissionDenied`. The drawback: object_store keeps only
//! the status and the text of a response (`RequestError::Status` in
//! <https://github.com/apache/arrow-rs-object-store/blob/main/src/client/retry.rs>), so the
//! [`Denial`](gcp_scopes::Denial) is not among the sources of the error.
//! [`Guard::denial_of`] finds the denial by the text of the error, also if a library has boxed the
//! error.
//!
//! # What is checked
//! The guard checks every call of the store, and calls of `signBlob` of the IAM Credentials API. It
//! never checks requests to the metadata server and to token endpoints, and passes on their
//! responses unchanged. A response to `HEAD` has no body: the guard explains a refused `HEAD` only
//! if a header of the response indicates a missing scope and the known scopes of the token confirm
//! it. The response that contains the denial has a body for `HEAD` too, because object_store keeps
//! only the text of a response. A request to a signed URL does not go through this connector.
//!
//! reqwest follows redirects where the guard cannot see them. The guard then attributes the
//! response of the last host to the host that was called.

mod connector;
#[cfg(feature = "v0_13")]
mod v0_13;
#[cfg(feature = "v0_14")]
mod v0_14;

pub use gcp_scopes;

use gcp_scopes::Guard;

pub use connector::GuardConnector;

/// Adds [`GuardConnector::new`] to [`Guard`] as a method.
///
/// ```
/// # #[cfg(feature = "v0_14")] {
/// use gcp_scopes_object_store::GuardObjectStoreExt as _;
/// use gcp_scopes_object_store::gcp_scopes::Guard;
/// use object_store::client::HttpConnector;
/// use object_store::gcp::GoogleCloudStorageBuilder;
///
/// fn guarded(guard: &Guard, connector: impl HttpConnector) -> GoogleCloudStorageBuilder {
///     GoogleCloudStorageBuilder::from_env().with_http_connector(guard.object_store(connector))
/// }
/// # }
/// ```
pub trait GuardObjectStoreExt {
    /// Returns a connector that wraps `inner` and sends its requests through this guard.
    #[must_use]
    fn object_store<C>(&self, inner: C) -> GuardConnector<C>;
}

impl GuardObjectStoreExt for Guard {
    fn object_store<C>(&self, inner: C) -> GuardConnector<C> {
        GuardConnector::new(self, inner)
    }
}
