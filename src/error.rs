//! Failures of this crate: a configuration that cannot be used, a source that cannot be reached.
//!
//! An [`Error`] never stops a user's call. What stops a call is a [`Denial`](crate::Denial).
//!
//! ```
//! use gcp_scopes::{ErrorKind, Guard};
//!
//! let error = Guard::builder().endpoint("http://127.0.0.1:4443/path", "storage.googleapis.com").unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidInput);
//! println!("{error}"); // names the input, and says what was expected
//! ```

use std::error::Error as StdError;
use std::fmt;

/// Any error, boxed, as tower and hyper pass them on.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What this crate could not do, and why. The message names the input and ends in what to do.
///
/// ```
/// let error = gcp_scopes::Guard::builder().universe("s3nsapis").unwrap_err();
/// assert!(error.to_string().contains("`s3nsapis.fr`"));
/// ```
#[derive(thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

/// What sort of failure an [`Error`] is.
///
/// ```
/// use gcp_scopes::{Error, ErrorKind};
///
/// /// Whether the configuration has to change before another try.
/// fn is_ours(error: &Error) -> bool {
///     error.kind() == ErrorKind::InvalidInput
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value given to this crate cannot be used.
    InvalidInput,
    /// A server that was asked (metadata server, tokeninfo) did not give a usable answer.
    Unreachable,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::InvalidInput, message: message.into(), source: None }
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Unreachable, message: message.into(), source: None }
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What sort of failure this is.
    ///
    /// ```
    /// # use gcp_scopes::{Error, ErrorKind};
    /// let error: Error = "no such scope".parse::<gcp_scopes::Scope>().unwrap_err().into();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// A name or an endpoint that the catalog refuses.
impl From<gcp_scopes_catalog::Error> for Error {
    fn from(error: gcp_scopes_catalog::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

/// A value without the syntax that Google documents for it.
impl From<gcp_scopes_explain::Error> for Error {
    fn from(error: gcp_scopes_explain::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("message", &self.message).finish()
    }
}
