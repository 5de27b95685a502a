//! Data: the scenarios that a client with a guard must pass, and the name of each scenario.

/// A behavior that a client with a guard must have. Some behaviors are those of the client without
/// a guard, which the guard must not change; the guard adds the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// An allowed call has the same requests and the same outcome as without the guard.
    Allowed,
    /// A scope refusal is explained with a denial.
    Refused,
    /// With [`GuardMode::Deny`](super::GuardMode::Deny), a call whose token lacks the scopes is not
    /// sent.
    Denied,
    /// With [`GuardMode::Confirm`](super::GuardMode::Confirm), a call is not sent again after a
    /// scope refusal.
    Confirmed,
    /// A denial has the error kind that the client uses for a refusal, whether the call is sent or
    /// not.
    KeepsErrorKind,
    /// An IAM refusal reaches the caller unchanged.
    Iam,
    /// A refusal because the API is not enabled reaches the caller unchanged.
    ApiDisabled,
    /// A refusal because the project has no billing account reaches the caller unchanged.
    Billing,
    /// A refusal by VPC Service Controls reaches the caller unchanged.
    VpcSc,
    /// A refusal because the account may not use the quota project reaches the caller unchanged.
    QuotaProject,
    /// A refusal because of too many requests reaches the caller unchanged.
    RateLimit,
    /// A response with status 403 whose body is longer than the part that the guard reads. If the
    /// body is malformed, it reaches the caller unchanged. If the body is a scope refusal, the
    /// refusal is explained.
    LargeBody,
    /// An IAM refusal with a gzip body reaches the caller unchanged.
    GzipBody,
    /// A scope refusal with a body of many small chunks is explained.
    ChunkedBody,
    /// An IAM refusal whose connection breaks in the middle of the body has the same outcome as
    /// without the guard.
    BrokenBody,
    /// An upload of 2 MiB stores the same content.
    Upload,
    /// A download of 2 MiB returns the same content.
    Download,
    /// An upload of 2 MiB in several requests stores the same content.
    Resumable,
    /// The client retries after status 503 as without the guard.
    Retries,
    /// A cancelled call does not block later calls.
    Cancelled,
    /// Concurrent calls are all sent and succeed.
    Concurrent,
    /// A clone of the client uses the same guard.
    Cloned,
    /// Allowed and refused calls work over HTTP/1.1.
    Http1,
    /// Allowed and refused calls work over HTTP/2.
    Http2,
    /// The texts of a failure contain no part of the token.
    NoLeak,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 25] = [
        Self::Allowed,
        Self::Refused,
        Self::Denied,
        Self::Confirmed,
        Self::KeepsErrorKind,
        Self::Iam,
        Self::ApiDisabled,
        Self::Billing,
        Self::VpcSc,
        Self::QuotaProject,
        Self::RateLimit,
        Self::LargeBody,
        Self::GzipBody,
        Self::ChunkedBody,
        Self::BrokenBody,
        Self::Upload,
        Self::Download,
        Self::Resumable,
        Self::Retries,
        Self::Cancelled,
        Self::Concurrent,
        Self::Cloned,
        Self::Http1,
        Self::Http2,
        Self::NoLeak,
    ];

    /// Returns a short description for a table or a log.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Scenario;
    ///
    /// assert_eq!(Scenario::Refused.name(), "scope refusal explained");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed call untouched",
            Self::Refused => "scope refusal explained",
            Self::Denied => "denied before it is sent",
            Self::Confirmed => "repeat of a refused call not sent",
            Self::KeepsErrorKind => "client's own kind of error kept",
            Self::Iam => "IAM refusal untouched",
            Self::ApiDisabled => "API disabled untouched",
            Self::Billing => "billing refusal untouched",
            Self::VpcSc => "VPC-SC refusal untouched",
            Self::QuotaProject => "quota project refusal untouched",
            Self::RateLimit => "rate limit untouched",
            Self::LargeBody => "large 403 body",
            Self::GzipBody => "gzip 403 body",
            Self::ChunkedBody => "chunked 403 body",
            Self::BrokenBody => "broken-off 403 body",
            Self::Upload => "streaming upload",
            Self::Download => "streaming download",
            Self::Resumable => "resumable upload",
            Self::Retries => "retries on 503",
            Self::Cancelled => "cancelled call",
            Self::Concurrent => "concurrent calls",
            Self::Cloned => "clone of the client",
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::NoLeak => "no token in errors",
        }
    }
}
