//! Data: the forms in which Google's services refuse.

pub(crate) mod forms;
mod grpc;
mod reply;

/// A refusal, in one of the forms that Google's services send over HTTP and gRPC.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let google = gcp_scopes_testing::FakeGoogle::builder().start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// use gcp_scopes_testing::{Service, Wire};
///
/// for wire in Wire::all().iter().filter(|wire| wire.is_lack_of_scope() && !wire.is_grpc()) {
///     google.front().respond_with(*wire);
///     let mut answer = agent.get(&google.url_of(Service::Front)).call()?;
///     assert_eq!(answer.status(), 403, "{wire:?}: {}", answer.body_mut().read_to_string()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// Lack of scope as most services say it today: `errors[]`, `status` and `ErrorInfo`.
    Scope,
    /// Lack of scope with `status` and `ErrorInfo`, without `errors[]`.
    ScopeErrorInfoOnly,
    /// Lack of scope with message and `status` only, as Photos and People send it.
    ScopeMessageOnly,
    /// Lack of scope of 2021: `errors[]` and `status`, no `ErrorInfo`.
    ScopeNoErrorInfo,
    /// Lack of scope of 2018, with the reason `forbidden`.
    ScopeForbidden,
    /// Lack of scope of the older stack: a longer message, no `status`.
    ScopeLegacyMessage,
    /// Lack of scope of the oldest stack: only the header has the word "scope", unquoted.
    ScopeLegacy,
    /// Lack of scope as Cloud Storage sends it in JSON.
    ScopeStorage,
    /// Lack of scope as Cloud Storage sends it in XML.
    ScopeStorageXml,
    /// [`Wire::Scope`] inside an array, as streaming methods send it.
    ScopeInArray,
    /// Lack of scope that only a header shows.
    ScopeHeaderOnly,
    /// Gmail refuses because of a scope that is too many.
    ScopeRestricting,
    /// BigQuery could not read from Drive: a scope is missing, or the file is not shared.
    ScopeOrShare,
    /// IAM refuses.
    IamDenied,
    /// The API is not enabled in the project.
    ServiceDisabled,
    /// The project has no billing account.
    Billing,
    /// A VPC Service Controls perimeter is in the way.
    VpcSc,
    /// The caller may not use the quota project.
    QuotaProject,
    /// The caller's credentials name no quota project.
    QuotaProjectMissing,
    /// Too many requests.
    RateLimit,
    /// An API key that may not be used from here.
    ApiKey,
    /// The token has expired or is none (401).
    Credentials,
    /// Analytics refuses a user who has no rights on a profile, with the reason and the header of
    /// a scope refusal. It is none.
    AnalyticsLookAlike,
    /// Google's HTML error page.
    Html,
    /// gRPC: lack of scope, with `grpc-status-details-bin`, all in the headers ("trailers-only").
    GrpcScope,
    /// gRPC: [`Wire::GrpcScope`] in trailers after an empty stream.
    GrpcScopeInTrailers,
    /// gRPC: lack of scope, with `google.rpc.errorinfo-bin`.
    GrpcScopeErrorInfoOnly,
    /// gRPC: lack of scope, with a message only.
    GrpcScopeMessageOnly,
    /// gRPC: IAM refuses.
    GrpcIamDenied,
    /// gRPC: the API is not enabled in the project.
    GrpcServiceDisabled,
}

impl Wire {
    const ALL: [Self; 30] = [
        Self::Scope,
        Self::ScopeErrorInfoOnly,
        Self::ScopeMessageOnly,
        Self::ScopeNoErrorInfo,
        Self::ScopeForbidden,
        Self::ScopeLegacyMessage,
        Self::ScopeLegacy,
        Self::ScopeStorage,
        Self::ScopeStorageXml,
        Self::ScopeInArray,
        Self::ScopeHeaderOnly,
        Self::ScopeRestricting,
        Self::ScopeOrShare,
        Self::IamDenied,
        Self::ServiceDisabled,
        Self::Billing,
        Self::VpcSc,
        Self::QuotaProject,
        Self::QuotaProjectMissing,
        Self::RateLimit,
        Self::ApiKey,
        Self::Credentials,
        Self::AnalyticsLookAlike,
        Self::Html,
        Self::GrpcScope,
        Self::GrpcScopeInTrailers,
        Self::GrpcScopeErrorInfoOnly,
        Self::GrpcScopeMessageOnly,
        Self::GrpcIamDenied,
        Self::GrpcServiceDisabled,
    ];

    /// Every form there is, for tests that go through all of them.
    ///
    /// ```
    /// # use gcp_scopes_testing::Wire;
    /// assert!(Wire::all().contains(&Wire::Scope) && Wire::all().contains(&Wire::Html));
    /// ```
    #[must_use]
    pub fn all() -> &'static [Self] {
        &Self::ALL
    }

    /// Whether this is a gRPC answer: HTTP status 200, and the refusal in `grpc-status`.
    ///
    /// ```
    /// # use gcp_scopes_testing::Wire;
    /// assert!(Wire::GrpcIamDenied.is_grpc() && !Wire::IamDenied.is_grpc());
    /// ```
    #[must_use]
    pub fn is_grpc(self) -> bool {
        matches!(
            self,
            Self::GrpcScope
                | Self::GrpcScopeInTrailers
                | Self::GrpcScopeErrorInfoOnly
                | Self::GrpcScopeMessageOnly
                | Self::GrpcIamDenied
                | Self::GrpcServiceDisabled
        )
    }

    /// Whether the answer leaves no doubt that the token lacks a scope.
    ///
    /// ```
    /// # use gcp_scopes_testing::Wire;
    /// assert!(Wire::ScopeStorage.is_lack_of_scope());
    /// assert!(!Wire::AnalyticsLookAlike.is_lack_of_scope());
    /// ```
    #[must_use]
    pub fn is_lack_of_scope(self) -> bool {
        matches!(
            self,
            Self::Scope
                | Self::ScopeErrorInfoOnly
                | Self::ScopeMessageOnly
                | Self::ScopeNoErrorInfo
                | Self::ScopeForbidden
                | Self::ScopeLegacyMessage
                | Self::ScopeLegacy
                | Self::ScopeStorage
                | Self::ScopeStorageXml
                | Self::ScopeInArray
                | Self::GrpcScope
                | Self::GrpcScopeInTrailers
                | Self::GrpcScopeErrorInfoOnly
                | Self::GrpcScopeMessageOnly
        )
    }
}
