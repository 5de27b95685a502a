//! Many questions at once, under one deadline.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Work under way. Dropping it ends the work.
pub(super) struct Running<T> {
    tasks: JoinSet<(usize, Option<T>)>,
    done: Vec<Option<T>>,
}

impl<T: Send + 'static> Running<T> {
    /// Begins everything now. Without a tokio runtime nothing is done.
    ///
    /// The work and its timer live in tasks, so that no fault of a source, and no runtime whose timer
    /// is off, panics in the task of the caller.
    pub(super) fn start<F>(until: Instant, works: impl IntoIterator<Item = F>) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (mut tasks, mut done) = (JoinSet::new(), Vec::new());
        let runtime = Handle::try_current().ok();
        for (place, work) in works.into_iter().enumerate() {
            done.push(None);
            if let Some(runtime) = &runtime {
                tasks.spawn_on(async move { (place, timeout_at(until, work).await.ok()) }, runtime);
            }
        }
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
    fn a_runtime_without_a_timer_hangs_nobody() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let done = runtime.block_on(async {
            let until = Instant::now() + Duration::from_secs(2);
            Running::start(until, works()).finish().await
        });
        assert_eq!(done.len(), 4);
    }

    #[test]
    fn without_a_runtime_nothing_is_done() {
        let mut finish = Box::pin(async {
            let until = Instant::now() + Duration::from_secs(2);
            Running::start(until, works()).finish().await
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = finish.as_mut().poll(&mut context);
        assert!(matches!(polled, std::task::Poll::Ready(done) if done.iter().all(Option::is_none)));
    }
}
