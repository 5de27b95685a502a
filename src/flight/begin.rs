//! The functions that begin a [`Flight`], which is a call in progress. These functions check the
//! call, and decide whether the call is sent.

use std::time::Instant;

use http::{HeaderValue, Method, Uri};

use super::call_in_progress::Flight;
use super::learn;
use super::request_line::RequestLine;
use crate::call::{AbstainReason, Call};
use crate::catalog::{self, ApiMethod, CallPlace, Lookup, foreign_host};
use crate::denial::{Denial, DenialKind};
use crate::granted::token_cache::Peek;
use crate::granted::token_table::{Entry, Stage, TokenKey};
use crate::granted::{GrantSource, GrantedScopes};
use crate::guard::lessons::{LessonKey, StopCheck};
use crate::guard::{Guard, Preflight};
use crate::judge::lesson_subject;
use crate::scope::ScopeSet;
use crate::telemetry::{self, EventKind};

impl Guard {
    /// Begins a flight for a request. Never waits, and usually does not allocate.
    ///
    /// Pass the request's headers ([`Call::with_headers`]): without headers the guard does not see
    /// the token, and never denies the call.
    ///
    /// ```
    /// use gcp_scopes::flight::Flight;
    /// use gcp_scopes::{Denial, Guard, call::Call};
    ///
    /// async fn begin(guard: &Guard, request: &http::Request<()>) -> Result<Flight, Denial> {
    ///     let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    ///     // The caller may state the scopes that this call needs, as an extension of the request.
    ///     let flight = guard.begin(&call.with_needed_scopes(request.extensions().get()))?;
    ///     // A client that blocks uses `block_on`; a hook that must not block skips this step.
    ///     flight.wait_for_scopes().await
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial of a call that must not be sent. Pass the denial to [`Guard::unsent`], which
    /// returns what the caller gets.
    pub fn begin(&self, call: &Call<'_>) -> Result<Flight, Denial> {
        let mut flight = Flight::new(self);
        flight.begin_in_place(call)?;
        Ok(flight)
    }

    /// Begins a flight for a client that does not expose the request of a call. The client must
    /// expose the method of the call, and the `Authorization` header that it will send.
    ///
    /// ```
    /// # #[cfg(feature = "catalog-full")] {
    /// use gcp_scopes::{Guard, catalog::ApiMethod};
    ///
    /// let guard = Guard::builder().build();
    /// let method = ApiMethod::by_id("storage.objects.get")?;
    /// let flight = guard.begin_method(method, &http::HeaderValue::from_static("Bearer ya29.x"));
    /// assert!(flight.is_ok()); // the scopes of this token are unknown, so the call may be sent
    /// # }
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    ///
    /// # Errors
    /// The denial of a call that must not be sent.
    pub fn begin_method(
        &self,
        method: ApiMethod,
        authorization: &HeaderValue,
    ) -> Result<Flight, Denial> {
        let mut flight = Flight::from_lookup(self.hold(), Lookup::from(method));
        flight.record_method();
        flight.check(authorization)?;
        Ok(flight)
    }

    /// Begins a flight for a client that exposes neither the request nor the method of a call. The
    /// client must expose the API host, such as `pubsub.googleapis.com`, and the `Authorization`
    /// header. The guard never denies this call before it is sent, because without a method the
    /// guard cannot know which scopes the call needs.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().build();
    /// let token = http::HeaderValue::from_static("Bearer ya29.x");
    /// let flight = guard.begin_service("pubsub.googleapis.com", &token);
    /// ```
    #[must_use]
    pub fn begin_service(&self, host: &str, authorization: &HeaderValue) -> Flight {
        let (verb, uri) = (Method::GET, format!("https://{host}/").parse::<Uri>());
        let is_google_host =
            |uri: &Uri| self.state().endpoints.is_google_host(&Call::new(&verb, uri));
        match uri.as_ref().is_ok_and(is_google_host) {
            true => self.begin_unseen(Some(authorization)),
            false => Flight::from_lookup(self.hold(), Lookup::without_method(AbstainReason::Host)),
        }
    }

    /// Begins a flight for a call that was already made. Only the call's response or error is
    /// known, and possibly the `Authorization` header that was sent. The response must come from a
    /// Google API.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let flight = Guard::builder().build().begin_unseen(None);
    /// let body = r#"{"error":{"message":"Request had insufficient authentication scopes."}}"#;
    /// let (status, headers) = (StatusCode::FORBIDDEN, HeaderMap::new());
    /// let denial = flight.explain_now(status, &headers, body.as_bytes());
    /// assert!(denial.is_some_and(|denial| denial.method().is_none()));
    /// ```
    #[must_use]
    pub fn begin_unseen(&self, authorization: Option<&HeaderValue>) -> Flight {
        let mut flight =
            Flight::from_lookup(self.hold(), Lookup::without_method(AbstainReason::Method));
        if let Some(authorization) = authorization {
            flight.record_method();
            // `check` returns no error here, because without a method no scope is known to be
            // missing.
            let _ = flight.check(authorization);
        }
        flight
    }

    /// Begins a flight for a call whose method is known and whose token is not.
    pub(crate) fn begin_tokenless(&self, method: ApiMethod) -> Flight {
        Flight::from_lookup(self.hold(), Lookup::from(method))
    }
}

impl Flight {
    /// Checks the call again before the client retries the call. `authorization` is the header of
    /// the retry, whose token may differ from the token of the previous attempt.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().build();
    /// let flight = guard.begin_unseen(None);
    /// assert!(flight.retried(&http::HeaderValue::from_static("Bearer ya29.x")).is_ok());
    /// ```
    ///
    /// # Errors
    /// The denial of a call that must not be sent again.
    pub fn retried(mut self, authorization: &HeaderValue) -> Result<Self, Denial> {
        // Without a lookup so far, the previous token was known to be sufficient. The token of the
        // retry may be insufficient, so the method is needed now.
        self.look_up_line();
        let Self { guard, lookup, line, is_grpc, is_head, .. } = self;
        let mut flight = Self { line, is_grpc, is_head, ..Self::from_lookup(guard, lookup) };
        if flight.is_google_host() {
            flight.check(authorization)?;
        }
        Ok(flight)
    }

    /// Returns whether [`wait_for_scopes`](Self::wait_for_scopes) would wait. Only the first call
    /// with each token waits, and only with [`Preflight::Deny`].
    ///
    /// ```
    /// assert!(!gcp_scopes::Guard::builder().build().begin_unseen(None).has_pending_scopes());
    /// ```
    #[inline]
    #[must_use]
    pub fn has_pending_scopes(&self) -> bool {
        self.has_pending_scopes
    }

    /// Waits until the scopes of the token are known, at most as long as
    /// [`GuardBuilder::deny_wait`](crate::GuardBuilder::deny_wait), and then checks the call again.
    /// Returns immediately unless [`has_pending_scopes`](Self::has_pending_scopes) is true.
    ///
    /// A client that blocks passes this future to `block_on`. A hook that must not block leaves
    /// this function out and sends the call: the guard denies no call while the scopes are unknown.
    ///
    /// # Errors
    /// The denial of a call that must not be sent.
    pub async fn wait_for_scopes(mut self) -> Result<Self, Denial> {
        let Some(key) = self.token.filter(|_| self.has_pending_scopes) else { return Ok(self) };
        self.has_pending_scopes = false;
        let state = self.guard.state();
        let held = state
            .tokens
            .wait(key, self.header.as_ref(), Stage::BeforeRefusal, state.deny_wait)
            .await;
        if self.guard.lacks(&self.lookup, &held) {
            self.handle_lacking()?;
        }
        Ok(self)
    }

    /// Returns a flight for the response that the client received after it followed redirects.
    /// `last` is a call to the URL of the last request. The returned flight knows only whether the
    /// host of this URL belongs to Google. It does not know the method and the token, because the
    /// method may have changed, and the client may have removed the token.
    ///
    /// For a URL of another type than [`http::Uri`], create `last` with [`Call::from_url_parts`]:
    /// the verb is `GET`, and no headers are needed. User info in the authority is ignored.
    ///
    /// ```
    /// use gcp_scopes::{Guard, call::Call};
    ///
    /// let flight = Guard::builder().build().begin_unseen(None);
    /// let last = http::Uri::from_static("https://example.com/");
    /// let flight = flight.redirected(&Call::new(&http::Method::GET, &last));
    /// ```
    #[must_use]
    pub fn redirected(self, last: &Call<'_>) -> Self {
        let last = catalog::lookup(&last.with_needed_scopes(None), &self.guard.state().endpoints);
        let reason = last.abstain_reason().filter(|_| last.method().is_none());
        let lookup = Lookup::without_method(reason.unwrap_or(AbstainReason::Method));
        Self { is_head: self.is_head, ..Self::from_lookup(self.guard, lookup) }
    }

    /// Begins this flight like [`Guard::begin`], but in place. An adapter that must be fast avoids
    /// moving a `Flight`, which is as large as a request.
    ///
    /// ```
    /// use gcp_scopes::{Guard, call::Call, flight::Flight};
    ///
    /// # let request = http::Request::get("https://example.com/").body(())?;
    /// let mut flight = Flight::new(&Guard::builder().build());
    /// let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    /// assert!(flight.begin_in_place(&call).is_ok() && !flight.has_pending_scopes());
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// # Errors
    /// The denial of a call that must not be sent.
    #[inline(always)]
    pub fn begin_in_place(&mut self, call: &Call<'_>) -> Result<(), Denial> {
        self.is_head = call.verb() == "HEAD";
        if self.passes_quickly(call) { Ok(()) } else { self.begin_with_lookup(*call) }
    }

    /// Returns whether the call may be sent without a lookup of its method. `false` only means that
    /// [`begin_with_lookup`](Self::begin_with_lookup) has to decide. That function would also send
    /// every call for which this function returns `true`. The flight of such a call keeps the
    /// request line, from which the method is looked up if Google refuses the call. For a host that
    /// is not Google's, it keeps the host and the port.
    ///
    /// True for a call to a host that is not Google's. Also true for a call whose only credential
    /// is a token that was inspected before and holds a sufficient scope. That is a scope that the
    /// method accepts, or that every method of the host with this verb accepts. False if the user
    /// mapped a host, or if the program states the scopes of the call or records its methods.
    #[inline(always)]
    fn passes_quickly(&mut self, call: &Call<'_>) -> bool {
        let state = self.guard.state();
        if call.needed_scopes().is_some() || state.recording.get().is_some() {
            return false;
        }
        let Some(host) = foreign_host(call, &state.endpoints) else {
            // The call is copied only here, so that its parts stay in registers.
            return self.passes_with_token(*call);
        };
        RequestLine::keep_server(&mut self.line, host);
        self.is_grpc = call.is_grpc();
        true
    }

    /// Does the same for a call that may go to a host of Google.
    #[inline(never)]
    fn passes_with_token(&mut self, call: Call<'_>) -> bool {
        let Self { guard, line, .. } = self;
        let (state, mut seen) = (guard.state(), None);
        let Some(place) = CallPlace::new(&call, &state.endpoints) else { return false };
        let Some(header) = call.plain_token() else { return false };
        let allow = |key, entry: &Entry| {
            seen = Some((key, state.tokens.may_learn(entry)));
            entry.opened_sets(state.endpoints.catalog()).allow(place, &call)
        };
        let is_allowed = matches!(state.tokens.peek(header, allow), Peek::Seen(true));
        match seen {
            Some((key, may_learn)) if is_allowed && RequestLine::keep(line, &call, place) => {
                self.lookup = Lookup::without_method(AbstainReason::Method);
                self.keep_seen_token(key, may_learn, header);
                true
            }
            _ => false,
        }
    }

    /// Keeps the key of a token that was inspected before, and its header if a source may still
    /// find out the token's scopes.
    #[inline]
    fn keep_seen_token(&mut self, key: TokenKey, may_learn: bool, token: &HeaderValue) {
        self.token = Some(key);
        if may_learn {
            self.keep_header(token);
        }
    }

    /// Begins the flight with a lookup of the method, without regard to the scopes of the token.
    #[inline(never)]
    fn begin_with_lookup(&mut self, call: Call<'_>) -> Result<(), Denial> {
        self.lookup = self.guard.look_up(&call);
        self.is_grpc = call.is_grpc();
        self.note_call(&call);
        self.record_method();
        match call.only_token() {
            Some(token) if self.is_google_host() => self.check(token),
            _ => Ok(()),
        }
    }

    /// Records the method of the call if the program created a recorder.
    fn record_method(&self) {
        if let Some(recording) = self.guard.state().recording.get() {
            recording.note(&self.lookup);
        }
    }

    /// Checks the scopes of the token against the method. Starts an inspection if the token was not
    /// seen before or its entry is stale.
    fn check(&mut self, token: &HeaderValue) -> Result<(), Denial> {
        let Self { guard, lookup, .. } = &*self;
        let state = guard.state();
        let read = |key, entry: &Entry| {
            (key, guard.lacks(lookup, &entry.granted), state.tokens.may_learn(entry))
        };
        match state.tokens.peek(token, read) {
            Peek::Seen((key, lacks, may_learn)) => {
                self.keep_seen_token(key, may_learn, token);
                return if lacks { self.handle_lacking() } else { Ok(()) };
            }
            Peek::Unseen { key, is_new } => self.begin_inspection(key, is_new, token),
            Peek::NotBearer => {}
        }
        Ok(())
    }

    /// Starts an inspection of the token, or with [`Preflight::Off`] only records the token.
    fn begin_inspection(&mut self, key: TokenKey, is_new: bool, token: &HeaderValue) {
        self.token = Some(key);
        self.keep_header(token);
        // The scopes may become known before the response arrives, and may seem to be insufficient.
        // A success then shows that they are sufficient.
        self.is_doubted = true;
        let state = self.guard.state();
        match state.preflight {
            Preflight::Off => state.tokens.remember(token),
            _ => drop(state.tokens.inspect(token, Stage::BeforeRefusal)),
        }
        if state.preflight == Preflight::Deny {
            self.note_lack_of_sources(None);
        }
        // Waiting is useful only if some scopes would stop the call. If any would, the empty set
        // does.
        self.has_pending_scopes = is_new
            && state.preflight == Preflight::Deny
            && self.lookup.accepts(&ScopeSet::new()) == Ok(false);
    }

    /// Decides, by the guard's `Preflight`, whether to send a call whose token lacks the scope.
    fn handle_lacking(&mut self) -> Result<(), Denial> {
        let state = self.guard.state();
        let (Some(subject), Some(key)) = (lesson_subject(&self.lookup), self.token) else {
            return Ok(());
        };
        let known = state.tokens.read(key, |entry| (entry.granted.clone(), entry.stale_at));
        let Some((granted, stale_at)) = known else { return Ok(()) };
        let is_unverified = granted.source().is_some_and(GrantSource::is_unverified);
        let is_coarse = self.lookup.abstain_reason() == Some(AbstainReason::Coarse);
        let check = match state.preflight {
            // A coarse verdict is one on the scopes of a whole service. It stops a call only if the
            // source of the token's scopes is authoritative for the token. Otherwise Google's
            // response has to confirm the verdict.
            Preflight::Deny if !is_coarse || !is_unverified => {
                StopCheck::Stopped(self.stored_or_new_denial(subject, key, &granted, stale_at))
            }
            Preflight::Deny | Preflight::Confirm => {
                state.lessons.check(key, subject, stale_at, state.tokens.now())
            }
            Preflight::Warn => StopCheck::Unconfirmed,
            Preflight::Off => return Ok(()),
        };
        if let StopCheck::Stopped(denial) = check {
            learn::log_denial(self, &denial, None);
            return Err(self.with_verb(denial));
        }
        let method = self.lookup.method();
        let event = (EventKind::Predicted, "", method, Some(key));
        if let Some(times) = state.repeats.count(event, state.tokens.now()) {
            telemetry::predicted(method, &self.lookup.accepted(), &granted, times);
        }
        (self.is_doubted, self.is_trial) = (true, matches!(check, StopCheck::Trial));
        Ok(())
    }

    /// Returns the denial that is stored for calls of `subject` with the token, or creates and
    /// stores a denial.
    fn stored_or_new_denial(
        &self,
        subject: LessonKey,
        key: TokenKey,
        granted: &GrantedScopes,
        stale_at: Instant,
    ) -> Denial {
        let (lessons, now) = (&self.guard.state().lessons, self.guard.state().tokens.now());
        lessons.denial(key, subject.clone(), stale_at).unwrap_or_else(|| {
            let (kind, granted) = (DenialKind::Predicted, granted.clone());
            let denial = self.guard.predicted_denial(kind, &self.lookup, granted);
            lessons.remember_denial(key, subject, stale_at, denial.clone(), now);
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

    /// Creates a guard that knows that the token `logger` has only the scope `logging.write`.
    fn guard_with_logger_token(preflight: Preflight) -> Guard {
        let guard = Guard::builder().preflight(preflight).build();
        grant(&guard, "logging.write", GrantSource::Tokeninfo);
        guard
    }

    /// Declares that the token `logger` has only the scope `short`, according to `source`.
    fn grant(guard: &Guard, short: &str, source: GrantSource) {
        let held = [short.parse().unwrap()].into_iter().collect();
        guard.declare(AccessToken::new("logger").unwrap(), GrantedScopes::known(held, source));
    }

    fn logger_headers() -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer logger"))])
    }

    type BeginResult = Result<Flight, Denial>;

    /// Begins a flight as an adapter does.
    fn begin(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> BeginResult {
        let (headers, uri) = (logger_headers(), url.parse().unwrap());
        guard.begin(
            &Call::new(&http::Method::GET, &uri).with_headers(&headers).with_needed_scopes(needed),
        )
    }

    /// Like [`begin`], but always looks up the method.
    fn begin_with_lookup(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> BeginResult {
        let (headers, uri) = (logger_headers(), url.parse().unwrap());
        let mut flight =
            Flight::from_lookup(guard.clone(), Lookup::without_method(AbstainReason::Host));
        let call =
            Call::new(&http::Method::GET, &uri).with_headers(&headers).with_needed_scopes(needed);
        flight.begin_with_lookup(call)?;
        Ok(flight)
    }

    /// Returns whether the flight kept the request line instead of a method.
    fn is_kept(result: &BeginResult) -> bool {
        let line = |flight: &Flight| {
            flight.line.as_ref().and_then(|line| line.lookup(&flight.guard.state().endpoints))
        };
        result.as_ref().ok().and_then(line).is_some()
    }

    /// Returns whether the call is sent without waiting for scopes.
    fn is_sent(result: &BeginResult) -> bool {
        result.as_ref().is_ok_and(|flight| !flight.has_pending_scopes())
    }

    #[test]
    fn a_method_is_looked_up_unless_the_token_is_certainly_sufficient() {
        let guard = guard_with_logger_token(Preflight::Deny);
        let logs = "https://logging.googleapis.com/v2/projects/p/logs";
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        // Not every method of the host accepts `logging.write`, which only allows writes. So
        // `begin` looks up the method, and must decide as `begin_with_lookup` does.
        for url in [logs, object, "https://example.com/", "https://oauth2.googleapis.com/token"] {
            let result = begin(&guard, url, None);
            let stopped = begin_with_lookup(&guard, url, None).is_err();
            assert_eq!((result.is_err(), is_kept(&result)), (stopped, false), "{url}");
        }
        let grant = |short| grant(&guard, short, GrantSource::Tokeninfo);
        let sent = |result: &BeginResult| is_sent(result).then(|| is_kept(result));
        // `Some(true)` means: the call is sent, and only the request line is kept. The method of
        // `object` accepts `devstorage.read_only`, and every method of the host `cloud-platform`.
        for scope in ["devstorage.read_only", "cloud-platform"] {
            grant(scope);
            assert_eq!(sent(&begin(&guard, object, None)), Some(true), "{scope}");
        }
        // A scope that every method accepts does not satisfy the scopes that the caller states.
        let needed = NeededScopes::any_of(["drive".parse().unwrap()]);
        assert_eq!(sent(&begin(&guard, object, Some(&needed))), None);
        let recorder = guard.recorder();
        assert_eq!(sent(&begin(&guard, object, None)), Some(false));
        assert_eq!(
            recorder.methods().iter().map(|method| method.id()).collect::<Vec<_>>(),
            ["storage.objects.get"]
        );
    }

    #[test]
    fn scopes_of_a_whole_service_stop_a_call_only_if_the_source_is_authoritative() {
        // Of Bigtable's data API only the scopes of the whole service are known.
        let keys =
            "https://bigtable.googleapis.com/v2/projects/p/instances/i/tables/t:sampleRowKeys";
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        for (source, is_stopped) in [(GrantSource::Tokeninfo, true), (GrantSource::Declared, false)]
        {
            let guard = Guard::builder().preflight(Preflight::Deny).build();
            grant(&guard, "logging.write", source);
            assert_eq!(begin(&guard, keys, None).is_err(), is_stopped, "{source:?}");
            assert!(begin(&guard, object, None).is_err(), "{source:?}");
            grant(&guard, "bigtable.data", source);
            assert!(begin(&guard, keys, None).is_ok(), "{source:?}");
        }
    }

    /// A source that counts its queries and knows no token.
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
    async fn tokens_are_inspected_only_for_google_hosts_and_not_with_off() {
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        let rows = [
            (Preflight::Warn, "https://example.com/storage/v1/b/b/o/x", 0),
            (Preflight::Warn, object, 1),
            (Preflight::Off, object, 0),
        ];
        for (preflight, url, expected) in rows {
            let counting = Counting::default();
            let guard =
                Guard::builder().in_test().source(counting.clone()).preflight(preflight).build();
            assert!(is_sent(&begin(&guard, url, None)));
            // Lets the task that queries the source run.
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            let queries = counting.0.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(queries, expected, "{preflight:?} {url}");
        }
    }

    #[test]
    fn a_token_in_the_query_disables_the_check_of_the_header() {
        let guard = guard_with_logger_token(Preflight::Deny);
        let url = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        assert!(begin(&guard, url, None).is_err());
        for query in ["access_token=other", "alt=media&oauth_token=other"] {
            let flight = sent(&guard, &format!("{url}?{query}"));
            assert!(flight.token.is_none() && flight.is_google_host());
        }
    }

    #[test]
    fn a_retry_is_checked_with_its_own_token() {
        let guard = guard_with_logger_token(Preflight::Deny);
        let held = GrantedScopes::unrestricted(GrantSource::Declared);
        guard.declare(AccessToken::new("all").unwrap(), held);
        let (logger, all) =
            (HeaderValue::from_static("Bearer logger"), HeaderValue::from_static("Bearer all"));
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, all.clone())]);
        let uri = OBJECT.parse().unwrap();
        let call = Call::new(&http::Method::GET, &uri).with_headers(&headers);
        let begin = || guard.begin(&call);
        assert!(is_kept(&begin()));
        assert!(begin().unwrap().retried(&all).is_ok());
        let denial = begin().unwrap().retried(&logger).unwrap_err();
        assert_eq!(denial.method().unwrap().id(), "storage.objects.get");
    }

    #[test]
    fn refusals_are_learned_per_method() {
        let guard = guard_with_logger_token(Preflight::Confirm);
        let needed = NeededScopes::any_of(["pubsub".parse().unwrap()]);
        let call = |url| begin(&guard, url, Some(&needed));
        let (object, bucket) = (
            "https://storage.googleapis.com/storage/v1/b/b/o/x",
            "https://storage.googleapis.com/storage/v1/b/b",
        );
        let flight = call(object).expect("nothing was refused yet");
        let message = b"Request had insufficient authentication scopes.";
        let denial = flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), message);
        assert!(denial.is_some());
        assert!(call(object).is_err());
        assert!(is_sent(&call(bucket)));
    }

    /// Begins the flight of a call with the token `logger`, which must be sent.
    fn sent(guard: &Guard, url: &str) -> Flight {
        let result = begin(guard, url, None);
        assert!(is_sent(&result), "held back: {url}");
        result.unwrap()
    }

    /// Returns the denial of a call that is sent and refused with this message.
    fn refused(guard: &Guard, url: &str, headers: &HeaderMap, message: &str) -> Option<Denial> {
        sent(guard, url).explain_now(StatusCode::FORBIDDEN, headers, message.as_bytes())
    }

    const OBJECT: &str = "https://storage.googleapis.com/storage/v1/b/b/o/x";
    const SCOPE_REFUSAL: &str = "Request had insufficient authentication scopes.";

    #[test]
    fn wrong_declarations_are_dropped_and_tokeninfo_is_kept() {
        for (source, is_kept) in [(GrantSource::Declared, false), (GrantSource::Tokeninfo, true)] {
            let guard = guard_with_logger_token(Preflight::Confirm);
            let is_known = |flight: &Flight| {
                guard.state().tokens.read(flight.token.unwrap(), |_| ()).is_some()
            };
            // Google allows a call although the scope seems to be missing.
            grant(&guard, "logging.write", source);
            let flight = sent(&guard, OBJECT);
            assert!(flight.is_doubted);
            assert!(!flight.answered(StatusCode::OK, &HeaderMap::new()));
            assert_eq!(is_known(&flight), is_kept, "{source:?}");
            // If the scopes are from tokeninfo, the success shows that the catalog's entry for the
            // method is wrong, and the guard makes no more predictions for the method.
            grant(&guard, "logging.write", source);
            assert_eq!(sent(&guard, OBJECT).is_doubted, !is_kept, "{source:?}");
            // Google refuses a call although the scope seems to be granted.
            grant(&guard, "devstorage.read_only", source);
            assert!(refused(&guard, OBJECT, &HeaderMap::new(), SCOPE_REFUSAL).is_some());
            assert_eq!(is_known(&flight), is_kept, "{source:?}");
        }
    }

    #[test]
    fn a_restricting_scope_is_not_learned_as_a_missing_scope() {
        let guard = guard_with_logger_token(Preflight::Confirm);
        let restricting_scope =
            r#"{"error":{"code":403,"message":"Metadata scope does not support 'q' parameter"}}"#;
        let denial = refused(&guard, OBJECT, &HeaderMap::new(), restricting_scope).unwrap();
        assert_eq!(denial.refusal().unwrap().scope_problem(), Some("restricting"));
        // The call is sent again, and denied only after a refusal for a missing scope.
        assert!(refused(&guard, OBJECT, &HeaderMap::new(), SCOPE_REFUSAL).is_some());
        assert!(begin(&guard, OBJECT, None).is_err());
    }

    #[test]
    fn named_scopes_are_learned_only_from_certain_scope_refusals() {
        let guard = guard_with_logger_token(Preflight::Warn);
        let challenge =
            r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#;
        let headers =
            HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
        let knows = || {
            let method = sent(&guard, OBJECT).lookup.method().unwrap();
            let held = ScopeSet::from_iter(["pubsub".parse().unwrap()]);
            guard.state().lessons.corrected_verdict(method, Some(&held), false)
                == Err(AbstainReason::Contradicted)
        };
        // Without a known message, the header makes a scope refusal only likely.
        let unsure =
            refused(&guard, OBJECT, &headers, r#"{"error":{"code":403,"message":"Forbidden"}}"#);
        let unsure = unsure.unwrap();
        assert!(!unsure.refusal().unwrap().alternatives().is_empty());
        assert!(unsure.certainty() < Certainty::Certain && !knows());
        assert!(refused(&guard, OBJECT, &headers, SCOPE_REFUSAL).is_some());
        assert!(knows());
    }

    #[tokio::test(start_paused = true)]
    async fn deny_does_not_wait_if_the_call_cannot_be_stopped() {
        let guard = Guard::builder().in_test().source(Down).preflight(Preflight::Deny).build();
        let unlisted = "https://storage.googleapis.com/storage/v1/no/such/method";
        assert!(is_sent(&begin(&guard, unlisted, None)));
        let guard = Guard::builder().in_test().source(Down).preflight(Preflight::Deny).build();
        assert!(begin(&guard, OBJECT, None).unwrap().has_pending_scopes());
    }

    /// A source that always returns unknown scopes, as if a server were down.
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
    async fn deny_delays_only_the_first_call_with_a_token() {
        let clock = Arc::new(ManualClock::new());
        let guard = Guard::builder()
            .in_test()
            .source(Down)
            .preflight(Preflight::Deny)
            .with_clock(Arc::clone(&clock) as _);
        let guard = guard.build();
        let call = |token: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            let uri = "https://storage.googleapis.com/storage/v1/b/b/o/x".parse().unwrap();
            guard.begin(&Call::new(&http::Method::GET, &uri).with_headers(&headers))
        };
        let first = call("a").unwrap();
        assert!(first.has_pending_scopes(), "the first call should wait");
        first.wait_for_scopes().await.unwrap();
        for _ in 0..5 {
            assert!(is_sent(&call("a")));
            // The failed inspection is stale by now: the token is inspected again, but the call
            // does not wait.
            clock.advance(Duration::from_secs(1000));
            assert!(is_sent(&call("a")), "a later call waits");
            tokio::task::yield_now().await;
        }
        assert!(call("b").unwrap().has_pending_scopes());
    }
}
