//! Decisions about calls as pure functions: [`Guard::decide`] before a call is sent, and
//! [`Guard::explain`] after a refusal. Use these functions to test a policy, or if no adapter fits.
//!
//! # Before
//! A call is *lacking*, which means that its token lacks the scope, only if all of the following
//! holds:
//!
//! 1. The call has a bearer token.
//! 2. Its host belongs to Google, or the user mapped the host.
//! 3. The catalog contains exactly one method for the call, and lists scopes for the method. If
//!    Google lists scopes only for the whole service, the call must be a REST call, and its token
//!    must hold no scope of the service.
//! 4. The catalog's table of exceptions does not contain the method.
//! 5. The token's scopes are known from a source that is authoritative for the token.
//! 6. The catalog contains all of these scopes, and the method accepts none of them.
//!
//! In all other cases the guard abstains, because a client cannot know better than the server.
//!
//! A caller that knows which scopes a call needs can state them as
//! [`NeededScopes`](crate::call::NeededScopes). For that call the stated scopes replace the listed
//! scopes and the exceptions. The host must still belong to Google.
//!
//! # After
//! Only a 403 response of a Google host, or a gRPC status 7, is examined. If the call was refused
//! for lack of scopes, the caller gets a [`Denial`]. All other responses are passed on unchanged.
//!
//! The message of a refusal may contain a name that a user chose, such as the name of an object.
//! Such a name may contain the words of a refusal for lack of scopes. So if the token is known to
//! hold an accepted scope, a refusal whose message contains other words beside a sentence about
//! scopes leads to no denial. A refusal leads to a denial in spite of the known scopes if it is
//! [structured](Refusal::is_structured): a field names the reason, or the message consists of the
//! sentence only. Then the catalog's list for the method is in doubt, and the guard makes no more
//! predictions for the method.
//!
//! ```
//! use gcp_scopes::call::Call;
//! use gcp_scopes::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes::{Guard, ScopeSet};
//!
//! let guard = Guard::builder().build();
//! let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
//! let call = Call::new(&http::Method::POST, &uri);
//! let held = |text| GrantedScopes::known(ScopeSet::from_scope_text(text), GrantSource::Declared);
//!
//! let sufficient = held("https://www.googleapis.com/auth/pubsub");
//! assert!(matches!(guard.decide(&call, &sufficient), Ok(None)));
//! assert!(matches!(guard.decide(&call, &held("openid")), Ok(Some(_))));
//! // A scope that is newer than the catalog may be sufficient for any method.
//! assert!(guard.decide(&call, &held("https://example.com/auth/new")).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::call::{AbstainReason, Call};
use crate::catalog::{self, Lookup};
use crate::denial::{Denial, DenialKind};
use crate::granted::GrantedScopes;
use crate::guard::Guard;
use crate::guard::lessons::LessonKey;
use crate::refusal::{self, ErrorResponse, Refusal};

impl Guard {
    /// Decides whether the scopes of a token are sufficient for a call. Returns the denial if the
    /// call is lacking a scope, and `None` if the scopes are sufficient; IAM may still refuse such
    /// a call. Pure: no I/O, no log event.
    ///
    /// ```
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// use gcp_scopes::{Guard, ScopeSet};
    ///
    /// let uri =
    ///     "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
    /// let held =
    ///     ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// match Guard::builder().build().decide(&Call::new(&http::Method::POST, &uri), &held) {
    ///     Ok(Some(denial)) => eprintln!("{}", denial.report()),
    ///     Ok(None) => println!("the scopes are sufficient"),
    ///     Err(reason) => println!("no prediction: {reason}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the reason why no prediction is possible, for example because the token's scopes are
    /// not known.
    pub fn decide(
        &self,
        call: &Call<'_>,
        granted: &GrantedScopes,
    ) -> Result<Option<Denial>, AbstainReason> {
        let call = self.look_up(call);
        let denial = || self.predicted_denial(DenialKind::Predicted, &call, granted.clone());
        self.judge(&call, granted).map(|suffices| (!suffices).then(denial))
    }

    /// Returns the denial for a refused response. Returns `None` if it is not sufficiently certain
    /// that the call was refused for lack of scopes, or if the granted scopes
    /// [disprove](GrantedScopes::disprove) this. Pure: no I/O, no log event.
    ///
    /// The caller must make sure that the response came from the host of `call`.
    ///
    /// ```
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::GrantedScopes;
    /// use gcp_scopes::refusal::ErrorResponse;
    /// use gcp_scopes::Guard;
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let call = Call::new(&http::Method::GET, &uri);
    /// let unknown = GrantedScopes::unknown("no source was queried");
    /// let explain = |body: &[u8]| {
    ///     Guard::builder().build().explain(
    ///         &call,
    ///         &unknown,
    ///         &ErrorResponse::new(body).with_status(403),
    ///     )
    /// };
    ///
    /// let denial =
    ///     explain(br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#);
    /// assert_eq!(
    ///     denial.and_then(|denial| denial.method()).map(|method| method.id()),
    ///     Some("storage.buckets.get")
    /// );
    /// // The guard does not explain refusals by IAM: they reach the caller unchanged.
    /// assert!(
    ///     explain(br#"{"error":{"message":"The caller does not have permission"}}"#).is_none()
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(
        &self,
        call: &Call<'_>,
        granted: &GrantedScopes,
        answer: &ErrorResponse<'_>,
    ) -> Option<Denial> {
        self.explain_refusal(&self.look_up(call), granted, refusal::classify(answer)?).ok()
    }

    /// Returns the denial, or the refusal as the error if the call was refused for another reason
    /// or the reason is too uncertain. A `WWW-Authenticate` header alone makes a scope refusal only
    /// possible; together with the prediction of a scope refusal it is likely. If the token is
    /// known to hold an accepted scope, only a structured refusal counts.
    pub(crate) fn explain_refusal(
        &self,
        call: &Lookup,
        granted: &GrantedScopes,
        refusal: Refusal,
    ) -> Result<Denial, Box<Refusal>> {
        let verdict = self.judge(call, granted);
        let refusal = if verdict == Ok(false) { refusal.corroborated() } else { refusal };
        let is_doubtful = verdict == Err(AbstainReason::Contradicted);
        let is_disproved = !is_doubtful && granted.disprove(&refusal, call);
        match refusal.is_likely_for_scope() && !is_disproved {
            true => Ok(self.refusal_denial(call, granted.clone(), refusal)),
            false => Err(Box::new(refusal)),
        }
    }

    /// Looks up the method of a call, and the scopes that the caller stated.
    pub(crate) fn look_up(&self, call: &Call<'_>) -> Lookup {
        catalog::lookup(call, &self.state().endpoints)
    }

    /// Creates the denial of a call that Google has not refused.
    pub(crate) fn predicted_denial(
        &self,
        kind: DenialKind,
        call: &Lookup,
        granted: GrantedScopes,
    ) -> Denial {
        Denial::new(kind, call.method(), call.accepted(), granted, self.environment_for_denial())
    }

    /// Creates the denial of a call that Google refused.
    pub(crate) fn refusal_denial(
        &self,
        call: &Lookup,
        granted: GrantedScopes,
        refusal: Refusal,
    ) -> Denial {
        Denial::from_refusal(call, granted, self.environment_for_denial(), refusal)
    }

    /// Returns whether the token is known to lack every accepted scope. Checks first whether the
    /// token has a listed scope, because this check is fast.
    #[inline]
    pub(crate) fn lacks(&self, call: &Lookup, granted: &GrantedScopes) -> bool {
        let is_listed = granted.scopes().is_some_and(|held| call.lists_any_of(held));
        // Only a call that seems to lack a scope reads the lessons, which are behind a lock.
        !is_listed
            && granted.suffice_for(call) == Ok(false)
            && self.corrected_verdict(call, granted, false) == Ok(false)
    }

    /// Returns whether the scopes of a token are sufficient for a call, or why this cannot be
    /// decided. What the guard learned from earlier responses may withdraw the verdict.
    pub(crate) fn judge(
        &self,
        call: &Lookup,
        granted: &GrantedScopes,
    ) -> Result<bool, AbstainReason> {
        self.corrected_verdict(call, granted, granted.suffice_for(call)?)
    }

    /// Returns `verdict`, which is whether the scopes are sufficient, or an error if an earlier
    /// response showed that this verdict may be wrong.
    fn corrected_verdict(
        &self,
        call: &Lookup,
        granted: &GrantedScopes,
        verdict: bool,
    ) -> Result<bool, AbstainReason> {
        let Some(subject) = lesson_subject(call) else { return Ok(verdict) };
        self.state().lessons.corrected_verdict(subject, granted.scopes(), verdict)
    }
}

/// Returns the key under which the guard keeps what it learned: the method of the call, or the
/// scopes that the caller stated. Returns `None` if the call has neither.
pub(crate) fn lesson_subject(call: &Lookup) -> Option<LessonKey> {
    match call.needed_scopes() {
        Some(needed) => Some(LessonKey::Needed(needed.clone(), call.method())),
        None => call.method().map(LessonKey::Method),
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::header::WWW_AUTHENTICATE;
    use http::{HeaderMap, HeaderValue, Method, Uri};

    use super::*;
    use crate::granted::GrantSource;
    use crate::scope::ScopeSet;

    const SCOPE_REFUSAL: &[u8] = br#"{
        "error":{"code":403,"message":"Request had insufficient authentication scopes.",
        "details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","metadata":{
        "service":"pubsub.googleapis.com","method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
    const IAM_REFUSAL: &[u8] =
        br#"{"error":{"code":403,"message":"The caller does not have permission"}}"#;

    fn publish() -> Uri {
        Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish")
    }

    fn held(scopes: &str) -> GrantedScopes {
        GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
    }

    #[test]
    fn only_a_refusal_for_lack_of_scope_is_explained() {
        let (guard, uri) = (Guard::builder().build(), publish());
        let unknown = GrantedScopes::unknown("a test");
        let explained = |body| {
            guard.explain(&Call::new(&Method::POST, &uri), &unknown, &ErrorResponse::new(body))
        };
        let denial = explained(SCOPE_REFUSAL).unwrap();
        assert_eq!(denial.kind(), DenialKind::Refused);
        assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish");
        assert!(explained(IAM_REFUSAL).is_none());
    }

    #[test]
    fn a_header_alone_is_sufficient_if_the_token_lacks_the_scope() {
        let (guard, uri) = (Guard::builder().build(), publish());
        let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_scope""#);
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]);
        let answer = ErrorResponse::new(b"").with_status(403).with_headers(&headers);
        let is_explained =
            |granted| guard.explain(&Call::new(&Method::POST, &uri), &granted, &answer).is_some();
        assert!(is_explained(held("openid")));
        assert!(!is_explained(held("https://www.googleapis.com/auth/pubsub")));
        assert!(!is_explained(GrantedScopes::unknown("a test")));
    }

    #[test]
    fn unrestricted_tokens_are_allowed_and_other_hosts_ignored() {
        let (guard, google, other) =
            (Guard::builder().build(), publish(), Uri::from_static("https://host.example/"));
        let unrestricted = || GrantedScopes::unrestricted(GrantSource::Jwt);
        let decide = |uri, granted| guard.decide(&Call::new(&Method::POST, uri), &granted);
        assert!(matches!(decide(&google, unrestricted()), Ok(None)));
        assert!(matches!(decide(&other, unrestricted()), Err(AbstainReason::Host)));
        assert!(matches!(decide(&other, GrantedScopes::unknown("")), Err(AbstainReason::Host)));
        assert!(matches!(decide(&google, GrantedScopes::unknown("")), Err(AbstainReason::Granted)));
        assert!(matches!(decide(&google, held("openid")), Ok(Some(_))));
        // The catalog does not contain this scope, so the scope may be newer than the catalog.
        let newer = held("https://www.googleapis.com/auth/newer.than.this");
        assert!(matches!(decide(&google, newer), Err(AbstainReason::UnlistedScope)));
    }

    #[test]
    fn the_guard_abstains_from_exceptional_calls() {
        let guard = Guard::builder().build();
        let decision = |uri, scopes| match guard
            .decide(&Call::new(&Method::PUT, &Uri::from_static(uri)), &held(scopes))
        {
            Ok(None) => "allow",
            Err(why) => why.as_str(),
            Ok(Some(_)) => "lacking",
        };
        // A call in an upload session may need no scope, but with the scope it is certainly
        // allowed.
        let session = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?upload_id=u";
        assert_eq!(
            decision(session, "https://www.googleapis.com/auth/devstorage.read_write"),
            "allow"
        );
        assert_eq!(decision(session, "openid"), "session");
        // For the same method, an administrator needs another scope than a user.
        let chat = "https://chat.googleapis.com/v1/spaces/s?updateMask=*&useAdminAccess=true";
        let decision = |scopes| {
            guard.decide(&Call::new(&Method::PATCH, &Uri::from_static(chat)), &held(scopes))
        };
        let spaces = decision("https://www.googleapis.com/auth/chat.spaces");
        assert!(matches!(spaces, Err(AbstainReason::Request)), "{spaces:?}");
    }
}
