//! The error for input that cannot be used: an unknown name, or an invalid endpoint or catalog
//! file.

use std::fmt::Display;

/// An error for a name, a setting or a catalog file that cannot be used. The message contains the
/// input and what was expected, or the nearest valid names.
///
/// ```
/// use gcp_scopes_catalog::error::CatalogErrorKind;
/// use gcp_scopes_catalog::scope::Scope;
///
/// let error = "devstorage.read_onyl".parse::<Scope>().unwrap_err();
/// assert_eq!(error.kind(), CatalogErrorKind::UnknownScope);
/// assert_eq!(
///     error.to_string(),
///     "unknown scope `devstorage.read_onyl`; did you mean `devstorage.read_only`?"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: CatalogErrorKind,
    message: String,
}

/// The kind of an [`Error`].
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_catalog::error::CatalogErrorKind;
///
/// let error = ApiMethod::by_id("storage.objects.insrt").unwrap_err();
/// assert_eq!(error.kind(), CatalogErrorKind::UnknownMethod);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CatalogErrorKind {
    /// A text is not the URI, the short name or the gcloud alias of a scope.
    UnknownScope,
    /// The catalog has no method with this id.
    UnknownMethod,
    /// The catalog has no API with this name.
    UnknownApi,
    /// The bytes are not a catalog file.
    InvalidData,
    /// A host, a URL or a domain cannot be used as an endpoint, or as the Google API that an
    /// endpoint serves.
    InvalidEndpoint,
}

impl Error {
    pub(crate) fn new(kind: CatalogErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Creates the error for an unknown name. `what` is the kind of the name, `near` are the
    /// nearest valid names; the message ends in `hint` if there are none.
    pub(crate) fn unknown(
        kind: CatalogErrorKind,
        what: &str,
        name: &str,
        near: &[impl Display],
        hint: &str,
    ) -> Self {
        let name = format!("{name:.100}").escape_debug().to_string();
        let near: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
        let message = match near.as_slice() {
            [] => format!("unknown {what} `{name}`{hint}"),
            near => format!("unknown {what} `{name}`; did you mean {}?", near.join(", ")),
        };
        Self::new(kind, message)
    }

    /// Returns the kind of the error.
    ///
    /// ```
    /// use gcp_scopes_catalog::error::CatalogErrorKind;
    ///
    /// let error = "no such scope".parse::<gcp_scopes_catalog::scope::Scope>().unwrap_err();
    /// assert_eq!(error.kind(), CatalogErrorKind::UnknownScope);
    /// ```
    #[must_use]
    pub fn kind(&self) -> CatalogErrorKind {
        self.kind
    }
}
