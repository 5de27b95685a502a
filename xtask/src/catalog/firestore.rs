//! Expands the path templates of Firestore, in whose paths collections and documents alternate.
//!
//! `documents/users` is a collection and `documents/users/ann` a document, but `documents/**`
//! matches both. So the templates are expanded to one template for each number of segments, up to a
//! limit. Source: <https://firebase.google.com/docs/firestore/data-model>

use super::template::{PathTemplate, TemplateSegment};

/// The maximum number of segments below `documents` that are expanded. Firestore allows 100 levels
/// (<https://firebase.google.com/docs/firestore/quotas>). For a longer path, the `**` still finds a
/// method that accepts the same scopes.
const MAX_SEGMENTS: usize = 16;

/// Returns the expansions of a template; none if the template has no `**` below `documents`.
pub(super) fn expansions(template: &PathTemplate) -> Vec<PathTemplate> {
    use TemplateSegment::{DoubleStar, Star};
    let is_root =
        |segment: &TemplateSegment| *segment == TemplateSegment::Literal("documents".to_owned());
    let Some(root) = template.segments.iter().position(is_root) else { return Vec::new() };
    let first = match &template.segments[root + 1..] {
        [Star, DoubleStar] => 2,
        [Star, DoubleStar, Star] => 3,
        [DoubleStar, Star] => 1,
        _ => return Vec::new(),
    };
    let expansion = |count| {
        let mut segments = template.segments[..=root].to_vec();
        segments.extend(std::iter::repeat_n(Star, count));
        PathTemplate { segments, custom_verb: template.custom_verb.clone() }
    };
    // The names of collections and documents alternate in a path: every second number of segments
    // is that of a collection, or that of a document.
    (first..=MAX_SEGMENTS).step_by(2).map(expansion).collect()
}
