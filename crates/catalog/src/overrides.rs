//! What Google says about methods outside the scope lists of its Discovery documents.
//!
//! One table written by hand. The generator reads it: effects that only add scopes are baked into the
//! catalog's sets, the others mark their rows with one byte.

mod row;
mod table;

#[cfg(test)]
pub(crate) use row::Silence;
pub use row::{Effect, Override, Query, Reason};
pub use table::{HEARD_OF, OVERRIDES, RPC_TWINS};

/// The row with this place plus one.
pub fn at(number: u8) -> Option<&'static Override> {
    OVERRIDES.get(usize::from(number).checked_sub(1)?)
}

/// Whether a scope, by its name after Google's prefix, stands in no list of Google's and was added
/// by a row of the table.
pub(crate) fn is_hidden(short: &str) -> bool {
    OVERRIDES
        .iter()
        .any(|row| matches!(row.effect, Effect::AlsoAccepts { scopes, .. } if scopes.contains(&short)))
}
