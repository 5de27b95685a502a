//! A cache of what is known of recently seen tokens, for readers that must not wait.
//!
//! 1. A hit allocates nothing, takes no lock, and writes to no memory that another thread writes
//!    to: the list of the newest tokens and the table of all tokens are read in place.
//! 2. The few newest tokens are found by comparing the whole header value, the other tokens by a
//!    128-bit hash with a random key per process. Only the few newest header values are kept. These
//!    values share the caller's memory instead of copying it, and are never printed.
//! 3. The size is bounded. The table consists of small sets, each of which is replaced as a whole
//!    when it changes, so that the cost of adding a token does not depend on the number of tokens.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::HeaderValue;
use siphasher::sip128::SipHasher13;

use super::sync::{ArcSwap, AtomicBool};
use super::{AccessToken, GrantedScopes};
use crate::catalog::{Catalog, OpenedSets};

/// How many header values are kept. A service uses one or two tokens at a time, and a rotation adds
/// one more.
const RECENT: usize = 4;
/// How many tokens fit into one set of the table. Adding a token copies its whole set.
const WAYS: usize = 16;

/// A hash that identifies a token without keeping the token. Valid only in this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey([u64; 2]);

impl TokenKey {
    /// Returns a number from 0 to 1 that differs between tokens, processes and attempts.
    pub(crate) fn jitter(self, attempt: u32) -> f64 {
        // 29 has no common divisor with 64, so 64 attempts in a row have different rotations. The
        // cast takes the low 32 bits.
        let bits = self.0[0].rotate_left(attempt.wrapping_mul(29)) as u32;
        f64::from(bits) / f64::from(u32::MAX)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

/// Computes token keys with a random hash key. Without the random key, an attacker could construct
/// two tokens with the same hash, and one token would get the scopes of the other.
pub(crate) struct TokenHasher(SipHasher13);

impl TokenHasher {
    pub(crate) fn new() -> Self {
        // std has no other public source of randomness. Two instances hardly ever hash alike:
        // <https://doc.rust-lang.org/std/hash/struct.RandomState.html>
        let random = || RandomState::new().hash_one(());
        Self(SipHasher13::new_with_keys(random(), random()))
    }

    pub(crate) fn key(&self, token: AccessToken<'_>) -> TokenKey {
        TokenKey(self.0.hash(token.secret().as_bytes()).as_u64().into())
    }
}

/// How thorough an inspection is, which decides which sources are queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// No source was queried: the token was only seen.
    Seen,
    /// Before a refusal: only cheap sources are queried.
    BeforeRefusal,
    /// After a refusal: all sources are queried.
    AfterRefusal,
}

/// What is known of one token.
pub(crate) struct Entry {
    pub(crate) granted: GrantedScopes,
    pub(crate) stage: Stage,
    /// The number of failed inspections in a row.
    pub(crate) failures: u32,
    /// When the entry is no longer valid.
    pub(crate) stale_at: Instant,
    /// Whether an explanation has waited for the scopes of the token, which are still unknown.
    pub(crate) was_awaited: bool,
    /// Whether the header value was ever added to the recent tokens. A token is added only once,
    /// because with many alternating tokens each call would otherwise write to the list.
    was_recent: AtomicBool,
    /// The result of [`opened_sets`](Self::opened_sets), computed at the first call with the token.
    opened: OnceLock<OpenedSets>,
}

impl Entry {
    pub(crate) fn new(
        granted: GrantedScopes,
        stage: Stage,
        failures: u32,
        stale_at: Instant,
    ) -> Self {
        Self {
            granted,
            stage,
            failures,
            stale_at,
            was_awaited: false,
            was_recent: AtomicBool::new(false),
            opened: OnceLock::new(),
        }
    }

    /// Returns for which sets of accepted scopes in the guard's catalog the token is sufficient. A
    /// token with unknown scopes counts as sufficient for all of them, because no call with such a
    /// token is judged to lack a scope.
    #[inline]
    pub(crate) fn opened_sets(&self, catalog: Catalog) -> &OpenedSets {
        self.opened.get_or_init(|| OpenedSets::new(catalog, self.granted.scopes()))
    }

    /// Returns whether the entry is still valid at `now`.
    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        now < self.stale_at
    }

    /// Returns whether the header value was ever added to the recent tokens.
    pub(crate) fn was_recent(&self) -> bool {
        self.was_recent.load(Ordering::Relaxed)
    }
}

/// One of the newest tokens.
#[derive(Clone)]
struct Recent {
    header: HeaderValue,
    key: TokenKey,
    entry: Arc<Entry>,
}

/// One set of the table: at most [`WAYS`] tokens, the oldest entry first.
type Set = Vec<(TokenKey, Arc<Entry>)>;

/// The cache. Readers never wait; a writer that collides with another writer tries again.
pub(crate) struct Cache {
    hasher: TokenHasher,
    recent: ArcSwap<Vec<Recent>>,
    sets: Box<[ArcSwap<Set>]>,
    /// The maximum number of tokens in a set.
    ways: usize,
}

impl Cache {
    /// Creates a cache for at most `tokens` tokens, rounded up to a whole number of sets.
    pub(crate) fn new(tokens: usize) -> Self {
        let sets = tokens.div_ceil(WAYS).max(1);
        Self {
            hasher: TokenHasher::new(),
            recent: ArcSwap::default(),
            sets: (0..sets).map(|_| ArcSwap::default()).collect(),
            ways: tokens.clamp(1, WAYS),
        }
    }

    pub(crate) fn key(&self, token: AccessToken<'_>) -> TokenKey {
        self.hasher.key(token)
    }

    /// Reads the entry of one of the newest tokens, found by its whole header value. Returns `None`
    /// if the token is not one of the newest or its entry does not satisfy `passes`.
    #[inline]
    pub(crate) fn read_recent<R>(
        &self,
        authorization: &HeaderValue,
        passes: impl Fn(&Entry) -> bool,
        read: impl FnOnce(TokenKey, &Entry) -> R,
    ) -> Option<R> {
        let recent = self.recent.load();
        let hit = recent.iter().find(|recent| is_equal(&recent.header, authorization))?;
        passes(&hit.entry).then(|| read(hit.key, &hit.entry))
    }

    /// Reads the entry of any token in the table. Returns `read` as the error if the token has no
    /// entry.
    pub(crate) fn read<R, F>(&self, key: TokenKey, read: F) -> Result<R, F>
    where
        F: FnOnce(&Arc<Entry>) -> R,
    {
        let set = self.set(key).load();
        match set.iter().find(|(known, _)| *known == key) {
            Some((_, entry)) => Ok(read(entry)),
            None => Err(read),
        }
    }

    /// Adds `entry`, and removes another entry if the set is full. Keeps the old entry of the token
    /// if the old entry is fresh and contains known scopes, and the scopes of `entry` are unknown.
    pub(crate) fn insert(&self, key: TokenKey, entry: &Arc<Entry>, now: Instant) {
        self.set(key).rcu(|old| {
            let mut set = Set::clone(old);
            match set.iter().position(|(known, _)| *known == key) {
                Some(place) if keeps_old(&set[place].1, entry, now) => return set,
                Some(place) => drop(set.remove(place)),
                None if set.len() >= self.ways => drop(set.remove(eviction_index(&set, now))),
                None => {}
            }
            set.push((key, Arc::clone(entry)));
            set
        });
        self.refresh_recent(key, now);
    }

    /// Removes a token.
    pub(crate) fn remove(&self, key: TokenKey) {
        // The table changes first: a concurrent `promote` reads the table after it has changed the
        // list, and then removes the token again.
        self.set(key)
            .rcu(|old| old.iter().filter(|(known, _)| *known != key).cloned().collect::<Set>());
        self.recent
            .rcu(|old| old.iter().filter(|recent| recent.key != key).cloned().collect::<Vec<_>>());
    }

    /// Adds a token of the table to the recent tokens, unless it was added before.
    pub(crate) fn promote(&self, key: TokenKey, header: &HeaderValue, now: Instant) {
        let Ok(entry) = self.read(key, Arc::clone) else { return };
        // Relaxed, because the flag only selects one thread. `rcu` publishes the list.
        if entry.was_recent.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut header = header.clone();
        header.set_sensitive(true);
        let newest = Recent { header, key, entry };
        self.recent.rcu(|old| {
            let others = old.iter().filter(|recent| recent.key != key).take(RECENT - 1);
            std::iter::once(&newest).chain(others).cloned().collect::<Vec<_>>()
        });
        // Another thread may have replaced the entry since the read above.
        self.refresh_recent(key, now);
    }

    /// Updates the entry of `key` in the list of the newest tokens, and removes stale and deleted
    /// tokens from the list.
    ///
    /// The table is read again at each attempt of `rcu`. Otherwise, if two writers update the same
    /// token, the first writer could overwrite the newer entry of the second writer.
    fn refresh_recent(&self, key: TokenKey, now: Instant) {
        let refreshed = |recent: &Recent| {
            let entry = match recent.key == key {
                true => self.read(key, Arc::clone).ok()?,
                false => Arc::clone(&recent.entry),
            };
            entry.is_fresh(now).then(|| Recent { entry, ..recent.clone() })
        };
        let is_current = |recent: &Recent| {
            refreshed(recent).is_some_and(|newest| Arc::ptr_eq(&newest.entry, &recent.entry))
        };
        if !self.recent.load().iter().all(is_current) {
            self.recent.rcu(|old| old.iter().filter_map(refreshed).collect::<Vec<_>>());
        }
    }

    /// Returns the set of the table that may contain the token.
    fn set(&self, key: TokenKey) -> &ArcSwap<Set> {
        let sets = self.sets.len() as u64;
        &self.sets[(key.0[1] % sets) as usize]
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.sets.iter().map(|set| set.load().len()).sum()
    }
}

/// Returns whether two header values are equal. Usually both are clones of one value and share the
/// value's memory, which cannot change or be reused while a clone exists.
#[inline]
fn is_equal(a: &HeaderValue, b: &HeaderValue) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    std::ptr::eq(a, b) || a == b
}

/// Returns whether `old` stays in the cache instead of `new`.
fn keeps_old(old: &Entry, new: &Entry, now: Instant) -> bool {
    new.granted.is_unknown() && !old.granted.is_unknown() && old.is_fresh(now)
}

/// Returns the index of the entry to remove: a stale entry, else an entry with unknown scopes, else
/// the oldest entry.
fn eviction_index(set: &Set, now: Instant) -> usize {
    let stale = set.iter().position(|(_, entry)| !entry.is_fresh(now));
    stale.or_else(|| set.iter().position(|(_, entry)| entry.granted.is_unknown())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::GrantSource;
    use super::*;

    /// Creates an entry whose number of failures is `value`, which identifies the entry in the
    /// tests.
    fn entry(granted: GrantedScopes, value: u32, stale_at: Instant) -> Arc<Entry> {
        Arc::new(Entry::new(granted, Stage::BeforeRefusal, value, stale_at))
    }

    fn key(number: u64) -> TokenKey {
        TokenKey([0, number])
    }

    /// Creates an entry with known scopes.
    fn known(value: u32, stale_at: Instant) -> Arc<Entry> {
        entry(GrantedScopes::unrestricted(GrantSource::Declared), value, stale_at)
    }

    /// Returns the value that identifies the entry of a token in the table.
    fn value(cache: &Cache, key: TokenKey) -> Option<u32> {
        cache.read(key, |entry| entry.failures).ok()
    }

    fn bearer(token: &str) -> HeaderValue {
        HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
    }

    #[test]
    fn keys_differ_between_tokens_and_between_hashers() {
        let (a, b) = (AccessToken::new("a").unwrap(), AccessToken::new("b").unwrap());
        let hasher = TokenHasher::new();
        assert_eq!(hasher.key(a), hasher.key(a));
        assert_ne!(hasher.key(a), hasher.key(b));
        assert_ne!(hasher.key(a), TokenHasher::new().key(a));
    }

    #[test]
    fn the_size_of_the_cache_is_bounded() {
        let cache = Cache::new(1024);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let count = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
        for number in 0..count {
            let token = number.to_string();
            let key = cache.key(AccessToken::new(&token).unwrap());
            cache.insert(key, &known(number, later), now);
            cache.promote(key, &bearer(&token), now);
            assert_eq!(value(&cache, key), Some(number));
        }
        // Sets are chosen by hash, so a few sets may not be full.
        assert!((900..=1024).contains(&cache.len()), "{}", cache.len());
        assert_eq!(cache.recent.load().len(), RECENT);
        // Adding a token at most doubles the capacity of the copied set.
        assert!(cache.sets.iter().all(|set| set.load().capacity() <= 2 * WAYS));
    }

    #[test]
    fn a_full_cache_set_evicts_stale_then_unknown_then_oldest_entries() {
        let cache = Cache::new(3);
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        cache.insert(key(1), &known(1, later), now);
        cache.insert(key(2), &entry(GrantedScopes::unknown("down"), 2, later), now);
        cache.insert(key(3), &known(3, now), now);
        let kept_after_adding = |added: u64| {
            cache.insert(key(added), &known(added as u32, later), now);
            (1..=added).filter(|number| value(&cache, key(*number)).is_some()).collect::<Vec<_>>()
        };
        // Entry 3 is stale and is evicted first, then entry 2, whose scopes are unknown, then entry
        // 1, the oldest.
        assert_eq!(kept_after_adding(4), [1, 2, 4]);
        assert_eq!(kept_after_adding(5), [1, 4, 5]);
        assert_eq!(kept_after_adding(6), [4, 5, 6]);
    }

    #[test]
    fn a_known_entry_is_not_replaced_by_an_unknown_one() {
        let cache = Cache::new(16);
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        cache.insert(key(1), &known(1, later), now);
        cache.insert(key(1), &entry(GrantedScopes::unknown("down"), 2, later), now);
        assert_eq!(value(&cache, key(1)), Some(1));
        // At the time `later` the known entry is stale.
        cache.insert(key(1), &entry(GrantedScopes::unknown("down"), 2, later), later);
        assert_eq!(value(&cache, key(1)), Some(2));
    }

    #[test]
    fn a_token_becomes_recent_once_and_its_entry_is_updated() {
        let cache = Cache::new(1024);
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let recent =
            |token: &str| cache.read_recent(&bearer(token), |_| true, |_, entry| entry.failures);
        for number in 1..=5 {
            cache.insert(key(number), &known(number as u32, later), now);
            cache.promote(key(number), &bearer(&number.to_string()), now);
        }
        // The list holds four tokens. The fifth token replaced the first token, which is never
        // added again.
        assert_eq!(recent("1"), None);
        cache.promote(key(1), &bearer("1"), now);
        assert_eq!(recent("1"), None);
        assert_eq!(recent("5"), Some(5));
        cache.insert(key(5), &known(50, later), now);
        assert_eq!(recent("5"), Some(50));
        cache.remove(key(5));
        assert_eq!((recent("5"), value(&cache, key(5))), (None, None));
    }

    #[test]
    fn concurrent_inserts_never_mix_up_tokens() {
        let cache = Cache::new(32);
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        // The two threads insert 50 tokens in different orders, and the cache has room for 32.
        let work = |step: u64| {
            for round in 0..5_000_u64 {
                let number = (round * step) % 50;
                let header = bearer(&number.to_string());
                cache.insert(key(number), &known(number as u32, later), now);
                cache.promote(key(number), &header, now);
                let seen = cache.read_recent(&header, |_| true, |key, entry| (key, entry.failures));
                assert!(seen.is_none_or(|seen| seen == (key(number), number as u32)));
                assert!(value(&cache, key(number)).is_none_or(|value| value == number as u32));
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| work(7));
            scope.spawn(|| work(11));
        });
        assert!(cache.len() <= 32);
    }
}
