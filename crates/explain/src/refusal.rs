//! Which gate refused a call, told from what the server answered.
//!
//! A call to a Google API passes several gates: the scopes of the token, the IAM roles of the
//! account, whether the API is enabled, billing, a service perimeter, quota and more. Most of them
//! answer 403, and their words look alike. [`classify`] reads an HTTP or gRPC answer,
//! [`classify_text`] what a person has at hand, and both say which gate it was and how sure that is.
//!
//! 1. A machine-readable reason (`google.rpc.ErrorInfo`, a precondition) is believed first.
//! 2. Then the fixed sentences of Google's services, then the older one-word reasons.
//! 3. `reason: insufficientPermissions` proves nothing alone: Analytics uses it for missing access to
//!    an account. Neither does the `WWW-Authenticate` header, which stood in the same answers.
//!
//! ```
//! use gcp_scopes_explain::refusal::{Certainty, Gate, classify_text};
//!
//! let line = "googleapi: Error 403: Request had insufficient authentication scopes., forbidden";
//! let refusal = classify_text(line).expect("a refusal");
//! assert_eq!(refusal.gate(), Gate::Scope);
//! assert_eq!(refusal.certainty(), Certainty::Certain);
//! assert!(classify_text("200 OK").is_none());
//! ```

mod challenge;
mod decide;
mod details;
mod facts;
mod grpc;
mod json;
mod protobuf;
mod raw;
mod syntax;
mod tables;
mod text;

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;

use decide::Verdict;
use details::Details;
use facts::Facts;
use gcp_scopes_catalog::scope::ScopeSet;

/// How much of a body is read, in bytes. What stands behind it is ignored.
const BODY_LIMIT: usize = 64 * 1024;

/// What was answered: as much of it as is known.
///
/// ```
/// use gcp_scopes_explain::refusal::{Answer, Gate, classify};
///
/// let body = br#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#;
/// let refusal = classify(&Answer::new(body).with_status(403)).expect("a refusal");
/// assert_eq!(refusal.gate(), Gate::Iam);
/// ```
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    status: Option<u16>,
    headers: Option<&'a HeaderMap>,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// An answer with this body, whole or cut off. It may be JSON, XML, HTML, multipart, plain text or
    /// empty. At most 64 KiB of it are read.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Answer, classify};
    /// assert!(classify(&Answer::new(br#"{"kind":"storage#object"}"#)).is_none());
    /// ```
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { status: None, headers: None, body }
    }

    /// Adds the HTTP status. A gRPC status stands in the header `grpc-status`.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Answer, Gate, classify};
    /// let refusal = classify(&Answer::new(b"").with_status(403)).expect("a refusal");
    /// assert_eq!(refusal.gate(), Gate::Other); // it does not say
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds the headers, or the trailers of gRPC, or both in one map.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate, classify};
    /// let mut trailers = http::HeaderMap::new();
    /// trailers.insert("grpc-status", "7".parse()?);
    /// trailers.insert("grpc-message", "Request had insufficient authentication scopes.".parse()?);
    /// let refusal = classify(&Answer::new(b"").with_status(200).with_headers(&trailers)).expect("a refusal");
    /// assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn with_headers(mut self, headers: &'a HeaderMap) -> Self {
        self.headers = Some(headers);
        self
    }
}

/// Shows no word of the server.
impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Which gate refused, or `None` for an answer that is no refusal: a success, or a failure that
/// says nothing of access.
///
/// Of several answers in one body (a multipart batch) the first refusal for lack of scope counts,
/// else the first refusal.
///
/// ```
/// use gcp_scopes_explain::refusal::{Answer, Gate, classify};
///
/// let body = br#"{"error":{"code":403,"errors":[{"reason":"accessNotConfigured"}],
///     "message":"Cloud Pub/Sub API has not been used in project 123 before or it is disabled."}}"#;
/// let refusal = classify(&Answer::new(body).with_status(403)).expect("a refusal");
/// assert_eq!(refusal.gate(), Gate::ServiceDisabled);
/// ```
#[must_use]
pub fn classify(answer: &Answer<'_>) -> Option<Refusal> {
    let body = String::from_utf8_lossy(answer.body.get(..BODY_LIMIT).unwrap_or(answer.body));
    let parts = raw::split(&body);
    if parts.is_empty() {
        return classify_one(answer.status, answer.headers, &body);
    }
    let refusal =
        |part: &raw::Part<'_>| classify_one(part.status.or(answer.status), Some(&part.headers), part.body);
    let refusals: Vec<_> = parts.iter().filter_map(refusal).collect();
    let best = refusals.iter().find(|refusal| refusal.is_for_scope()).or_else(|| refusals.first())?;
    if best.certainty() > Certainty::Possible {
        return Some(best.clone());
    }
    // A client may print its own words before the response.
    let whole = classify_one(None, None, &body).filter(|whole| whole.certainty() > Certainty::Possible);
    whole.or_else(|| Some(best.clone()))
}

/// Which gate refused, told from a log line, a client's error text, or a pasted HTTP response with
/// or without its status line and headers.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// let line = "2024-05-01T10:00:00Z ERROR Permission 'pubsub.topics.publish' denied on resource 'projects/p/topics/t'";
/// assert_eq!(classify_text(line).map(|refusal| refusal.gate()), Some(Gate::Iam));
/// ```
#[must_use]
pub fn classify_text(text: &str) -> Option<Refusal> {
    classify(&Answer::new(text.as_bytes()))
}

fn classify_one(status: Option<u16>, headers: Option<&HeaderMap>, body: &str) -> Option<Refusal> {
    let headers = headers.map_or_else(|| Cow::Owned(HeaderMap::new()), Cow::Borrowed);
    let facts = Facts::gather(status, &headers, body);
    let (verdict, evidence) = decide::decide(&facts)?;
    let alternatives = facts.challenge.scopes;
    Some(Refusal { verdict, evidence, alternatives, details: Box::new(facts.details) })
}

/// A gate said no: which one, how sure that is, and what the answer told besides.
///
/// Everything it holds came from outside. Short values (a permission, a project) are there only if
/// they match Google's syntax for them; free text is bounded and escaped.
///
/// ```
/// use gcp_scopes_explain::refusal::{Certainty, Evidence, Gate, classify_text};
///
/// let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{
///     "@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"googleapis.com",
///     "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT",
///     "metadata":{"service":"pubsub.googleapis.com","method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
/// let refusal = classify_text(body).expect("a refusal");
/// assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
/// assert_eq!(refusal.evidence(), Evidence::ErrorInfo);
/// assert_eq!(refusal.service(), Some("pubsub.googleapis.com"));
/// assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
/// ```
#[derive(Clone)]
pub struct Refusal {
    verdict: Verdict,
    evidence: Evidence,
    alternatives: ScopeSet,
    details: Box<Details>,
}

impl Refusal {
    /// The gate that refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Gate, classify_text};
    /// let refusal = classify_text("Error 429: Quota exceeded for quota metric 'Queries'").expect("a refusal");
    /// assert_eq!(refusal.gate(), Gate::RateLimit);
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.verdict.gate
    }

    /// How sure it is that this gate refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Certainty, classify_text};
    /// let refusal = classify_text("Error 403: Forbidden").expect("a refusal");
    /// assert_eq!(refusal.certainty(), Certainty::Possible);
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.verdict.certainty
    }

    /// What is wrong with the scopes. `Some` exactly for [`Gate::Scope`].
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{ScopeRefusal, classify_text};
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.").expect("a refusal");
    /// assert_eq!(refusal.scope_refusal(), Some(ScopeRefusal::Missing));
    /// ```
    #[must_use]
    pub fn scope_refusal(&self) -> Option<ScopeRefusal> {
        self.verdict.scope
    }

    /// Whether a [`Gate::Credentials`] refusal is about the scopes that were asked for when the token
    /// was to be made (`invalid_scope`, a delegation that lacks them).
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Gate, classify_text};
    /// let refusal = classify_text(r#"{"error":"invalid_scope","error_description":"Bad."}"#).expect("a refusal");
    /// assert!(refusal.gate() == Gate::Credentials && refusal.names_scopes());
    /// ```
    #[must_use]
    pub fn names_scopes(&self) -> bool {
        self.verdict.names_scopes
    }

    /// The scopes that the server would have accepted, any one of them. At most 64; empty when it named
    /// none. Read from `WWW-Authenticate` (RFC 6750, section 3) or from the text of a client.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let answer = "HTTP/1.1 403 Forbidden\nWWW-Authenticate: Bearer error=\"insufficient_scope\", \
    ///               scope=\"https://www.googleapis.com/auth/drive https://www.googleapis.com/auth/drive.file\"\n\n";
    /// assert_eq!(classify_text(answer).expect("a refusal").alternatives().len(), 2);
    /// ```
    #[must_use]
    pub fn alternatives(&self) -> &ScopeSet {
        &self.alternatives
    }

    /// The API that refused, such as `pubsub.googleapis.com`.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.details.service.as_deref()
    }

    /// The name the server has for the method, from `ErrorInfo`: an RPC name such as
    /// `google.pubsub.v1.Publisher.Publish`, not a Discovery id.
    #[must_use]
    pub fn rpc_method(&self) -> Option<&str> {
        self.details.method.as_deref()
    }

    /// The IAM permission that was named, as `service.resource.verb`.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "robot@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.";
    /// assert_eq!(classify_text(text).expect("a refusal").permission(), Some("storage.objects.get"));
    /// ```
    #[must_use]
    pub fn permission(&self) -> Option<&str> {
        self.details.permission.as_deref()
    }

    /// The project that the call was charged to or made in, as an id or a number.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "Error 403: Cloud Pub/Sub API has not been used in project 123456789012 before or it is disabled.";
    /// assert_eq!(classify_text(text).expect("a refusal").project(), Some("123456789012"));
    /// ```
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.details.project.as_deref()
    }

    /// The constraint of an organisation policy, such as `constraints/iam.allowedPolicyMemberDomains`.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.details.constraint.as_deref()
    }

    /// The unique id of a VPC Service Controls refusal, which the audit log of the perimeter holds too.
    #[must_use]
    pub fn vpc_sc_id(&self) -> Option<&str> {
        self.details.vpc_sc_id.as_deref()
    }

    /// The id under which Google's support finds this request. At most 256 visible ASCII characters.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// What said so.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Evidence, classify_text};
    /// let text = "Error 403: Request had insufficient authentication scopes.";
    /// assert_eq!(classify_text(text).expect("a refusal").evidence(), Evidence::Message);
    /// ```
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The server's own words, at most 1,024 bytes, with control characters escaped and anything that
    /// looks like a token or key blotted out. They may name resources: show them, do not log them.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let body = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
    /// let said = classify_text(body).expect("a refusal");
    /// assert_eq!(said.server_message(), Some("Request had insufficient authentication scopes."));
    /// ```
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.details.server_message.as_deref()
    }

    /// The same refusal after something independent agreed that the token lacks a scope: a possible
    /// scope refusal becomes a likely one. Nothing else changes.
    #[must_use]
    pub fn corroborated(mut self) -> Self {
        if self.gate() == Gate::Scope {
            self.verdict.certainty = self.verdict.certainty.max(Certainty::Likely);
        }
        self
    }

    /// Whether it is likely at least that the scope gate refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.").expect("a refusal");
    /// assert!(refusal.is_for_scope());
    /// ```
    #[must_use]
    pub fn is_for_scope(&self) -> bool {
        self.gate() == Gate::Scope && self.certainty() >= Certainty::Likely
    }
}

/// Shows no word of the server.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("gate", &self.gate())
            .field("certainty", &self.certainty())
            .field("scope_refusal", &self.scope_refusal())
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

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

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;

    use super::*;

    fn refused(headers: &HeaderMap, body: &str) -> Refusal {
        let answer = Answer::new(body.as_bytes()).with_status(403).with_headers(headers);
        classify(&answer).expect("a refusal")
    }

    #[test]
    fn a_possible_scope_refusal_that_is_corroborated_becomes_likely_and_no_more() {
        let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_scope""#);
        let refusal = refused(&HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]), "");
        assert_eq!((refusal.certainty(), refusal.evidence()), (Certainty::Possible, Evidence::Header));
        assert_eq!(refusal.corroborated().certainty(), Certainty::Likely);
        let body = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let certain = refused(&HeaderMap::new(), body);
        assert_eq!(certain.corroborated().certainty(), Certainty::Certain);
        let other = refused(&HeaderMap::new(), "").corroborated();
        assert_eq!((other.gate(), other.certainty()), (Gate::Other, Certainty::Possible));
    }
}
