//! The input of [`classify`](super::classify).

use std::fmt;

use http::HeaderMap;

/// A response to classify: its body, and its status and headers if they are known.
///
/// ```
/// use gcp_scopes_explain::refusal::{ErrorResponse, Gate, classify};
///
/// let body = br#"{"error":{"code":403,"message":"The caller does not have permission"}}"#;
/// let refusal = classify(&ErrorResponse::new(body).with_status(403)).expect("no refusal");
/// assert_eq!(refusal.gate(), Gate::Iam);
/// ```
#[derive(Clone, Copy)]
pub struct ErrorResponse<'a> {
    pub(super) status: Option<u16>,
    pub(super) headers: Option<&'a HeaderMap>,
    pub(super) body: &'a [u8],
    pub(super) is_text: bool,
}

impl<'a> ErrorResponse<'a> {
    /// Creates the response of a server with this body, which may be truncated. The body may be
    /// JSON, XML, HTML, multipart, plain text or empty. [`classify`](super::classify) reads its
    /// first 64 KiB.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{ErrorResponse, classify};
    ///
    /// assert!(classify(&ErrorResponse::new(br#"{"kind":"storage#object"}"#)).is_none());
    /// ```
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { status: None, headers: None, body, is_text: false }
    }

    /// Creates a text that may contain a response among other words: log lines, the error message
    /// of a client, or a pasted response with or without its status line and headers.
    ///
    /// In such a text, reasons and sentences count wherever they occur. In the response of a server
    /// ([`new`](Self::new)), they count only where the server writes them, because a name that a
    /// user chose may contain the same words.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{ErrorResponse, Gate, classify};
    ///
    /// let line = "ERROR: Error 403: Request had insufficient authentication scopes., forbidden";
    /// let refusal = classify(&ErrorResponse::from_text(line)).expect("no refusal");
    /// assert_eq!(refusal.gate(), Gate::Scope);
    /// ```
    #[must_use]
    pub fn from_text(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self { is_text: true, ..Self::new(text.as_ref()) }
    }

    /// Sets the HTTP status. A gRPC status is read from the header `grpc-status`.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{ErrorResponse, Gate, classify};
    ///
    /// let refusal = classify(&ErrorResponse::new(b"").with_status(403)).expect("no refusal");
    /// assert_eq!(refusal.gate(), Gate::Other); // the status alone names no gate
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the headers. For gRPC, pass the trailers, or headers and trailers in one map.
    ///
    /// ```
    /// use gcp_scopes_explain::refusal::{ErrorResponse, Certainty, Gate, classify};
    ///
    /// let mut trailers = http::HeaderMap::new();
    /// trailers.insert("grpc-status", "7".parse()?);
    /// trailers.insert("grpc-message", "Request had insufficient authentication scopes.".parse()?);
    /// let answer = ErrorResponse::new(b"").with_status(200).with_headers(&trailers);
    /// let refusal = classify(&answer).expect("no refusal");
    /// assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn with_headers(mut self, headers: &'a HeaderMap) -> Self {
        self.headers = Some(headers);
        self
    }
}

/// Prints the response without the body, which may name resources.
impl fmt::Debug for ErrorResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
