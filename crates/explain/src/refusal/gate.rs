//! The gates that a call must pass, and how certain it is that a gate refused.

/// A check that a call to a Google API must pass. Most gates refuse with status 403.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// /// Returns whether the call may succeed when it is sent again later.
/// fn is_worth_a_retry(answer: &str) -> bool {
///     classify_text(answer).is_some_and(|refusal| refusal.gate() == Gate::RateLimit)
/// }
/// assert!(!is_worth_a_retry("Error 403: Request had insufficient authentication scopes."));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The OAuth scopes of the token. An IAM role cannot replace a missing scope.
    Scope,
    /// The IAM roles of the account, or the security rules of Firebase.
    Iam,
    /// Whether the API is enabled in the project.
    ServiceDisabled,
    /// Whether the project has a usable billing account.
    Billing,
    /// A perimeter of VPC Service Controls.
    VpcSc,
    /// A policy of the organisation or of the Workspace domain.
    OrgPolicy,
    /// A rate limit or a quota.
    RateLimit,
    /// The project that the call is charged to: none is set, or the project is deleted or not
    /// usable.
    QuotaProject,
    /// The credential: missing or not accepted. Includes failures to get a token.
    Credentials,
    /// The API key: missing, not accepted, or restricted to other uses.
    ApiKey,
    /// The access list of one resource: a file is not shared with the user, or the user has no
    /// access to an Analytics account.
    ResourceAcl,
    /// A gate that is not in this list, or that the response does not identify.
    Other,
}

impl Gate {
    /// Returns the name of the gate in `snake_case`, for logs and JSON.
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

/// How certain it is that a gate refused. Ordered: `Possible < Likely < Certain`.
///
/// ```
/// use gcp_scopes_explain::refusal::Certainty;
///
/// assert!(Certainty::Possible < Certainty::Likely && Certainty::Likely < Certainty::Certain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Certainty {
    /// Other gates send such responses, too.
    Possible,
    /// Only this gate is known to send such responses.
    Likely,
    /// The response names the gate.
    Certain,
}

impl Certainty {
    /// Returns the certainty as one word, for logs and JSON.
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
