//! The thread on which a guard sends its own requests.
//!
//! A guard must be able to query servers and sources in blocking programs, on runtimes without
//! timer or I/O, and while a runtime shuts down. Therefore a guard has its own tokio runtime: one
//! thread, which starts with the first request and ends with the guard. The result of work on the
//! thread can be awaited on any executor, and deadlines work independently of the caller's runtime.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber as _;

/// The name of the thread in debuggers.
const NAME: &str = "gcp-scopes";

// Reasons why work has no result.
const NOT_STARTED: &str = "the thread of the guard's runtime could not be started";
const DROPPED: &str = "the guard was dropped";
const ABORTED: &str = "the request was aborted";
/// The error for work in which a panic occurred.
pub(crate) const PANICKED: &str = "a panic ended the request";
/// The error of [`Spawner::bounded`] for work that exceeded its time limit.
pub(crate) const LATE: &str = "no answer in time";

/// The owner of the thread: when a `Background` is dropped, the thread ends. The drop does not wait
/// for the end.
#[derive(Default)]
pub(crate) struct Background(Spawner);

/// A handle that starts work on the thread. A handle does not keep the thread alive.
#[derive(Clone, Default)]
pub(crate) struct Spawner(Arc<Mutex<ThreadState>>);

#[derive(Default)]
enum ThreadState {
    /// The thread has not been started yet.
    #[default]
    Idle,
    /// The thread ends when `_end` is dropped.
    Running { runtime: Handle, _end: oneshot::Sender<()> },
    /// No work can be started any more. Contains the reason.
    Closed(&'static str),
}

impl Background {
    pub(crate) fn spawner(&self) -> &Spawner {
        &self.0
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // `Spawner`s may outlive the guard, so the sender that keeps the thread running is dropped
        // here and not with the last handle.
        *self.0.state() = ThreadState::Closed(DROPPED);
    }
}

impl Spawner {
    /// Returns a handle to the thread of `background`.
    pub(crate) fn for_background(background: &Background) -> Self {
        background.0.clone()
    }

    /// Starts the thread if it is not running yet.
    ///
    /// # Errors
    /// The reason why there is no thread.
    pub(crate) fn start(&self) -> Result<(), &'static str> {
        self.runtime().map(drop)
    }

    /// Starts `work` without waiting for the result. If there is no thread, `work` is dropped. Log
    /// events of `work` reach the subscriber of the caller.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = self.runtime() {
            // The thread has no subscriber of its own, so the events of the work go to that of the
            // caller.
            drop(runtime.spawn(work.with_current_subscriber()));
        }
    }

    /// Runs `work` and returns its result. Dropping the future aborts the work.
    ///
    /// # Errors
    /// The reason why there is no result: there is no thread, the work panicked, or the guard was
    /// dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, &'static str> {
        // If the caller drops this future, the set is dropped with it, which aborts the work.
        let mut tasks = JoinSet::new();
        tasks.spawn_on(work.with_current_subscriber(), &self.runtime()?);
        match tasks.join_next().await {
            Some(Ok(result)) => Ok(result),
            Some(Err(error)) if error.is_panic() => Err(PANICKED),
            Some(Err(_)) | None => Err(ABORTED),
        }
    }

    /// Runs `work` for at most `limit`.
    ///
    /// # Errors
    /// An error of [`run`](Self::run), or [`LATE`] after `limit`.
    pub(crate) async fn bounded<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, &'static str> {
        // The timeout is part of the work, because the runtime of the caller may have no timer.
        self.run(async move { tokio::time::timeout(limit, work).await.ok() }).await?.ok_or(LATE)
    }

    /// Returns a handle to the runtime of the thread. Starts the thread if it is not running yet.
    fn runtime(&self) -> Result<Handle, &'static str> {
        // Locked until the thread has started, so that two callers do not start two threads. After
        // a failure the state is still `Idle`, so that the next caller tries again.
        let mut state = self.state();
        match &*state {
            ThreadState::Running { runtime, .. } => Ok(runtime.clone()),
            ThreadState::Closed(reason) => Err(reason),
            ThreadState::Idle => {
                let (runtime, end) = start_thread().map_err(|_| NOT_STARTED)?;
                *state = ThreadState::Running { runtime: runtime.clone(), _end: end };
                Ok(runtime)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, ThreadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread. Returns a handle to its runtime, and a sender; dropping the sender ends the
/// thread.
fn start_thread() -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().thread_name(NAME).build()?;
    let handle = runtime.handle().clone();
    let (end, ended) = oneshot::channel();
    let runtime = BackgroundRuntime(Some(runtime));
    thread::Builder::new().name(NAME.to_owned()).spawn(move || runtime.run_until(ended))?;
    Ok((handle, end))
}

/// A runtime that shuts down in the background when it is dropped. Dropping a plain `Runtime` would
/// wait for pending DNS lookups, and would panic inside an async context.
struct BackgroundRuntime(Option<Runtime>);

impl BackgroundRuntime {
    /// Runs the tasks of the runtime until the sender of `until` is dropped.
    fn run_until(self, until: oneshot::Receiver<()>) {
        if let Some(runtime) = &self.0 {
            // No value is ever sent: the channel closes when the guard is dropped.
            let _ = runtime.block_on(until);
        }
    }
}

impl Drop for BackgroundRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::mpsc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Instant;

    use super::*;

    impl Background {
        /// Creates a background that runs work on the runtime of the test, whose time can be
        /// paused.
        pub(crate) fn in_test() -> Self {
            let (end, _) = oneshot::channel();
            let running = ThreadState::Running { runtime: Handle::current(), _end: end };
            Self(Spawner(Arc::new(Mutex::new(running))))
        }

        /// Creates a background whose thread cannot be started.
        pub(crate) fn without_thread() -> Self {
            Self(Spawner(Arc::new(Mutex::new(ThreadState::Closed(NOT_STARTED)))))
        }
    }

    /// Polls a future to its end on the current thread, without a runtime.
    pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
        struct Unpark(thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut future = std::pin::pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            thread::park();
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    async fn panics() -> u8 {
        panic!("a source with a fault")
    }

    #[tokio::test(start_paused = true)]
    async fn bounded_work_returns_its_result_or_an_error() {
        let background = Background::in_test();
        let spawner = background.spawner();
        assert_eq!(spawner.bounded(SECOND, async { 7 }).await, Ok(7));
        assert_eq!(spawner.bounded(SECOND, std::future::pending::<()>()).await, Err(LATE));
        assert_eq!(spawner.bounded(SECOND, panics()).await, Err(PANICKED));
    }

    #[test]
    fn a_caller_needs_no_timer_no_io_and_no_runtime() {
        let background = Background::default();
        let work = || {
            background.spawner().bounded(Duration::from_millis(20), std::future::pending::<()>())
        };
        let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(bare.block_on(work()), Err(LATE));
        assert_eq!(block_on(work()), Err(LATE));
        // A future that was first polled on one executor may be completed by another executor.
        let mut future = Box::pin(work());
        bare.block_on(async {
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending())
        });
        drop(bare);
        assert_eq!(block_on(future), Err(LATE));
    }

    #[test]
    fn the_thread_survives_a_panic() {
        let background = Background::default();
        assert_eq!(block_on(background.spawner().run(panics())), Err(PANICKED));
        assert_eq!(block_on(background.spawner().run(async { 7 })), Ok(7));
    }

    #[test]
    fn without_a_thread_work_returns_a_reason() {
        let background = Background::without_thread();
        assert_eq!(block_on(background.spawner().run(async { 7 })), Err(NOT_STARTED));
        assert_eq!(background.spawner().start(), Err(NOT_STARTED));
    }

    /// Reports the name of the thread on which it is dropped.
    struct Dropped(mpsc::Sender<Option<String>>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().name().map(str::to_owned));
        }
    }

    #[test]
    fn dropping_the_background_ends_the_thread_and_its_work() {
        let background = Background::default();
        let spawner = Spawner::for_background(&background);
        let (dropped, drops) = mpsc::channel();
        let value = Dropped(dropped);
        let work = async move {
            let _value = value;
            std::future::pending::<()>().await;
        };
        spawner.spawn(work);
        drop(background);
        assert_eq!(drops.recv_timeout(60 * SECOND).unwrap().as_deref(), Some(NAME));
        assert_eq!(spawner.start(), Err(DROPPED));
        assert_eq!(block_on(spawner.run(async { 7 })), Err(DROPPED));
    }

    #[test]
    fn the_background_can_be_dropped_in_any_context() {
        // Inside an async context, where tokio forbids blocking, and on the guard's own thread.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let background = Background::default();
            assert_eq!(background.spawner().run(async { 7 }).await, Ok(7));
            drop(background);
        });
        let background = Background::default();
        let spawner = Spawner::for_background(&background);
        assert_eq!(block_on(spawner.run(async move { drop(background) })), Ok(()));
        // In the destructor of a thread-local variable.
        thread_local!(static LAST: Background = Background::default());
        let future = thread::spawn(|| LAST.with(|last| block_on(last.spawner().run(async { 7 }))));
        assert_eq!(future.join().unwrap(), Ok(7));
    }

    #[test]
    fn dropping_the_background_does_not_wait_for_the_thread() {
        let background = Background::default();
        let (release, released) = mpsc::channel::<()>();
        // Blocks the thread until `release` is dropped. A drop that waits for the thread would
        // never end; 30 seconds allow for a slow machine.
        background.spawner().spawn(async move {
            let _ = released.recv();
        });
        let began = Instant::now();
        drop(background);
        assert!(began.elapsed() < 30 * SECOND);
        drop(release);
    }

    #[test]
    fn the_thread_starts_with_the_first_work() {
        let background = Background::default();
        assert!(matches!(&*background.spawner().state(), ThreadState::Idle));
        block_on(background.spawner().run(async {})).unwrap();
        assert!(matches!(&*background.spawner().state(), ThreadState::Running { .. }));
    }

    #[test]
    fn events_reach_the_subscriber_of_the_caller() {
        let (dispatch, count) = counting();
        let background = Background::default();
        let event = async { tracing::info!("an event") };
        tracing::dispatcher::with_default(&dispatch, || block_on(background.spawner().run(event)))
            .unwrap();
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    /// Returns a subscriber and the number of events that it received.
    fn counting() -> (tracing::Dispatch, Arc<std::sync::atomic::AtomicUsize>) {
        use tracing_subscriber::layer::SubscriberExt as _;
        struct Count(Arc<std::sync::atomic::AtomicUsize>);
        impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Count {
            fn on_event(
                &self,
                _: &tracing::Event<'_>,
                _: tracing_subscriber::layer::Context<'_, S>,
            ) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let count = Arc::default();
        let layer = Count(Arc::clone(&count));
        (tracing::Dispatch::new(tracing_subscriber::registry().with(layer)), count)
    }
}
