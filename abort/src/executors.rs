//! The executors that run the checks.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Runtime};

use crate::BoxError;

/// The checks, to be run by one of the executors.
pub(crate) type Checks<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + 'a>>;
/// The result of one poll of the checks.
type Step = Poll<Result<(), BoxError>>;
type Executor = fn(Checks<'_>) -> Result<(), BoxError>;

/// The executors, each with the name that the program prints.
pub(crate) const EXECUTORS: [(&str, Executor); 6] = [
    ("no runtime", without_a_runtime),
    ("a runtime without timer and I/O", |checks| runtime(|builder| builder)?.block_on(checks)),
    ("a runtime without timer", |checks| runtime(Builder::enable_io)?.block_on(checks)),
    ("a runtime without I/O", |checks| runtime(Builder::enable_time)?.block_on(checks)),
    ("runtimes that are dropped", |checks| drive(checks, poll_on_a_new_runtime)),
    ("a complete runtime", |checks| runtime(Builder::enable_all)?.block_on(checks)),
];

/// Creates a runtime of one thread.
fn runtime(enable: impl FnOnce(&mut Builder) -> &mut Builder) -> std::io::Result<Runtime> {
    enable(&mut Builder::new_current_thread()).build()
}

/// Runs the checks on this thread, without a tokio runtime.
pub(crate) fn without_a_runtime(checks: Checks<'_>) -> Result<(), BoxError> {
    drive(checks, poll_directly)
}

fn poll_directly(checks: &mut Checks<'_>, waker: &Waker) -> Step {
    checks.as_mut().poll(&mut Context::from_waker(waker))
}

/// Polls the checks once on a runtime, which is then dropped.
fn poll_on_a_new_runtime(checks: &mut Checks<'_>, waker: &Waker) -> Step {
    match runtime(|builder| builder) {
        Ok(runtime) => runtime.block_on(poll_fn(|_| Poll::Ready(poll_directly(checks, waker)))),
        Err(error) => Poll::Ready(Err(error.into())),
    }
}

/// Calls `poll` whenever the waker of the checks is woken, until the checks end.
fn drive(
    mut checks: Checks<'_>,
    mut poll: impl FnMut(&mut Checks<'_>, &Waker) -> Step,
) -> Result<(), BoxError> {
    let waker = unparking_waker();
    loop {
        if let Poll::Ready(result) = poll(&mut checks, &waker) {
            return result;
        }
        thread::park();
    }
}

/// Runs new checks again and again, and drops them after one poll, then after two polls, and so on.
/// Stops when the checks end before they are dropped, and returns their number of polls.
pub(crate) fn drop_after_each_step<'a>(
    new_checks: impl Fn() -> Checks<'a>,
) -> Result<usize, BoxError> {
    let mut limit = 0;
    loop {
        limit += 1;
        let mut polls = 0;
        let result = drive(new_checks(), |checks, waker| {
            polls += 1;
            match poll_directly(checks, waker) {
                Poll::Pending if polls == limit => Poll::Ready(Err(DROPPED.into())),
                step => step,
            }
        });
        match result {
            Err(error) if error.to_string() == DROPPED => {}
            result => return result.map(|()| polls),
        }
    }
}

/// The error with which [`drop_after_each_step`] ends a run early.
const DROPPED: &str = "dropped before the end";

/// Returns a waker that unparks the current thread.
fn unparking_waker() -> Waker {
    struct UnparkThread(Thread);
    impl Wake for UnparkThread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    Waker::from(Arc::new(UnparkThread(thread::current())))
}
