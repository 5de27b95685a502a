//! Data: the scenarios and their names.

/// One thing that a guarded client must still do, or now do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// A call that is allowed goes out and comes back as without the guard.
    Allowed,
    /// A refusal for lack of scope is explained.
    Refused,
    /// [`GuardMode::Deny`](super::GuardMode::Deny): nothing is sent.
    Denied,
    /// [`GuardMode::Confirm`](super::GuardMode::Confirm): the second call is not sent.
    Confirmed,
    /// The client's own word for a refusal stays the same, sent or not.
    KeepsKind,
    /// A refusal by IAM comes through as it is.
    Iam,
    /// So does one for an API that is not enabled.
    ApiDisabled,
    /// So does one for a project without a billing account.
    Billing,
    /// So does one by VPC Service Controls.
    VpcSc,
    /// So does one for a quota project that may not be used.
    QuotaProject,
    /// So does one for too many requests.
    RateLimit,
    /// A 403 larger than what the guard looks at.
    LargeBody,
    /// A 403 whose body is compressed with gzip.
    GzipBody,
    /// A refusal for lack of scope in many small chunks.
    ChunkedBody,
    /// A 403 whose connection breaks in the middle of the body.
    BrokenBody,
    /// A few MiB go up, with what is stored compared.
    Upload,
    /// A few MiB come down.
    Download,
    /// A few MiB go up in several requests.
    Resumable,
    /// The client's retries of a 503 are the same as without the guard.
    Retries,
    /// A call that is given up leaves nothing locked.
    Cancelled,
    /// Many calls at once.
    Concurrent,
    /// A clone of the client is guarded by the same guard.
    Cloned,
    /// Allowed and refused calls over HTTP/1.1.
    Http1,
    /// Allowed and refused calls over HTTP/2.
    Http2,
    /// No piece of the token is in what a user may log.
    NoLeak,
}

impl Scenario {
    /// Every scenario there is.
    pub const ALL: [Self; 25] = [
        Self::Allowed,
        Self::Refused,
        Self::Denied,
        Self::Confirmed,
        Self::KeepsKind,
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

    /// A few words for a table or a log.
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
            Self::KeepsKind => "client's own kind of error kept",
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
