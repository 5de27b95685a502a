//! Firestore's paths, in which collections and documents alternate.
//!
//! A `**` cannot tell `documents/users` (a collection) from `documents/users/ann` (a document), so the
//! first levels are spelled out. Source: <https://firebase.google.com/docs/firestore/data-model>

use super::template::{Segment, Template};

/// How many names below `documents` are spelled out. Firestore allows a hundred levels; beyond these
/// the `**` still finds a method with the same scopes.
const LEVELS: usize = 16;

/// The spelled-out forms of a template; none if it is not about documents at any depth.
pub(super) fn spelled_out(template: &Template) -> Vec<Template> {
    use Segment::{DoubleStar, Star};
    let is_root = |segment: &Segment| *segment == Segment::Literal("documents".to_owned());
    let Some(root) = template.segments.iter().position(is_root) else { return Vec::new() };
    let first = match &template.segments[root + 1..] {
        [Star, DoubleStar] => 2,
        [Star, DoubleStar, Star] => 3,
        [DoubleStar, Star] => 1,
        _ => return Vec::new(),
    };
    let of_level = |names| {
        let mut segments = template.segments[..=root].to_vec();
        segments.extend(std::iter::repeat_n(Star, names));
        Template { segments, custom_verb: template.custom_verb.clone() }
    };
    (first..=LEVELS).step_by(2).map(of_level).collect()
}
