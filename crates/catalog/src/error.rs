//! What a person wrote that cannot be used: a name that does not exist, an endpoint that is none.

use std::fmt::Display;

/// Why a name or a setting cannot be used. The message names it and ends in what to do.
///
/// ```
/// use gcp_scopes_catalog::error::ErrorKind;
/// use gcp_scopes_catalog::scope::Scope;
///
/// let error = "devstorage.read_onyl".parse::<Scope>().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownScope);
/// assert_eq!(error.to_string(), "unknown scope `devstorage.read_onyl`; did you mean `devstorage.read_only`?");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// What sort of failure an [`Error`] is.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_catalog::error::ErrorKind;
///
/// let error = ApiMethod::by_id("storage.objects.insrt").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownMethod);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No scope, short name or alias reads like this.
    UnknownScope,
    /// The catalog has no method of this id.
    UnknownMethod,
    /// The catalog has no API of this name.
    UnknownApi,
    /// Bytes are no catalog.
    InvalidData,
    /// A host, a URL or a domain cannot stand for an API of Google's.
    InvalidEndpoint,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A name that does not exist: `what` it should be of, and the names that may be meant, or else a hint.
    pub(crate) fn unknown(
        kind: ErrorKind,
        what: &str,
        name: &str,
        near: &[impl Display],
        hint: &str,
    ) -> Self {
        let near: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
        let message = match near.as_slice() {
            [] => format!("unknown {what} `{name}`{hint}"),
            near => format!("unknown {what} `{name}`; did you mean {}?", near.join(", ")),
        };
        Self::new(kind, message)
    }

    /// What sort of failure this is.
    ///
    /// ```
    /// # use gcp_scopes_catalog::error::ErrorKind;
    /// let error = "no such scope".parse::<gcp_scopes_catalog::scope::Scope>().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::UnknownScope);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// The hint where no method is known at all.
pub(crate) const NO_CATALOG: &str = ": no catalog is compiled in; enable the feature `catalog-full`";
