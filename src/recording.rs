//! The storage of a recorder: the methods that were called through a guard.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::call::AbstainReason;
use crate::catalog::{ApiMethod, Catalog, Lookup};

/// The maximum number of methods that are stored. A recorder's report states whether more methods
/// were called.
pub(crate) const MAX_METHODS: usize = 512;

/// The methods that were called, as one bit per method of the catalog. Recording a method whose bit
/// is already set writes nothing, so threads that record the same method do not slow each other
/// down.
pub(crate) struct Recording {
    catalog: Catalog,
    bits: Box<[AtomicU64]>,
    pub(crate) count: AtomicUsize,
    /// Whether more methods were called than are stored.
    pub(crate) is_truncated: AtomicBool,
    /// Whether a method was called that the catalog does not contain.
    pub(crate) missed: AtomicBool,
}

impl Recording {
    /// Creates an empty recording for the methods of a catalog.
    pub(crate) fn new(catalog: Catalog) -> Self {
        let words = catalog.method_count().div_ceil(64);
        Self {
            catalog,
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            count: AtomicUsize::new(0),
            is_truncated: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// Records the method of a call, or that the catalog does not contain the method.
    pub(crate) fn note(&self, call: &Lookup) {
        match (call.method(), call.abstain_reason()) {
            (Some(method), _) => self.add(method),
            (None, Some(AbstainReason::Method)) => self.missed.store(true, Ordering::Relaxed),
            (None, _) => {}
        }
    }

    /// Records a method, unless the limit is reached.
    pub(crate) fn add(&self, method: ApiMethod) {
        // The program may pass a method of the built-in catalog although the guard uses another
        // catalog.
        let method_of_same_id = || self.catalog.versions(method.id()).next();
        let method =
            if method.catalog() == self.catalog { Some(method) } else { method_of_same_id() };
        let Some(index) = method.map(ApiMethod::index) else { return };
        let Some(word) = self.bits.get(index / 64) else { return };
        let bit = 1 << (index % 64);
        // Relaxed throughout: no other data is published by a bit, and a reader may miss a method
        // that is recorded at the same time.
        if word.load(Ordering::Relaxed) & bit != 0 {
            return;
        }
        // Counted before the bit is set, so that threads together do not exceed the maximum.
        if self.count.fetch_add(1, Ordering::Relaxed) >= MAX_METHODS {
            // Otherwise each further call would raise the count, which would overflow on a 32-bit
            // target.
            self.count.store(MAX_METHODS, Ordering::Relaxed);
            self.is_truncated.store(true, Ordering::Relaxed);
            return;
        }
        if word.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            // Another thread recorded the same method at the same time, and both threads counted
            // the method.
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns the methods that were called.
    pub(crate) fn methods(&self) -> impl Iterator<Item = ApiMethod> + '_ {
        let words =
            (0..).zip(&self.bits).map(|(index, word)| (index, word.load(Ordering::Relaxed)));
        let catalog = self.catalog;
        words.flat_map(move |(index, word)| {
            let of_word = (0..64).filter(move |bit| word & 1 << bit != 0);
            of_word.filter_map(move |bit| catalog.method_at(index * 64 + bit))
        })
    }
}
