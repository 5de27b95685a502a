//! Checks plans, states and inventories with planted faults: every finding is right, and the list
//! of a finding, written back, makes the finding `ok`.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

mod formats;
mod inventory;
mod needs_file;
mod plans;
mod support;
