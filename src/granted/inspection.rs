//! Finds out the scopes of tokens, once per token for any number of callers.
//!
//! A call only [peeks](TokenCache::peek) into the cache. Unknown scopes are found out by an
//! inspection on the guard's own thread, so that a cancelled caller or a faulty source does not
//! affect other callers. All callers that need the scopes wait for the same inspection. A failed
//! inspection is cached too, and is repeated after a delay that doubles with each failure.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;
use tokio::sync::watch;

use super::cache::{Cache, Entry, Stage, TokenKey};
use super::clock::Clock;
use super::source::DynSource;
use super::sync::{Mutex, MutexGuard, Spawner, timeout};
use super::{AccessToken, GrantedScopes, jwt};
use crate::telemetry;

const NO_SOURCE: &str = "there is no source to ask: use `Guard::detect`, or give the guard a source";

/// The limits of a [`TokenCache`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many tokens are cached.
    pub(crate) tokens: usize,
    /// How many inspections may run at the same time. Scopes of further tokens stay unknown until a
    /// later call.
    pub(crate) inspections: usize,
    /// The time limit for a query to one source.
    pub(crate) source: Duration,
    /// How long scopes are cached at most, and if the expiry of the token is unknown.
    pub(crate) known_for: Duration,
    /// The delays after the first failed inspection and after many: the delay doubles from the
    /// first to the second value.
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
    /// The token was inspected; contains the return value of `read`.
    Seen(R),
    /// The token was not inspected yet (`is_new`), or its entry is stale.
    Unseen { key: TokenKey, is_new: bool },
    /// The header value contains no bearer token.
    NotBearer,
}

/// A cache of the scopes of tokens, with the inspections that fill it. Clones share their content.
#[derive(Clone)]
pub(crate) struct TokenMemory(Arc<Inner>);

/// Sources in the order of queries, each with the first [`Stage`] at which it is queried.
pub(crate) type Sources = Vec<(Stage, Arc<dyn DynSource>)>;

struct Inner {
    cache: Cache,
    sources: Sources,
    clock: Arc<dyn Clock>,
    limits: Limits,
    spawner: Spawner,
    /// The running inspections. When an inspection ends, its sender is dropped, which wakes the
    /// receivers.
    under_way: Mutex<HashMap<TokenKey, watch::Receiver<()>>>,
}

impl TokenMemory {
    /// Creates a cache that queries `sources` on the thread of `spawner`. JWTs need no source.
    pub(crate) fn new(sources: Sources, clock: Arc<dyn Clock>, limits: Limits, spawner: Spawner) -> Self {
        let (cache, under_way) = (Cache::new(limits.tokens), Mutex::default());
        Self(Arc::new(Inner { cache, sources, clock, limits, spawner, under_way }))
    }

    /// Reads the entry of the token of an `Authorization` value, in place and without waiting. A
    /// self-signed JWT needs no inspection: its scopes are read here.
    pub(crate) fn peek<R>(
        &self,
        authorization: &HeaderValue,
        read: impl FnOnce(TokenKey, &Entry) -> R,
    ) -> Peek<R> {
        let clock = &self.0.clock;
        let is_fresh = |entry: &Entry| {
            // Known scopes do not change, so an entry with known scopes may expire a little late,
            // and the cheaper clock is sufficient.
            entry.is_fresh(if entry.granted.is_unknown() { clock.now() } else { clock.about_now() })
        };
        match self.0.cache.read_recent(authorization, is_fresh, read) {
            Ok(seen) => Peek::Seen(seen),
            Err(read) => self.0.peek_older(authorization, is_fresh, read),
        }
    }

    /// Returns the current time of the clock that decides when entries expire.
    pub(crate) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Reads the entry of a token that was seen before. Returns `None` if there is none or it is
    /// stale.
    pub(crate) fn read<R>(&self, key: TokenKey, read: impl FnOnce(&Entry) -> R) -> Option<R> {
        self.0.read(key, read)
    }

    /// Starts an inspection without waiting for it, unless the scopes are known or an inspection is
    /// running. Returns `None` if the header value contains no bearer token.
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
        if !self.0.is_answered(key, stage) {
            let (inner, authorization) = (Arc::clone(&self.0), authorization.cloned());
            let inspection = async move {
                // The first wait may be for an inspection that started at an earlier stage.
                inner.await_inspection(key, authorization.as_ref(), stage).await;
                inner.await_inspection(key, authorization.as_ref(), stage).await;
            };
            // After a timeout, the result is what is known by then.
            let _ = self.0.spawner.bounded(limit, inspection).await;
        }
        let known = self.read(key, |entry| entry.granted.clone());
        known.unwrap_or_else(|| GrantedScopes::unknown("nobody has said yet what this token holds"))
    }

    /// Stores the scopes that the token's provider declares. Cheap if the provider declares the
    /// same scopes at every call.
    pub(crate) fn declare(&self, token: AccessToken<'_>, granted: GrantedScopes) {
        let key = self.0.cache.key(token);
        if self.read(key, |entry| entry.granted == granted) != Some(true) {
            self.0.store(key, granted, Stage::Refused);
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
        self.0.store(key, GrantedScopes::unknown("nobody was asked what this token holds"), Stage::Seen);
        self.0.cache.promote(key, authorization, self.0.clock.now());
    }

    /// Returns whether a source that was not queried yet may know the unknown scopes of a token. If
    /// so, the caller keeps the token for an inspection after a refusal.
    pub(crate) fn may_learn_of(&self, entry: &Entry) -> bool {
        entry.granted.is_unknown() && self.0.sources.iter().any(|(from, _)| *from > entry.stage)
    }
}

impl Inner {
    fn peek_older<R>(
        &self,
        authorization: &HeaderValue,
        is_fresh: impl Fn(&Entry) -> bool,
        read: impl FnOnce(TokenKey, &Entry) -> R,
    ) -> Peek<R> {
        let Some(token) = AccessToken::from_authorization(authorization) else { return Peek::NotBearer };
        let key = self.cache.key(token);
        let look = |entry: &Arc<Entry>| {
            let seen = is_fresh(entry).then(|| read(key, entry));
            (seen.map_or(Peek::Unseen { key, is_new: false }, Peek::Seen), entry.was_recent())
        };
        let looked = match self.cache.read(key, look) {
            Err(look) if self.store_jwt(key, token) => self.cache.read(key, look),
            looked => looked,
        };
        let Ok((peek, was_recent)) = looked else { return Peek::Unseen { key, is_new: true } };
        if !was_recent {
            self.cache.promote(key, authorization, self.clock.now());
        }
        peek
    }

    fn read<R>(&self, key: TokenKey, read: impl FnOnce(&Entry) -> R) -> Option<R> {
        let now = self.clock.now();
        self.cache.read(key, |entry| entry.is_fresh(now).then(|| read(entry))).ok().flatten()
    }

    fn is_answered(&self, key: TokenKey, stage: Stage) -> bool {
        self.read(key, |entry| !entry.granted.is_unknown() || entry.stage >= stage).unwrap_or(false)
    }

    fn start(self: &Arc<Self>, key: TokenKey, authorization: &HeaderValue, stage: Stage) {
        let mut under_way = self.under_way();
        // An inspection stores its result before it is removed from `under_way`. So if the token
        // has neither while this lock is held, no inspection has run yet.
        let is_full = under_way.len() >= self.limits.inspections;
        if is_full || under_way.contains_key(&key) || self.is_answered(key, stage) {
            return;
        }
        let (over, waits) = watch::channel(());
        under_way.insert(key, waits);
        drop(under_way);
        let mut header = authorization.clone();
        header.set_sensitive(true);
        let inner = Arc::clone(self);
        Inspection { inner, key, header, stage, answer: None, _over: over }.begin();
    }

    /// Waits for the running inspection of the token. Starts one first if `authorization` is set.
    async fn await_inspection(
        self: &Arc<Self>,
        key: TokenKey,
        authorization: Option<&HeaderValue>,
        stage: Stage,
    ) {
        if let Some(header) = authorization {
            self.start(key, header, stage);
        }
        let under_way = self.under_way().get(&key).cloned();
        if let Some(mut under_way) = under_way {
            // No value is ever sent: the channel closes when the inspection ends.
            let _ = under_way.changed().await;
        }
    }

    fn sources_at(&self, stage: Stage) -> impl Iterator<Item = &dyn DynSource> {
        self.sources.iter().filter(move |(from, _)| *from <= stage).map(|(_, source)| source.as_ref())
    }

    /// Returns the first known scopes, or unknown scopes with the reasons of all sources.
    async fn ask(&self, token: AccessToken<'_>, stage: Stage) -> GrantedScopes {
        let mut failures = match self.by_itself(token) {
            Ok(granted) => return granted,
            Err(failures) => failures,
        };
        for source in self.sources_at(stage) {
            let answer = self.ask_one(source, token).await;
            if !answer.is_unknown() {
                return answer;
            }
            failures.add(source.label(), &answer);
        }
        failures.into()
    }

    /// Reads the scopes from the token itself, before a source is queried.
    fn by_itself(&self, token: AccessToken<'_>) -> Result<GrantedScopes, Failures> {
        let mut failures = Failures::default();
        match jwt::read(token, self.clock.wall()) {
            Some(granted) if !granted.is_unknown() => return Ok(granted),
            Some(unknown) => failures.add("jwt", &unknown),
            None => {}
        }
        Err(failures)
    }

    async fn ask_one(&self, source: &dyn DynSource, token: AccessToken<'_>) -> GrantedScopes {
        let why = match timeout(self.limits.source, source.granted_boxed(token)).await {
            Ok(Some(granted)) => return granted,
            Ok(None) => "does not know this token",
            Err(_) => "did not answer in time",
        };
        GrantedScopes::unknown(format!("{} {why}", source.label()))
    }

    /// Stores the scopes of a token that is a readable JWT. Returns whether the token is one.
    fn store_jwt(&self, key: TokenKey, token: AccessToken<'_>) -> bool {
        let granted = jwt::read(token, self.clock.wall()).filter(|granted| !granted.is_unknown());
        granted.map(|granted| self.store(key, granted, Stage::Refused)).is_some()
    }

    fn store(&self, key: TokenKey, granted: GrantedScopes, stage: Stage) {
        let now = self.clock.now();
        let failures = match granted.is_unknown() && stage > Stage::Seen {
            true => self.cache.read(key, |entry| entry.failures).unwrap_or(0).saturating_add(1),
            false => 0,
        };
        let lasts = match failures {
            0 => self.known_for(&granted),
            failures => self.retry_after(key, failures),
        };
        let entry = Entry::new(granted, stage, failures, now + lasts);
        self.cache.insert(key, &Arc::new(entry), now);
    }

    fn known_for(&self, granted: &GrantedScopes) -> Duration {
        let most = self.limits.known_for;
        let own =
            granted.expires_at().map(|at| at.duration_since(self.clock.wall()).unwrap_or(Duration::ZERO));
        // Not shorter than the first retry delay. Otherwise a token past its expiry would be
        // inspected at every call.
        own.map_or(most, |own| own.clamp(self.limits.retry.0.min(most), most))
    }

    /// Returns the delay before the next inspection: doubles with each failure, plus a random part
    /// of up to one half, so that the instances of a service do not send their requests at the same
    /// time.
    fn retry_after(&self, key: TokenKey, failures: u32) -> Duration {
        let (first, most) = self.limits.retry;
        let doubled = first.saturating_mul(1 << (failures - 1).min(16)).min(most);
        doubled.mul_f64(1.0 + key.jitter(failures) / 2.0)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<TokenKey, watch::Receiver<()>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reasons why scopes are unknown.
#[derive(Default)]
struct Failures {
    reasons: Vec<String>,
    from_other_identity: bool,
}

impl Failures {
    fn add(&mut self, source: &str, answer: &GrantedScopes) {
        let Some(why) = answer.why_unknown() else { return };
        telemetry::not_inspected(source, why);
        self.reasons.push(why.to_owned());
        self.from_other_identity |= answer.is_from_other_identity();
    }
}

impl From<Failures> for GrantedScopes {
    fn from(failures: Failures) -> Self {
        let why =
            if failures.reasons.is_empty() { NO_SOURCE.to_owned() } else { failures.reasons.join("; ") };
        let unknown = Self::unknown(why);
        if failures.from_other_identity { unknown.with_other_identity() } else { unknown }
    }
}

/// One running inspection. When it is dropped, for any reason, it stores a result and wakes all
/// callers that wait.
struct Inspection {
    inner: Arc<Inner>,
    key: TokenKey,
    header: HeaderValue,
    stage: Stage,
    answer: Option<GrantedScopes>,
    _over: watch::Sender<()>,
}

impl Inspection {
    /// Starts the inspection on the guard's thread if there is a source to query.
    fn begin(mut self) {
        if self.inner.sources_at(self.stage).next().is_none() {
            let token = AccessToken::from_authorization(&self.header);
            self.answer = token.map(|token| self.inner.by_itself(token).unwrap_or_else(GrantedScopes::from));
            return;
        }
        let spawner = self.inner.spawner.clone();
        match spawner.start() {
            Ok(()) => spawner.spawn(self.run()),
            Err(why) => self.answer = Some(GrantedScopes::unknown(why)),
        }
    }

    async fn run(mut self) {
        if let Some(token) = AccessToken::from_authorization(&self.header) {
            self.answer = Some(self.inner.ask(token, self.stage).await);
        }
    }
}

impl Drop for Inspection {
    fn drop(&mut self) {
        let cut_short = || GrantedScopes::unknown("the inspection of this token was cut short");
        let answer = self.answer.take().unwrap_or_else(cut_short);
        self.inner.store(self.key, answer, self.stage);
        self.inner.cache.promote(self.key, &self.header, self.inner.clock.now());
        self.inner.under_way().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::SystemTime;

    use super::super::clock::tests::ManualClock;
    use super::super::source::GrantedScopesSource;
    use super::super::{GrantSource, jwt};
    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;
    use crate::scope::ScopeSet;

    const SECOND: Duration = Duration::from_secs(1);
    const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";

    /// How the test source responds.
    #[derive(Clone, Copy, Debug)]
    enum Mood {
        Knows,
        KnowsUntil(SystemTime),
        Fails,
        IsIgnorant,
        Hangs,
        Panics,
    }

    struct Source {
        mood: Mutex<Mood>,
        asked: AtomicUsize,
    }

    impl Source {
        fn new(mood: Mood) -> Arc<Self> {
            Arc::new(Self { mood: Mutex::new(mood), asked: AtomicUsize::new(0) })
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }

        fn turns(&self, mood: Mood) {
            *self.mood.lock().unwrap() = mood;
        }
    }

    impl GrantedScopesSource for Source {
        fn name(&self) -> &str {
            "the test source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let mood = *self.mood.lock().unwrap();
            let pubsub = || GrantedScopes::known(ScopeSet::from_scope_text(PUBSUB), GrantSource::Custom);
            tokio::time::sleep(Duration::from_millis(50)).await;
            match mood {
                Mood::Knows => Some(pubsub()),
                Mood::KnowsUntil(at) => Some(pubsub().with_expiry(at)),
                Mood::Fails => Some(GrantedScopes::unknown("the test source is down")),
                Mood::IsIgnorant => None,
                Mood::Hangs => std::future::pending().await,
                Mood::Panics => panic!("the test source has a fault"),
            }
        }
    }

    struct World {
        grants: TokenMemory,
        clock: Arc<ManualClock>,
        _background: Background,
    }

    impl World {
        /// Uses the clock of the test's runtime.
        fn new(sources: &[(Stage, &Arc<Source>)]) -> Self {
            Self::on(Background::here(), sources)
        }

        fn on(background: Background, sources: &[(Stage, &Arc<Source>)]) -> Self {
            let dynamic =
                |(stage, source): &(Stage, &Arc<Source>)| (*stage, Arc::clone(source) as Arc<dyn DynSource>);
            let clock = Arc::new(ManualClock::new());
            let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
            let sources = sources.iter().map(dynamic).collect();
            let spawner = Spawner::of(&background);
            let grants = TokenMemory::new(sources, as_clock, Limits::default(), spawner);
            Self { grants, clock, _background: background }
        }

        fn peek(&self, header: &HeaderValue) -> Peek<usize> {
            self.grants.peek(header, |_, entry| entry.granted.scopes().map_or(0, ScopeSet::len))
        }

        fn is_unseen(&self, header: &HeaderValue) -> bool {
            matches!(self.peek(header), Peek::Unseen { .. })
        }

        /// Inspects a token and waits, as the first call with `Preflight::Deny` does.
        async fn ask(&self, header: &HeaderValue) -> GrantedScopes {
            let key = self.grants.inspect(header, Stage::Ahead).unwrap();
            self.grants.wait(key, Some(header), Stage::Ahead, 10 * SECOND).await
        }
    }

    fn bearer(token: &str) -> HeaderValue {
        HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_never_waits_and_sees_the_answer_once_it_is_there() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        let token = bearer("opaque");
        assert!(world.is_unseen(&token));
        assert_eq!(source.asked(), 0);
        assert_eq!(world.ask(&token).await.source(), Some(GrantSource::Custom));
        assert_eq!(world.peek(&token), Peek::Seen(1));
        assert_eq!(world.peek(&HeaderValue::from_static("Basic dTpw")), Peek::NotBearer);
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_callers_of_one_new_token_cause_one_inspection_whatever_becomes_of_it() {
        for mood in [Mood::Knows, Mood::Fails, Mood::IsIgnorant, Mood::Hangs, Mood::Panics] {
            let source = Source::new(mood);
            let world = Arc::new(World::new(&[(Stage::Ahead, &source)]));
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..10_000 {
                let world = Arc::clone(&world);
                callers.spawn(async move { world.ask(&bearer("opaque")).await });
            }
            let answers = callers.join_all().await;
            assert_eq!(source.asked(), 1, "{mood:?}");
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{mood:?}");
            assert_eq!(answers[0].is_unknown(), !matches!(mood, Mood::Knows), "{mood:?}");
            assert!(world.grants.0.under_way().is_empty(), "{mood:?}");
            // The cache still works afterwards.
            source.turns(Mood::Knows);
            assert!(!world.ask(&bearer("next")).await.is_unknown(), "{mood:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_is_cancelled_hurts_nobody() {
        let source = Source::new(Mood::Knows);
        let world = Arc::new(World::new(&[(Stage::Ahead, &source)]));
        let spawn = || {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.ask(&bearer("opaque")).await })
        };
        let leader = spawn();
        tokio::time::advance(Duration::from_millis(10)).await;
        let followers: Vec<_> = (0..100).map(|_| spawn()).collect();
        tokio::task::yield_now().await;
        leader.abort();
        for follower in followers {
            assert!(!follower.await.unwrap().is_unknown());
        }
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_dropped_at_any_await_leaves_everything_in_order() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for polls in 0..20 {
            let token = bearer(&polls.to_string());
            let mut caller = Box::pin(world.ask(&token));
            for _ in 0..polls {
                if caller.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::time::advance(Duration::from_millis(5)).await;
            }
            drop(caller);
            assert!(!world.ask(&token).await.is_unknown(), "after {polls} polls");
            assert_eq!(source.asked(), polls + 1, "after {polls} polls");
        }
        assert!(world.grants.0.under_way().is_empty());
    }

    #[test]
    fn a_runtime_that_ends_in_the_middle_leaves_an_answer() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let hangs = Source::new(Mood::Hangs);
        let world = runtime.block_on(async { World::new(&[(Stage::Ahead, &hangs)]) });
        world.grants.inspect(&bearer("opaque"), Stage::Ahead);
        drop(runtime);
        assert_eq!(world.peek(&bearer("opaque")), Peek::Seen(0));
        assert!(world.grants.0.under_way().is_empty());
    }

    #[test]
    fn an_inspection_needs_no_runtime_of_a_caller_that_lives_or_is_driven() {
        let source = Source::new(Mood::Knows);
        let world = World::on(Background::default(), &[(Stage::Ahead, &source)]);
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (idle, other) = (runtime(), runtime());
        idle.block_on(async { world.grants.inspect(&bearer("opaque"), Stage::Ahead) });
        assert!(!other.block_on(world.ask(&bearer("opaque"))).is_unknown());
        drop(idle);
        assert_eq!(world.peek(&bearer("opaque")), Peek::Seen(1));
        assert!(!block_on(world.ask(&bearer("bare"))).is_unknown());
        assert_eq!(source.asked(), 2);
    }

    #[test]
    fn without_a_thread_a_token_stays_unknown_and_nothing_panics() {
        let source = Source::new(Mood::Knows);
        let world = World::on(Background::none(), &[(Stage::Ahead, &source)]);
        let key = world.grants.inspect(&bearer("opaque"), Stage::Ahead).unwrap();
        let mut wait = Box::pin(world.grants.wait(key, None, Stage::Refused, SECOND));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(granted) = wait.as_mut().poll(&mut context) else { panic!("waits") };
        assert!(granted.why_unknown().unwrap().contains("runtime"));
        assert_eq!(source.asked(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_its_limit_and_the_inspection_goes_on() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        let key = world.grants.inspect(&bearer("opaque"), Stage::Ahead).unwrap();
        let started = tokio::time::Instant::now();
        assert!(world.grants.wait(key, None, Stage::Ahead, Duration::from_millis(20)).await.is_unknown());
        assert_eq!(started.elapsed(), Duration::from_millis(20));
        assert!(!world.ask(&bearer("opaque")).await.is_unknown());
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_is_left_at_its_deadline_for_the_next_one() {
        let (hangs, knows) = (Source::new(Mood::Hangs), Source::new(Mood::Knows));
        let world = World::new(&[(Stage::Ahead, &hangs), (Stage::Ahead, &knows)]);
        let started = tokio::time::Instant::now();
        assert!(!world.ask(&bearer("opaque")).await.is_unknown());
        assert_eq!(started.elapsed(), 2 * SECOND + Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_remembered_and_tried_again_after_a_time_that_doubles() {
        let source = Source::new(Mood::Fails);
        let world = World::new(&[(Stage::Ahead, &source)]);
        let token = bearer("opaque");
        for (failures, (least, most)) in [(1, (1.0, 1.5)), (2, (2.0, 3.0)), (3, (4.0, 6.0))] {
            assert!(world.ask(&token).await.is_unknown());
            assert_eq!(source.asked(), failures);
            world.clock.advance(Duration::from_secs_f64(least) - Duration::from_millis(1));
            world.ask(&token).await;
            assert_eq!(source.asked(), failures, "asked again too soon");
            world.clock.advance(Duration::from_secs_f64(most - least) + Duration::from_millis(2));
            assert!(world.is_unseen(&token));
        }
        source.turns(Mood::Knows);
        assert!(!world.ask(&token).await.is_unknown());
    }

    #[test]
    fn retries_are_never_further_apart_than_the_limit_and_its_jitter() {
        let world = World::on(Background::default(), &[]);
        let key = world.grants.0.cache.key(AccessToken::new("opaque").unwrap());
        for failures in [1, 2, 10, 100, u32::MAX] {
            let after = world.grants.0.retry_after(key, failures);
            assert!((SECOND..=450 * SECOND).contains(&after), "{failures}: {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_believed_until_the_token_expires_and_an_hour_at_most() {
        let wall = ManualClock::new().wall();
        for (mood, lasts) in [
            (Mood::Knows, 3600),
            (Mood::KnowsUntil(wall + 100 * SECOND), 100),
            (Mood::KnowsUntil(wall + 10_000 * SECOND), 3600),
            // The entry of an expired token lives for the first retry delay.
            (Mood::KnowsUntil(wall - SECOND), 1),
        ] {
            let source = Source::new(mood);
            let world = World::new(&[(Stage::Ahead, &source)]);
            let token = bearer("opaque");
            world.ask(&token).await;
            world.clock.advance(lasts * SECOND - Duration::from_millis(1));
            assert_eq!(world.peek(&token), Peek::Seen(1), "{mood:?}");
            world.clock.advance(Duration::from_millis(1));
            assert!(world.is_unseen(&token), "{mood:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_new_until_something_is_remembered_of_it() {
        let world = World::new(&[(Stage::Ahead, &Source::new(Mood::Fails))]);
        let token = bearer("opaque");
        let is_new = || match world.peek(&token) {
            Peek::Unseen { is_new, .. } => Some(is_new),
            Peek::Seen(_) | Peek::NotBearer => None,
        };
        assert_eq!(is_new(), Some(true));
        world.ask(&token).await;
        assert_eq!(is_new(), None);
        for _ in 0..3 {
            world.clock.advance(1000 * SECOND);
            assert_eq!(is_new(), Some(false));
            world.ask(&token).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dear_source_is_asked_about_the_token_of_the_call_whatever_came_between() {
        let (cheap, dear) = (Source::new(Mood::IsIgnorant), Source::new(Mood::Knows));
        let world = World::new(&[(Stage::Ahead, &cheap), (Stage::Refused, &dear)]);
        let tokens: Vec<_> = (0..100).map(|number| bearer(&number.to_string())).collect();
        for token in &tokens {
            world.ask(token).await;
        }
        for token in tokens.iter().take(3) {
            let read = |key, entry: &Entry| (key, world.grants.may_learn_of(entry));
            let Peek::Seen((key, true)) = world.grants.peek(token, read) else { panic!("nobody to ask") };
            assert!(!world.grants.wait(key, Some(token), Stage::Refused, SECOND).await.is_unknown());
            let Peek::Seen((_, is_open)) = world.grants.peek(token, read) else { panic!("not seen") };
            assert!(!is_open, "a token whose scopes are known need not be kept");
        }
        assert_eq!(dear.asked(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dear_source_is_asked_after_a_refusal_only() {
        let (cheap, dear) = (Source::new(Mood::IsIgnorant), Source::new(Mood::Knows));
        let world = World::new(&[(Stage::Ahead, &cheap), (Stage::Refused, &dear)]);
        let token = bearer("opaque");
        let granted = world.ask(&token).await;
        assert_eq!(granted.why_unknown(), Some("the test source does not know this token"));
        assert_eq!(dear.asked(), 0);
        // The token was inspected at an earlier stage, and the explanation starts another
        // inspection.
        let Peek::Seen(key) = world.grants.peek(&token, |key, _| key) else { panic!("not seen") };
        assert!(!world.grants.wait(key, Some(&token), Stage::Refused, SECOND).await.is_unknown());
        assert_eq!((cheap.asked(), dear.asked()), (2, 1));
        assert!(!world.grants.wait(key, Some(&token), Stage::Refused, SECOND).await.is_unknown());
        assert_eq!(dear.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_explanation_waits_for_the_dear_source_behind_an_inspection_under_way() {
        let (cheap, dear) = (Source::new(Mood::IsIgnorant), Source::new(Mood::Knows));
        let world = World::new(&[(Stage::Ahead, &cheap), (Stage::Refused, &dear)]);
        let key = world.grants.inspect(&bearer("opaque"), Stage::Ahead).unwrap();
        assert!(!world.grants.wait(key, Some(&bearer("opaque")), Stage::Refused, SECOND).await.is_unknown());
        assert_eq!(dear.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn each_token_of_a_rotation_has_its_own_answer() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        world
            .grants
            .declare(AccessToken::new("old").unwrap(), GrantedScopes::unrestricted(GrantSource::Declared));
        assert_eq!(world.peek(&bearer("old")), Peek::Seen(0));
        assert!(world.is_unseen(&bearer("new")));
        world.ask(&bearer("new")).await;
        for _ in 0..3 {
            assert_eq!(world.peek(&bearer("old")), Peek::Seen(0));
            assert_eq!(world.peek(&bearer("new")), Peek::Seen(1));
        }
    }

    #[test]
    fn a_self_signed_jwt_is_known_at_first_sight() {
        let world = World::on(Background::default(), &[]);
        let claims = format!(r#"{{"iss":"r@p.iam.gserviceaccount.com","scope":"{PUBSUB} openid"}}"#);
        assert_eq!(world.peek(&bearer(&jwt::tests::jwt(&claims))), Peek::Seen(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_jwt_that_cannot_be_read_is_left_to_the_sources_and_says_so() {
        let world = World::new(&[(Stage::Ahead, &Source::new(Mood::IsIgnorant))]);
        let why = world.ask(&bearer(&jwt::tests::jwt("{"))).await;
        let why = why.why_unknown().unwrap();
        assert!(why.contains("JWT") && why.contains("the test source does not know"), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_contradicted_token_is_forgotten_and_inspected_again() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        world.ask(&bearer("opaque")).await;
        let Peek::Seen(key) = world.grants.peek(&bearer("opaque"), |key, _| key) else { panic!("not seen") };
        world.grants.forget(key);
        assert!(world.is_unseen(&bearer("opaque")));
        world.ask(&bearer("opaque")).await;
        assert_eq!(source.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_was_only_seen_is_inspected_when_somebody_wants_to_know() {
        let source = Source::new(Mood::Knows);
        let world = World::new(&[(Stage::Ahead, &source)]);
        world.grants.remember(&bearer("opaque"));
        let Peek::Seen(key) = world.grants.peek(&bearer("opaque"), |key, _| key) else { panic!("not seen") };
        assert_eq!(source.asked(), 0);
        assert!(!world.grants.wait(key, Some(&bearer("opaque")), Stage::Refused, SECOND).await.is_unknown());
        assert_eq!(source.asked(), 1);
    }

    #[test]
    fn a_provider_that_repeats_itself_changes_nothing() {
        let world = World::on(Background::default(), &[]);
        let declare = || {
            let granted = GrantedScopes::unrestricted(GrantSource::Declared);
            world.grants.declare(AccessToken::new("mine").unwrap(), granted);
            world.clock.advance(SECOND);
            world.grants.peek(&bearer("mine"), |_, entry| entry.stale_at)
        };
        assert_eq!(declare(), declare());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_new_tokens_starts_a_bounded_number_of_inspections() {
        let source = Source::new(Mood::Hangs);
        let world = World::new(&[(Stage::Ahead, &source)]);
        for number in 0..10_000 {
            world.grants.inspect(&bearer(&number.to_string()), Stage::Ahead);
        }
        assert_eq!(world.grants.0.under_way().len(), Limits::default().inspections);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_that_can_be_printed_holds_the_token() {
        let world = World::new(&[(Stage::Ahead, &Source::new(Mood::Fails))]);
        let token = bearer("MARKER");
        let granted = world.ask(&token).await;
        let peek = world.grants.peek(&token, |key, _| key);
        let declared = bearer("MARKER-2");
        world.grants.declare(AccessToken::from_authorization(&declared).unwrap(), granted.clone());
        world.peek(&declared);
        let printed = format!("{granted:?} {peek:?} {:?}", world.grants.0.under_way());
        assert!(!printed.contains("MARKER"), "{printed}");
    }
}
