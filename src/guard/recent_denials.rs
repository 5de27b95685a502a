//! The latest denials of a guard, found by the text of an error.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::denial::Denial;

/// How many denials are kept. The limit bounds the memory; programs usually handle an error soon
/// after the call.
const LIMIT: usize = 64;

/// The latest denials, the oldest first.
#[derive(Default)]
pub(crate) struct RecentDenials(Mutex<VecDeque<Denial>>);

impl RecentDenials {
    /// Adds a denial, and drops the oldest if there are [`LIMIT`] already.
    pub(crate) fn add(&self, denial: &Denial) {
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() == LIMIT {
            denials.pop_front();
        }
        denials.push_back(denial.clone());
    }

    /// Returns the latest denial whose message one of the texts contains. The latest comes first,
    /// because a program usually handles an error before it makes the next call.
    pub(crate) fn find(&self, texts: &[String]) -> Option<Denial> {
        // Cloned, so that other calls do not wait for the lock while the messages are written.
        let denials = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let has_message = |denial: &&Denial| texts.iter().any(|text| contains(text, denial));
        denials.iter().rev().find(has_message).cloned()
    }
}

/// Returns whether the text contains the denial's message. Compares the pieces between the
/// characters that JSON or XML escapes, because the text may contain them in escaped form.
fn contains(text: &str, denial: &Denial) -> bool {
    let line = denial.to_string();
    line.split(['"', '\\', '<', '>', '&']).all(|piece| text.contains(piece))
}
