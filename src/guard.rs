//! What is decided before a call.

mod verdict;

pub use verdict::{Verdict, verdict};
