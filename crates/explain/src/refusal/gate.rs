//! The gates that a call passes, and how sure it is that one refused.

/// A check that a call to a Google API passes. Most of them answer 403 when they refuse.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// /// Whether the same call may succeed later.
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
    /// A policy of the organisation or of the Workspace domain.
    OrgPolicy,
    /// A rate limit or a quota.
    RateLimit,
    /// The project that the call is charged to: none is named, or it is deleted or not usable.
    QuotaProject,
    /// The credential: missing or not accepted; includes failures to get a token.
    Credentials,
    /// The API key: missing, not accepted, or restricted to other uses.
    ApiKey,
    /// The access list of one resource: a file not shared, an Analytics account without this user.
    ResourceAcl,
    /// Another gate, or one that the answer does not name.
    Other,
}

impl Gate {
    /// The gate in `snake_case`, for logs and JSON.
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

/// How sure it is that a gate refused. Ordered: `Possible < Likely < Certain`.
///
/// ```
/// use gcp_scopes_explain::refusal::Certainty;
///
/// assert!(Certainty::Possible < Certainty::Likely && Certainty::Likely < Certainty::Certain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Certainty {
    /// Other gates answer like this too.
    Possible,
    /// Only this gate is known to answer like this.
    Likely,
    /// The answer names the gate.
    Certain,
}

impl Certainty {
    /// The certainty in one word, for logs and JSON.
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
