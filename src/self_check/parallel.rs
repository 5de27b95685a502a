//! Several questions at once, under one deadline.

use std::future::Future;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::instrument::WithSubscriber as _;

/// Work under way. Dropping it ends the work.
pub(super) struct Running<T> {
    tasks: JoinSet<Option<(usize, T)>>,
    late: fn() -> T,
}

impl<T: Send + 'static> Running<T> {
    /// Begins everything now, on the runtime of the caller: the guard's. Each is a task of its own, so
    /// that a panic in one leaves the others alone.
    pub(super) fn start<F>(until: Instant, late: fn() -> T, works: impl Iterator<Item = F>) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (place, work) in works.enumerate() {
            let bounded = async move { Some((place, timeout_at(until, work).await.ok()?)) };
            tasks.spawn(bounded.with_current_subscriber());
        }
        Self { tasks, late }
    }

    /// The results in the order in which the work was begun; `late` in the place of what was not done
    /// by the deadline, or panicked.
    pub(super) async fn finish(mut self) -> Vec<T> {
        let mut done: Vec<T> = (0..self.tasks.len()).map(|_| (self.late)()).collect();
        while let Some(ended) = self.tasks.join_next().await {
            if let Ok(Some((place, result))) = ended {
                done[place] = result;
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::Duration;

    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;

    const LATE: fn() -> Option<u8> = || None;

    type Work = Pin<Box<dyn Future<Output = Option<u8>> + Send>>;

    fn works() -> Vec<Work> {
        vec![
            Box::pin(std::future::pending()),
            Box::pin(async { panic!("a source with a fault") }),
            Box::pin(async { Some(3) }),
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some(4)
            }),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_or_panics_costs_the_others_nothing() {
        let started = Instant::now();
        let until = started + Duration::from_secs(2);
        let done = Running::start(until, LATE, works().into_iter()).finish().await;
        assert_eq!(done, [None, None, Some(3), Some(4)]);
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_not_waited_for_once_all_is_done() {
        let started = Instant::now();
        let works: Vec<Work> = vec![Box::pin(async { Some(1) }), Box::pin(async { Some(2) })];
        let until = started + Duration::from_secs(2);
        let done = Running::start(until, LATE, works.into_iter()).finish().await;
        assert_eq!(done, [Some(1), Some(2)]);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[test]
    fn the_callers_runtime_needs_no_timer() {
        let background = Background::default();
        let check = || {
            background.spawner().run(async {
                let until = Instant::now() + Duration::from_millis(100);
                Running::start(until, LATE, works().into_iter()).finish().await
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let expected = Ok(vec![None, None, Some(3), None]);
        assert_eq!(runtime.block_on(check()), expected);
        assert_eq!(block_on(check()), expected);
    }
}
