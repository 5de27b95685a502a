//! Shuttle models of the cache and the inspections, which check many interleavings of threads:
//! `cargo xtask deep shuttle`.
//!
//! Each model has two or three threads or tasks, and is run with one of three schedulers:
//!
//! - `dfs` enumerates the schedules of the smallest models up to a limit.
//! - `pct` finds every bug that needs at most three preemptions with a known probability
//!   (<https://docs.rs/shuttle/latest/shuttle/fn.check_pct.html>).
//! - `random` chooses at random at every step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;
use shuttle::{future, thread};

use super::clock::SystemClock;
use super::source::DynSource;
use super::sync::Spawner;
use super::token_cache::{Limits, Peek, TokenCache};
use super::token_table::{Cache, Entry, Stage, TokenKey};
use super::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use crate::background::Background;
use crate::scope::ScopeSet;

/// The number of preemptions up to which `pct` finds every bug with a known probability.
const PREEMPTIONS: usize = 3;
/// The time limit of a wait. It has no effect, because time does not pass in a model.
const LIMIT: Duration = Duration::from_secs(1);

/// Returns how many schedules of each model are tried with each of the three schedulers: the
/// environment variable `SCHEDULES`, or 2,000.
fn schedules() -> usize {
    std::env::var("SCHEDULES")
        .map_or(2_000, |number| number.parse().expect("a number in SCHEDULES"))
}

/// Runs a model with each of the three schedulers.
fn check(model: fn()) {
    shuttle::check_random(model, schedules());
    shuttle::check_pct(model, schedules(), PREEMPTIONS);
    shuttle::check_dfs(model, Some(schedules()));
}

fn bearer(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).unwrap()
}

/// Creates an entry whose number of failures is `value`, which identifies the entry in the models.
fn entry(value: u32) -> Arc<Entry> {
    let granted = GrantedScopes::unrestricted(GrantSource::Declared);
    Arc::new(Entry::new(
        granted,
        Stage::BeforeRefusal,
        value,
        Instant::now() + Duration::from_secs(3600),
    ))
}

fn key(cache: &Cache, token: &str) -> TokenKey {
    cache.key(AccessToken::new(token).unwrap())
}

/// Adds a token to the table and to the recent tokens.
fn insert(cache: &Cache, token: &str, value: u32) {
    cache.insert(key(cache, token), &entry(value), Instant::now());
    cache.promote(key(cache, token), &bearer(token), Instant::now());
}

/// Returns the value of the token's entry in the table.
fn in_table(cache: &Cache, token: &str) -> Option<u32> {
    cache.read(key(cache, token), |entry| entry.failures).ok()
}

/// Returns the value of the token's entry among the recent tokens.
fn among_recent(cache: &Cache, token: &str) -> Option<u32> {
    cache.read_recent(&bearer(token), |_| true, |_, entry| entry.failures).ok()
}

#[test]
fn the_recent_tokens_finally_agree_with_the_table() {
    check(|| {
        let cache = Arc::new(Cache::new(4));
        insert(&cache, "a", 1);
        let threads = [2, 3].map(|value| {
            let cache = Arc::clone(&cache);
            thread::spawn(move || insert(&cache, "a", value))
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(among_recent(&cache, "a"), in_table(&cache, "a"));
        // One of the two threads replaced the value 1.
        assert!(in_table(&cache, "a").is_some_and(|value| value > 1));
    });
}

#[test]
fn a_removed_token_does_not_reappear() {
    check(|| {
        let cache = Arc::new(Cache::new(4));
        cache.insert(key(&cache, "a"), &entry(1), Instant::now());
        let other = Arc::clone(&cache);
        let promotion =
            thread::spawn(move || other.promote(key(&other, "a"), &bearer("a"), Instant::now()));
        cache.remove(key(&cache, "a"));
        promotion.join().unwrap();
        assert_eq!((in_table(&cache, "a"), among_recent(&cache, "a")), (None, None));
    });
}

#[test]
fn tokens_are_never_mixed_up_or_lost() {
    check(|| {
        let cache = Arc::new(Cache::new(4));
        let threads = [("a", 1), ("b", 2)].map(|(token, value)| {
            let cache = Arc::clone(&cache);
            thread::spawn(move || {
                insert(&cache, token, value);
                assert_eq!(in_table(&cache, token), Some(value));
                // The token may be missing for a moment: the other thread may have replaced the
                // recent tokens with those that it read before this token was added.
                assert!(among_recent(&cache, token).is_none_or(|seen| seen == value));
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        for (token, value) in [("a", 1), ("b", 2)] {
            assert_eq!(
                (in_table(&cache, token), among_recent(&cache, token)),
                (Some(value), Some(value))
            );
        }
    });
}

/// A source that knows every token, and counts its queries. The source yields before it responds,
/// so that other tasks may run.
#[derive(Default)]
struct YieldingSource(AtomicUsize);

impl GrantedScopesSource for YieldingSource {
    fn name(&self) -> &str {
        "the model's source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        self.0.fetch_add(1, Ordering::SeqCst);
        future::yield_now().await;
        Some(GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Custom))
    }
}

/// Returns a token cache with one source, and the source.
fn grants() -> (TokenCache, Arc<YieldingSource>) {
    let source = Arc::new(YieldingSource::default());
    let sources = vec![(Stage::BeforeRefusal, Arc::clone(&source) as Arc<dyn DynSource>)];
    let limits = Limits { tokens: 4, ..Limits::default() };
    let spawner = Spawner::for_background(&Background::default());
    (TokenCache::new(sources, Arc::new(SystemClock), limits, spawner), source)
}

/// Inspects the token `a`, and waits. Returns whether the scopes of the token are known.
async fn inspect(grants: TokenCache) -> bool {
    let key = grants.inspect(&bearer("a"), Stage::BeforeRefusal).unwrap();
    !grants.wait(key, Some(&bearer("a")), Stage::BeforeRefusal, LIMIT).await.is_unknown()
}

#[test]
fn three_callers_with_one_token_share_one_inspection() {
    check(|| {
        let (grants, source) = grants();
        future::block_on(async {
            let callers = [(); 3].map(|()| future::spawn(inspect(grants.clone())));
            for caller in callers {
                assert!(caller.await.unwrap());
            }
        });
        assert_eq!(source.0.load(Ordering::SeqCst), 1);
        assert!(matches!(
            grants.peek(&bearer("a"), |_, entry| entry.granted.is_unknown()),
            Peek::Seen(false)
        ));
    });
}

#[test]
fn aborting_one_caller_does_not_affect_another() {
    check(|| {
        let (grants, source) = grants();
        future::block_on(async {
            let (aborted, other) =
                (future::spawn(inspect(grants.clone())), future::spawn(inspect(grants.clone())));
            future::yield_now().await;
            aborted.abort();
            assert!(other.await.unwrap());
            assert!(inspect(grants.clone()).await);
        });
        assert_eq!(source.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn declaring_and_removing_a_token_during_its_inspection_is_safe() {
    check(|| {
        let (grants, _) = grants();
        future::block_on(async {
            let inspection = future::spawn(inspect(grants.clone()));
            let other = grants.clone();
            let declaration = future::spawn(async move {
                other.declare(
                    AccessToken::new("a").unwrap(),
                    GrantedScopes::unrestricted(GrantSource::Declared),
                );
            });
            inspection.await.unwrap();
            declaration.await.unwrap();
            let Peek::Seen(key) = grants.peek(&bearer("a"), |key, _| key) else {
                panic!("the token has no entry")
            };
            // An inspection that is about to end may have stored its result before `forget`. Then
            // the first caller that waits for this inspection gets unknown scopes, and the next
            // caller gets the scopes.
            grants.forget(key);
            inspect(grants.clone()).await;
            assert!(inspect(grants.clone()).await);
        });
    });
}
