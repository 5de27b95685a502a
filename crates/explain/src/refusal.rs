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

mod answer;
mod challenge;
mod cut_json;
mod decide;
mod details;
mod facts;
mod gate;
mod gather;
mod grpc;
mod json;
mod phrases;
mod protobuf;
mod raw;
mod reasons;
mod refused;
mod status;
mod syntax;
mod text;
mod verdict;
mod words;

use std::borrow::Cow;

use http::HeaderMap;

pub use answer::Answer;
pub use gate::{Certainty, Evidence, Gate, ScopeRefusal};
pub use refused::Refusal;

/// How much of a body is read, in bytes. What stands behind it is ignored.
const BODY_LIMIT: usize = 64 * 1024;

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
    // Only a batch holds answers within an answer, and begins with the mark of its first part.
    let may_hold_answers = answer.is_text || body.trim_start().starts_with("--");
    let parts = if may_hold_answers { raw::split(&body) } else { Vec::new() };
    if parts.is_empty() {
        return classify_one(answer.status, answer.headers, &body, answer.is_text);
    }
    let refusal = |part: &raw::Part<'_>| {
        classify_one(part.status.or(answer.status), Some(&part.headers), part.body, false)
    };
    let refusals: Vec<_> = parts.iter().filter_map(refusal).collect();
    let best = refusals.iter().find(|refusal| refusal.is_for_scope()).or_else(|| refusals.first())?;
    if best.certainty() > Certainty::Possible {
        return Some(best.clone());
    }
    // A client may print its own words before the response.
    let whole = classify_one(None, None, &body, answer.is_text)
        .filter(|whole| whole.certainty() > Certainty::Possible);
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
    let (verdict, evidence) = decide::decide(&facts)?;
    let alternatives = facts.challenge.scopes;
    Some(Refusal { verdict, evidence, alternatives, details: Box::new(facts.details) })
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
