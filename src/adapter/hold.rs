//! A guard that is held by many calls at once.
//!
//! A call has to hold its guard until it is answered, for the service may be gone by then. With one counter
//! for all calls, threads that call at the same time would wait for one another at each call; so there are
//! many, and a thread always takes the same one.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::guard::Guard;

/// How many counters there are. Threads beyond that share theirs with another.
const COUNTERS: usize = 32;

/// Where holds on a guard are taken.
#[derive(Clone)]
pub(crate) struct Holds(Arc<[Hold; COUNTERS]>);

/// Keeps a guard.
#[derive(Clone)]
pub(crate) struct Hold(Arc<Counted>);

/// Alone in its two cache lines, which processors fetch in pairs.
#[repr(align(128))]
struct Counted(Guard);

impl Holds {
    pub(crate) fn new(guard: &Guard) -> Self {
        Self(Arc::new(std::array::from_fn(|_| Hold(Arc::new(Counted(guard.clone()))))))
    }

    /// The guard itself.
    pub(crate) fn get(&self) -> &Guard {
        self.here().get()
    }

    /// Keeps the guard for a call. Writes to nothing that other threads write to.
    pub(crate) fn hold(&self) -> Hold {
        self.here().clone()
    }

    fn here(&self) -> &Hold {
        &self.0[of_thread() % COUNTERS]
    }
}

impl Hold {
    pub(crate) fn get(&self) -> &Guard {
        &self.0.0
    }
}

/// A number of this thread's own, counted from one.
fn of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(1);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(0) });
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_hold_one_guard_by_counters_of_their_own() {
        let guard = Guard::builder().build();
        let holds = Holds::new(&guard);
        let counter = || Arc::as_ptr(&holds.hold().0) as usize;
        let here = counter();
        assert_eq!(here, counter());
        // One of many may happen to share the counter of this thread, but not all.
        let there = || std::thread::scope(|scope| scope.spawn(counter).join().unwrap());
        assert!((0..8).any(|_| there() != here));
    }

    #[test]
    fn a_hold_outlives_where_it_was_taken() {
        let hold = Holds::new(&Guard::builder().build()).hold();
        assert_eq!(Arc::strong_count(&hold.0), 1);
        assert!(format!("{:?}", hold.get()).contains("Guard"));
    }
}
