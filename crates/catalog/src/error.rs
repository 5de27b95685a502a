//! What a person wrote that cannot be used: a name that does not exist, an endpoint that is none.

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
    /// A host, a URL or a domain cannot stand for an API of Google's.
    InvalidEndpoint,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
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
