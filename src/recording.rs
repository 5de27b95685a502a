//! Which methods were called through a guard: what a call writes and a recorder reads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::call::Why;
use crate::catalog::{ApiMethod, Found};

/// How many methods are remembered.
pub(crate) const MOST: usize = 512;

/// One bit for each row of the catalog, so that a call that is known already only reads.
pub(crate) struct Recording {
    bits: Box<[AtomicU64]>,
    count: AtomicUsize,
    is_cut_off: AtomicBool,
    missed: AtomicBool,
}

impl Default for Recording {
    fn default() -> Self {
        let words = ApiMethod::count().div_ceil(64);
        Self {
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            count: AtomicUsize::new(0),
            is_cut_off: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }
}

impl Recording {
    /// Takes note of a call. A method that was seen before costs one read.
    pub(crate) fn note(&self, found: Result<&Found, Why>) {
        match found {
            Ok(found) => self.add(found.method()),
            Err(Why::Method) => self.missed.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    pub(crate) fn add(&self, method: ApiMethod) {
        let index = method.index();
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

    /// Whether more methods were called than are remembered.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::Relaxed)
    }

    /// Whether a call was one of a method that the catalog does not have.
    pub(crate) fn missed_a_call(&self) -> bool {
        self.missed.load(Ordering::Relaxed)
    }

    #[cfg(all(test, feature = "catalog-full"))]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        let words = (0..).zip(&self.bits).map(|(place, word)| (place, word.load(Ordering::Relaxed)));
        words.flat_map(|(place, word)| {
            (0..64).filter(move |bit| word & 1 << bit != 0).map(move |bit| place * 64 + bit)
        })
    }
}
