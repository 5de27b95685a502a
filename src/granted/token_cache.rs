//! Finds out the scopes of tokens, once per token for any number of callers.
//!
//! A call only [peeks](TokenCache::peek) into the cache. Unknown scopes are found out by an
//! inspection on the guard's own thread, so that a cancelled caller or a faulty source does not
//! affect other callers. All callers that need the scopes wait for the same inspection. A failed
//! inspection is cached too, and is repeated after a delay that doubles with each failure. Only one
//! explanation of a refusal waits for the scopes of a token, so that a source that hangs does not
//! delay the others.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;
use tokio::sync::watch;

use super::clock::Clock;
use super::source::DynSource;
use super::sync::{Mutex, MutexGuard, Spawner, timeout};
use super::token_table::{Cache, Entry, Stage, TokenKey};
use super::{AccessToken, GrantedScopes};
use crate::telemetry::{self, EventBudget};

// Reasons why the scopes of a token are unknown, as reports contain them.
const NO_SOURCE: &str =
    "there is no source to query: use `Guard::detect`, or give the guard a source";
const NOT_ASKED: &str = "no source was queried for the scopes of this token";
const EXPIRED: &str = "the known scopes of this token have expired";

/// The limits of a [`TokenCache`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The maximum number of cached tokens.
    pub(crate) tokens: usize,
    /// The maximum number of inspections that run at the same time. The scopes of further tokens
    /// stay unknown until a later call.
    pub(crate) inspections: usize,
    /// The time limit for a query to one source.
    pub(crate) source: Duration,
    /// The longest time for which known scopes are cached. Applies also if the expiry of the token
    /// is unknown.
    pub(crate) known_for: Duration,
    /// The delay after the first failed inspection, and the longest delay. The delay doubles with
    /// each failure in a row.
    pub(crate) retry: (Duration, Duration),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 1024,
            inspections: 64,
            source: Duration::from_secs(2),
            // The default lifetime of Google's access tokens:
            // https://docs.cloud.google.com/docs/authentication/token-types#access
            known_for: Duration::from_secs(3600),
            retry: (Duration::from_secs(1), Duration::from_secs(300)),
        }
    }
}

/// The result of [`TokenCache::peek`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Peek<R> {
    /// The token has a fresh cache entry. Contains the return value of `read`.
    Seen(R),
    /// The token has no cache entry (`is_new`), or its entry is stale.
    Unseen { key: TokenKey, is_new: bool },
    /// The header value contains no bearer token.
    NotBearer,
}

/// A cache of the scopes of tokens, with the inspections that fill the cache. Clones share their
/// content.
#[derive(Clone)]
pub(crate) struct TokenCache(Arc<Inner>);

/// Sources in the order of queries, each with the first [`Stage`] at which it is queried.
pub(crate) type Sources = Vec<(Stage, Arc<dyn DynSource>)>;

/// The content that the clones of a cache share.
struct Inner {
    cache: Cache,
    sources: Sources,
    clock: Arc<dyn Clock>,
    limits: Limits,
    spawner: Spawner,
    running: Mutex<HashMap<TokenKey, RunningInspection>>,
    /// Bounds the number of log events about failed queries.
    events: Mutex<EventBudget>,
}

/// What callers see of a running inspection.
struct RunningInspection {
    /// The channel closes when the inspection ends.
    ended: watch::Receiver<()>,
    /// Whether an explanation waits, or has waited, for the inspection.
    was_awaited: bool,
    /// Why the scopes are unknown at the moment.
    so_far: GrantedScopes,
}

impl TokenCache {
    /// Creates a cache that queries `sources` on the thread of `spawner`. JWTs need no source.
    pub(crate) fn new(
        sources: Sources,
        clock: Arc<dyn Clock>,
        limits: Limits,
        spawner: Spawner,
    ) -> Self {
        let (cache, running) = (Cache::new(limits.tokens), Mutex::default());
        let events = Mutex::new(EventBudget::for_inspections());
        Self(Arc::new(Inner { cache, sources, clock, limits, spawner, running, events }))
    }

    /// Reads the entry of the token of an `Authorization` value, in place and without waiting. A
    /// self-signed JWT needs no inspection: its scopes are read here.
    #[inline]
    pub(crate) fn peek<R>(
        &self,
        authorization: &HeaderValue,
        mut read: impl FnMut(TokenKey, &Entry) -> R,
    ) -> Peek<R> {
        let clock = &self.0.clock;
        let is_fresh = |entry: &Entry| {
            // Known scopes do not change, so an entry with known scopes may expire a little late,
            // and the cheaper clock is sufficient.
            entry.is_fresh(if entry.granted.is_unknown() { clock.now() } else { clock.about_now() })
        };
        match self.0.cache.read_recent(authorization, is_fresh, &mut read) {
            Some(seen) => Peek::Seen(seen),
            None => self.0.peek_table(authorization, is_fresh, &mut read),
        }
    }

    /// Returns the current time of the clock that decides when entries expire.
    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Reads the entry of a token that was seen before. Returns `None` if the token has no entry or
    /// the entry is stale.
    pub(crate) fn read<R>(&self, key: TokenKey, read: impl FnOnce(&Entry) -> R) -> Option<R> {
        self.0.read(key, read)
    }

    /// Starts an inspection without waiting for the result, unless the scopes are known or an
    /// inspection is running. Returns `None` if the header value contains no bearer token.
    pub(crate) fn inspect(&self, authorization: &HeaderValue, stage: Stage) -> Option<TokenKey> {
        let key = self.0.cache.key(AccessToken::from_authorization(authorization)?);
        self.0.start(key, authorization, stage);
        Some(key)
    }

    /// Waits at most `limit` for the result of an inspection at `stage`, and returns the scopes.
    /// Starts the inspection if none is running and `authorization` is set.
    pub(crate) async fn wait(
        &self,
        key: TokenKey,
        authorization: Option<&HeaderValue>,
        stage: Stage,
        limit: Duration,
    ) -> GrantedScopes {
        if !self.0.has_result(key, stage) {
            let (inner, authorization) = (Arc::clone(&self.0), authorization.cloned());
            let inspection = async move {
                // Twice, because the first wait may be for an inspection that started at an earlier
                // stage, at which fewer sources are queried.
                inner.await_inspection(key, authorization.as_ref(), stage).await;
                inner.await_inspection(key, authorization.as_ref(), stage).await;
            };
            // After a timeout, the result is what is known by then.
            let _ = self.0.spawner.bounded(limit, inspection).await;
        }
        self.known_so_far(key, None)
    }

    /// Returns the scopes for the explanation of a refusal. Waits for unknown scopes like
    /// [`wait`](Self::wait) with all sources, but only once for each token. Other explanations do
    /// not wait, so that a source that hangs delays only one explanation.
    pub(crate) async fn wait_once(
        &self,
        key: TokenKey,
        authorization: Option<&HeaderValue>,
        limit: Duration,
    ) -> GrantedScopes {
        let known = self.known_so_far(key, authorization);
        let Some(mut claim) = self.0.claim_wait(key) else { return known };
        let granted = self.wait(key, authorization, Stage::AfterRefusal, limit).await;
        claim.is_used = true;
        granted
    }

    /// Returns the scopes of a token that was seen before, without waiting. If they are unknown,
    /// the reason is that of the running inspection, or else of the last one. Starts an inspection
    /// of all sources, for a later refusal, if none is running and `authorization` is set.
    pub(crate) fn known_so_far(
        &self,
        key: TokenKey,
        authorization: Option<&HeaderValue>,
    ) -> GrantedScopes {
        if let Some(header) = authorization {
            self.0.start(key, header, Stage::AfterRefusal);
        }
        let known = self.read(key, |entry| entry.granted.clone());
        let so_far = || self.0.running().get(&key).map(|running| running.so_far.clone());
        let known = known.filter(|granted| !granted.is_unknown()).or_else(so_far);
        known.unwrap_or_else(|| self.0.unknown_before(key, Stage::Seen))
    }

    /// Returns whether there is a source that can be queried.
    pub(crate) fn has_sources(&self) -> bool {
        !self.0.sources.is_empty()
    }

    /// Stores the scopes that the token's provider declares. Cheap if the provider declares the
    /// same scopes at every call.
    pub(crate) fn declare(&self, token: AccessToken<'_>, granted: GrantedScopes) {
        let key = self.0.cache.key(token);
        if self.read(key, |entry| entry.granted == granted) != Some(true) {
            self.0.store(key, granted, Stage::AfterRefusal, false);
        }
    }

    /// Removes a token, because Google's response contradicted the token's scopes.
    pub(crate) fn forget(&self, key: TokenKey) {
        self.0.cache.remove(key);
    }

    /// Records that a token was seen, without querying a source.
    pub(crate) fn remember(&self, authorization: &HeaderValue) {
        let Some(token) = AccessToken::from_authorization(authorization) else { return };
        let key = self.0.cache.key(token);
        self.0.store(key, GrantedScopes::unknown(NOT_ASKED), Stage::Seen, false);
        self.0.cache.promote(key, authorization, self.0.clock.now());
    }

    /// Returns whether a source that was not queried yet may know the unknown scopes of a token. If
    /// so, the caller keeps the token for an inspection after a refusal.
    #[inline]
    pub(crate) fn may_learn(&self, entry: &Entry) -> bool {
        entry.granted.is_unknown() && self.has_source_after(entry.stage)
    }

    #[cold]
    fn has_source_after(&self, stage: Stage) -> bool {
        self.0.sources.iter().any(|(from, _)| *from > stage)
    }
}

impl Inner {
    /// Reads the entry of the token in the table of all tokens, for [`TokenCache::peek`]. Adds the
    /// token to the newest tokens, unless the token was one of the newest before.
    #[inline(never)]
    fn peek_table<R>(
        &self,
        authorization: &HeaderValue,
        is_fresh: impl Fn(&Entry) -> bool,
        read: &mut dyn FnMut(TokenKey, &Entry) -> R,
    ) -> Peek<R> {
        let Some(token) = AccessToken::from_authorization(authorization) else {
            return Peek::NotBearer;
        };
        let key = self.cache.key(token);
        let read_entry = |entry: &Arc<Entry>| {
            let value = is_fresh(entry).then(|| read(key, entry));
            (value.map_or(Peek::Unseen { key, is_new: false }, Peek::Seen), entry.was_recent())
        };
        let result = match self.cache.read(key, read_entry) {
            Err(read_entry) if self.store_jwt(key, token) => self.cache.read(key, read_entry),
            result => result,
        };
        let Ok((peek, was_recent)) = result else { return Peek::Unseen { key, is_new: true } };
        if !was_recent {
            self.cache.promote(key, authorization, self.clock.now());
        }
        peek
    }

    /// Reads the entry of a token, for [`TokenCache::read`].
    fn read<R>(&self, key: TokenKey, read: impl FnOnce(&Entry) -> R) -> Option<R> {
        let now = self.clock.now();
        self.cache.read(key, |entry| entry.is_fresh(now).then(|| read(entry))).ok().flatten()
    }

    /// Returns whether the scopes are known, or an inspection at `stage` or later has failed.
    fn has_result(&self, key: TokenKey, stage: Stage) -> bool {
        self.read(key, |entry| !entry.granted.is_unknown() || entry.stage >= stage).unwrap_or(false)
    }

    /// Starts an inspection at `stage`, unless the token has a result or a running inspection, or
    /// too many inspections are running.
    fn start(self: &Arc<Self>, key: TokenKey, authorization: &HeaderValue, stage: Stage) {
        let mut running = self.running();
        // An inspection stores its result before it is removed from `running`. So if the token has
        // no result and is not in `running` while this lock is held, no inspection has run yet.
        let is_full = running.len() >= self.limits.inspections;
        if is_full || running.contains_key(&key) || self.has_result(key, stage) {
            return;
        }
        let (sender, ended) = watch::channel(());
        let so_far = self.unknown_before(key, stage);
        running.insert(key, RunningInspection { ended, was_awaited: false, so_far });
        // Without a source, `begin` drops the inspection immediately, and `drop` takes this lock.
        drop(running);
        let mut header = authorization.clone();
        header.set_sensitive(true);
        let inner = Arc::clone(self);
        Inspection { inner, key, header, stage, result: None, _sender: sender }.begin();
    }

    /// Returns why the scopes are unknown when an inspection at `stage` begins. With
    /// [`Stage::Seen`], no inspection begins.
    fn unknown_before(&self, key: TokenKey, stage: Stage) -> GrantedScopes {
        let last = self.cache.read(key, |entry| (entry.granted.clone(), entry.stage)).ok();
        let failed = last.as_ref().filter(|(last, _)| last.is_unknown());
        let asked = failed.map_or(Stage::Seen, |(_, asked)| *asked);
        let next = self.sources.iter().find(|(from, _)| *from > asked && *from <= stage);
        match (failed, next) {
            (Some((last, _)), Some((_, next))) if last.why_unknown() != Some(NOT_ASKED) => {
                joined(Some(last), unanswered(&**next))
            }
            (_, Some((_, next))) => unanswered(&**next),
            (Some((last, _)), None) => last.clone(),
            (None, None) => GrantedScopes::unknown(last.map_or(NOT_ASKED, |_| EXPIRED)),
        }
    }

    /// Waits for the running inspection of the token. If `authorization` is set, first starts an
    /// inspection unless one is running.
    async fn await_inspection(
        self: &Arc<Self>,
        key: TokenKey,
        authorization: Option<&HeaderValue>,
        stage: Stage,
    ) {
        if let Some(header) = authorization {
            self.start(key, header, stage);
        }
        let ended = self.running().get(&key).map(|running| running.ended.clone());
        if let Some(mut ended) = ended {
            // No value is ever sent: the channel closes when the inspection ends.
            let _ = ended.changed().await;
        }
    }

    /// Returns the right to wait for the running inspection of the token. Returns `None` if no
    /// inspection runs, or if an explanation waits or waited for the token's scopes.
    fn claim_wait(&self, key: TokenKey) -> Option<WaitClaim<'_>> {
        let was_awaited_before =
            || self.cache.read(key, |entry| entry.was_awaited).unwrap_or(false);
        // Checked and taken under one lock, so that only one explanation gets the claim.
        let mut running = self.running();
        let inspection = running.get_mut(&key)?;
        let is_free =
            !std::mem::replace(&mut inspection.was_awaited, true) && !was_awaited_before();
        is_free.then(|| WaitClaim { inner: self, key, is_used: false })
    }

    /// Returns the sources that an inspection at `stage` queries.
    fn sources_at(&self, stage: Stage) -> impl Iterator<Item = &dyn DynSource> {
        self.sources
            .iter()
            .filter(move |(from, _)| *from <= stage)
            .map(|(_, source)| source.as_ref())
    }

    /// Reads the token itself, and then queries the sources in order. Returns the scopes from the
    /// first source that knows them. If no source does, returns the reasons of all sources.
    async fn query_sources(
        &self,
        key: TokenKey,
        token: AccessToken<'_>,
        stage: Stage,
    ) -> GrantedScopes {
        let mut unknown = self.read_token(token);
        if let Some(granted) = unknown.take_if(|granted| !granted.is_unknown()) {
            return granted;
        }
        for source in self.sources_at(stage) {
            if let Some(running) = self.running().get_mut(&key) {
                running.so_far = joined(unknown.as_ref(), unanswered(source));
            }
            let granted = self.query(source, token).await;
            if !granted.is_unknown() {
                return granted;
            }
            self.log_failure(source.label(), &granted);
            unknown = Some(joined(unknown.as_ref(), granted));
        }
        unknown.unwrap_or_else(|| self.unasked())
    }

    /// Returns unknown scopes for an inspection that queried no source.
    fn unasked(&self) -> GrantedScopes {
        GrantedScopes::unknown(if self.sources.is_empty() { NO_SOURCE } else { NOT_ASKED })
    }

    /// Logs why `source` returned unknown scopes.
    fn log_failure(&self, source: &str, unknown: &GrantedScopes) {
        let Some(why) = unknown.why_unknown() else { return };
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let is_logged = events.allows(self.clock.now());
        // Not held during the event, which a subscriber may handle with guarded calls.
        drop(events);
        if is_logged {
            telemetry::not_inspected(source, why);
        }
    }

    /// Reads the scopes from the token itself, before a source is queried. Returns `None` if the
    /// token is not a JWT.
    fn read_token(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        let granted = GrantedScopes::from_jwt(token.secret(), self.clock.wall())?;
        self.log_failure("jwt", &granted);
        Some(granted)
    }

    /// Queries one source, within the time limit. Returns unknown scopes with the reason if the
    /// source does not know the token or does not respond in time.
    async fn query(&self, source: &dyn DynSource, token: AccessToken<'_>) -> GrantedScopes {
        let why = match timeout(self.limits.source, source.granted_boxed(token)).await {
            Ok(Some(granted)) => return granted,
            Ok(None) => "does not know this token",
            Err(_) => "did not answer in time",
        };
        GrantedScopes::unknown(format!("{} {why}", source.label()))
    }

    /// Stores the scopes of a token that is a readable JWT. Returns `false` for any other token.
    fn store_jwt(&self, key: TokenKey, token: AccessToken<'_>) -> bool {
        let granted = GrantedScopes::from_jwt(token.secret(), self.clock.wall());
        let granted = granted.filter(|granted| !granted.is_unknown());
        granted.map(|granted| self.store(key, granted, Stage::AfterRefusal, false)).is_some()
    }

    /// Stores the result of an inspection at `stage`. Unknown scopes count as a failure if a source
    /// was queried. `was_awaited` is whether an explanation waited for this result. Until the
    /// scopes are known, the entry records whether an explanation has ever waited for them.
    fn store(&self, key: TokenKey, granted: GrantedScopes, stage: Stage, was_awaited: bool) {
        let now = self.clock.now();
        let before = self.cache.read(key, |entry| (entry.failures, entry.was_awaited));
        let (failures, was_awaited_before) = before.unwrap_or_default();
        let is_failure = granted.is_unknown() && stage > Stage::Seen;
        let failures = if is_failure { failures.saturating_add(1) } else { 0 };
        let was_awaited = granted.is_unknown() && (was_awaited || was_awaited_before);
        let valid_for = match failures {
            0 => self.known_for(&granted),
            failures => self.retry_after(key, failures),
        };
        let mut entry = Entry::new(granted, stage, failures, now + valid_for);
        entry.was_awaited = was_awaited;
        self.cache.insert(key, &Arc::new(entry), now);
    }

    /// Returns how long `granted` is cached: until the token expires, but at least for the first
    /// retry delay and at most for [`Limits::known_for`].
    fn known_for(&self, granted: &GrantedScopes) -> Duration {
        let longest = self.limits.known_for;
        let lifetime = granted
            .expires_at()
            .map(|at| at.duration_since(self.clock.wall()).unwrap_or(Duration::ZERO));
        // The result is not shorter than the first retry delay. Otherwise a token past its expiry
        // would be inspected at every call.
        lifetime
            .map_or(longest, |lifetime| lifetime.clamp(self.limits.retry.0.min(longest), longest))
    }

    /// Returns the delay before the next inspection. The delay doubles with each failure in a row.
    /// A random part of up to one half is added, so that the instances of a service do not send
    /// their requests at the same time.
    fn retry_after(&self, key: TokenKey, failures: u32) -> Duration {
        let (first, longest) = self.limits.retry;
        // A shift by 32 or more would overflow. 16 doublings of one second are 18 hours, more than
        // the longest delay.
        let doubled = first.saturating_mul(1 << (failures - 1).min(16)).min(longest);
        doubled.mul_f64(1.0 + key.jitter(failures) / 2.0)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TokenKey, RunningInspection>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to wait for the scopes of a token. If the caller is cancelled while it waits, the
/// right is given back.
struct WaitClaim<'a> {
    inner: &'a Inner,
    key: TokenKey,
    /// Whether the caller waited to the end, so that the right is not given back.
    is_used: bool,
}

impl Drop for WaitClaim<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.inner.running().get_mut(&self.key).filter(|_| !self.is_used) {
            running.was_awaited = false;
        }
    }
}

/// Returns unknown scopes with the reasons of an earlier and a last query.
fn joined(earlier: Option<&GrantedScopes>, last: GrantedScopes) -> GrantedScopes {
    let Some(earlier) = earlier else { return last };
    let reasons = [earlier, &last].map(|unknown| unknown.why_unknown().unwrap_or_default());
    let unknown = GrantedScopes::unknown(reasons.join("; "));
    match earlier.is_from_other_identity() || last.is_from_other_identity() {
        true => unknown.with_other_identity(),
        false => unknown,
    }
}

/// Returns why the scopes are unknown while `source` is queried.
fn unanswered(source: &dyn DynSource) -> GrantedScopes {
    GrantedScopes::unknown(format!("{} has not answered yet", source.label()))
}

/// One running inspection. Dropping an inspection, for any reason, stores a result and wakes all
/// callers that wait.
struct Inspection {
    inner: Arc<Inner>,
    key: TokenKey,
    header: HeaderValue,
    stage: Stage,
    /// `None` until the sources have been queried.
    result: Option<GrantedScopes>,
    /// The other end of [`RunningInspection::ended`], which closes when the inspection is dropped.
    _sender: watch::Sender<()>,
}

impl Inspection {
    /// Starts the inspection on the guard's thread. If there is no source to query, only the token
    /// itself is read, and the inspection ends immediately; `drop` stores the result.
    fn begin(mut self) {
        if self.inner.sources_at(self.stage).next().is_none() {
            let token = AccessToken::from_authorization(&self.header);
            let read = |token| self.inner.read_token(token).unwrap_or_else(|| self.inner.unasked());
            self.result = token.map(read);
            return;
        }
        let spawner = self.inner.spawner.clone();
        match spawner.start() {
            Ok(()) => spawner.spawn(self.run()),
            Err(why) => self.result = Some(GrantedScopes::unknown(why)),
        }
    }

    /// Queries the sources, and keeps the result, which `drop` stores.
    async fn run(mut self) {
        if let Some(token) = AccessToken::from_authorization(&self.header) {
            self.result = Some(self.inner.query_sources(self.key, token, self.stage).await);
        }
    }
}

impl Drop for Inspection {
    fn drop(&mut self) {
        // A panic of a source unwinds through `run`, and the end of the guard's runtime drops
        // `run`. Either drops the inspection without a result.
        let why = match std::thread::panicking() {
            true => "a panic ended the inspection of this token",
            false => "the inspection of this token was cut short",
        };
        let result = self.result.take().unwrap_or_else(|| GrantedScopes::unknown(why));
        // Locked until the end of this function. So `start` does not find the inspection ended
        // without its result, and `claim_wait` does not claim a wait that is not recorded.
        let mut running = self.inner.running();
        let was_awaited = running.get(&self.key).is_some_and(|running| running.was_awaited);
        self.inner.store(self.key, result, self.stage, was_awaited);
        self.inner.cache.promote(self.key, &self.header, self.inner.clock.now());
        running.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::SystemTime;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::GrantSource;
    use super::super::clock::tests::ManualClock;
    use super::super::source::GrantedScopesSource;
    use super::super::token_table::Stage::{AfterRefusal, BeforeRefusal};
    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;
    use crate::scope::ScopeSet;

    const SECOND: Duration = Duration::from_secs(1);
    const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";

    /// How the test source responds.
    #[derive(Clone, Copy, Debug)]
    enum Behavior {
        Knows,
        KnowsUntil(SystemTime),
        Fails,
        DoesNotKnow,
        Hangs,
        Panics,
    }

    struct TestSource {
        behavior: Mutex<Behavior>,
        queries: AtomicUsize,
    }

    impl TestSource {
        fn new(behavior: Behavior) -> Arc<Self> {
            Arc::new(Self { behavior: Mutex::new(behavior), queries: AtomicUsize::new(0) })
        }

        /// Returns the number of queries.
        fn queries(&self) -> usize {
            self.queries.load(Ordering::SeqCst)
        }

        fn set_behavior(&self, behavior: Behavior) {
            *self.behavior.lock().unwrap() = behavior;
        }
    }

    impl GrantedScopesSource for TestSource {
        fn name(&self) -> &str {
            "the test source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            self.queries.fetch_add(1, Ordering::SeqCst);
            let behavior = *self.behavior.lock().unwrap();
            let pubsub =
                || GrantedScopes::known(ScopeSet::from_scope_text(PUBSUB), GrantSource::Custom);
            tokio::time::sleep(Duration::from_millis(50)).await;
            match behavior {
                Behavior::Knows => Some(pubsub()),
                Behavior::KnowsUntil(at) => Some(pubsub().with_expiry(at)),
                Behavior::Fails => Some(GrantedScopes::unknown("the test source is down")),
                Behavior::DoesNotKnow => None,
                Behavior::Hangs => std::future::pending().await,
                Behavior::Panics => panic!("the test source has a fault"),
            }
        }
    }

    /// A token cache whose clock the test advances.
    struct Setup {
        grants: TokenCache,
        clock: Arc<ManualClock>,
        _background: Background,
    }

    impl Setup {
        /// Uses the clock of the test's runtime.
        fn new(sources: &[(Stage, &Arc<TestSource>)]) -> Self {
            Self::on(Background::in_test(), sources)
        }

        fn on(background: Background, sources: &[(Stage, &Arc<TestSource>)]) -> Self {
            let dynamic = |(stage, source): &(Stage, &Arc<TestSource>)| {
                (*stage, Arc::clone(source) as Arc<dyn DynSource>)
            };
            let clock = Arc::new(ManualClock::new());
            let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
            let sources = sources.iter().map(dynamic).collect();
            let spawner = Spawner::for_background(&background);
            let grants = TokenCache::new(sources, as_clock, Limits::default(), spawner);
            Self { grants, clock, _background: background }
        }

        /// Returns the number of scopes in the token's entry. 0 means unknown or unrestricted.
        fn peek_scope_count(&self, header: &HeaderValue) -> Peek<usize> {
            self.grants.peek(header, |_, entry| entry.granted.scopes().map_or(0, ScopeSet::len))
        }

        fn is_unseen(&self, header: &HeaderValue) -> bool {
            matches!(self.peek_scope_count(header), Peek::Unseen { .. })
        }

        /// Inspects a token and waits, as the first call with `Preflight::Deny` does.
        async fn inspect_and_wait(&self, header: &HeaderValue) -> GrantedScopes {
            let key = self.grants.inspect(header, BeforeRefusal).unwrap();
            self.grants.wait(key, Some(header), BeforeRefusal, 10 * SECOND).await
        }

        /// Waits for the scopes of the token `opaque`, as an explanation of a refusal does.
        async fn wait_after_refusal(&self, key: TokenKey) -> GrantedScopes {
            self.grants.wait(key, Some(&bearer("opaque")), AfterRefusal, SECOND).await
        }
    }

    fn bearer(token: &str) -> HeaderValue {
        HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peek_returns_the_scopes_after_an_inspection() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        let token = bearer("opaque");
        assert!(setup.is_unseen(&token));
        assert_eq!(source.queries(), 0);
        assert_eq!(setup.inspect_and_wait(&token).await.source(), Some(GrantSource::Custom));
        assert_eq!(setup.peek_scope_count(&token), Peek::Seen(1));
        assert_eq!(
            setup.peek_scope_count(&HeaderValue::from_static("Basic dTpw")),
            Peek::NotBearer
        );
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_callers_with_one_new_token_cause_one_inspection() {
        for behavior in [
            Behavior::Knows,
            Behavior::Fails,
            Behavior::DoesNotKnow,
            Behavior::Hangs,
            Behavior::Panics,
        ] {
            let source = TestSource::new(behavior);
            let setup = Arc::new(Setup::new(&[(BeforeRefusal, &source)]));
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..10_000 {
                let setup = Arc::clone(&setup);
                callers.spawn(async move { setup.inspect_and_wait(&bearer("opaque")).await });
            }
            let results = callers.join_all().await;
            assert_eq!(source.queries(), 1, "{behavior:?}");
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{behavior:?}");
            assert_eq!(
                results[0].is_unknown(),
                !matches!(behavior, Behavior::Knows),
                "{behavior:?}"
            );
            assert!(setup.grants.0.running().is_empty(), "{behavior:?}");
            // The cache still works afterwards.
            source.set_behavior(Behavior::Knows);
            assert!(!setup.inspect_and_wait(&bearer("next")).await.is_unknown(), "{behavior:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_the_first_caller_does_not_affect_the_others() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Arc::new(Setup::new(&[(BeforeRefusal, &source)]));
        let spawn = || {
            let setup = Arc::clone(&setup);
            tokio::spawn(async move { setup.inspect_and_wait(&bearer("opaque")).await })
        };
        let first = spawn();
        tokio::time::advance(Duration::from_millis(10)).await;
        let others: Vec<_> = (0..100).map(|_| spawn()).collect();
        tokio::task::yield_now().await;
        first.abort();
        for other in others {
            assert!(!other.await.unwrap().is_unknown());
        }
        assert_eq!(source.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_can_be_dropped_at_any_await() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        // 20 polls with pauses of 5 ms take longer than the 50 ms until the source responds.
        for polls in 0..20 {
            let token = bearer(&polls.to_string());
            let mut caller = Box::pin(setup.inspect_and_wait(&token));
            for _ in 0..polls {
                if caller.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::time::advance(Duration::from_millis(5)).await;
            }
            drop(caller);
            assert!(!setup.inspect_and_wait(&token).await.is_unknown(), "after {polls} polls");
            // Each round has a new token, and the source is queried once for each token.
            assert_eq!(source.queries(), polls + 1, "after {polls} polls");
        }
        assert!(setup.grants.0.running().is_empty());
    }

    #[test]
    fn an_inspection_aborted_with_its_runtime_stores_a_result() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let hangs = TestSource::new(Behavior::Hangs);
        let setup = runtime.block_on(async { Setup::new(&[(BeforeRefusal, &hangs)]) });
        setup.grants.inspect(&bearer("opaque"), BeforeRefusal);
        drop(runtime);
        // The stored scopes are unknown, so their number is 0.
        assert_eq!(setup.peek_scope_count(&bearer("opaque")), Peek::Seen(0));
        assert!(setup.grants.0.running().is_empty());
    }

    #[test]
    fn an_inspection_does_not_need_the_callers_runtime() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::on(Background::default(), &[(BeforeRefusal, &source)]);
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (idle, other) = (runtime(), runtime());
        idle.block_on(async { setup.grants.inspect(&bearer("opaque"), BeforeRefusal) });
        assert!(!other.block_on(setup.inspect_and_wait(&bearer("opaque"))).is_unknown());
        drop(idle);
        assert_eq!(setup.peek_scope_count(&bearer("opaque")), Peek::Seen(1));
        assert!(!block_on(setup.inspect_and_wait(&bearer("bare"))).is_unknown());
        assert_eq!(source.queries(), 2);
    }

    #[test]
    fn without_a_thread_a_token_stays_unknown() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::on(Background::without_thread(), &[(BeforeRefusal, &source)]);
        let key = setup.grants.inspect(&bearer("opaque"), BeforeRefusal).unwrap();
        let mut wait = Box::pin(setup.grants.wait(key, None, AfterRefusal, SECOND));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(granted) = wait.as_mut().poll(&mut context) else {
            panic!("waits")
        };
        assert!(granted.why_unknown().unwrap().contains("runtime"));
        assert_eq!(source.queries(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_inspection_continues_after_the_wait_times_out() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        let key = setup.grants.inspect(&bearer("opaque"), BeforeRefusal).unwrap();
        let started = tokio::time::Instant::now();
        assert!(
            setup
                .grants
                .wait(key, None, BeforeRefusal, Duration::from_millis(20))
                .await
                .is_unknown()
        );
        assert_eq!(started.elapsed(), Duration::from_millis(20));
        assert!(!setup.inspect_and_wait(&bearer("opaque")).await.is_unknown());
        assert_eq!(source.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_source_is_queried_after_a_timeout() {
        let (hangs, knows) = (TestSource::new(Behavior::Hangs), TestSource::new(Behavior::Knows));
        let setup = Setup::new(&[(BeforeRefusal, &hangs), (BeforeRefusal, &knows)]);
        let started = tokio::time::Instant::now();
        assert!(!setup.inspect_and_wait(&bearer("opaque")).await.is_unknown());
        assert_eq!(started.elapsed(), 2 * SECOND + Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_cached_and_retried_with_doubling_delays() {
        let source = TestSource::new(Behavior::Fails);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        let token = bearer("opaque");
        // The bounds of the delay, in seconds, after each failure in a row.
        for (failures, (shortest, longest)) in [(1, (1.0, 1.5)), (2, (2.0, 3.0)), (3, (4.0, 6.0))] {
            assert!(setup.inspect_and_wait(&token).await.is_unknown());
            assert_eq!(source.queries(), failures);
            setup.clock.advance(Duration::from_secs_f64(shortest) - Duration::from_millis(1));
            setup.inspect_and_wait(&token).await;
            assert_eq!(source.queries(), failures, "queried again too soon");
            setup
                .clock
                .advance(Duration::from_secs_f64(longest - shortest) + Duration::from_millis(2));
            assert!(setup.is_unseen(&token));
        }
        source.set_behavior(Behavior::Knows);
        assert!(!setup.inspect_and_wait(&token).await.is_unknown());
    }

    #[test]
    fn retry_delays_are_bounded() {
        let setup = Setup::on(Background::default(), &[]);
        let key = setup.grants.0.cache.key(AccessToken::new("opaque").unwrap());
        // The longest delay is 300 seconds, to which up to one half is added.
        for failures in [1, 2, 10, 100, u32::MAX] {
            let after = setup.grants.0.retry_after(key, failures);
            assert!((SECOND..=450 * SECOND).contains(&after), "{failures}: {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn scopes_are_cached_until_expiry_and_at_most_one_hour() {
        let wall = ManualClock::new().wall();
        // What the source returns, and for how many seconds the entry is fresh.
        for (behavior, valid_for) in [
            (Behavior::Knows, 3600),
            (Behavior::KnowsUntil(wall + 100 * SECOND), 100),
            (Behavior::KnowsUntil(wall + 10_000 * SECOND), 3600),
            // The entry of an expired token lives for the first retry delay.
            (Behavior::KnowsUntil(wall - SECOND), 1),
        ] {
            let source = TestSource::new(behavior);
            let setup = Setup::new(&[(BeforeRefusal, &source)]);
            let token = bearer("opaque");
            setup.inspect_and_wait(&token).await;
            setup.clock.advance(valid_for * SECOND - Duration::from_millis(1));
            assert_eq!(setup.peek_scope_count(&token), Peek::Seen(1), "{behavior:?}");
            setup.clock.advance(Duration::from_millis(1));
            assert!(setup.is_unseen(&token), "{behavior:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn scopes_that_expired_are_unknown_for_that_reason() {
        let setup = Setup::new(&[(AfterRefusal, &TestSource::new(Behavior::Hangs))]);
        let key = setup.grants.0.cache.key(AccessToken::new("opaque").unwrap());
        let why = |authorization| {
            let granted = setup.grants.known_so_far(key, authorization);
            granted.why_unknown().map(str::to_owned)
        };
        assert_eq!(why(None).as_deref(), Some(NOT_ASKED));
        let granted = GrantedScopes::unrestricted(GrantSource::Declared);
        setup.grants.declare(AccessToken::new("opaque").unwrap(), granted);
        assert_eq!(why(None), None);
        setup.clock.advance(3600 * SECOND);
        assert_eq!(why(None).as_deref(), Some(EXPIRED));
        let asking = Some("the test source has not answered yet".to_owned());
        assert_eq!(why(Some(&bearer("opaque"))), asking);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_new_until_it_has_an_entry() {
        let setup = Setup::new(&[(BeforeRefusal, &TestSource::new(Behavior::Fails))]);
        let token = bearer("opaque");
        let is_new = || match setup.peek_scope_count(&token) {
            Peek::Unseen { is_new, .. } => Some(is_new),
            Peek::Seen(_) | Peek::NotBearer => None,
        };
        assert_eq!(is_new(), Some(true));
        setup.inspect_and_wait(&token).await;
        assert_eq!(is_new(), None);
        for _ in 0..3 {
            setup.clock.advance(1000 * SECOND);
            assert_eq!(is_new(), Some(false));
            setup.inspect_and_wait(&token).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_expensive_source_is_queried_only_for_refused_tokens() {
        let (cheap, expensive) =
            (TestSource::new(Behavior::DoesNotKnow), TestSource::new(Behavior::Knows));
        let setup = Setup::new(&[(BeforeRefusal, &cheap), (AfterRefusal, &expensive)]);
        let tokens: Vec<_> = (0..100).map(|number| bearer(&number.to_string())).collect();
        for token in &tokens {
            setup.inspect_and_wait(token).await;
        }
        for token in tokens.iter().take(3) {
            let read = |key, entry: &Entry| (key, setup.grants.may_learn(entry));
            let Peek::Seen((key, true)) = setup.grants.peek(token, read) else {
                panic!("no source")
            };
            assert!(!setup.grants.wait(key, Some(token), AfterRefusal, SECOND).await.is_unknown());
            let Peek::Seen((_, may_learn)) = setup.grants.peek(token, read) else {
                panic!("not seen")
            };
            assert!(!may_learn, "a token with known scopes should not be kept");
        }
        assert_eq!(expensive.queries(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_expensive_source_is_queried_only_after_a_refusal() {
        let (cheap, expensive) =
            (TestSource::new(Behavior::DoesNotKnow), TestSource::new(Behavior::Knows));
        let setup = Setup::new(&[(BeforeRefusal, &cheap), (AfterRefusal, &expensive)]);
        let token = bearer("opaque");
        let granted = setup.inspect_and_wait(&token).await;
        assert_eq!(granted.why_unknown(), Some("the test source does not know this token"));
        assert_eq!(expensive.queries(), 0);
        // The first inspection queried only the cheap source. A wait after a refusal starts a
        // second inspection, which queries both.
        let Peek::Seen(key) = setup.grants.peek(&token, |key, _| key) else { panic!("not seen") };
        assert!(!setup.grants.wait(key, Some(&token), AfterRefusal, SECOND).await.is_unknown());
        assert_eq!((cheap.queries(), expensive.queries()), (2, 1));
        assert!(!setup.grants.wait(key, Some(&token), AfterRefusal, SECOND).await.is_unknown());
        assert_eq!(expensive.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_explanation_waits_for_the_expensive_source() {
        let (cheap, expensive) =
            (TestSource::new(Behavior::DoesNotKnow), TestSource::new(Behavior::Knows));
        let setup = Setup::new(&[(BeforeRefusal, &cheap), (AfterRefusal, &expensive)]);
        let key = setup.grants.inspect(&bearer("opaque"), BeforeRefusal).unwrap();
        assert!(!setup.wait_after_refusal(key).await.is_unknown());
        assert_eq!(expensive.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_delays_one_explanation_of_a_token() {
        let hangs = TestSource::new(Behavior::Hangs);
        let setup = Setup::new(&[(AfterRefusal, &hangs)]);
        let limit = Duration::from_millis(500);
        for token in [bearer("a"), bearer("b")] {
            let key = setup.grants.inspect(&token, BeforeRefusal).unwrap();
            let explain = || async {
                let started = tokio::time::Instant::now();
                let granted = setup.grants.wait_once(key, Some(&token), limit).await;
                (started.elapsed(), granted.why_unknown().unwrap_or_default().to_owned())
            };
            let (first, second) = tokio::join!(explain(), explain());
            let pending = "the test source has not answered yet".to_owned();
            assert_eq!((first, second.0), ((limit, pending), Duration::ZERO));
            // For half an hour the source is queried again and again.
            for _ in 0..30 {
                tokio::time::sleep(60 * SECOND).await;
                setup.clock.advance(60 * SECOND);
                let (waited, why) = explain().await;
                assert_eq!(waited, Duration::ZERO);
                assert!(why.contains("not answer"), "{why}");
            }
        }
        // Each of the two tokens was inspected about ten times: the delay doubles up to 300
        // seconds.
        assert!((8..60).contains(&hangs.queries()), "{}", hangs.queries());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_explanation_lets_the_next_one_wait() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(AfterRefusal, &source)]);
        let token = bearer("opaque");
        let key = setup.grants.inspect(&token, BeforeRefusal).unwrap();
        for _ in 0..3 {
            let explain = setup.grants.wait_once(key, Some(&token), SECOND);
            assert!(tokio::time::timeout(Duration::from_millis(1), explain).await.is_err());
        }
        assert!(!setup.grants.wait_once(key, Some(&token), SECOND).await.is_unknown());
        assert_eq!(source.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_explanation_waits_again_after_the_scopes_were_known() {
        let source = TestSource::new(Behavior::DoesNotKnow);
        let setup = Setup::new(&[(AfterRefusal, &source)]);
        let token = bearer("opaque");
        let key = setup.grants.inspect(&token, BeforeRefusal).unwrap();
        let explain = || setup.grants.wait_once(key, Some(&token), SECOND);
        assert!(explain().await.is_unknown());
        source.set_behavior(Behavior::Knows);
        setup.clock.advance(10 * SECOND);
        // This explanation does not wait, but starts an inspection for the next one.
        assert!(explain().await.is_unknown());
        tokio::time::sleep(SECOND).await;
        assert!(!explain().await.is_unknown());
        setup.clock.advance(3600 * SECOND);
        assert!(!explain().await.is_unknown(), "the scopes should be inspected again");
    }

    #[tokio::test(start_paused = true)]
    async fn each_token_of_a_rotation_has_its_own_entry() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        setup.grants.declare(
            AccessToken::new("old").unwrap(),
            GrantedScopes::unrestricted(GrantSource::Declared),
        );
        assert_eq!(setup.peek_scope_count(&bearer("old")), Peek::Seen(0));
        assert!(setup.is_unseen(&bearer("new")));
        setup.inspect_and_wait(&bearer("new")).await;
        for _ in 0..3 {
            assert_eq!(setup.peek_scope_count(&bearer("old")), Peek::Seen(0));
            assert_eq!(setup.peek_scope_count(&bearer("new")), Peek::Seen(1));
        }
    }

    /// Returns a JWT with these claims. Its header and signature are not read.
    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_self_signed_jwt_needs_no_inspection() {
        let setup = Setup::on(Background::default(), &[]);
        let claims =
            format!(r#"{{"iss":"r@p.iam.gserviceaccount.com","scope":"{PUBSUB} openid"}}"#);
        assert_eq!(setup.peek_scope_count(&bearer(&jwt(&claims))), Peek::Seen(2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreadable_jwt_is_passed_to_the_sources() {
        let setup = Setup::new(&[(BeforeRefusal, &TestSource::new(Behavior::DoesNotKnow))]);
        let granted = setup.inspect_and_wait(&bearer(&jwt("{"))).await;
        let why = granted.why_unknown().unwrap();
        assert!(why.contains("JWT") && why.contains("the test source does not know"), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_forgotten_token_is_inspected_again() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        setup.inspect_and_wait(&bearer("opaque")).await;
        let Peek::Seen(key) = setup.grants.peek(&bearer("opaque"), |key, _| key) else {
            panic!("not seen")
        };
        setup.grants.forget(key);
        assert!(setup.is_unseen(&bearer("opaque")));
        setup.inspect_and_wait(&bearer("opaque")).await;
        assert_eq!(source.queries(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_was_only_seen_is_inspected_after_a_refusal() {
        let source = TestSource::new(Behavior::Knows);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        setup.grants.remember(&bearer("opaque"));
        let Peek::Seen(key) = setup.grants.peek(&bearer("opaque"), |key, _| key) else {
            panic!("not seen")
        };
        assert_eq!(source.queries(), 0);
        assert!(!setup.wait_after_refusal(key).await.is_unknown());
        assert_eq!(source.queries(), 1);
    }

    #[test]
    fn repeated_declarations_change_nothing() {
        let setup = Setup::on(Background::default(), &[]);
        let declare = || {
            let granted = GrantedScopes::unrestricted(GrantSource::Declared);
            setup.grants.declare(AccessToken::new("mine").unwrap(), granted);
            setup.clock.advance(SECOND);
            setup.grants.peek(&bearer("mine"), |_, entry| entry.stale_at)
        };
        // The second declaration does not renew the entry.
        assert_eq!(declare(), declare());
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_running_inspections_is_bounded() {
        let source = TestSource::new(Behavior::Hangs);
        let setup = Setup::new(&[(BeforeRefusal, &source)]);
        for number in 0..10_000 {
            setup.grants.inspect(&bearer(&number.to_string()), BeforeRefusal);
        }
        assert_eq!(setup.grants.0.running().len(), Limits::default().inspections);
    }

    #[tokio::test(start_paused = true)]
    async fn debug_output_does_not_contain_the_token() {
        let setup = Setup::new(&[(BeforeRefusal, &TestSource::new(Behavior::Fails))]);
        let token = bearer("MARKER");
        let granted = setup.inspect_and_wait(&token).await;
        let peek = setup.grants.peek(&token, |key, _| key);
        let declared = bearer("MARKER-2");
        setup.grants.declare(AccessToken::from_authorization(&declared).unwrap(), granted.clone());
        setup.peek_scope_count(&declared);
        let printed = format!("{granted:?} {peek:?}");
        assert!(!printed.contains("MARKER"), "{printed}");
    }
}
