//! A pointer to one value that many threads clone at once.
//!
//! A call keeps its guard until it is answered, because the service may be dropped earlier, and users
//! of tower clone a service for each call. With one counter for all of them, threads that call at the
//! same time would write to the same cache line at each call. So there are many counters, and a thread
//! always takes the same one.
//!
//! # When the value is dropped
//! The slots are kept alive by a list that they can all reach, so that a clone finds the slot of its
//! thread. The user that leaves the last slot without users empties that list. A thread that looks
//! while another one moves from slot to slot may empty it early: then clones share the slot that they
//! were made from, which is slower and no less right.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use crate::granted::sync::{AtomicUsize, Mutex};

/// How many counters there are. Threads beyond that share theirs with another.
const SLOTS: usize = 32;

/// Dereferences to the value, which is dropped with the last pointer to it.
pub(crate) struct Shared<T> {
    slot: Arc<Slot<T>>,
    is_user: bool,
}

struct Slot<T> {
    number: usize,
    value: Arc<T>,
    all: Arc<Slots<T>>,
}

struct Slots<T> {
    users: [Users; SLOTS],
    slots: OnceLock<Box<[Weak<Slot<T>>]>>,
    kept: Mutex<Vec<Arc<Slot<T>>>>,
}

/// Alone in its two cache lines, which processors fetch in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Users {
    count: AtomicUsize,
    /// Another slot that had users when somebody last looked from here.
    busy: AtomicUsize,
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        let value = Arc::new(value);
        let all = Arc::new(Slots::default());
        let slot = |number| Arc::new(Slot { number, value: Arc::clone(&value), all: Arc::clone(&all) });
        let slots: Vec<_> = (0..SLOTS).map(slot).collect();
        let weak = slots.iter().map(Arc::downgrade).collect();
        all.slots.get_or_init(|| weak);
        let own = Self::enter(Arc::clone(&slots[of_thread() % SLOTS]));
        *all.kept.lock().unwrap_or_else(PoisonError::into_inner) = slots;
        own
    }

    fn enter(slot: Arc<Slot<T>>) -> Self {
        // Sequentially consistent, as the rest: of two pointers that leave at once, one sees both gone.
        slot.all.users[slot.number].count.fetch_add(1, Ordering::SeqCst);
        Self { slot, is_user: true }
    }

    /// A pointer for the time of one call: it keeps the value, and not the list of slots.
    #[inline]
    pub(crate) fn hold(&self) -> Self {
        let here = of_thread() % SLOTS;
        let slot = if here == self.slot.number { None } else { self.slot.all.get(here) };
        Self { slot: slot.unwrap_or_else(|| Arc::clone(&self.slot)), is_user: false }
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { users: Default::default(), slots: OnceLock::new(), kept: Mutex::new(Vec::new()) }
    }
}

impl<T> Slots<T> {
    #[inline]
    fn get(&self, number: usize) -> Option<Arc<Slot<T>>> {
        self.slots.get()?[number].upgrade()
    }

    /// Looks for a slot with users, first where there were some the last time, and gives whether there is
    /// one.
    fn find_users(&self, number: usize) -> bool {
        let has_users = |slot: usize| self.users[slot].count.load(Ordering::SeqCst) > 0;
        let busy = &self.users[number].busy;
        if has_users(busy.load(Ordering::Relaxed)) {
            return true;
        }
        let found = (0..SLOTS).find(|slot| has_users(*slot));
        if let Some(found) = found {
            busy.store(found, Ordering::Relaxed);
        }
        found.is_some()
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        let here = self.slot.all.get(of_thread() % SLOTS);
        Self::enter(here.unwrap_or_else(|| Arc::clone(&self.slot)))
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        let Slot { number, all, .. } = &*self.slot;
        if self.is_user
            && all.users[*number].count.fetch_sub(1, Ordering::SeqCst) == 1
            && !all.find_users(*number)
        {
            let kept = std::mem::take(&mut *all.kept.lock().unwrap_or_else(PoisonError::into_inner));
            drop(kept);
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.slot.value
    }
}

/// A number of this thread's own, counted from one.
#[inline]
fn of_thread() -> usize {
    static THREADS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(0) });
    let number = |number: &Cell<usize>| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    };
    // A thread that is ending shares the first slot.
    NUMBER.try_with(number).unwrap_or_default()
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn number<T>(shared: &Shared<T>) -> usize {
        shared.slot.number
    }

    #[test]
    fn threads_clone_by_counters_of_their_own() {
        let shared = Shared::new(());
        let clone = || number(&Shared::clone(&shared));
        let here = clone();
        assert_eq!(here, clone());
        // One of many may happen to share the counter of this thread, but not all.
        let there = || std::thread::scope(|scope| scope.spawn(clone).join().unwrap());
        assert!((0..8).any(|_| there() != here));
    }

    #[test]
    fn the_value_goes_with_the_last_pointer_whatever_the_order() {
        for kept in 0..4 {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let mut pointers: Vec<_> = (0..4)
                .map(|_| std::thread::scope(|scope| scope.spawn(|| shared.clone()).join().unwrap()))
                .collect();
            drop(shared);
            let last = pointers.swap_remove(kept);
            drop(pointers);
            assert_eq!(Arc::strong_count(&value), 2, "{kept}");
            drop(last.clone());
            drop(last);
            assert_eq!(Arc::strong_count(&value), 1, "{kept}");
        }
    }

    #[test]
    fn threads_that_clone_and_drop_at_once_leave_nothing_behind() {
        for _ in 0..200 {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let own = shared.clone();
                    std::thread::spawn(move || {
                        for _ in 0..50 {
                            drop(own.clone());
                        }
                        own
                    })
                })
                .collect();
            drop(shared);
            let last: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert_eq!(Arc::strong_count(&value), 2);
            drop(last);
            assert_eq!(Arc::strong_count(&value), 1);
        }
    }

    #[test]
    fn a_pointer_outlives_the_list_of_the_others() {
        let shared = Shared::new(7);
        shared.slot.all.kept.lock().unwrap().clear();
        let clone = shared.clone();
        drop(shared);
        let another = clone.clone();
        drop(clone);
        assert_eq!(*another, 7);
    }
}

#[cfg(all(test, shuttle))]
mod models {
    use super::*;

    #[test]
    fn the_value_goes_with_the_last_pointer_whoever_is_the_last() {
        let model = || {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let own = shared.clone();
                    shuttle::thread::spawn(move || drop(own.clone()))
                })
                .collect();
            drop(shared);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(Arc::strong_count(&value), 1);
        };
        shuttle::check_random(model, 2_000);
    }
}
