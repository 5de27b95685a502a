//! The time, so that a test can drive it by hand.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

/// To look at a clock takes as long as all the rest of finding a token in the cache.
const GLANCE_EVERY: u32 = 32;

/// What tells the time to everything that remembers something for a while.
pub(crate) trait Clock: Send + Sync {
    /// Never goes back: for ages and deadlines.
    fn now(&self) -> Instant;

    /// The time at one of the last few calls on this thread: for what may be a little late.
    fn about_now(&self) -> Instant {
        self.now()
    }

    /// The time of day: only to understand when a token says that it expires.
    fn wall(&self) -> SystemTime;
}

/// The machine's own clocks.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn about_now(&self) -> Instant {
        thread_local!(static LAST: Cell<Option<(Instant, u32)>> = const { Cell::new(None) });
        let glance = |last: &Cell<Option<(Instant, u32)>>| {
            let (at, left) = match last.get() {
                Some((at, left @ 1..)) => (at, left - 1),
                _ => (Instant::now(), GLANCE_EVERY - 1),
            };
            last.set(Some((at, left)));
            at
        };
        LAST.try_with(glance).unwrap_or_else(|_| Instant::now())
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Runs `work` on the current tokio runtime and gives its result, or `None` if it takes longer
/// than `limit`, panics, or there is no runtime with a timer. Dropping the future ends the work.
///
/// The work and its timer live in a task because tokio panics where timers are disabled: nothing
/// that a guard does on its own account may panic in the task of a caller.
pub(crate) async fn bounded<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn_on(async move { tokio::time::timeout(limit, work).await.ok() }, &runtime);
    tasks.join_next().await?.ok().flatten()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A clock that stands still until it is told to move on.
    pub(crate) struct ManualClock {
        start: Instant,
        wall: SystemTime,
        passed_ms: AtomicU64,
    }

    impl ManualClock {
        /// At 2026-11-01 00:00:00 UTC.
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
    fn a_glance_is_never_ahead_and_catches_up_within_its_number_of_calls() {
        let clock = SystemClock;
        let started = Instant::now();
        let late: Vec<Instant> = (0..=GLANCE_EVERY).map(|_| clock.about_now()).collect();
        assert!(late.iter().all(|at| *at <= Instant::now()));
        assert!(late.last().is_some_and(|last| *last >= started));
    }

    #[tokio::test(start_paused = true)]
    async fn bounded_work_gives_its_result_or_nothing() {
        assert_eq!(bounded(Duration::from_secs(1), async { 7 }).await, Some(7));
        assert_eq!(bounded(Duration::from_secs(1), std::future::pending::<()>()).await, None);
        let panics = async { panic!("a source with a fault") };
        assert_eq!(bounded::<()>(Duration::from_secs(1), panics).await, None);
    }

    #[test]
    fn bounded_work_does_not_panic_without_a_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(bounded(Duration::from_secs(1), async { 7 })), None);
    }
}
