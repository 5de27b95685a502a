//! Which of the names that exist is meant by one that does not.

/// The candidate that is the fewest edits from `text`, if that is few enough to be a typo.
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

/// How many typos turn one text into the other; none if they are too many for that. Two letters that changed
/// places count as one. Of up to seven letters at most one may be wrong, of longer texts a quarter.
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
    let may_be = name.len().abs_diff(text.len()) <= most;
    may_be.then(|| strsim::osa_distance(text, name)).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_enough_is_meant() {
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
        for (text, name, is_meant) in rows {
            assert_eq!(nearest(text, [name].into_iter()).is_some(), is_meant, "{text} {name}");
        }
    }
}
