//! The words for a refusal: which gate, how sure, and what says so.

/// The gates a call passes.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// /// Whether it is worth while to call again later, with nothing changed.
/// fn is_worth_a_retry(answer: &str) -> bool {
///     classify_text(answer).is_some_and(|refusal| refusal.gate() == Gate::RateLimit)
/// }
/// assert!(!is_worth_a_retry("Error 403: Request had insufficient authentication scopes."));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The OAuth scopes of the token. No IAM role opens it.
    Scope,
    /// The roles of the account, or the security rules of Firebase.
    Iam,
    /// The API is not enabled in the project.
    ServiceDisabled,
    /// The project has no usable billing account.
    Billing,
    /// A perimeter of VPC Service Controls.
    VpcSc,
    /// A policy that an administrator set for the whole organisation or Workspace domain.
    OrgPolicy,
    /// A rate limit or a quota.
    RateLimit,
    /// The project that the call should be charged to: missing, not usable, or deleted.
    QuotaProject,
    /// No credential, or not a good one; includes failures to get a token.
    Credentials,
    /// The API key: missing, wrong, or restricted.
    ApiKey,
    /// The access list of one resource: a file not shared, an Analytics account without this user.
    ResourceAcl,
    /// A refusal by none of these, or one that does not say.
    Other,
}

impl Gate {
    /// The gate as one word in `snake_case`, fit for logs and JSON.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::refusal::Gate::ServiceDisabled.as_str(), "service_disabled");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Iam => "iam",
            Self::ServiceDisabled => "service_disabled",
            Self::Billing => "billing",
            Self::VpcSc => "vpc_sc",
            Self::OrgPolicy => "org_policy",
            Self::RateLimit => "rate_limit",
            Self::QuotaProject => "quota_project",
            Self::Credentials => "credentials",
            Self::ApiKey => "api_key",
            Self::ResourceAcl => "resource_acl",
            Self::Other => "other",
        }
    }
}

/// How sure a verdict is. Ordered: `Possible < Likely < Certain`.
///
/// ```
/// use gcp_scopes_explain::refusal::Certainty;
///
/// assert!(Certainty::Possible < Certainty::Likely && Certainty::Likely < Certainty::Certain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Certainty {
    /// A hint that other gates give too.
    Possible,
    /// Words that this gate uses, and that no other is known to use.
    Likely,
    /// The server named the gate.
    Certain,
}

impl Certainty {
    /// The certainty as one lower-case word.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::refusal::Certainty::Likely.as_str(), "likely");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What is wrong with the scopes of a token.
///
/// ```
/// use gcp_scopes_explain::refusal::{ScopeRefusal, classify_text};
///
/// // Gmail refuses a token that holds a scope too many.
/// let text = "Metadata scope does not support 'q' parameter";
/// assert_eq!(classify_text(text).and_then(|refusal| refusal.scope_refusal()), Some(ScopeRefusal::Restricting));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScopeRefusal {
    /// None of the accepted scopes is held.
    Missing,
    /// A scope is held that takes rights away, such as `gmail.metadata`: drop it.
    Restricting,
    /// The Drive scope is missing, or the file is not shared; the server says the same for both.
    ScopeOrShare,
}

impl ScopeRefusal {
    /// The kind as one word in `snake_case`.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::refusal::ScopeRefusal::ScopeOrShare.as_str(), "scope_or_share");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Restricting => "restricting",
            Self::ScopeOrShare => "scope_or_share",
        }
    }
}

/// Which part of the answer gave the verdict.
///
/// ```
/// use gcp_scopes_explain::refusal::{Evidence, classify_text};
///
/// let refusal = classify_text(r#"{"error":"invalid_grant","error_description":"Bad Request"}"#).expect("a refusal");
/// assert_eq!(refusal.evidence(), Evidence::TokenEndpoint);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// The reason of a `google.rpc.ErrorInfo`.
    ErrorInfo,
    /// A violation in a `google.rpc.PreconditionFailure` or `QuotaFailure`.
    Violation,
    /// The `error` of a token endpoint (RFC 6749, section 5.2).
    TokenEndpoint,
    /// The words of a message.
    Message,
    /// An older one-word reason (`errors[].reason`), or the `Code` of an XML error.
    Reason,
    /// The header `WWW-Authenticate`.
    Header,
    /// Nothing but the status.
    Status,
}

impl Evidence {
    /// The evidence as one word in `snake_case`.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::refusal::Evidence::ErrorInfo.as_str(), "error_info");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ErrorInfo => "error_info",
            Self::Violation => "violation",
            Self::TokenEndpoint => "token_endpoint",
            Self::Message => "message",
            Self::Reason => "reason",
            Self::Header => "header",
            Self::Status => "status",
        }
    }
}
