//! What the cache and its inspections share between threads, and where inspections run: std's, tokio's
//! and arc-swap's own, and the guard's thread, or under `--cfg shuttle` what shuttle can schedule.

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

/// Loads and swaps of an `ArcSwap` are single steps here, between which anything may happen; that
/// arc-swap makes them so is taken on trust, as is what tokio's channels do inside.
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
                let mut now = self.0.lock().unwrap();
                if Arc::ptr_eq(&now, &old) {
                    *now = new;
                    return;
                }
            }
        }
    }

    #[derive(Clone)]
    pub(crate) struct Spawner;

    impl Spawner {
        pub(crate) fn of(_: &Background) -> Self {
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

    /// Time does not pass.
    pub(crate) async fn timeout<F: Future>(_: Duration, work: F) -> Result<F::Output, Infallible> {
        Ok(work.await)
    }
}
