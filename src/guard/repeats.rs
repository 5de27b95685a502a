//! Limits repeated log events, so that many refusals do not flood a log: repeats are counted and
//! logged together.
//!
//! Only calls that are refused, or that are expected to be refused, use the lock, so contention is
//! rare.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::catalog::ApiMethod;
use crate::granted::token_table::TokenKey;

/// The maximum number of different events that are counted. When there are more, all counts are
/// dropped, and each event is logged again.
const MAX_OCCURRENCES: usize = 1024;
/// After this time without a log event, the next repeat is logged regardless of its count.
const SILENCE: Duration = Duration::from_secs(600);

/// The key of an event: what happened to a call, the method of the call, and the token of the call.
type Occurrence = (&'static str, Option<ApiMethod>, Option<TokenKey>);

/// The counts of the events that were logged. Contains no token.
#[derive(Default)]
pub(crate) struct Repeats(Mutex<HashMap<Occurrence, Counts>>);

struct Counts {
    logged_at: Instant,
    /// The number of all occurrences.
    total: u64,
    /// The number of occurrences since the last log event.
    unlogged: u64,
}

impl Repeats {
    /// Counts an occurrence. If an event is to be logged now, returns the number of occurrences
    /// since the last log event, including this occurrence. Otherwise returns `None`.
    ///
    /// The first occurrence is logged, then the 10th, the 100th and so on, and the next occurrence
    /// after ten minutes without a log event.
    pub(crate) fn count(&self, occurrence: Occurrence, now: Instant) -> Option<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_OCCURRENCES && !counts.contains_key(&occurrence) {
            counts.clear();
        }
        let entry = counts.entry(occurrence).or_insert(Counts { logged_at: now, total: 0, unlogged: 0 });
        entry.total += 1;
        entry.unlogged += 1;
        let is_silent = now.saturating_duration_since(entry.logged_at) >= SILENCE;
        let is_logged = is_silent || is_power_of_ten(entry.total);
        is_logged.then(|| {
            entry.logged_at = now;
            std::mem::take(&mut entry.unlogged)
        })
    }
}

/// Returns whether `number`, which must not be 0, is 1, 10, 100 and so on.
fn is_power_of_ten(number: u64) -> bool {
    10_u64.checked_pow(number.ilog10()) == Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Occurrence = ("refused", None, None);

    #[test]
    fn many_repeats_are_logged_in_few_events() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let logged: Vec<u64> = (0..100_000).filter_map(|_| repeats.count(REFUSED, now)).collect();
        assert_eq!(logged, [1, 9, 90, 900, 9_000, 90_000]);
        assert_eq!(
            repeats.count(("predicted", None, None), now),
            Some(1),
            "another event should be logged immediately"
        );
        assert_eq!(repeats.count(REFUSED, now), None, "repeats of the first event should only be counted");
    }

    #[test]
    fn a_repeat_after_a_long_silence_is_logged() {
        let (repeats, start) = (Repeats::default(), Instant::now());
        let logged: Vec<_> = (0..3).map(|_| repeats.count(REFUSED, start)).collect();
        assert_eq!(logged, [Some(1), None, None]);
        assert_eq!(repeats.count(REFUSED, start + SILENCE - Duration::from_secs(1)), None);
        assert_eq!(repeats.count(REFUSED, start + SILENCE), Some(4));
        assert_eq!(repeats.count(REFUSED, start + SILENCE), None);
    }

    #[test]
    fn the_number_of_counts_is_bounded() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let keys = crate::granted::token_table::TokenHasher::new();
        for number in 0..MAX_OCCURRENCES * 3 {
            let text = format!("Bearer {number}");
            let header = http::HeaderValue::from_str(&text).unwrap();
            let token = crate::granted::AccessToken::from_authorization(&header).unwrap();
            repeats.count(("refused", None, Some(keys.key(token))), now);
        }
        assert!(repeats.0.lock().unwrap().len() <= MAX_OCCURRENCES);
    }
}
