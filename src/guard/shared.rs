//! A reference-counted pointer that many threads can clone at the same time without contention.
//!
//! A call clones the guard and keeps the clone until the response, because the service may be
//! dropped earlier. Users of tower also clone a service for each call. An `Arc` has only one
//! counter, so all threads with calls would write to the same cache line. [`Shared`] therefore has
//! many slots, each with its own counter, and each thread always uses the same slot.
//!
//! # When the value is dropped
//! Each slot keeps the value alive. A list in the shared state keeps the slots alive, so that a
//! clone finds the slot of its thread. Each slot counts its pointers as its users, except those of
//! [`Shared::hold`]. Dropping the last user empties the list. If pointers move between slots at the
//! same time, the list may be emptied too early. Then new clones share the slot of the pointer from
//! which they were cloned, which is slower but correct.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use crate::granted::sync::{AtomicUsize, Mutex};

/// The number of slots. If there are more threads, several threads share a slot.
const SLOTS: usize = 32;

/// A pointer to a value, which is dropped with the last pointer.
pub(crate) struct Shared<T> {
    slot: Arc<Slot<T>>,
    /// Whether the slot counts this pointer as a user. Pointers of [`Shared::hold`] are not
    /// counted.
    is_user: bool,
}

/// One slot: a pointer to the value that the threads of this slot clone. Aligned like [`Users`], so
/// that the counters of two slots are never in one cache line.
#[repr(align(128))]
struct Slot<T> {
    number: usize,
    value: Arc<T>,
    group: Arc<Slots<T>>,
}

/// The state that all slots share.
struct Slots<T> {
    users: [Users; SLOTS],
    slots: OnceLock<Box<[Weak<Slot<T>>]>>,
    /// The list that keeps the slots alive.
    alive: Mutex<Vec<Arc<Slot<T>>>>,
}

/// The counter of one slot. Aligned to two cache lines, because processors prefetch cache lines in
/// pairs.
#[repr(align(128))]
#[derive(Default)]
struct Users {
    count: AtomicUsize,
    /// The number of another slot that had users at the last search from this slot.
    busy: AtomicUsize,
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        let value = Arc::new(value);
        let group = Arc::new(Slots::default());
        let slot = |number| {
            Arc::new(Slot { number, value: Arc::clone(&value), group: Arc::clone(&group) })
        };
        let slots: Vec<_> = (0..SLOTS).map(slot).collect();
        let weak = slots.iter().map(Arc::downgrade).collect();
        group.slots.get_or_init(|| weak);
        let clone = Self::enter(Arc::clone(&slots[thread_number() % SLOTS]));
        *group.alive.lock().unwrap_or_else(PoisonError::into_inner) = slots;
        clone
    }

    /// Creates a pointer that its slot counts as a user.
    fn enter(slot: Arc<Slot<T>>) -> Self {
        // Sequentially consistent: if two pointers are dropped at the same time, at least one of
        // them sees that no users are left.
        slot.group.users[slot.number].count.fetch_add(1, Ordering::SeqCst);
        Self { slot, is_user: true }
    }

    /// Undoes what [`enter`](Self::enter) counted. The last user empties the list of slots. Not
    /// inlined, because the pointers of calls are no users.
    #[inline(never)]
    fn leave(&self) {
        let Slot { number, group, .. } = &*self.slot;
        if group.users[*number].count.fetch_sub(1, Ordering::SeqCst) == 1
            && !group.has_any_users(*number)
        {
            // Two statements, so that the list is unlocked before its slots are dropped.
            let alive =
                std::mem::take(&mut *group.alive.lock().unwrap_or_else(PoisonError::into_inner));
            drop(alive);
        }
    }

    /// Returns a pointer for the duration of one call: the pointer keeps the value alive, but not
    /// the list of slots.
    #[inline]
    pub(crate) fn hold(&self) -> Self {
        let here = thread_number() % SLOTS;
        let slot = if here == self.slot.number { None } else { self.slot.group.get(here) };
        Self { slot: slot.unwrap_or_else(|| Arc::clone(&self.slot)), is_user: false }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { users: Default::default(), slots: OnceLock::new(), alive: Mutex::new(Vec::new()) }
    }
}

impl<T> Slots<T> {
    /// Returns the slot of this number while the slot is alive.
    #[inline]
    fn get(&self, number: usize) -> Option<Arc<Slot<T>>> {
        self.slots.get()?[number].upgrade()
    }

    /// Returns whether any slot has users. First checks the slot in which the last search from slot
    /// `number` found users.
    fn has_any_users(&self, number: usize) -> bool {
        let has_users = |slot: usize| self.users[slot].count.load(Ordering::SeqCst) > 0;
        let busy = &self.users[number].busy;
        if has_users(busy.load(Ordering::Relaxed)) {
            return true;
        }
        let busy_slot = (0..SLOTS).find(|slot| has_users(*slot));
        if let Some(busy_slot) = busy_slot {
            busy.store(busy_slot, Ordering::Relaxed);
        }
        busy_slot.is_some()
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        let here = self.slot.group.get(thread_number() % SLOTS);
        Self::enter(here.unwrap_or_else(|| Arc::clone(&self.slot)))
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        if self.is_user {
            self.leave();
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

/// Returns the number of the current thread, counted from 1.
#[inline]
fn thread_number() -> usize {
    static THREADS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(0) });
    let number = |number: &Cell<usize>| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    };
    // A thread that is ending uses slot 0.
    NUMBER.try_with(number).unwrap_or_default()
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    impl<T> Shared<T> {
        /// Returns the counters that this pointer has in common with its clones: those of its slot,
        /// and those of what all slots share.
        pub(crate) fn counts(&self) -> [usize; 4] {
            let Slot { number, value, group } = &*self.slot;
            let users = group.users[*number].count.load(Ordering::SeqCst);
            let [slot, value, group] =
                [Arc::strong_count(&self.slot), Arc::strong_count(value), Arc::strong_count(group)];
            [users, slot, value, group]
        }
    }

    impl crate::Guard {
        pub(crate) fn counts(&self) -> [usize; 4] {
            self.0.counts()
        }
    }

    fn number<T>(shared: &Shared<T>) -> usize {
        shared.slot.number
    }

    #[test]
    fn threads_use_different_slots() {
        let shared = Shared::new(());
        let clone = || number(&Shared::clone(&shared));
        let here = clone();
        assert_eq!(here, clone());
        // One other thread may share the slot of this thread, but not all eight.
        let there = || std::thread::scope(|scope| scope.spawn(clone).join().unwrap());
        assert!((0..8).any(|_| there() != here));
    }

    #[test]
    fn the_last_pointer_drops_the_value() {
        for survivor in 0..4 {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let mut pointers: Vec<_> = (0..4)
                .map(|_| std::thread::scope(|scope| scope.spawn(|| shared.clone()).join().unwrap()))
                .collect();
            drop(shared);
            let last = pointers.swap_remove(survivor);
            drop(pointers);
            // The test holds one pointer to the value, and `Shared` holds the other.
            assert_eq!(Arc::strong_count(&value), 2, "{survivor}");
            drop(last.clone());
            drop(last);
            assert_eq!(Arc::strong_count(&value), 1, "{survivor}");
        }
    }

    #[test]
    fn concurrent_clones_and_drops_leak_nothing() {
        for _ in 0..200 {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let clone = shared.clone();
                    std::thread::spawn(move || {
                        for _ in 0..50 {
                            drop(clone.clone());
                        }
                        clone
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
    fn a_pointer_works_without_the_list_of_slots() {
        let shared = Shared::new(7);
        shared.slot.group.alive.lock().unwrap().clear();
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
    fn the_last_pointer_of_any_thread_drops_the_value() {
        let model = || {
            let value = Arc::new(());
            let shared = Shared::new(Arc::clone(&value));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let clone = shared.clone();
                    shuttle::thread::spawn(move || drop(clone.clone()))
                })
                .collect();
            drop(shared);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(Arc::strong_count(&value), 1);
        };
        shuttle::check_random(model, 2_000);
    }
}
