//! Which methods were called through a guard: what a call writes and a recorder reads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::call::AbstainReason;
use crate::catalog::{ApiMethod, Catalog, Lookup};

/// How many methods are remembered.
pub(crate) const MOST: usize = 512;

/// One bit for each row of the catalog, so that a call that is known already only reads.
pub(crate) struct Recording {
    catalog: Catalog,
    bits: Box<[AtomicU64]>,
    pub(crate) count: AtomicUsize,
    /// More methods were called than are remembered.
    pub(crate) is_cut_off: AtomicBool,
    /// A call was one of a method that the catalog does not have.
    pub(crate) missed: AtomicBool,
}

impl Recording {
    /// One for the methods of this catalog.
    pub(crate) fn of(catalog: Catalog) -> Self {
        let words = catalog.method_count().div_ceil(64);
        Self {
            catalog,
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            count: AtomicUsize::new(0),
            is_cut_off: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }
}

impl Recording {
    /// Takes note of a call. A method that was seen before costs one read.
    pub(crate) fn note(&self, call: &Lookup) {
        match (call.method(), call.abstain_reason()) {
            (Some(method), _) => self.add(method),
            (None, Some(AbstainReason::Method)) => self.missed.store(true, Ordering::Relaxed),
            (None, _) => {}
        }
    }

    pub(crate) fn add(&self, method: ApiMethod) {
        // A program may name a method of the catalog that is compiled in where another one is used.
        let own = || self.catalog.versions(method.id()).next();
        let method = if method.catalog() == self.catalog { Some(method) } else { own() };
        let Some(index) = method.map(ApiMethod::index) else { return };
        let Some(word) = self.bits.get(index / 64) else { return };
        let bit = 1 << (index % 64);
        if word.load(Ordering::Relaxed) & bit != 0 {
            return;
        }
        if self.count.fetch_add(1, Ordering::Relaxed) >= MOST {
            self.count.store(MOST, Ordering::Relaxed);
            self.is_cut_off.store(true, Ordering::Relaxed);
            return;
        }
        if word.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            // Another thread was first: it has been counted twice.
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The methods that were called.
    pub(crate) fn methods(&self) -> impl Iterator<Item = ApiMethod> + '_ {
        let words = (0..).zip(&self.bits).map(|(place, word)| (place, word.load(Ordering::Relaxed)));
        let catalog = self.catalog;
        words.flat_map(move |(place, word)| {
            let of_word = (0..64).filter(move |bit| word & 1 << bit != 0);
            of_word.filter_map(move |bit| catalog.method_at(place * 64 + bit))
        })
    }
}
