//! A [`Layer`](opendal_core::raw::Layer) for opendal operators over Google Cloud Storage.
//!
//! The layer wraps the operator's HTTP transport, so its position among other layers does not
//! matter. This crate imports opendal's types from `opendal_core`; the `opendal` crate re-exports
//! the same types.
//!
//! ```
//! use gcp_scopes_opendal::GuardOpendalExt as _;
//! use gcp_scopes_opendal::gcp_scopes::{Denial, Guard};
//! use opendal_core::Operator;
//!
//! async fn upload(operator: Operator) -> opendal_core::Result<()> {
//!     let guard = Guard::detect().await;
//!     let operator = operator.layer(guard.opendal());
//!     let stored = operator.write("cat.jpg", "meow").await;
//!     if let Err(error) = &stored {
//!         if let Some(denial) = Denial::find(error) {
//!             eprintln!("{}", denial.report());
//!         }
//!     }
//!     stored.map(drop)
//! }
//! ```
//!
//! # Errors
//! A denial is returned as an error of kind
//! [`PermissionDenied`](opendal_core::ErrorKind::PermissionDenied), the kind that opendal also
//! gives to Google's own refusals. This holds for every
//! [`DenialDelivery`](gcp_scopes::DenialDelivery). The error is permanent, so no layer
//! retries it; `RetryLayer` marks it as persistent, as it marks every error that it returns.
//! [`Denial::find`](gcp_scopes::Denial::find) finds the denial in the error.
//!
//! # What is checked
//! The guard checks every call of the operator. opendal also sends requests to the metadata server
//! and to token endpoints through the transport. The guard never checks these requests, and passes
//! on their responses unchanged.

mod layer;

pub use gcp_scopes;

use gcp_scopes::Guard;

pub use layer::GuardOperatorLayer;

/// Adds [`GuardOperatorLayer::new`] to [`Guard`] as a method.
///
/// ```
/// use gcp_scopes_opendal::GuardOpendalExt as _;
/// use gcp_scopes_opendal::gcp_scopes::Guard;
///
/// let layer = Guard::builder().build().opendal();
/// ```
pub trait GuardOpendalExt {
    /// Returns a layer that sends the requests of an operator through this guard.
    ///
    /// ```
    /// use gcp_scopes_opendal::GuardOpendalExt as _;
    /// use gcp_scopes_opendal::gcp_scopes::Guard;
    /// use opendal_core::{Operator, services::Memory};
    ///
    /// let guard = Guard::builder().build();
    /// let operator = Operator::new(Memory::default())?.layer(guard.opendal());
    /// # Ok::<(), opendal_core::Error>(())
    /// ```
    #[must_use]
    fn opendal(&self) -> GuardOperatorLayer;
}

impl GuardOpendalExt for Guard {
    fn opendal(&self) -> GuardOperatorLayer {
        GuardOperatorLayer::new(self)
    }
}
