//! Our own failures: a configuration that cannot be used, a source that cannot be reached.
//!
//! An [`Error`] never stops a user's call. What stops a call is a [`Denial`](crate::Denial).
//!
//! ```
//! use gcp_scopes::Guard;
//! use gcp_scopes::error::ErrorKind;
//!
//! let error = Guard::builder().endpoint("http://127.0.0.1:4443/path", "storage.googleapis.com").unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidInput);
//! println!("{error}"); // names the input, and says what was expected
//! ```

use std::error::Error as StdError;
use std::fmt;

use crate::catalog::scopes::SCOPES;

/// Any error, boxed, as tower and hyper pass them on.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// What this crate could not do, and why. The message names the input and ends in what to do.
///
/// ```
/// let error = "devstorage.read_onyl".parse::<gcp_scopes::Scope>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown scope `devstorage.read_onyl`; did you mean `devstorage.read_only`?");
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

/// What sort of failure an [`Error`] is.
///
/// ```
/// use gcp_scopes::error::{Error, ErrorKind};
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

    pub(crate) fn unknown_scope(text: &str) -> Self {
        let shorts = SCOPES.iter().map(|uri| uri.rsplit("/auth/").next().unwrap_or(uri));
        match nearest(text, shorts) {
            Some(near) => Self::invalid(format!("unknown scope `{text}`; did you mean `{near}`?")),
            None => Self::invalid(format!(
                "unknown scope `{text}`; write its full URI, as in https://developers.google.com/identity/protocols/oauth2/scopes"
            )),
        }
    }

    /// What sort of failure this is.
    ///
    /// ```
    /// # use gcp_scopes::error::ErrorKind;
    /// let error = "no such scope".parse::<gcp_scopes::Scope>().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("message", &self.message).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The candidate that is the fewest edits from `text`, if that is few enough to be a typo.
pub(crate) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + text.len() / 4;
    candidates
        .filter(|name| name.len().abs_diff(text.len()) <= limit)
        .map(|name| (strsim::levenshtein(text, name), name))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, name)| name)
}
