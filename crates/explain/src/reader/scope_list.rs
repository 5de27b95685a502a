//! Parses lists of scopes that people write.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::input_errors::NAME_LIMIT;
use super::lists::SCOPE_ALIASES;
use crate::error::Error;

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Parses lists of scopes. A scope is a URI, a short name or an alias of gcloud. Scopes are
/// separated by commas, white space or semicolons. gcloud prints semicolons between scopes with
/// `--format='value(…)'`.
///
/// ```
/// let scopes = gcp_scopes_explain::reader::scopes(["storage-ro,pubsub", "gke-default"])?;
/// assert_eq!(scopes.len(), 7);
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a word is not a scope. The message suggests a similar name, if there is one.
pub fn scopes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, Error> {
    Ok(read_list(texts)?)
}

/// Parses lists of scopes. The error is a text that the caller may extend.
pub(super) fn read_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, String> {
    let mut set = ScopeSet::new();
    let words =
        texts.into_iter().flat_map(|text| text.split(|c: char| [',', ';'].contains(&c) || c.is_whitespace()));
    for word in words.filter(|word| !word.is_empty()) {
        match SCOPE_ALIASES.iter().find(|(alias, _)| *alias == word) {
            Some((_, members)) => {
                set.extend(members.iter().map(|short| Scope::from_uri(&format!("{PREFIX}{short}"))))
            }
            None => set.insert(read_scope(word)?),
        }
    }
    Ok(set)
}

/// Parses a URI, a short name or an alias of one scope.
fn read_scope(word: &str) -> Result<Scope, String> {
    word.parse::<Scope>().map_err(|error| match word.len() {
        0..=NAME_LIMIT => error.to_string(),
        // A long word may be a token, so the message does not contain it.
        length => format!("unknown scope of {length} bytes; write its full URI"),
    })
}
