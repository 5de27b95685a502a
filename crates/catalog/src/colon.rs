//! Deciding whether the text after a colon at the end of a path may be a custom verb that the
//! catalog does not know.
//!
//! A custom verb is the action at the end of a path, such as `publish` in `topics/t:publish`
//! (<https://google.aip.dev/136>). Google adds custom verbs (`topics/t:detachAll`) before its
//! documents list them. If such a verb counted as a part of the name, the request would be taken
//! for a request for the resource itself, which accepts other scopes. So where path templates have
//! custom verbs, a text with the form of a custom verb does not count as a part of a name. The
//! exceptions are the names that contain a colon: see [`may_be_name`].

mod names;

use names::{NAMES, PROJECTS};

/// The length of the shortest custom verbs of the catalog, such as `run`.
const SHORTEST: usize = 3;

/// Checks whether a text behind a colon has the form of a custom verb: letters, the first one in
/// lower case.
pub(crate) fn is_like_verb(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.len() >= SHORTEST
        && text.first().is_some_and(u8::is_ascii_lowercase)
        && text.iter().all(is_letter)
}

/// Checks whether the last of these segments may be a name that contains a colon.
pub(crate) fn may_be_name(host: &str, segments: &[&[u8]]) -> bool {
    let Some((last, parents)) = segments.split_last() else { return false };
    let is_place = |(known, literal, is_deep): &(&str, &[u8], bool)| {
        *known == host
            && if *is_deep { parents.contains(literal) } else { parents.last() == Some(literal) }
    };
    let is_project = parents.last().is_some_and(|parent| PROJECTS.contains(parent));
    NAMES.iter().any(is_place) || (is_project && has_domain(last))
}

/// Checks whether a text consists of a domain, a colon and one more name.
fn has_domain(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b':');
    let (domain, _, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let label = |label: &[u8]| {
        !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    more.is_none() && domain.contains(&b'.') && domain.split(|byte| *byte == b'.').all(label)
}
