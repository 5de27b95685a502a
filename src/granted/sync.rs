//! Synchronization primitives of the cache and its inspections. Normally these are types of std,
//! tokio and arc-swap, and the spawner of the guard's thread. Under `--cfg shuttle` these are types
//! whose threads and tasks shuttle can schedule.

#[cfg(not(all(test, shuttle)))]
pub(crate) use self::real::*;
#[cfg(all(test, shuttle))]
pub(crate) use self::scheduled::*;

#[cfg(not(all(test, shuttle)))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize};
    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use tokio::time::timeout;

    pub(crate) use crate::background::Spawner;
}

/// Replacements for shuttle's model checks. Loading and swapping an `ArcSwap` are atomic steps
/// here, and any interleaving of these steps is checked. The models assume that arc-swap and
/// tokio's channels are themselves correct.
#[cfg(all(test, shuttle))]
mod scheduled {
    use std::convert::Infallible;
    use std::future::Future;
    use std::sync::Arc;
    use std::time::Duration;

    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicUsize};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    use crate::background::Background;

    #[derive(Default)]
    pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.lock().unwrap())
        }

        pub(crate) fn rcu<R: Into<Arc<T>>>(&self, mut change: impl FnMut(&Arc<T>) -> R) {
            loop {
                let old = self.load();
                let new = change(&old).into();
                let mut current = self.0.lock().unwrap();
                if Arc::ptr_eq(&current, &old) {
                    *current = new;
                    return;
                }
            }
        }
    }

    #[derive(Clone)]
    pub(crate) struct ShuttleSpawner;

    pub(crate) type Spawner = ShuttleSpawner;

    impl ShuttleSpawner {
        pub(crate) fn for_background(_: &Background) -> Self {
            Self
        }

        pub(crate) fn start(&self) -> Result<(), &'static str> {
            Ok(())
        }

        pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
            drop(shuttle::future::spawn(work));
        }

        pub(crate) async fn bounded<T>(
            &self,
            _: Duration,
            work: impl Future<Output = T>,
        ) -> Result<T, &'static str> {
            Ok(work.await)
        }
    }

    /// Runs `work` without a time limit, because time does not pass in a model.
    pub(crate) async fn timeout<F: Future>(_: Duration, work: F) -> Result<F::Output, Infallible> {
        Ok(work.await)
    }
}
