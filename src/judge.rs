//! Where a call is judged: before it is sent by [`Guard::decide`], after a refusal by
//! [`Guard::explain`]. Both are pure; the adapters hand them what they need.
//!
//! # Before
//! A call is *lacking* only if all of this holds: it carries a bearer token; its host is Google's
//! or one the user mapped; it is exactly one method, for which Google lists scopes; nothing in the
//! hand table makes it special; the token's scopes are known from a source that is authoritative
//! for that token; the catalog has heard of every one of them; and the method accepts none of them.
//! In every other case the guard abstains: a client cannot know better than the server.
//!
//! A caller who does know says so with [`NeededScopes`]: then these scopes count for this call, in the
//! place of what Google lists and of the hand table. The host must still be Google's.
//!
//! # After
//! Only a 403 of a Google host is looked at, or gRPC's status 7. If the scope gate refused, the caller
//! gets a [`Denial`]; every other answer is passed on byte for byte.
//!
//! ```
#![doc = with_catalog!()]
//! use gcp_scopes::call::Call;
//! use gcp_scopes::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes::{Guard, judge::Decision};
//! use gcp_scopes::ScopeSet;
//!
//! let guard = Guard::builder().build();
//! let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
//! let call = Call::new(&http::Method::POST, &uri);
//! let held = |text| GrantedScopes::known(ScopeSet::from_scope_text(text), GrantSource::Declared);
//!
//! assert!(matches!(guard.decide(&call, &held("https://www.googleapis.com/auth/pubsub")), Decision::Allow));
//! assert!(matches!(guard.decide(&call, &held("openid")), Decision::Lacking(_)));
//! // A scope that is newer than the catalog may open anything.
//! assert!(matches!(guard.decide(&call, &held("https://example.com/auth/new")), Decision::Abstain(_)));
#![doc = done!()]
//! ```

use crate::call::{Call, NeededScopes, Why};
use crate::catalog::{self, Found};
use crate::denial::{Denial, DenialKind};
use crate::granted::GrantedScopes;
use crate::guard::lessons::Subject;
use crate::guard::{Guard, Verdict, verdict};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal};
use crate::scope::ScopeSet;

/// What is known before a call is sent.
///
/// ```
/// use gcp_scopes::judge::Decision;
///
/// fn describe(decision: &Decision) -> String {
///     match decision {
///         Decision::Allow => "the scope gate is open; IAM is another question".into(),
///         Decision::Abstain(why) => format!("no opinion: {why}"),
///         Decision::Lacking(denial) => denial.to_string(),
///         _ => "something newer than this program".into(),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Decision {
    /// The token holds a scope that the method accepts, or is not limited by scopes.
    Allow,
    /// Nothing can be said, and why.
    Abstain(Why),
    /// Google would refuse the call for lack of scope.
    Lacking(Denial),
}

impl Guard {
    /// Judges a call by the scopes its token holds. Pure: no I/O, no event.
    ///
    /// ```
    #[doc = with_catalog!()]
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// use gcp_scopes::judge::Decision;
    /// use gcp_scopes::{Guard, ScopeSet};
    ///
    /// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
    /// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// match Guard::builder().build().decide(&Call::new(&http::Method::POST, &uri), &held) {
    ///     Decision::Lacking(denial) => eprintln!("{}", denial.report()),
    ///     other => unreachable!("{other:?}"),
    /// }
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn decide(&self, call: &Call<'_>, granted: &GrantedScopes) -> Decision {
        let asked = self.looked_up(call);
        match self.judge(&asked, granted) {
            Verdict::Allow => Decision::Allow,
            Verdict::Lacking => {
                Decision::Lacking(self.predict(DenialKind::Predicted, &asked, granted.clone()))
            }
            Verdict::Abstain(why) => Decision::Abstain(why),
        }
    }

    /// Says what to do about a refused answer, if it was refused for lack of scope.
    ///
    /// `None`: it was not, or that is not sure enough. Pure: no I/O, no event. Whether the answer
    /// came from the host that `call` names is for the caller to know.
    ///
    /// ```
    #[doc = with_catalog!()]
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::GrantedScopes;
    /// use gcp_scopes::refusal::Answer;
    /// use gcp_scopes::Guard;
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let call = Call::new(&http::Method::GET, &uri);
    /// let unknown = GrantedScopes::unknown("nobody was asked");
    /// let explain = |body: &[u8]| Guard::builder().build().explain(&call, &unknown, &Answer::new(body).with_status(403));
    ///
    /// let denial = explain(br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#);
    /// assert_eq!(denial.and_then(|denial| denial.method()).map(|method| method.id()), Some("storage.buckets.get"));
    /// // IAM's refusals are not the guard's to explain: they reach the caller as they are.
    /// assert!(explain(br#"{"error":{"message":"The caller does not have permission"}}"#).is_none());
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn explain(&self, call: &Call<'_>, granted: &GrantedScopes, answer: &Answer<'_>) -> Option<Denial> {
        let asked = self.looked_up(call);
        let refusal = self.corroborated(refusal::classify(answer)?, &asked, granted);
        is_for_scope(&refusal).then(|| self.refuse(&asked, granted.clone(), refusal))
    }

    /// The same for an answer of which the call is not known, but as far as the answer itself names it.
    pub(crate) fn explain_alone(&self, answer: &Answer<'_>) -> Option<Denial> {
        let refusal = refusal::classify(answer).filter(is_for_scope)?;
        let granted = GrantedScopes::unknown("an error does not say which token the call carried");
        Some(self.refuse(&Asked::of(Err(Why::Method)), granted, refusal))
    }

    /// What a call is, and what it needs as far as its caller says so.
    pub(crate) fn looked_up(&self, call: &Call<'_>) -> Asked {
        let found = catalog::lookup(call, &self.state().endpoints);
        let Some(needed) = call.needed() else { return Asked { found, needed: None } };
        let found = match found {
            Err(Why::Host | Why::Catalog) if self.state().endpoints.is_googles(call) => Err(Why::Method),
            found => found,
        };
        let counts = is_google(&found) && found != Err(Why::Signed);
        Asked { found, needed: counts.then(|| needed.clone()) }
    }

    /// The scopes of which a method accepts any one, as far as is known by now.
    pub(crate) fn accepted(&self, method: catalog::ApiMethod) -> ScopeSet {
        self.state().lessons.accepted(method, method.accepted())
    }

    pub(crate) fn predict(&self, kind: DenialKind, asked: &Asked, granted: GrantedScopes) -> Denial {
        let accepted = asked.subject().map(|subject| self.state().lessons.accepted(subject, asked.listed()));
        let accepted = accepted.unwrap_or_default();
        Denial::predicted(kind, asked.method(), accepted, granted, self.state().environment.clone())
    }

    pub(crate) fn refuse(&self, asked: &Asked, granted: GrantedScopes, refusal: Refusal) -> Denial {
        let needed = asked.needed.as_ref().map(NeededScopes::scopes);
        Denial::refused(asked.method(), needed, granted, self.state().environment.clone(), refusal)
    }

    /// Whether the verdict is that the token lacks every scope. That it holds one is quick to see, and then
    /// no verdict is that.
    #[inline]
    pub(crate) fn lacks(&self, asked: &Asked, granted: &GrantedScopes) -> bool {
        let is_accepted = |found: &Found| {
            granted.scopes().is_some_and(|held| found.accepts(held)) && asked.needed.is_none()
        };
        !asked.found.as_ref().is_ok_and(is_accepted) && self.judge(asked, granted) == Verdict::Lacking
    }

    /// The verdict on what was asked, for a token of which something or nothing is known.
    pub(crate) fn judge(&self, asked: &Asked, granted: &GrantedScopes) -> Verdict {
        match (&asked.found, granted.scopes()) {
            (Err(why), _) if asked.needed.is_none() => Verdict::Abstain(*why),
            (_, None) if granted.is_not_limited() => Verdict::Allow,
            (_, None) => Verdict::Abstain(Why::Granted),
            (_, Some(held)) => match asked.verdict(held) {
                Verdict::Lacking => asked
                    .subject()
                    .map_or(Verdict::Lacking, |subject| self.state().lessons.correct(subject, held)),
                verdict => verdict,
            },
        }
    }

    /// The same for a method that nobody has called yet.
    pub(crate) fn judge_method(&self, found: &Result<Found, Why>, granted: &GrantedScopes) -> Verdict {
        self.judge(&Asked::of(*found), granted)
    }

    /// A header alone only makes a scope refusal possible; our own prediction makes it likely.
    pub(crate) fn corroborated(&self, refusal: Refusal, asked: &Asked, granted: &GrantedScopes) -> Refusal {
        if self.lacks(asked, granted) { refusal.corroborated() } else { refusal }
    }
}

/// What is asked of Google: a method, or why none can be named, and what the caller says it needs.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) found: Result<Found, Why>,
    pub(crate) needed: Option<NeededScopes>,
}

impl Asked {
    pub(crate) const fn of(found: Result<Found, Why>) -> Self {
        Self { found, needed: None }
    }

    pub(crate) fn method(&self) -> Option<catalog::ApiMethod> {
        self.found.as_ref().ok().map(Found::method)
    }

    /// What a lesson about it is filed under.
    pub(crate) fn subject(&self) -> Option<Subject> {
        match &self.needed {
            Some(needed) => Some(Subject::Needed(needed.clone(), self.method())),
            None => self.method().map(Subject::Method),
        }
    }

    /// The scopes of which any one is enough, before anything was learnt.
    pub(crate) fn listed(&self) -> ScopeSet {
        match &self.needed {
            Some(needed) => needed.scopes().clone(),
            None => self.method().map(|method| method.accepted()).unwrap_or_default(),
        }
    }

    pub(crate) fn verdict(&self, held: &ScopeSet) -> Verdict {
        match (&self.needed, &self.found) {
            (Some(needed), _) if needed.scopes().is_empty() => Verdict::Abstain(Why::Empty),
            (Some(needed), _) if needed.scopes().intersects(held) => Verdict::Allow,
            (Some(_), _) => Verdict::Lacking,
            (None, Ok(found)) => verdict(found, held),
            (None, Err(why)) => Verdict::Abstain(*why),
        }
    }
}

/// Whether a call goes to an API of Google's.
pub(crate) fn is_google(found: &Result<Found, Why>) -> bool {
    found.as_ref().map_or_else(|why| why.is_google(), |_| true)
}

/// Whether the scope gate refused, as far as can be known.
pub(crate) fn is_for_scope(refusal: &Refusal) -> bool {
    refusal.gate() == Gate::Scope && refusal.certainty() >= Certainty::Likely
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::header::WWW_AUTHENTICATE;
    use http::{HeaderMap, HeaderValue, Method, Uri};

    use super::*;
    use crate::granted::GrantSource;

    const SCOPE: &[u8] = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","details":[
        {"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","metadata":{"service":"pubsub.googleapis.com","method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
    const IAM: &[u8] = br#"{"error":{"code":403,"message":"The caller does not have permission"}}"#;

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
        let explained = |body| guard.explain(&Call::new(&Method::POST, &uri), &unknown, &Answer::new(body));
        let denial = explained(SCOPE).unwrap();
        assert_eq!(denial.kind(), DenialKind::Refused);
        assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish");
        assert!(explained(IAM).is_none());
    }

    #[test]
    fn a_header_alone_is_believed_if_the_token_is_known_to_lack_the_scope() {
        let (guard, uri) = (Guard::builder().build(), publish());
        let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_scope""#);
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]);
        let answer = Answer::new(b"").with_status(403).with_headers(&headers);
        let is_explained =
            |granted| guard.explain(&Call::new(&Method::POST, &uri), &granted, &answer).is_some();
        assert!(is_explained(held("openid")));
        assert!(!is_explained(held("https://www.googleapis.com/auth/pubsub")));
        assert!(!is_explained(GrantedScopes::unknown("a test")));
    }

    #[test]
    fn an_answer_without_its_call_is_explained_as_far_as_it_names_it() {
        let guard = Guard::builder().build();
        let denial = guard.explain_alone(&Answer::new(SCOPE)).unwrap();
        assert_eq!(denial.method().unwrap().id(), "google.pubsub.v1.Publisher.Publish");
        assert!(denial.granted().is_unknown());
        let nameless = guard.explain_alone(&Answer::new(b"Request had insufficient authentication scopes."));
        assert!(nameless.unwrap().method().is_none());
        assert!(guard.explain_alone(&Answer::new(IAM)).is_none());
    }

    #[test]
    fn what_a_method_accepts_grows_by_what_google_has_named() {
        let guard = Guard::builder().build();
        let method = catalog::ApiMethod::by_id("pubsub.projects.topics.publish").unwrap();
        assert_eq!(guard.accepted(method), method.accepted());
        let openid = ScopeSet::from_scope_text("openid");
        guard.state().lessons.named(method, &openid);
        assert_eq!(guard.accepted(method), method.accepted().union(&openid));
    }

    #[test]
    fn where_the_call_is_nobodys_or_the_token_not_limited_its_scopes_do_not_matter() {
        let (guard, google, other) =
            (Guard::builder().build(), publish(), Uri::from_static("https://kite.example/"));
        let not_limited = || GrantedScopes::not_limited(GrantSource::Jwt);
        let decide = |uri, granted| guard.decide(&Call::new(&Method::POST, uri), &granted);
        assert!(matches!(decide(&google, not_limited()), Decision::Allow));
        assert!(matches!(decide(&other, not_limited()), Decision::Abstain(Why::Host)));
        assert!(matches!(decide(&other, GrantedScopes::unknown("")), Decision::Abstain(Why::Host)));
        assert!(matches!(decide(&google, GrantedScopes::unknown("")), Decision::Abstain(Why::Granted)));
        assert!(matches!(decide(&google, held("openid")), Decision::Lacking(_)));
        let newer = held("https://www.googleapis.com/auth/newer.than.this");
        assert!(matches!(decide(&google, newer), Decision::Abstain(Why::Unheard)));
    }

    #[test]
    fn a_doubt_keeps_back_what_it_is_about() {
        let guard = Guard::builder().build();
        let told = |uri, scopes| match guard
            .decide(&Call::new(&Method::PUT, &Uri::from_static(uri)), &held(scopes))
        {
            Decision::Allow => "allow",
            Decision::Abstain(why) => why.as_str(),
            Decision::Lacking(_) => "lacking",
        };
        // The session of an upload may do without the scope, but with it nothing is in doubt.
        let session = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?upload_id=u";
        assert_eq!(told(session, "https://www.googleapis.com/auth/devstorage.read_write"), "allow");
        assert_eq!(told(session, "openid"), "session");
        // An administrator needs another scope than a user, for the same method.
        let chat = "https://chat.googleapis.com/v1/spaces/s?updateMask=*&useAdminAccess=true";
        let told = |scopes| guard.decide(&Call::new(&Method::PATCH, &Uri::from_static(chat)), &held(scopes));
        let spaces = told("https://www.googleapis.com/auth/chat.spaces");
        assert!(matches!(spaces, Decision::Abstain(Why::Request)), "{spaces:?}");
    }
}
