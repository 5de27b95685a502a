//! The entries: what is known of a call before it is sent, and what an adapter is to do with it.

use std::time::Instant;

use http::{HeaderValue, Method, Uri};

use super::learn;
use super::state::Flight;
use crate::call::{AbstainReason, Call};
use crate::catalog::{self, ApiMethod, KnownHost, Lookup};
use crate::denial::{Denial, DenialKind};
use crate::granted::GrantedScopes;
use crate::granted::cache::{Entry, Stage, TokenKey};
use crate::granted::inspection::Peek;
use crate::guard::lessons::Subject;
use crate::guard::{Guard, Preflight};
use crate::judge::subject;
use crate::scope::ScopeSet;
use crate::telemetry;

/// What an adapter is to do with a call.
///
/// ```
/// use gcp_scopes::flight::{Begin, Flight};
/// use gcp_scopes::{Denial, Guard, call::Call};
///
/// /// An adapter that may wait needs one line.
/// async fn begin(guard: &Guard, request: &http::Request<()>) -> Result<Flight, Denial> {
///     guard.begin(&Call::new(request.method(), request.uri()).with_headers(request.headers())).admit().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "a call that is to be stopped must not be sent"]
#[allow(
    clippy::exhaustive_enums,
    clippy::large_enum_variant,
    reason = "an adapter handles all three; a box would be an allocation for each call"
)]
pub enum Begin {
    /// Send it. The flight says what to do with its answer.
    Send(Flight),
    /// Wait for what its token holds, or send it at once: only with [`Preflight::Deny`], and only the
    /// first call of a token.
    Wait(Pending),
    /// Do not send it. What its caller gets is for [`Guard::unsent`].
    Stop(Denial),
}

/// A call whose token is being looked at.
#[derive(Debug)]
#[must_use = "the call is still to be sent"]
pub struct Pending(Flight);

impl Begin {
    /// Waits where that is to be done.
    ///
    /// # Errors
    /// The call is not to be sent.
    pub async fn admit(self) -> Result<Flight, Denial> {
        match self {
            Self::Send(flight) => Ok(flight),
            Self::Wait(pending) => pending.wait().await,
            Self::Stop(denial) => Err(denial),
        }
    }

    /// Never waits: what is not known yet stops no call.
    ///
    /// # Errors
    /// The call is not to be sent.
    pub fn admit_now(self) -> Result<Flight, Denial> {
        match self {
            Self::Send(flight) => Ok(flight),
            Self::Wait(pending) => Ok(pending.skip()),
            Self::Stop(denial) => Err(denial),
        }
    }
}

impl Pending {
    /// Waits for the scopes of the token, as long as
    /// [`GuardBuilder::deny_wait`](crate::GuardBuilder::deny_wait) allows, and judges again.
    ///
    /// # Errors
    /// The call is not to be sent.
    pub async fn wait(self) -> Result<Flight, Denial> {
        let Self(mut flight) = self;
        let Some(key) = flight.token else { return Ok(flight) };
        let state = flight.guard.state();
        let header = flight.header.as_ref();
        let granted = state.grants.wait(key, header, Stage::Ahead, state.deny_wait).await;
        if !flight.guard.lacks(&flight.call, &granted) {
            return Ok(flight);
        }
        match flight.lacking() {
            Next::Stop(denial) => Err(denial),
            Next::Send | Next::Wait => Ok(flight),
        }
    }

    /// The flight of a call that is sent without waiting.
    #[must_use]
    pub fn skip(self) -> Flight {
        self.0
    }
}

/// [`Begin`] for a flight that is filled in where it stays: see [`Flight::begin_in_place`].
#[derive(Debug)]
#[must_use = "a call that is to be stopped must not be sent"]
#[allow(clippy::exhaustive_enums, reason = "an adapter handles all three")]
pub enum Next {
    /// Send the call.
    Send,
    /// Wait for what its token holds, or send it at once.
    Wait,
    /// Do not send the call.
    Stop(Denial),
}

impl Next {
    /// The same with its flight.
    pub fn with(self, flight: Flight) -> Begin {
        match self {
            Self::Send => Begin::Send(flight),
            Self::Wait => Begin::Wait(Pending(flight)),
            Self::Stop(denial) => Begin::Stop(denial),
        }
    }
}

impl Guard {
    /// Begins with a request. Never waits, and on the usual path does not allocate.
    ///
    /// Without the headers of the request ([`Call::with_headers`]) there is no token, and the call is sent.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, call::Call, flight::Begin};
    /// # let request = http::Request::get("https://example.com/").body(())?;
    /// let guard = Guard::builder().build();
    /// let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    /// // With what the caller says of the scopes that this call needs, if it says so:
    /// let begun = guard.begin(&call.needing(request.extensions().get()));
    /// assert!(matches!(begun, Begin::Send(_)));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[inline]
    pub fn begin(&self, call: &Call<'_>) -> Begin {
        let mut flight = Flight::new(self);
        flight.begin_in_place(call).with(flight)
    }

    /// Begins with a method and the `Authorization` that its call is about to carry: for clients that
    /// show no request.
    ///
    /// ```
    /// # #[cfg(feature = "catalog-full")] {
    /// # use gcp_scopes::{Guard, catalog::ApiMethod, flight::Begin};
    /// let guard = Guard::builder().build();
    /// let method = ApiMethod::by_id("storage.objects.get")?;
    /// let begun = guard.begin_method(method, &http::HeaderValue::from_static("Bearer ya29.x"));
    /// assert!(matches!(begun, Begin::Send(_))); // nothing is known of this token yet
    /// # }
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    pub fn begin_method(&self, method: ApiMethod, authorization: &HeaderValue) -> Begin {
        self.begin_found(Lookup::from(method), authorization)
    }

    /// Begins with an API host, such as `pubsub.googleapis.com`, and the `Authorization` of the call: for
    /// clients that show neither request nor method. No such call is stopped.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, flight::Begin};
    /// let guard = Guard::builder().build();
    /// let token = http::HeaderValue::from_static("Bearer ya29.x");
    /// assert!(matches!(guard.begin_service("pubsub.googleapis.com", &token), Begin::Send(_)));
    /// ```
    pub fn begin_service(&self, host: &str, authorization: &HeaderValue) -> Begin {
        let (verb, uri) = (Method::GET, format!("https://{host}/").parse::<Uri>());
        let is_googles = |uri: &Uri| self.state().endpoints.is_googles(&Call::new(&verb, uri));
        match uri.as_ref().is_ok_and(is_googles) {
            true => self.begin_found(Lookup::without_method(AbstainReason::Method), authorization),
            false => Begin::Send(Flight::of(self.hold(), Lookup::without_method(AbstainReason::Host))),
        }
    }

    /// Begins with an answer or an error alone, after the fact, and with the `Authorization` if it is
    /// known. The answer must be one of an API of Google's.
    ///
    /// ```
    /// # use gcp_scopes::Guard;
    /// # use http::{HeaderMap, StatusCode};
    /// let flight = Guard::builder().build().begin_unseen(None);
    /// let body = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
    /// let denial = flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), body);
    /// assert!(denial.is_some_and(|denial| denial.method().is_none()));
    /// ```
    #[must_use]
    pub fn begin_unseen(&self, authorization: Option<&HeaderValue>) -> Flight {
        let mut flight = Flight::of(self.hold(), Lookup::without_method(AbstainReason::Method));
        if let Some(authorization) = authorization {
            flight.record();
            // Without a method no verdict is "lacking".
            let _ = flight.check(authorization);
        }
        flight
    }

    /// A call of which the method is known and no token was seen.
    pub(crate) fn begin_tokenless(&self, method: ApiMethod) -> Flight {
        Flight::of(self.hold(), Lookup::from(method))
    }

    fn begin_found(&self, call: Lookup, authorization: &HeaderValue) -> Begin {
        let mut flight = Flight::of(self.hold(), call);
        flight.record();
        flight.check(authorization).with(flight)
    }
}

impl Flight {
    /// The client sends the call once more, with this `Authorization`, which may be another one.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, flight::Begin};
    /// let guard = Guard::builder().build();
    /// let flight = guard.begin_unseen(None);
    /// let again = flight.retried(&http::HeaderValue::from_static("Bearer ya29.x"));
    /// assert!(matches!(again, Begin::Send(_)));
    /// ```
    pub fn retried(self, authorization: &HeaderValue) -> Begin {
        let mut flight = Self { token: None, header: None, is_doubted: false, ..self };
        match flight.is_googles() {
            true => flight.check(authorization).with(flight),
            false => Begin::Send(flight),
        }
    }

    /// The client followed redirects, and the answer is that of another URL. No more is known of it than
    /// whether its host is Google's: the verb may have changed, and the token may have been left out.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, call::Call};
    /// let flight = Guard::builder().build().begin_unseen(None);
    /// let last = http::Uri::from_static("https://example.com/");
    /// let flight = flight.redirected(&Call::new(&http::Method::GET, &last));
    /// ```
    #[must_use]
    pub fn redirected(self, last: &Call<'_>) -> Self {
        let last = catalog::lookup(&last.needing(None), &self.guard.state().endpoints);
        let reason = last.abstain_reason().filter(|_| last.method().is_none());
        Self::of(self.guard, Lookup::without_method(reason.unwrap_or(AbstainReason::Method)))
    }

    /// [`Guard::begin`] for an adapter whose every call counts: a flight is as large as a request, and
    /// this one is not moved.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, call::Call, flight::{Flight, Next}};
    /// # let request = http::Request::get("https://example.com/").body(())?;
    /// let mut flight = Flight::new(&Guard::builder().build());
    /// let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    /// assert!(matches!(flight.begin_in_place(&call), Next::Send));
    /// # Ok::<(), http::Error>(())
    /// ```
    // A token that opens the whole host needs no method: then the request line is kept, and the method
    // is looked for if the answer is a refusal.
    #[inline]
    pub fn begin_in_place(&mut self, call: &Call<'_>) -> Next {
        let Self { guard, call: looked_up, line, .. } = self;
        let state = guard.state();
        let is_plain = call.needed().is_none() && state.recording.get().is_none();
        let host = KnownHost::find(call, &state.endpoints).filter(|_| is_plain);
        let (Some(host), Some(token)) = (host, call.only_token()) else {
            return self.begin_slowly(call);
        };
        let read = |key, entry: &Entry| {
            let is_kept = entry.granted.opens(host) && line.keep(call, host);
            *looked_up =
                if is_kept { Lookup::without_method(AbstainReason::Method) } else { host.lookup(call) };
            let lacks = !is_kept && guard.lacks(looked_up, &entry.granted);
            (key, lacks, state.grants.may_learn_of(entry))
        };
        match state.grants.peek(token, read) {
            Peek::Seen(seen) => self.check_seen(seen, token),
            Peek::Unseen { .. } | Peek::NotBearer => self.begin_slowly(call),
        }
    }

    fn begin_slowly(&mut self, call: &Call<'_>) -> Next {
        self.call = self.guard.looked_up(call);
        self.is_grpc = call.is_grpc();
        self.record();
        match call.only_token() {
            Some(token) if self.is_googles() => self.check(token),
            _ => Next::Send,
        }
    }

    fn record(&self) {
        if let Some(recording) = self.guard.state().recording.get() {
            recording.note(&self.call);
        }
    }

    fn check(&mut self, token: &HeaderValue) -> Next {
        let Self { guard, call, .. } = &*self;
        let state = guard.state();
        let read =
            |key, entry: &Entry| (key, guard.lacks(call, &entry.granted), state.grants.may_learn_of(entry));
        match state.grants.peek(token, read) {
            Peek::NotBearer => Next::Send,
            Peek::Unseen { key, is_new } => self.check_unseen(key, is_new, token),
            Peek::Seen(seen) => self.check_seen(seen, token),
        }
    }

    #[inline]
    fn check_seen(&mut self, (key, lacks, may_learn): (TokenKey, bool, bool), token: &HeaderValue) -> Next {
        self.token = Some(key);
        if may_learn {
            self.keep_header(token);
        }
        if lacks { self.lacking() } else { Next::Send }
    }

    fn check_unseen(&mut self, key: TokenKey, is_new: bool, token: &HeaderValue) -> Next {
        self.token = Some(key);
        self.keep_header(token);
        self.is_doubted = true;
        let state = self.guard.state();
        match state.preflight {
            Preflight::Off => state.grants.remember(token),
            _ => drop(state.grants.inspect(token, Stage::Ahead)),
        }
        // Where no answer about the token could stop the call, none is worth waiting for.
        let could_lack = || self.call.accepts(&ScopeSet::new()) == Ok(false);
        let waits = is_new && state.preflight == Preflight::Deny && could_lack();
        if waits { Next::Wait } else { Next::Send }
    }

    /// What happens to a call whose token lacks the scope.
    fn lacking(&mut self) -> Next {
        let state = self.guard.state();
        let (Some(subject), Some(key)) = (subject(&self.call), self.token) else { return Next::Send };
        let known = state.grants.read(key, |entry| (entry.granted.clone(), entry.stale_at));
        let Some((granted, stale_at)) = known else { return Next::Send };
        let denial = match state.preflight {
            Preflight::Deny => Some(self.denied_at_once(subject, key, &granted, stale_at)),
            Preflight::Confirm => state.lessons.denial(key, subject, stale_at),
            Preflight::Warn => None,
            Preflight::Off => return Next::Send,
        };
        let Some(denial) = denial else {
            let method = self.call.method();
            let times = state.repeats.count(("predicted", method, Some(key)), state.grants.now());
            if let Some(times) = times {
                telemetry::predicted(method, &self.call.accepted(), &granted, times);
            }
            self.is_doubted = true;
            return Next::Send;
        };
        learn::log_denial(self, &denial, None);
        Next::Stop(denial)
    }

    fn denied_at_once(
        &self,
        subject: Subject,
        key: TokenKey,
        granted: &GrantedScopes,
        stale_at: Instant,
    ) -> Denial {
        let lessons = &self.guard.state().lessons;
        lessons.denial(key, subject.clone(), stale_at).unwrap_or_else(|| {
            let denial = self.guard.predict(DenialKind::Predicted, &self.call, granted.clone());
            lessons.deny(key, subject, stale_at, denial.clone());
            denial
        })
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::{HeaderMap, StatusCode, header};

    use super::*;
    use crate::call::NeededScopes;
    use crate::granted::GrantSource;
    use crate::granted::clock::tests::ManualClock;
    use crate::granted::{AccessToken, GrantedScopesSource};
    use crate::refusal::Certainty;

    fn guard_of_a_logger(preflight: Preflight) -> Guard {
        let guard = Guard::builder().preflight(preflight).build();
        grant(&guard, "logging.write", GrantSource::Tokeninfo);
        guard
    }

    /// Lets the token of the logger hold this scope, as that source says.
    fn grant(guard: &Guard, short: &str, source: GrantSource) {
        let held = [short.parse().unwrap()].into_iter().collect();
        guard.declare(AccessToken::new("loggers").unwrap(), GrantedScopes::known(held, source));
    }

    fn of_the_logger() -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer loggers"))])
    }

    /// What an adapter does.
    fn begin(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> Begin {
        let (headers, uri) = (of_the_logger(), url.parse().unwrap());
        guard.begin(&Call::new(&http::Method::GET, &uri).with_headers(&headers).needing(needed))
    }

    /// As [`begin`], with a look at the method in any case.
    fn begin_slowly(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> Begin {
        let (headers, uri) = (of_the_logger(), url.parse().unwrap());
        let mut flight = Flight::of(guard.clone(), Lookup::without_method(AbstainReason::Host));
        let call = Call::new(&http::Method::GET, &uri).with_headers(&headers).needing(needed);
        flight.begin_slowly(&call).with(flight)
    }

    /// Whether the request line was kept instead of a method.
    fn is_kept(begun: &Begin) -> bool {
        match begun {
            Begin::Send(flight) => flight.line.found(&flight.guard.state().endpoints).is_some(),
            Begin::Wait(_) | Begin::Stop(_) => false,
        }
    }

    #[test]
    fn a_method_is_looked_for_where_it_matters_and_the_answer_is_the_same() {
        let guard = guard_of_a_logger(Preflight::Deny);
        let logs = "https://logging.googleapis.com/v2/projects/p/logs";
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        // `logging.write` opens no host as a whole: it writes, and these calls read.
        for url in [logs, object, "https://example.com/", "https://oauth2.googleapis.com/token"] {
            let begun = begin(&guard, url, None);
            let stopped = matches!(begin_slowly(&guard, url, None), Begin::Stop(_));
            assert_eq!((matches!(begun, Begin::Stop(_)), is_kept(&begun)), (stopped, false), "{url}");
        }
        let grant = |short| grant(&guard, short, GrantSource::Tokeninfo);
        let sent = |begun: &Begin| matches!(begun, Begin::Send(_)).then(|| is_kept(begun));
        // What opens the method alone lets the call go, and what opens the host does so without the method.
        grant("devstorage.read_only");
        assert_eq!(sent(&begin(&guard, object, None)), Some(false));
        grant("cloud-platform");
        assert_eq!(sent(&begin(&guard, object, None)), Some(true));
        // What the caller says it needs is not opened by what opens the host.
        let needed = NeededScopes::any_of(["drive".parse().unwrap()]);
        assert_eq!(sent(&begin(&guard, object, Some(&needed))), None);
        let recorder = guard.recorder();
        assert_eq!(sent(&begin(&guard, object, None)), Some(false));
        assert_eq!(
            recorder.methods().iter().map(|method| method.id()).collect::<Vec<_>>(),
            ["storage.objects.get"]
        );
    }

    /// A source that counts what it is asked.
    #[derive(Default, Clone)]
    struct Counting(Arc<std::sync::atomic::AtomicUsize>);

    impl GrantedScopesSource for Counting {
        fn name(&self) -> &str {
            "the counting source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            None
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_asked_about_only_on_its_way_to_google_and_never_ahead_with_off() {
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        let rows = [
            (Preflight::Warn, "https://example.com/storage/v1/b/b/o/x", 0),
            (Preflight::Warn, object, 1),
            (Preflight::Off, object, 0),
        ];
        for (preflight, url, expected) in rows {
            let counting = Counting::default();
            let guard = Guard::builder().here().source(counting.clone()).preflight(preflight).build();
            assert!(matches!(begin(&guard, url, None), Begin::Send(_)));
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            let asked = counting.0.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(asked, expected, "{preflight:?} {url}");
        }
    }

    #[test]
    fn a_call_with_another_token_in_its_query_is_not_judged_by_its_header() {
        let guard = guard_of_a_logger(Preflight::Deny);
        let url = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        assert!(matches!(begin(&guard, url, None), Begin::Stop(_)));
        for query in ["access_token=other", "alt=media&oauth_token=other"] {
            let Begin::Send(flight) = begin(&guard, &format!("{url}?{query}"), None) else {
                panic!("stopped: {query}")
            };
            assert!(flight.token.is_none() && flight.is_googles());
        }
    }

    #[test]
    fn a_refusal_of_one_method_is_none_of_another_that_is_said_to_need_the_same() {
        let guard = guard_of_a_logger(Preflight::Confirm);
        let needed = NeededScopes::any_of(["pubsub".parse().unwrap()]);
        let call = |url| begin(&guard, url, Some(&needed));
        let (object, bucket) = (
            "https://storage.googleapis.com/storage/v1/b/b/o/x",
            "https://storage.googleapis.com/storage/v1/b/b",
        );
        let Begin::Send(flight) = call(object) else { panic!("nothing was refused yet") };
        let said = b"Request had insufficient authentication scopes.";
        let denial = flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), said);
        assert!(denial.is_some());
        assert!(matches!(call(object), Begin::Stop(_)));
        assert!(matches!(call(bucket), Begin::Send(_)));
    }

    fn sent(guard: &Guard, url: &str) -> Flight {
        match begin(guard, url, None) {
            Begin::Send(flight) => flight,
            Begin::Wait(_) | Begin::Stop(_) => panic!("held back: {url}"),
        }
    }

    fn refused(guard: &Guard, url: &str, headers: &HeaderMap, said: &str) -> Option<Denial> {
        sent(guard, url).explain_now(StatusCode::FORBIDDEN, headers, said.as_bytes())
    }

    const OBJECT: &str = "https://storage.googleapis.com/storage/v1/b/b/o/x";
    const SAID: &str = "Request had insufficient authentication scopes.";

    #[test]
    fn who_was_mistaken_about_a_token_is_not_believed_again_and_google_is() {
        for (source, is_believed) in [(GrantSource::Declared, false), (GrantSource::Tokeninfo, true)] {
            let guard = guard_of_a_logger(Preflight::Confirm);
            let is_known =
                |flight: &Flight| guard.state().grants.read(flight.token.unwrap(), |_| ()).is_some();
            // Google lets a call pass for which the scope is said to be lacking.
            grant(&guard, "logging.write", source);
            let flight = sent(&guard, OBJECT);
            assert!(flight.is_doubted);
            flight.answered(StatusCode::OK, &HeaderMap::new());
            assert_eq!(is_known(&flight), is_believed, "{source:?}");
            // Then it is the catalog that was wrong, of the method.
            grant(&guard, "logging.write", source);
            assert_eq!(sent(&guard, OBJECT).is_doubted, !is_believed, "{source:?}");
            // Google refuses a call for which the scope is said to be there.
            grant(&guard, "devstorage.read_only", source);
            assert!(refused(&guard, OBJECT, &HeaderMap::new(), SAID).is_some());
            assert_eq!(is_known(&flight), is_believed, "{source:?}");
        }
    }

    #[test]
    fn a_scope_that_is_one_too_many_is_not_remembered_as_one_that_is_lacking() {
        let guard = guard_of_a_logger(Preflight::Confirm);
        let restricting =
            r#"{"error":{"code":403,"message":"Metadata scope does not support 'q' parameter"}}"#;
        let denial = refused(&guard, OBJECT, &HeaderMap::new(), restricting).unwrap();
        assert_eq!(denial.refusal().unwrap().scope_problem(), Some("restricting"));
        assert!(refused(&guard, OBJECT, &HeaderMap::new(), SAID).is_some());
        assert!(matches!(begin(&guard, OBJECT, None), Begin::Stop(_)));
    }

    #[test]
    fn scopes_that_google_names_are_learnt_where_it_certainly_refused_for_lack_of_one() {
        let guard = guard_of_a_logger(Preflight::Warn);
        let challenge =
            r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#;
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
        let knows = || {
            let method = sent(&guard, OBJECT).call.method().unwrap();
            guard.accepted(method).contains(&"pubsub".parse().unwrap())
        };
        let unsure = refused(&guard, OBJECT, &headers, r#"{"error":{"code":403,"message":"Forbidden"}}"#);
        let unsure = unsure.unwrap();
        assert!(!unsure.refusal().unwrap().alternatives().is_empty());
        assert!(unsure.certainty() < Certainty::Certain && !knows());
        assert!(refused(&guard, OBJECT, &headers, SAID).is_some());
        assert!(knows());
    }

    #[tokio::test(start_paused = true)]
    async fn deny_waits_for_nothing_where_no_answer_could_hold_the_call_back() {
        let guard = Guard::builder().here().source(Down).preflight(Preflight::Deny).build();
        let unlisted = "https://storage.googleapis.com/storage/v1/no/such/method";
        assert!(matches!(begin(&guard, unlisted, None), Begin::Send(_)));
        let guard = Guard::builder().here().source(Down).preflight(Preflight::Deny).build();
        assert!(matches!(begin(&guard, OBJECT, None), Begin::Wait(_)));
    }

    /// A source that is down.
    struct Down;

    impl GrantedScopesSource for Down {
        fn name(&self) -> &str {
            "the test source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            Some(GrantedScopes::unknown("the test source is down"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn deny_holds_back_the_first_call_of_a_token_and_no_later_one() {
        let clock = Arc::new(ManualClock::new());
        let guard =
            Guard::builder().here().source(Down).preflight(Preflight::Deny).clock(Arc::clone(&clock) as _);
        let guard = guard.build();
        let call = |token: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            let uri = "https://storage.googleapis.com/storage/v1/b/b/o/x".parse().unwrap();
            guard.begin(&Call::new(&http::Method::GET, &uri).with_headers(&headers))
        };
        let Begin::Wait(pending) = call("a") else { panic!("the first call asks") };
        pending.wait().await.unwrap();
        for _ in 0..5 {
            assert!(matches!(call("a"), Begin::Send(_)));
            // Its failure is forgotten by now, and it is inspected again.
            clock.advance(Duration::from_secs(1000));
            assert!(matches!(call("a"), Begin::Send(_)), "held back again");
            tokio::task::yield_now().await;
        }
        assert!(matches!(call("b"), Begin::Wait(_)));
    }
}
