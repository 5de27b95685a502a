//! Finding the name that a mistyped name stands for.

/// Returns the candidate with the fewest [typos] in `text`; `None` if every candidate
/// differs too much from `text`.
///
/// ```
/// use gcp_scopes_catalog::nearest;
///
/// assert_eq!(nearest("stroage", ["pubsub", "storage"].into_iter()), Some("storage"));
/// assert_eq!(nearest("foo", ["pubsub", "storage"].into_iter()), None);
/// ```
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |name: &'a str| Some((typos(text, name)?, name));
    candidates.filter_map(edits).min().map(|(_, name)| name)
}

/// Returns how many typos turn `name` into `text`; `None` if there are too many to take `text` for
/// a mistyped `name`. A typo is a wrong, missing or additional character, or two adjacent
/// characters in the wrong order.
///
/// The limit depends on the length of `text`: no typo in up to two bytes, one typo in up to seven
/// bytes, and a quarter of the length in longer texts.
///
/// ```
/// use gcp_scopes_catalog::typos;
///
/// assert_eq!(typos("stroage", "storage"), Some(1));
/// assert_eq!(typos("books", "storage"), None);
/// ```
#[must_use]
pub fn typos(text: &str, name: &str) -> Option<usize> {
    let most = match text.len() {
        0..3 => 0,
        3..8 => 1,
        length => length / 4,
    };
    let is_possible = name.len().abs_diff(text.len()) <= most;
    is_possible.then(|| strsim::osa_distance(text, name)).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_similar_name_is_suggested() {
        // The text, a name, and whether the text counts as a mistyped form of the name.
        let rows = [
            ("bogus", "books", false),
            ("foo", "fcm", false),
            ("sql", "ssl", true),
            ("ad", "ads", false),
            ("pubsbu", "pubsub", true),
            ("stroage", "storage", true),
            ("storge-ro", "storage-ro", true),
            ("devstorage.read_onyl", "devstorage.read_only", true),
            ("storage.objects.insrt", "storage.objects.insert", true),
            ("storage.objects.frobnicate", "storage.objects.list", false),
        ];
        for (text, name, is_similar) in rows {
            assert_eq!(nearest(text, [name].into_iter()).is_some(), is_similar, "{text} {name}");
        }
    }
}
