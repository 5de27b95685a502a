//! What the caller of a client gets, as plain values.

use std::error::Error;
use std::fmt;
use std::iter;

use bytes::Bytes;
use http::StatusCode;

/// A call that succeeded, as far as the client shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Received {
    /// What was read.
    pub bytes: Bytes,
    /// Status, headers, URL, version: whatever is more than the bytes.
    pub seen: String,
}

/// A call that failed, as far as the client shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The client's own name for it: `PermissionDenied`, `403`, `Middleware`.
    pub kind: String,
    /// What a log shows: the error and its sources, a line each; or what an answer shows.
    pub text: String,
    /// What `{:?}` shows.
    pub debug: String,
    /// The denial, if the caller can find one.
    pub denial: Option<Box<FoundDenial>>,
}

/// A denial that the caller of a client found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundDenial {
    /// When it was decided.
    pub stage: DenialStage,
    /// The id of the method that was called, if the denial names it.
    pub method: Option<String>,
    /// The URIs of the scopes that would have done.
    pub accepted: Vec<String>,
    /// What it prints for a person.
    pub report: String,
}

/// When a denial was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialStage {
    /// The call was sent, and Google refused it.
    Refused,
    /// The call was not sent, because the token holds no scope that would do.
    Predicted,
    /// The call was not sent, because Google had refused the same one before.
    Confirmed,
}

impl Received {
    /// Bytes, and nothing else that the client shows.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_testing::scenarios::Received::new("meow").bytes, "meow");
    /// ```
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), seen: String::new() }
    }

    /// What else the client shows. What changes from one answer to the next (`date`, an upload's id)
    /// is to be left out.
    ///
    /// ```
    /// let received = gcp_scopes_testing::scenarios::Received::new("meow").with_seen("200 OK");
    /// assert_eq!(received.seen, "200 OK");
    /// ```
    #[must_use]
    pub fn with_seen(self, seen: impl Into<String>) -> Self {
        Self { seen: seen.into(), ..self }
    }
}

impl Failure {
    /// An error, with the client's own name for it.
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

    /// An answer that the client's user takes for a failure: its status, and all else it shows.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Failure;
    ///
    /// assert_eq!(Failure::of_answer(http::StatusCode::FORBIDDEN, "no").kind, "403");
    /// ```
    #[must_use]
    pub fn of_answer(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind: status.as_u16().to_string(), debug: text.clone(), text, denial: None }
    }

    /// The text without what changes from one failure to the next, or with what else is shown.
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

    /// The denial that the caller finds.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::{DenialStage, Failure, FoundDenial};
    ///
    /// let denial = FoundDenial::new(DenialStage::Refused, "set the scope …");
    /// let failure = Failure::of_answer(http::StatusCode::FORBIDDEN, "no").with_denial(denial);
    /// assert!(failure.denial.is_some());
    /// ```
    #[must_use]
    pub fn with_denial(self, denial: impl Into<Option<FoundDenial>>) -> Self {
        Self { denial: denial.into().map(Box::new), ..self }
    }

    /// Everything that a program may print of it.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let report = self.denial.as_ref().map(|denial| denial.report.as_str());
        [self.text.as_str(), &self.debug].into_iter().chain(report)
    }
}

impl FoundDenial {
    /// A denial that was decided at this stage, and what it prints.
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

    /// The id of the method that it names.
    ///
    /// ```
    /// # use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
    /// let denial = FoundDenial::new(DenialStage::Refused, "").with_method("drive.files.list");
    /// assert!(denial.method.is_some());
    /// ```
    #[must_use]
    pub fn with_method(self, id: impl Into<String>) -> Self {
        Self { method: Some(id.into()), ..self }
    }

    /// The URIs of the scopes that it lists as accepted.
    ///
    /// ```
    /// # use gcp_scopes_testing::scenarios::{DenialStage, FoundDenial};
    /// let denial = FoundDenial::new(DenialStage::Refused, "");
    /// let denial = denial.with_accepted(["https://www.googleapis.com/auth/drive"]);
    /// assert_eq!(denial.accepted.len(), 1);
    /// ```
    #[must_use]
    pub fn with_accepted<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { accepted: scopes.into_iter().map(Into::into).collect(), ..self }
    }
}
