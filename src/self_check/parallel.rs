//! Many questions at once, under one deadline.

use std::future::Future;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::instrument::WithSubscriber as _;

/// Work under way. Dropping it ends the work.
pub(super) struct Running<T> {
    tasks: JoinSet<(usize, Option<T>)>,
    done: Vec<Option<T>>,
}

impl<T: Send + 'static> Running<T> {
    /// Begins everything now, on the runtime that this is called on: the guard's. Each is a task of its
    /// own, so that a fault in one costs no other.
    pub(super) fn start<F>(until: Instant, works: impl IntoIterator<Item = F>) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (place, work) in works.into_iter().enumerate() {
            let bounded = async move { (place, timeout_at(until, work).await.ok()) };
            tasks.spawn(bounded.with_current_subscriber());
        }
        let done = (0..tasks.len()).map(|_| None).collect();
        Self { tasks, done }
    }

    /// What is done by the deadline, in the order in which it was begun. What panicked is not done.
    pub(super) async fn finish(mut self) -> Vec<Option<T>> {
        while let Some(ended) = self.tasks.join_next().await {
            if let Ok((place, result)) = ended {
                self.done[place] = result;
            }
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::Duration;

    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;

    type Work = Pin<Box<dyn Future<Output = u8> + Send>>;

    fn works() -> Vec<Work> {
        vec![
            Box::pin(std::future::pending()),
            Box::pin(async { panic!("a source has a fault") }),
            Box::pin(async { 3 }),
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                4
            }),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_or_panics_costs_the_others_nothing() {
        let started = Instant::now();
        let until = started + Duration::from_secs(2);
        assert_eq!(Running::start(until, works()).finish().await, [None, None, Some(3), Some(4)]);
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_the_deadline_once_all_is_done() {
        let started = Instant::now();
        let works: Vec<Work> = vec![Box::pin(async { 1 }), Box::pin(async { 2 })];
        let until = started + Duration::from_secs(2);
        assert_eq!(Running::start(until, works).finish().await, [Some(1), Some(2)]);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[test]
    fn whatever_runtime_the_caller_has_all_is_done() {
        let background = Background::default();
        let check = || {
            background.spawner().run(async {
                let until = Instant::now() + Duration::from_millis(100);
                Running::start(until, works()).finish().await
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let expected = Ok(vec![None, None, Some(3), None]);
        assert_eq!(runtime.block_on(check()), expected);
        assert_eq!(block_on(check()), expected);
    }
}
