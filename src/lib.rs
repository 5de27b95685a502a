//! Middleware that turns Google Cloud's `403 insufficient authentication scopes` into an error
//! that says what to do.

pub mod catalog;
pub mod error;
pub mod scope;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(inline)]
pub use error::Error;
#[doc(inline)]
pub use scope::{Scope, ScopeSet};

/// Stands in until the guard lands.
#[derive(Debug)]
#[non_exhaustive]
pub struct Denial;
