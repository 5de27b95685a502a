//! Lists of scopes as people write them.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::input_errors::NAME_LIMIT;
use super::lists::SETS;
use crate::error::Error;

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Reads scopes as people write them: URIs, short names and gcloud's aliases, separated by commas,
/// by white space, or by semicolons, as gcloud's `--format='value(…)'` does.
///
/// ```
/// let scopes = gcp_scopes_explain::reader::scopes(["storage-ro,pubsub", "gke-default"])?;
/// assert_eq!(scopes.len(), 7);
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
///
/// # Errors
/// A word is not a scope. The message has the nearest name.
pub fn scopes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, Error> {
    Ok(read_list(texts)?)
}

pub(super) fn read_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, String> {
    let mut set = ScopeSet::new();
    let words =
        texts.into_iter().flat_map(|text| text.split(|c: char| [',', ';'].contains(&c) || c.is_whitespace()));
    for word in words.filter(|word| !word.is_empty()) {
        match SETS.iter().find(|(alias, _)| *alias == word) {
            Some((_, members)) => {
                set.extend(members.iter().map(|short| Scope::from_uri(&format!("{PREFIX}{short}"))))
            }
            None => set.insert(read_scope(word)?),
        }
    }
    Ok(set)
}

fn read_scope(word: &str) -> Result<Scope, String> {
    word.parse::<Scope>().map_err(|error| match word.len() {
        0..=NAME_LIMIT => error.to_string(),
        // A word of this length may be a token, so the message does not repeat it.
        length => format!("unknown scope of {length} bytes; write its full URI"),
    })
}
