//! The clocks of a guard, as a trait, so that tests can control the time.

use std::cell::Cell;
use std::time::{Instant, SystemTime};

/// How many calls of [`Clock::about_now`] share one reading of the clock. Reading the clock takes
/// as long as the rest of a token's lookup in the cache.
const CALLS_PER_READING: u32 = 32;

/// A source of the current time, for everything that expires.
pub(crate) trait Clock: Send + Sync {
    /// Returns the monotonic time, for ages and deadlines.
    fn now(&self) -> Instant;

    /// Returns the monotonic time, which may have been read at one of the last
    /// [`CALLS_PER_READING`] calls on this thread. For deadlines that may be a little late.
    fn about_now(&self) -> Instant {
        self.now()
    }

    /// Returns the time of day, to interpret expiry times inside tokens.
    fn wall(&self) -> SystemTime;
}

/// The clocks of the operating system.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn about_now(&self) -> Instant {
        thread_local!(static LAST: Cell<Option<(Instant, u32)>> = const { Cell::new(None) });
        let read = |last: &Cell<Option<(Instant, u32)>>| {
            let (at, remaining) = match last.get() {
                Some((at, remaining @ 1..)) => (at, remaining - 1),
                _ => (Instant::now(), CALLS_PER_READING - 1),
            };
            last.set(Some((at, remaining)));
            at
        };
        LAST.try_with(read).unwrap_or_else(|_| Instant::now())
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    /// A clock that stands still until it is advanced.
    pub(crate) struct ManualClock {
        start: Instant,
        wall: SystemTime,
        passed_ms: AtomicU64,
    }

    impl ManualClock {
        /// Starts at 2026-11-01 00:00:00 UTC.
        pub(crate) fn new() -> Self {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_200);
            Self { start: Instant::now(), wall, passed_ms: AtomicU64::new(0) }
        }

        pub(crate) fn advance(&self, by: Duration) {
            self.passed_ms.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
        }

        fn passed(&self) -> Duration {
            Duration::from_millis(self.passed_ms.load(Ordering::SeqCst))
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Instant {
            self.start + self.passed()
        }

        fn wall(&self) -> SystemTime {
            self.wall + self.passed()
        }
    }

    #[test]
    fn about_now_is_at_most_a_few_calls_late() {
        let clock = SystemClock;
        let started = Instant::now();
        let times: Vec<Instant> = (0..=CALLS_PER_READING).map(|_| clock.about_now()).collect();
        // At most CALLS_PER_READING calls share one reading of the clock. The first calls may share
        // a reading from before the test. The last call cannot, because CALLS_PER_READING calls of
        // the test come before it.
        assert!(times.iter().all(|at| *at <= Instant::now()));
        assert!(times.last().is_some_and(|last| *last >= started));
    }
}
