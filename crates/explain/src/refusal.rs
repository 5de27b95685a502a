//! Which gate refused a call, read from what the server answered.
//!
//! A call to a Google API passes several gates: the scopes of the token, the IAM roles of the
//! account, whether the API is enabled, billing, a service perimeter, quota and more. Most of them
//! answer 403 with similar words. [`classify`] reads an HTTP or gRPC answer, [`classify_text`] a
//! log line or what a person pastes; both name the gate and how sure that is.
//!
//! 1. A machine-readable reason (`google.rpc.ErrorInfo`, a violated precondition) counts most.
//! 2. Next are the fixed sentences of Google's services, then the older one-word reasons.
//! 3. `reason: insufficientPermissions` alone proves nothing: Analytics gives it for missing access
//!    to an account. Nor does the header `WWW-Authenticate`, which such answers have as well.
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

mod answer;
mod answer_facts;
mod challenge;
mod cut_json;
mod details;
mod gate;
mod gather;
mod grpc;
mod json;
mod phrases;
mod protobuf;
mod reasons;
mod responses;
mod rules;
mod status;
mod syntax;
mod text;
mod verdict;
mod words;

use std::borrow::Cow;
use std::fmt;

use gcp_scopes_catalog::scope::ScopeSet;
use http::HeaderMap;

pub use answer::Answer;
pub use gate::{Certainty, Gate};
pub(crate) use verdict::ScopeProblem;

use details::Details;
use verdict::{Evidence, Verdict};

/// How much of a body is read, in bytes: as much as the middleware inflates of one. The rest is
/// ignored.
const BODY_LIMIT: usize = 64 * 1024;

/// The gate that refused. `None` for an answer that is no refusal: a success, or a failure that has
/// nothing to do with access.
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
    // Only a batch holds responses within a response, and begins with the mark of its first part.
    let may_hold_responses = answer.is_text || body.trim_start().starts_with("--");
    let responses = if may_hold_responses { responses::split(&body) } else { Vec::new() };
    if responses.is_empty() {
        return classify_one(answer.status, answer.headers, &body, answer.is_text);
    }
    let refusal = |response: &responses::Response<'_>| {
        classify_one(response.status.or(answer.status), Some(&response.headers), response.body, false)
    };
    let refusals: Vec<_> = responses.iter().filter_map(refusal).collect();
    let best = refusals.iter().find(|refusal| refusal.is_for_scope()).or_else(|| refusals.first())?;
    if best.certainty() > Certainty::Possible {
        return Some(best.clone());
    }
    // A client may print a sentence of its own before the response.
    let whole = classify_one(None, None, &body, answer.is_text)
        .filter(|whole| whole.certainty() > Certainty::Possible);
    whole.or_else(|| Some(best.clone()))
}

/// The gate that refused, read from a log line, the text of a client's error, or a pasted HTTP
/// response with or without its status line and headers.
///
/// ```
/// use gcp_scopes_explain::refusal::{Gate, classify_text};
///
/// let line = "ERROR Permission 'pubsub.topics.publish' denied on resource 'projects/p/topics/t'";
/// assert_eq!(classify_text(line).map(|refusal| refusal.gate()), Some(Gate::Iam));
/// ```
#[must_use]
pub fn classify_text(text: &str) -> Option<Refusal> {
    classify(&Answer::from_text(text))
}

fn classify_one(
    status: Option<u16>,
    headers: Option<&HeaderMap>,
    body: &str,
    is_text: bool,
) -> Option<Refusal> {
    let headers = headers.map_or_else(|| Cow::Owned(HeaderMap::new()), Cow::Borrowed);
    let facts = gather::gather(status, &headers, body, is_text);
    let (verdict, evidence) = rules::verdict(&facts)?;
    let alternatives = facts.challenge.scopes;
    Some(Refusal { verdict, evidence, alternatives, details: Box::new(facts.details) })
}

/// An answer by which a gate refused a call: which gate, how sure that is, and the details it
/// gives.
///
/// All of it comes from the server. Short values (a permission, a project) are kept only if they
/// have the syntax that Google documents for them; free text is bounded and escaped.
///
/// ```
/// use gcp_scopes_explain::refusal::{Certainty, Gate, classify_text};
///
/// let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{
///     "@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"googleapis.com",
///     "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT",
///     "metadata":{"service":"pubsub.googleapis.com","method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
/// let refusal = classify_text(body).expect("a refusal");
/// assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
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
    /// let refusal = classify_text("Error 429: Quota exceeded for quota metric 'Queries'");
    /// assert_eq!(refusal.expect("a refusal").gate(), Gate::RateLimit);
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

    /// Which part of the answer names the gate: `error_info`, `violation`, `token_endpoint`,
    /// `message`, `reason`, `header` or `status`.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// assert_eq!(refusal.expect("a refusal").evidence(), "message");
    /// ```
    #[must_use]
    pub fn evidence(&self) -> &'static str {
        self.evidence.as_str()
    }

    /// What is wrong with the token's scopes. `Some` exactly for [`Gate::Scope`]:
    ///
    /// - `missing`: it holds none of the accepted scopes;
    /// - `restricting`: it holds a scope that takes rights away, such as `gmail.metadata`;
    /// - `scope_or_share`: it lacks a scope for Drive, or the file is not shared with the account.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Metadata scope does not support 'q' parameter");
    /// assert_eq!(refusal.expect("a refusal").scope_problem(), Some("restricting"));
    /// ```
    #[must_use]
    pub fn scope_problem(&self) -> Option<&'static str> {
        self.problem().map(ScopeProblem::as_str)
    }

    pub(crate) fn problem(&self) -> Option<ScopeProblem> {
        self.verdict.problem
    }

    /// Whether a token endpoint refused the scopes that it was asked for: `invalid_scope`, or a
    /// delegation that lacks them. The gate of such a refusal is [`Gate::Credentials`].
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Gate, classify_text};
    /// let refusal = classify_text(r#"{"error":"invalid_scope","error_description":"Bad."}"#);
    /// assert!(refusal.expect("a refusal").is_for_requested_scopes());
    /// ```
    #[must_use]
    pub fn is_for_requested_scopes(&self) -> bool {
        self.verdict.is_for_requested_scopes
    }

    /// The scopes that the server would have accepted, each of them alone. Read from
    /// `WWW-Authenticate` (RFC 6750, section 3) or from the text of a client; at most 64, none if
    /// the server lists none.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let answer = "HTTP/1.1 403 Forbidden\n\
    ///     WWW-Authenticate: Bearer error=\"insufficient_scope\", \
    ///     scope=\"https://www.googleapis.com/auth/drive https://www.googleapis.com/auth/drive.file\"\n\n";
    /// assert_eq!(classify_text(answer).expect("a refusal").alternatives().len(), 2);
    /// ```
    #[must_use]
    pub fn alternatives(&self) -> &ScopeSet {
        &self.alternatives
    }

    /// The host of the API that refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Error 403: Forbidden [service: \"pubsub.googleapis.com\"]");
    /// assert_eq!(refusal.expect("a refusal").service(), Some("pubsub.googleapis.com"));
    /// ```
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.details.service.as_deref()
    }

    /// The server's name for the method, from `ErrorInfo`: the full name of an RPC, not the id of a
    /// method in a Discovery document.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "Error 403: Forbidden [method: \"google.pubsub.v1.Publisher.Publish\"]";
    /// let refusal = classify_text(text).expect("a refusal");
    /// assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
    /// ```
    #[must_use]
    pub fn rpc_method(&self) -> Option<&str> {
        self.details.method.as_deref()
    }

    /// The IAM permission that the account lacks, as `service.resource.verb`.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("a@b does not have storage.objects.get access to the object.");
    /// assert_eq!(refusal.expect("a refusal").permission(), Some("storage.objects.get"));
    /// ```
    #[must_use]
    pub fn permission(&self) -> Option<&str> {
        self.details.permission.as_deref()
    }

    /// The id or number of the project that the call was charged to or made in.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "Error 403: Cloud Pub/Sub API has not been used in project 123456789012 before.";
    /// assert_eq!(classify_text(text).expect("a refusal").project(), Some("123456789012"));
    /// ```
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.details.project.as_deref()
    }

    /// The constraint of the organisation policy that refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "Operation denied by org policy: constraints/compute.vmExternalIpAccess";
    /// let refusal = classify_text(text).expect("a refusal");
    /// assert_eq!(refusal.constraint(), Some("constraints/compute.vmExternalIpAccess"));
    /// ```
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.details.constraint.as_deref()
    }

    /// The unique id of a refusal by VPC Service Controls, which the perimeter's audit log has too.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let text = "Request is prohibited by organization's policy. \
    ///             vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5";
    /// let refusal = classify_text(text).expect("a refusal");
    /// assert_eq!(refusal.vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    /// ```
    #[must_use]
    pub fn vpc_sc_id(&self) -> Option<&str> {
        self.details.vpc_sc_id.as_deref()
    }

    /// The id by which Google's support finds the request. At most 256 visible ASCII characters.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let answer = "HTTP/1.1 403 Forbidden\nX-GUploader-UploadID: AHxI1nM-9_x\n\nForbidden";
    /// assert_eq!(classify_text(answer).expect("a refusal").request_id(), Some("AHxI1nM-9_x"));
    /// ```
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// The server's message, at most 1,024 bytes, with control characters escaped and what looks
    /// like a token or a key removed. It may name resources, which do not belong in a log.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let body = r#"{"error":{"code":403,"message":"Insufficient Permission"}}"#;
    /// let refusal = classify_text(body).expect("a refusal");
    /// assert_eq!(refusal.server_message(), Some("Insufficient Permission"));
    /// ```
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.details.server_message.as_deref()
    }

    /// The refusal, where another source than the answer agrees that the token lacks a scope: if it
    /// was possible that the scope gate refused, it is now likely.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, classify};
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("www-authenticate", "Bearer error=\"insufficient_scope\"".parse()?);
    /// let answer = Answer::new(b"").with_status(403).with_headers(&headers);
    /// let refusal = classify(&answer).expect("a refusal");
    /// assert_eq!(refusal.certainty(), Certainty::Possible);
    /// assert_eq!(refusal.corroborated().certainty(), Certainty::Likely);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn corroborated(mut self) -> Self {
        if self.gate() == Gate::Scope {
            self.verdict.certainty = self.verdict.certainty.max(Certainty::Likely);
        }
        self
    }

    /// Whether it is likely or certain that the scope gate refused.
    ///
    /// ```
    /// # use gcp_scopes_explain::refusal::classify_text;
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// assert!(refusal.expect("a refusal").is_for_scope());
    /// ```
    #[must_use]
    pub fn is_for_scope(&self) -> bool {
        self.gate() == Gate::Scope && self.certainty() >= Certainty::Likely
    }
}

/// Without the server's message, which may name resources.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("gate", &self.gate())
            .field("certainty", &self.certainty())
            .field("scope_problem", &self.problem())
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
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
        assert_eq!((refusal.certainty(), refusal.evidence()), (Certainty::Possible, "header"));
        assert_eq!(refusal.corroborated().certainty(), Certainty::Likely);
        let body = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let certain = refused(&HeaderMap::new(), body);
        assert_eq!(certain.corroborated().certainty(), Certainty::Certain);
        let other = refused(&HeaderMap::new(), "").corroborated();
        assert_eq!((other.gate(), other.certainty()), (Gate::Other, Certainty::Possible));
    }
}
