//! Data: the forms in which Google's services refuse a call, as the variants of [`RefusalForm`].

pub(crate) mod called_method;
mod grpc;
pub(crate) mod parts;
mod response;

/// A refusal in one of the forms that Google's services send, over HTTP with JSON, XML or HTML, or
/// over gRPC.
///
/// A scope refusal means that the token lacks every scope that the method accepts. Unless a variant
/// names another API, its resources are those of Pub/Sub.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
///
/// let google = FakeGoogle::builder().start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// let forms = RefusalForm::all().iter();
/// for form in forms.filter(|form| form.is_scope_refusal() && !form.is_grpc()) {
///     google.other_api().respond_with(*form);
///     let mut response = agent.get(&google.url_of(Service::OtherApi)).call()?;
///     assert_eq!(response.status(), 403, "{form:?}: {}", response.body_mut().read_to_string()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalForm {
    /// A scope refusal as most services send it today: with `errors[]`, `status` and `ErrorInfo`.
    Scope,
    /// A scope refusal with `status` and `ErrorInfo`, without `errors[]`.
    ScopeErrorInfoOnly,
    /// A scope refusal with a message and `status` only, as Photos and People send it.
    ScopeMessageOnly,
    /// A scope refusal in the form of 2021: with `errors[]` and `status`, without `ErrorInfo`.
    ScopeNoErrorInfo,
    /// A scope refusal in the form of 2018: with the reason `forbidden`.
    ScopeForbidden,
    /// A scope refusal in the older form without `status`, with a longer message.
    ScopeLegacyMessage,
    /// A scope refusal in the oldest form: only the `WWW-Authenticate` header mentions scopes, as
    /// `error=insufficient_scope` without quotes.
    ScopeLegacy,
    /// A scope refusal as Cloud Storage sends it in JSON.
    ScopeStorage,
    /// A scope refusal as Cloud Storage sends it in XML.
    ScopeStorageXml,
    /// [`RefusalForm::Scope`] inside a JSON array, as streaming methods send it.
    ScopeInArray,
    /// A scope refusal without a body: only the `WWW-Authenticate` header reports the reason.
    ScopeHeaderOnly,
    /// A refusal by Gmail because the token has a scope that restricts the method,
    /// `gmail.metadata`.
    ScopeRestricting,
    /// A refusal by BigQuery because it cannot read from Drive: either a scope is missing, or the
    /// file is not shared with the account.
    ScopeOrShare,
    /// An IAM refusal.
    IamDenied,
    /// A refusal because the API is not enabled in the project.
    ServiceDisabled,
    /// A refusal because the project has no billing account.
    Billing,
    /// A refusal by a perimeter of VPC Service Controls.
    VpcSc,
    /// A refusal because the account may not use the quota project.
    QuotaProject,
    /// A refusal because the credentials name no quota project.
    QuotaProjectMissing,
    /// A refusal because of too many requests.
    RateLimit,
    /// A refusal because the API key does not allow the caller's address (HTTP referrer).
    ApiKey,
    /// The response with status 401 to an expired or malformed token.
    Credentials,
    /// A refusal by Analytics because the user has no rights on a profile. The response has the
    /// reason and the header of a scope refusal, but is not a scope refusal.
    AnalyticsLookAlike,
    /// Google's HTML error page with status 403.
    Html,
    /// A gRPC scope refusal with `grpc-status-details-bin`, all in the headers ("trailers-only").
    GrpcScope,
    /// [`RefusalForm::GrpcScope`] in trailers, after an empty stream of messages.
    GrpcScopeInTrailers,
    /// A gRPC scope refusal with `google.rpc.errorinfo-bin`.
    GrpcScopeErrorInfoOnly,
    /// A gRPC scope refusal with a message only.
    GrpcScopeMessageOnly,
    /// A gRPC IAM refusal.
    GrpcIamDenied,
    /// A gRPC refusal because the API is not enabled in the project.
    GrpcServiceDisabled,
}

impl RefusalForm {
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

    /// Returns every form, for tests that iterate over all of them.
    ///
    /// ```
    /// use gcp_scopes_testing::RefusalForm;
    ///
    /// assert!(
    ///     RefusalForm::all().contains(&RefusalForm::Scope)
    ///         && RefusalForm::all().contains(&RefusalForm::Html)
    /// );
    /// ```
    #[must_use]
    pub fn all() -> &'static [Self] {
        &Self::ALL
    }

    /// Checks whether this is a gRPC response, which has the HTTP status 200 and reports the
    /// refusal in `grpc-status`.
    ///
    /// ```
    /// use gcp_scopes_testing::RefusalForm;
    ///
    /// assert!(RefusalForm::GrpcIamDenied.is_grpc() && !RefusalForm::IamDenied.is_grpc());
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

    /// Checks whether the response proves that the token lacks a scope. False for forms that can
    /// also have another reason.
    ///
    /// ```
    /// use gcp_scopes_testing::RefusalForm;
    ///
    /// assert!(RefusalForm::ScopeStorage.is_scope_refusal());
    /// assert!(!RefusalForm::AnalyticsLookAlike.is_scope_refusal());
    /// ```
    #[must_use]
    pub fn is_scope_refusal(self) -> bool {
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
