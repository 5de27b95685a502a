//! The outcome of a call for its caller, as plain values.

use std::error::Error;
use std::fmt;
use std::iter;

use bytes::Bytes;
use http::StatusCode;

/// What the caller receives from a call that succeeded.
///
/// ```
/// use gcp_scopes_testing::scenarios::Received;
///
/// let received = Received::new("meow").with_metadata("200 OK, etag: 1");
/// assert_eq!(received.bytes, "meow");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Received {
    /// The content that the call read.
    pub bytes: Bytes,
    /// Everything else that the client returns, as text: status, headers, URL, HTTP version.
    pub metadata: String,
}

/// What the caller receives from a call that failed.
///
/// ```
/// use gcp_scopes_testing::scenarios::Failure;
///
/// let failure = Failure::from_response(http::StatusCode::FORBIDDEN, "Permission denied");
/// assert_eq!((failure.kind.as_str(), failure.text.as_str()), ("403", "Permission denied"));
/// assert!(failure.denial.is_none());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The client's name for the kind of failure, such as `PermissionDenied`, `403` or
    /// `Middleware`.
    pub kind: String,
    /// The text for a log: the error and its sources, one per line, or the content of the response.
    pub text: String,
    /// The `{:?}` output of the error.
    pub debug: String,
    /// The denial, if the caller can find one.
    pub denial: Option<Box<FoundDenial>>,
}

/// What the caller receives from a call.
pub(super) type Outcome = Result<Received, Failure>;

/// A denial that the caller of a client found.
///
/// ```
/// use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
///
/// let found = FoundDenial::new(DenialStage::Refused, "set the scope …");
/// let found = found.with_method("storage.objects.insert");
/// assert_eq!(found.report, "set the scope …");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundDenial {
    /// When the denial was decided.
    pub stage: DenialStage,
    /// The id of the called API method, if the denial names one.
    pub method: Option<String>,
    /// The URIs of the scopes that the method accepts.
    pub accepted: Vec<String>,
    /// The text of the denial for a person.
    pub report: String,
}

/// When a denial was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialStage {
    /// The call was sent, and Google refused it.
    Refused,
    /// The call was not sent, because the token has none of the accepted scopes.
    Predicted,
    /// The call was not sent, because Google had refused an earlier call of the same method
    /// with the same token for lack of scope.
    Confirmed,
}

impl Received {
    /// Creates an outcome with content and without metadata.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_testing::scenarios::Received::new("meow").bytes, "meow");
    /// ```
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), metadata: String::new() }
    }

    /// Sets the metadata. Leave out values that differ in every response, such as the headers
    /// `date` and `x-guploader-uploadid`.
    ///
    /// ```
    /// let received = gcp_scopes_testing::scenarios::Received::new("meow").with_metadata("200 OK");
    /// assert_eq!(received.metadata, "200 OK");
    /// ```
    #[must_use]
    pub fn with_metadata(self, metadata: impl Into<String>) -> Self {
        Self { metadata: metadata.into(), ..self }
    }
}

impl Failure {
    /// Creates a failure from an error and the client's name for the kind of error.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Failure;
    ///
    /// let failure = Failure::new("Io", &std::io::Error::other("unplugged"));
    /// assert_eq!((failure.kind.as_str(), failure.text.as_str()), ("Io", "unplugged"));
    /// ```
    #[must_use]
    pub fn new(kind: impl fmt::Display, error: &(dyn Error + 'static)) -> Self {
        let chain = iter::successors(Some(error), |&error| error.source());
        let text = chain.map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Self { kind: kind.to_string(), text, debug: format!("{error:?}"), denial: None }
    }

    /// Creates a failure from a response with an error status. `text` is everything else that the
    /// client returns.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Failure;
    ///
    /// assert_eq!(Failure::from_response(http::StatusCode::FORBIDDEN, "no").kind, "403");
    /// ```
    #[must_use]
    pub fn from_response(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind: status.as_u16().to_string(), debug: text.clone(), text, denial: None }
    }

    /// Replaces the text, for example to leave out values that differ in every failure.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Failure;
    ///
    /// let failure = Failure::new("Io", &std::io::Error::other("unplugged at 12:30"));
    /// assert_eq!(failure.with_text("unplugged").text, "unplugged");
    /// ```
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }

    /// Sets the denial that the caller finds.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::{DenialStage, Failure, FoundDenial};
    ///
    /// let denial = FoundDenial::new(DenialStage::Refused, "set the scope …");
    /// let failure = Failure::from_response(http::StatusCode::FORBIDDEN, "no").with_denial(denial);
    /// assert!(failure.denial.is_some());
    /// ```
    #[must_use]
    pub fn with_denial(self, denial: impl Into<Option<FoundDenial>>) -> Self {
        Self { denial: denial.into().map(Box::new), ..self }
    }

    /// Returns every text of the failure that a program may print.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let report = self.denial.as_ref().map(|denial| denial.report.as_str());
        [self.text.as_str(), &self.debug].into_iter().chain(report)
    }
}

impl FoundDenial {
    /// Creates a denial from its stage and its text.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
    ///
    /// let denial = FoundDenial::new(DenialStage::Refused, "set the scope …")
    ///     .with_method("storage.objects.insert")
    ///     .with_accepted(["https://www.googleapis.com/auth/devstorage.read_write"]);
    /// assert_eq!(denial.method.as_deref(), Some("storage.objects.insert"));
    /// ```
    #[must_use]
    pub fn new(stage: DenialStage, report: impl Into<String>) -> Self {
        Self { stage, method: None, accepted: Vec::new(), report: report.into() }
    }

    /// Sets the id of the API method that the denial names.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
    ///
    /// let denial = FoundDenial::new(DenialStage::Refused, "").with_method("drive.files.list");
    /// assert!(denial.method.is_some());
    /// ```
    #[must_use]
    pub fn with_method(self, id: impl Into<String>) -> Self {
        Self { method: Some(id.into()), ..self }
    }

    /// Sets the URIs of the scopes that the denial lists as accepted.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
    ///
    /// let denial = FoundDenial::new(DenialStage::Refused, "");
    /// let denial = denial.with_accepted(["https://www.googleapis.com/auth/drive"]);
    /// assert_eq!(denial.accepted.len(), 1);
    /// ```
    #[must_use]
    pub fn with_accepted<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { accepted: scopes.into_iter().map(Into::into).collect(), ..self }
    }
}
