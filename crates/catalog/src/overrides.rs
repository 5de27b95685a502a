//! Overrides: facts about the scopes of methods that Google publishes outside its Discovery
//! documents.
//!
//! The overrides are one table, written by hand. The generator of the catalog's data reads the
//! table. The generator adds the scopes of an [`Effect::AlsoAccepts`] to the sets of scopes, and
//! writes the number of any other override into the rows of its methods.

mod row;
mod table;

pub use row::{Effect, Override, Query, Silence};
pub use table::{HEARD_OF, OVERRIDES, RPC_TWINS};

/// Returns the override with this number, which is its index in the table plus one. `None` for
/// number 0.
pub fn at(number: u8) -> Option<&'static Override> {
    OVERRIDES.get(usize::from(number).checked_sub(1)?)
}

/// Checks whether an override adds this scope. Google's documents do not list such a scope. `short`
/// is the scope's name after Google's prefix.
pub(crate) fn is_undocumented(short: &str) -> bool {
    let adds = |row: &Override| match row.effect {
        Effect::AlsoAccepts { scopes, .. } => scopes.contains(&short),
        _ => false,
    };
    OVERRIDES.iter().any(adds)
}

/// Returns a hash of the table. Data that was generated with another table has another hash in its
/// header.
#[must_use]
pub fn fingerprint() -> u64 {
    // FNV-1a: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
    let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let rows = OVERRIDES.iter().map(|row| format!("{:?} {:?}", row.methods, row.effect));
    rows.fold(0xcbf2_9ce4_8422_2325, |hash, row| row.bytes().fold(hash, mix))
}
