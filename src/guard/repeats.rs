//! Limits the number of log events, so that many refusals do not flood a log. Repeats are counted
//! and logged together. The counts of all events add up to the number of calls.
//!
//! 1. Calls are counted by what happened to them, their method and their token. If there are too
//!    many tokens, further calls are counted without their token, and if there are too many
//!    methods, by [`EventKind`] alone.
//! 2. A count that did not change for ten minutes is forgotten. Its calls that no event has
//!    reported are reported in a summary, an event of its own for each [`EventKind`].
//! 3. The number of events in ten minutes is bounded, and does not depend on the number of tokens
//!    and methods.
//!
//! Only calls that are refused, or that are expected to be refused, use the lock, so contention is
//! rare.

use std::cell::Cell;
use std::collections::HashMap;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::catalog::ApiMethod;
use crate::granted::token_table::TokenKey;
use crate::telemetry::{self, EventBudget, EventKind, PERIOD};

/// The maximum number of counts by method and token: as many as the token cache has tokens. A count
/// takes about 150 bytes.
const MAX_TOKENS: usize = 1024;
/// The maximum number of counts by method.
const MAX_METHODS: usize = 256;

/// The key of an event: what happened to a call, the evidence or the gate as one word, the method
/// of the call, and the token of the call.
type Occurrence = (EventKind, &'static str, Option<ApiMethod>, Option<TokenKey>);

/// The counts of the events that were logged. Contains no token. When the counts are dropped, the
/// calls that no event has reported are logged, if the thread has counted a call and is not ending.
#[derive(Default)]
pub(crate) struct Repeats(Mutex<Counted>);

thread_local! {
    /// Whether an event may be logged while the counts are dropped. A program may keep a guard in a
    /// thread-local, which is dropped when the thread ends. The thread-locals of a subscriber may
    /// be destroyed by then, and an event would end the process.
    static MAY_LOG_IN_DROP: Cell<bool> = const { Cell::new(false) };
    /// Clears [`MAY_LOG_IN_DROP`] when the thread ends. Thread-locals are destroyed in the reverse
    /// order of their first use. So this one is destroyed before a guard in a thread-local, which
    /// was stored before it counted its first call.
    static THREAD_END: ThreadEnd = const { ThreadEnd };
}

/// The type of the thread-local [`THREAD_END`].
struct ThreadEnd;

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        MAY_LOG_IN_DROP.set(false);
    }
}

/// The counts of a guard, and when they are logged and forgotten.
#[derive(Default)]
struct Counted {
    by_token: Counts,
    /// The keys contain no token.
    by_method: Counts,
    rest: Rest,
    budget: EventBudget,
    /// When the counts that did not change are forgotten next.
    sweep_at: Option<Instant>,
}

/// The count of each kind of occurrence.
type Counts = HashMap<Occurrence, CallCount>;

/// The number of calls of each kind that are neither logged nor part of another count.
type Rest = [u64; EventKind::ALL.len()];

#[derive(Default)]
struct CallCount {
    /// The time of the last occurrence.
    seen_at: Option<Instant>,
    /// The time of the last log event.
    logged_at: Option<Instant>,
    /// The number of all occurrences.
    total: u64,
    /// The number of occurrences since the last log event.
    unlogged: u64,
}

impl Repeats {
    /// Counts an occurrence. If an event is to be logged now, returns the number of calls that the
    /// event stands for, including this occurrence. Otherwise returns `None`.
    ///
    /// The first occurrence is logged, then the 10th, the 100th and so on, and the next occurrence
    /// after ten minutes without a log event.
    pub(crate) fn count(&self, occurrence: Occurrence, now: Instant) -> Option<u64> {
        let (calls, rest) = {
            let mut counted = self.counted();
            (counted.count(occurrence, now), counted.rest_to_log(now))
        };
        // The lock is free again: a subscriber may make guarded calls while it handles an event.
        log_rest(&rest);
        MAY_LOG_IN_DROP.set(THREAD_END.try_with(|_| ()).is_ok());
        calls
    }

    /// Logs the calls that no event has reported.
    pub(crate) fn log_unreported(&self) {
        let rest = self.counted().take_unlogged();
        log_rest(&rest);
    }

    /// Returns whether an event that is not counted may be logged.
    pub(crate) fn allows_event(&self, now: Instant) -> bool {
        self.counted().budget.allows(now)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Repeats {
    fn drop(&mut self) {
        if MAY_LOG_IN_DROP.get() {
            self.log_unreported();
        }
    }
}

/// Logs one summary event for each [`EventKind`], with the number of its calls that were neither
/// logged nor counted in another event. Kinds without such calls get no event.
fn log_rest(rest: &Rest) {
    for (kind, calls) in EventKind::ALL.into_iter().zip(rest).filter(|(_, calls)| **calls > 0) {
        telemetry::not_logged_singly(kind, *calls);
    }
}

impl Counted {
    /// Counts an occurrence by its token, by its method or by its kind, whichever has room.
    fn count(&mut self, occurrence: Occurrence, now: Instant) -> Option<u64> {
        let (kind, word, method, _) = occurrence;
        let count = entry(&mut self.by_token, occurrence, MAX_TOKENS)
            .or_else(|| entry(&mut self.by_method, (kind, word, method, None), MAX_METHODS));
        match count {
            Some(count) => count.add(now, &mut self.budget),
            None => {
                self.rest[kind as usize] += 1;
                None
            }
        }
    }

    /// Returns the number of calls of each kind that are to be logged in a summary now. Forgets,
    /// once in [`PERIOD`], the counts that did not change for this time.
    fn rest_to_log(&mut self, now: Instant) -> Rest {
        let mut due = Rest::default();
        if now < *self.sweep_at.get_or_insert(now + PERIOD) {
            return due;
        }
        self.sweep_at = Some(now + PERIOD);
        forget(&mut self.by_token, &mut self.rest, now);
        forget(&mut self.by_method, &mut self.rest, now);
        for (due, rest) in due.iter_mut().zip(&mut self.rest).filter(|(_, rest)| **rest > 0) {
            if self.budget.allows(now) {
                *due = take(rest);
            }
        }
        due
    }

    /// Returns the number of calls of each kind that no event has reported. From then on, they
    /// count as reported.
    fn take_unlogged(&mut self) -> Rest {
        let mut rest = take(&mut self.rest);
        for ((kind, ..), count) in self.by_token.iter_mut().chain(&mut self.by_method) {
            rest[*kind as usize] += take(&mut count.unlogged);
        }
        rest
    }
}

/// Returns the count of a key. Returns `None` if there is none, and no room for another.
fn entry(counts: &mut Counts, key: Occurrence, max: usize) -> Option<&mut CallCount> {
    let has_room = counts.len() < max || counts.contains_key(&key);
    has_room.then(|| counts.entry(key).or_default())
}

/// Removes the counts that did not change for [`PERIOD`], and adds their unlogged calls to `rest`.
fn forget(counts: &mut Counts, rest: &mut Rest, now: Instant) {
    counts.retain(|(kind, ..), count| {
        let is_kept = !has_passed(count.seen_at, now);
        if !is_kept {
            rest[*kind as usize] += count.unlogged;
        }
        is_kept
    });
}

impl CallCount {
    /// Adds an occurrence. Returns the number of unlogged occurrences if an event is to be logged
    /// now and the budget allows the event.
    fn add(&mut self, now: Instant, budget: &mut EventBudget) -> Option<u64> {
        self.total += 1;
        self.unlogged += 1;
        self.seen_at = Some(now);
        let is_due = has_passed(self.logged_at, now) || is_power_of_ten(self.total);
        (is_due && budget.allows(now)).then(|| {
            self.logged_at = Some(now);
            take(&mut self.unlogged)
        })
    }
}

/// Returns whether [`PERIOD`] has passed since `last`. True if `last` is `None`.
fn has_passed(last: Option<Instant>, now: Instant) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last) >= PERIOD)
}

/// Returns whether `number`, which must not be 0, is 1, 10, 100 and so on.
fn is_power_of_ten(number: u64) -> bool {
    10_u64.checked_pow(number.ilog10()) == Some(number)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
    use std::time::Duration;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::granted::token_table::TokenHasher;

    const REFUSED: Occurrence = (EventKind::Denied, "message", None, None);
    const SECOND: Duration = Duration::from_secs(1);

    /// Creates the keys of this many tokens.
    fn tokens(count: usize) -> Vec<TokenKey> {
        let hasher = TokenHasher::new();
        let header = |number| http::HeaderValue::from_str(&format!("Bearer {number}")).unwrap();
        let key = |header: http::HeaderValue| {
            hasher.key(crate::granted::AccessToken::from_authorization(&header).unwrap())
        };
        (0..count).map(|number| key(header(number))).collect()
    }

    /// A subscriber that counts the events, and adds up their field `oauth.scope.calls`.
    #[derive(Default, Clone)]
    struct EventSum(Arc<[AtomicU64; 2]>);

    impl EventSum {
        fn events(&self) -> u64 {
            self.0[0].load(Ordering::Relaxed)
        }

        fn calls(&self) -> u64 {
            self.0[1].load(Ordering::Relaxed)
        }
    }

    impl tracing::field::Visit for EventSum {
        fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
            if field.name() == "oauth.scope.calls" {
                self.0[1].fetch_add(value, Ordering::Relaxed);
            }
        }

        fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
    }

    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for EventSum {
        fn on_event(
            &self,
            event: &tracing::Event<'_>,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            self.0[0].fetch_add(1, Ordering::Relaxed);
            event.record(&mut self.clone());
        }
    }

    #[test]
    fn many_repeats_are_logged_in_few_events() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let logged: Vec<u64> = (0..100_000).filter_map(|_| repeats.count(REFUSED, now)).collect();
        assert_eq!(logged, [1, 9, 90, 900, 9_000, 90_000]);
        assert_eq!(
            repeats.count((EventKind::Predicted, "", None, None), now),
            Some(1),
            "another event should be logged immediately"
        );
        assert_eq!(
            repeats.count(REFUSED, now),
            None,
            "repeats of the first event should only be counted"
        );
    }

    #[test]
    fn a_repeat_after_a_long_silence_is_logged() {
        let (repeats, start) = (Repeats::default(), Instant::now());
        let logged: Vec<_> = (0..3).map(|_| repeats.count(REFUSED, start)).collect();
        assert_eq!(logged, [Some(1), None, None]);
        assert_eq!(repeats.count(REFUSED, start + PERIOD - SECOND), None);
        assert_eq!(repeats.count(REFUSED, start + PERIOD), Some(4));
        assert_eq!(repeats.count(REFUSED, start + PERIOD), None);
        // Not forgotten, although it was silent for longer than the period.
        assert_eq!(repeats.count(REFUSED, start + 3 * PERIOD), Some(2));
    }

    #[test]
    fn the_number_of_counts_is_bounded_and_the_first_ones_are_kept() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let tokens = tokens(3 * MAX_TOKENS);
        for token in &tokens {
            repeats.count((EventKind::Denied, "message", None, Some(*token)), now);
        }
        let methods = (0..3 * MAX_METHODS)
            .filter_map(|index| crate::catalog::Catalog::built_in().method_at(index));
        for method in methods {
            repeats.count((EventKind::Denied, "message", Some(method), None), now);
        }
        let counted = repeats.counted();
        assert_eq!(counted.by_token.len(), MAX_TOKENS);
        assert!(
            (1..=MAX_METHODS).contains(&counted.by_method.len()),
            "{}",
            counted.by_method.len()
        );
        let key = |token: &TokenKey| (EventKind::Denied, "message", None, Some(*token));
        assert!(
            tokens.iter().take(MAX_TOKENS).all(|token| counted.by_token.contains_key(&key(token)))
        );
    }

    #[test]
    fn a_storm_has_a_bounded_number_of_events_with_complete_counts() {
        let (sum, start) = (EventSum::default(), Instant::now());
        let capture =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(sum.clone()));
        let (repeats, tokens) = (Repeats::default(), tokens(5_000));
        let (mut logged_at, mut calls) = (Vec::new(), 0);
        // 20 refusals of each of 5,000 tenants, in 50 minutes. A round takes 100 seconds of 150.
        for (round, token) in
            (0..20).flat_map(|round| tokens.iter().map(move |token| (round, token)))
        {
            let now = start + round * PERIOD / 4 + SECOND / 50 * (calls % 5_000);
            let word = if calls % 2 == 0 { "message" } else { "header" };
            if let Some(calls) = repeats.count((EventKind::Denied, word, None, Some(*token)), now) {
                telemetry::not_logged_singly(EventKind::Denied, calls);
            }
            calls += 1;
            logged_at.resize(sum.events() as usize, now);
        }
        // 1,920 is twice the budget of a period: any ten minutes touch at most two periods.
        assert!(logged_at.len() > 1_920, "there were only {} events", logged_at.len());
        let is_flood = |events: &[Instant]| events[1_920] - events[0] < PERIOD;
        assert!(!logged_at.windows(1_921).any(is_flood));
        repeats.log_unreported();
        let events = sum.events();
        assert_eq!(sum.calls(), u64::from(calls), "the sum should be the number of calls");
        drop(repeats);
        assert_eq!(sum.events(), events, "everything was reported");
        drop(capture);
    }

    #[test]
    fn a_guard_in_a_thread_local_logs_nothing_while_the_thread_ends() {
        thread_local!(static REPEATS: Repeats = Repeats::default());
        let sum = EventSum::default();
        let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(sum.clone()));
        let count = || REPEATS.with(|repeats| repeats.count(REFUSED, Instant::now()));
        let in_thread = || {
            // The subscriber stays the thread's own until after the counts are dropped.
            std::mem::forget(tracing::dispatcher::set_default(&subscriber));
            [count(), count()]
        };
        let counted = std::thread::scope(|scope| scope.spawn(in_thread).join().unwrap());
        assert_eq!((counted, sum.events()), ([Some(1), None], 0));
    }
}
