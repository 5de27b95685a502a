//! Notes about the set-up of a guard, each of which is logged once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::telemetry::{self, SetupNote};

/// Which notes were logged.
#[derive(Default)]
pub(crate) struct SetupNotes([AtomicBool; SetupNote::COUNT]);

impl SetupNotes {
    /// Logs a note, unless it was logged before. `server` is the host that the note is about.
    pub(crate) fn note(&self, note: SetupNote, server: Option<&str>) {
        if !self.0[note as usize].swap(true, Ordering::Relaxed) {
            telemetry::setup(note, server);
        }
    }

    /// Returns whether a note was logged.
    pub(crate) fn is_noted(&self, note: SetupNote) -> bool {
        self.0[note as usize].load(Ordering::Relaxed)
    }
}
