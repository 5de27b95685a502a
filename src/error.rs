//! Errors of this crate: an unusable configuration, or a server that cannot be reached.
//!
//! An [`Error`] never stops a call of the user. A [`Denial`](crate::Denial) may stop a call.
//!
//! ```
//! use gcp_scopes::{ErrorKind, Guard};
//!
//! let error = Guard::builder()
//!     .endpoint("http://127.0.0.1:4443/path", "storage.googleapis.com")
//!     .unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidInput);
//! println!("{error}"); // names the input, and what was expected
//! ```

use std::error::Error as StdError;
use std::fmt;

/// A boxed error of any type, as tower and hyper use.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of this crate. The message names the input and ends with what to do.
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
    /// The error that caused this error, if there is one.
    source: Option<BoxError>,
}

/// The category of an [`Error`].
///
/// ```
/// use gcp_scopes::{Error, ErrorKind};
///
/// /// Checks whether the configuration has to change before another attempt.
/// fn is_wrong_configuration(error: &Error) -> bool {
///     error.kind() == ErrorKind::InvalidInput
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value passed to this crate cannot be used.
    InvalidInput,
    /// A server (metadata server, tokeninfo) did not return a usable response.
    Unreachable,
}

impl Error {
    /// Creates an error of the kind [`ErrorKind::InvalidInput`].
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::InvalidInput, message: message.into(), source: None }
    }

    /// Creates an error of the kind [`ErrorKind::Unreachable`].
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Unreachable, message: message.into(), source: None }
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the category of this error.
    ///
    /// ```
    /// use gcp_scopes::{Error, ErrorKind};
    ///
    /// let error: Error = "no such scope".parse::<gcp_scopes::Scope>().unwrap_err().into();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Converts the error for a name or an endpoint that the catalog rejects.
impl From<gcp_scopes_catalog::Error> for Error {
    fn from(error: gcp_scopes_catalog::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

/// Converts the error for a value whose syntax differs from the one that Google documents.
impl From<gcp_scopes_explain::Error> for Error {
    fn from(error: gcp_scopes_explain::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

/// Converts the error for a needs file that cannot be used, or that lacks methods.
impl From<gcp_scopes_needs::NeedsError> for Error {
    fn from(error: gcp_scopes_needs::NeedsError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("message", &self.message).finish()
    }
}
