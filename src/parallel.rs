//! Runs several requests in parallel with a common deadline.

use std::future::Future;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::instrument::WithSubscriber as _;

use crate::background::{LATE, PANICKED};

/// Running tasks. Dropping this value aborts the tasks.
pub(crate) struct Running<T>(JoinSet<(usize, Result<T, String>)>);

impl<T: Send + 'static> Running<T> {
    /// Starts one task for each of `jobs`, with the deadline `until`. The current runtime must be
    /// the guard's runtime. A panic in one task does not affect the other tasks.
    pub(crate) fn start<F>(until: Instant, jobs: impl Iterator<Item = F>) -> Self
    where
        F: Future<Output = Result<T, String>> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (index, job) in jobs.enumerate() {
            let late = |_| Err(LATE.to_owned());
            let bounded = async move { (index, timeout_at(until, job).await.unwrap_or_else(late)) };
            tasks.spawn(bounded.with_current_subscriber());
        }
        Self(tasks)
    }

    /// Returns the results in the order of the inputs. The result of a task that was not finished
    /// at the deadline is the error [`LATE`], and that of a task that panicked is [`PANICKED`].
    pub(crate) async fn finish(mut self) -> Vec<Result<T, String>> {
        let mut results: Vec<_> = (0..self.0.len()).map(|_| Err(PANICKED.to_owned())).collect();
        while let Some(ended) = self.0.join_next().await {
            if let Ok((index, result)) = ended {
                results[index] = result;
            }
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::Duration;

    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;

    type Job = Pin<Box<dyn Future<Output = Result<u8, String>> + Send>>;

    /// Runs `jobs` in parallel. Returns the results in the same order.
    async fn done_by(until: Instant, jobs: Vec<Job>) -> Vec<Result<u8, String>> {
        Running::start(until, jobs.into_iter()).finish().await
    }

    fn late() -> Result<u8, String> {
        Err(LATE.to_owned())
    }

    fn panicked() -> Result<u8, String> {
        Err(PANICKED.to_owned())
    }

    /// Returns four jobs: the first never ends, the second panics, the third returns a result
    /// immediately, and the fourth returns a result after a second.
    fn jobs() -> Vec<Job> {
        vec![
            Box::pin(std::future::pending()),
            Box::pin(async { panic!("a source with a fault") }),
            Box::pin(async { Ok(3) }),
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(4)
            }),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_or_panicking_tasks_do_not_affect_the_others() {
        let started = Instant::now();
        let until = started + Duration::from_secs(2);
        assert_eq!(done_by(until, jobs()).await, [late(), panicked(), Ok(3), Ok(4)]);
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn finish_returns_when_all_tasks_are_done() {
        let started = Instant::now();
        let jobs: Vec<Job> = vec![Box::pin(async { Ok(1) }), Box::pin(async { Ok(2) })];
        let until = started + Duration::from_secs(2);
        assert_eq!(done_by(until, jobs).await, [Ok(1), Ok(2)]);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[test]
    fn the_callers_runtime_needs_no_timer() {
        let background = Background::default();
        let check = || {
            background.spawner().run(async {
                let until = Instant::now() + Duration::from_millis(100);
                done_by(until, jobs()).await
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let expected = Ok(vec![late(), panicked(), Ok(3), late()]);
        assert_eq!(runtime.block_on(check()), expected);
        assert_eq!(block_on(check()), expected);
    }
}
