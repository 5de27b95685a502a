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
use crate::scope::ALIASES;

/// Any error, boxed, as tower and hyper pass them on.
pub type BoxError = Box<dyn StdError + Send + Sync>;

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
        match nearest(text, shorts.chain(ALIASES.iter().map(|(alias, _)| *alias))) {
            Some(near) => Self::invalid(format!("unknown scope `{text}`; did you mean `{near}`?")),
            None => Self::invalid(format!(
                "unknown scope `{text}`; write its full URI, or a short name such as `devstorage.read_only`, as in \
                 https://developers.google.com/identity/protocols/oauth2/scopes"
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
    let edits = |name: &'a str| Some((typos(text, name)?, name));
    candidates.filter_map(edits).min().map(|(_, name)| name)
}

/// How many typos turn one into the other, if so few that one may be meant by the other: two neighbours
/// that changed places count as one. Of a short word nearly all is right, or it is another word.
pub(crate) fn typos(text: &str, name: &str) -> Option<usize> {
    let most = match text.len() {
        0..3 => 0,
        3..8 => 1,
        length => length / 4,
    };
    let may_be = name.len().abs_diff(text.len()) <= most;
    may_be.then(|| strsim::osa_distance(text, name)).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_enough_is_meant() {
        let rows = [
            ("bogus", "books", false),
            ("foo", "fcm", false),
            ("sql", "ssl", true),
            ("ad", "ads", false),
            ("pubsbu", "pubsub", true),
            ("stroage", "storage", true),
            ("storge-ro", "storage-ro", true),
            ("devstorage.read_onyl", "devstorage.read_only", true),
            ("storage.objects.insrt", "storage.objects.insert", true),
            ("storage.objects.frobnicate", "storage.objects.list", false),
        ];
        for (text, name, is_meant) in rows {
            assert_eq!(nearest(text, [name].into_iter()).is_some(), is_meant, "{text} {name}");
        }
    }
}
