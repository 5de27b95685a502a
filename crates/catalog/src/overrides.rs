//! What Google says about methods outside the scope lists of its Discovery documents.
//!
//! One table written by hand. The generator reads it: effects that only add scopes are baked into the
//! catalog's sets, the others mark their rows with one byte.

mod row;
mod table;

pub use row::{Effect, Override, Query, Silence};
pub use table::{HEARD_OF, OVERRIDES, RPC_TWINS};

/// The row with this place plus one.
pub fn at(number: u8) -> Option<&'static Override> {
    OVERRIDES.get(usize::from(number).checked_sub(1)?)
}

/// Whether a scope, by its name after Google's prefix, stands in no list of Google's and was added
/// by a row of the table.
pub(crate) fn is_hidden(short: &str) -> bool {
    let adds =
        |row: &Override| matches!(row.effect, Effect::AlsoAccepts { scopes, .. } if scopes.contains(&short));
    OVERRIDES.iter().any(adds)
}

/// A number that changes with the table, so that data made with another one is known by it.
#[must_use]
pub fn fingerprint() -> u64 {
    // FNV-1a: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
    let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let rows = OVERRIDES.iter().map(|row| format!("{:?} {:?}", row.methods, row.effect));
    rows.fold(0xcbf2_9ce4_8422_2325, |hash, row| row.bytes().fold(hash, mix))
}
