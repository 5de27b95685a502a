//! What the error about an input shows of it, and the name that may have been meant.

use gcp_scopes_catalog::typos;

use super::lists::SECRETS;

/// The longest text in bytes that is compared with names: more than any name of a scope has.
pub(super) const NAME_LIMIT: usize = 100;

/// How many characters of an input an error shows, so that it stays about a line.
const SHOWN: usize = 80;

/// The name that the text is a misspelling of: one typo away, a few for a long name; case does not
/// count.
///
/// ```
/// use gcp_scopes_explain::reader::nearest_name;
///
/// assert_eq!(nearest_name("PSOT", ["GET", "POST"].into_iter()), Some("POST"));
/// ```
pub fn nearest_name<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.trim().to_ascii_lowercase();
    let is_short = |name: &&str| name.len() <= NAME_LIMIT && text.len() <= NAME_LIMIT;
    let edits = |name: &'a str| Some((typos(&text, &name.to_ascii_lowercase())?, name));
    names.filter(is_short).filter_map(edits).min().map(|(_, name)| name)
}

/// The beginning of an input in an error message: escaped, and without what may be a secret.
///
/// ```
/// use gcp_scopes_explain::reader::shown;
///
/// assert_eq!(shown("https://example.com/?key=AIza"), "`https://example.com/…`");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let open = text.split('?').next().unwrap_or_default();
    let start = open.char_indices().nth(SHOWN).and_then(|(end, _)| open.get(..end)).unwrap_or(open);
    let secret = SECRETS.iter().filter_map(|mark| start.find(mark)).min();
    let start = secret.and_then(|end| start.get(..end)).unwrap_or(start);
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", start.escape_debug())
}

/// Whether the text may hold one of Google's tokens or keys.
///
/// ```
/// assert!(gcp_scopes_explain::reader::looks_secret("--need=ya29.a0AfH6SM"));
/// ```
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    SECRETS.iter().any(|mark| text.contains(mark))
}
