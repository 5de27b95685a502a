//! A refusal, and what it told.

use std::fmt;

use gcp_scopes_catalog::scope::ScopeSet;

use super::details::Details;
use super::gate::{Certainty, Evidence, Gate, ScopeRefusal};
use super::verdict::Verdict;

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
    pub(super) verdict: Verdict,
    pub(super) evidence: Evidence,
    pub(super) alternatives: ScopeSet,
    pub(super) details: Box<Details>,
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
