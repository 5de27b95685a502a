//! Helpers for errors about an input: the part of the input that an error shows, and the name that
//! was probably meant.

use gcp_scopes_catalog::typos;

use gcp_scopes_explain::refusal::SECRET_PREFIXES;

/// The longest text, in bytes, that is compared with names. The names of scopes are shorter.
pub(crate) const NAME_LIMIT: usize = 100;

/// How many characters of an input an error shows, so that the error is about one line long.
const SHOWN_LENGTH: usize = 80;

/// Returns the name that the text probably misspells. The text may differ from a name by one typo,
/// or by a few typos from a long name. Case is ignored. Returns `None` if no name is that similar.
///
/// ```
/// use gcp_scopes_reader::nearest_name;
///
/// assert_eq!(nearest_name("PSOT", ["GET", "POST"].into_iter()), Some("POST"));
/// ```
pub fn nearest_name<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.trim().to_ascii_lowercase();
    let is_short = |name: &&str| name.len() <= NAME_LIMIT && text.len() <= NAME_LIMIT;
    let edits = |name: &'a str| Some((typos(&text, &name.to_ascii_lowercase())?, name));
    names.filter(is_short).filter_map(edits).min().map(|(_, name)| name)
}

/// Returns the beginning of an input for an error message: escaped, and without the query of a URL
/// and other parts that may be secret.
///
/// ```
/// use gcp_scopes_reader::shown;
///
/// assert_eq!(shown("https://example.com/?key=AIza"), "`https://example.com/…`");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let open = text.split('?').next().unwrap_or_default();
    let start =
        open.char_indices().nth(SHOWN_LENGTH).and_then(|(end, _)| open.get(..end)).unwrap_or(open);
    let secret = SECRET_PREFIXES.iter().filter_map(|mark| start.find(mark)).min();
    let start = secret.and_then(|end| start.get(..end)).unwrap_or(start);
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", start.escape_debug())
}

/// Returns whether the text may contain a Google token or key.
///
/// ```
/// assert!(gcp_scopes_reader::looks_secret("--need=ya29.a0AfH6SM"));
/// ```
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    SECRET_PREFIXES.iter().any(|mark| text.contains(mark))
}
