//! Lists the request templates (verb, host and path pattern) of all methods in the catalog.

use http::{Method, Uri};

use super::FULL;
use gcp_scopes_catalog::raw::{
    HAS_DOUBLE_STAR, HAS_STAR, HOST_RECORD, HOSTS, LEGACY, NODES, VERB_RECORD, VERBS, VERBS_SECTION,
};

/// A request template: the verb, the host and the path pattern of a method.
#[derive(Clone)]
pub(crate) struct RequestTemplate {
    pub(crate) host: &'static str,
    pub(crate) verb: &'static str,
    /// The segments of the path: literals, `*` for one segment, and `**` for several.
    pub(crate) segments: Vec<&'static str>,
    /// The custom verb after the colon, such as `publish` in `topics/t:publish`.
    pub(crate) custom: Option<&'static str>,
}

impl RequestTemplate {
    /// Returns a URI that matches this template.
    pub(crate) fn uri(&self) -> Uri {
        let segment = |segment: &&'static str| match *segment {
            "*" => "my-name-12",
            "**" => "my-name-12/of/two",
            literal => literal,
        };
        let path: Vec<_> = self.segments.iter().map(segment).collect();
        let custom = self.custom.map(|verb| format!(":{verb}")).unwrap_or_default();
        format!("https://{}/{}{custom}", self.host, path.join("/")).parse().unwrap()
    }

    pub(crate) fn verb(&self) -> Method {
        self.verb.parse().unwrap()
    }

    /// Returns the path pattern in matchit's syntax, which has no custom verbs: the last segment
    /// ends with the custom verb.
    pub(crate) fn route(&self) -> String {
        let last = self.segments.len() - 1;
        let segment = |(index, segment): (usize, &&str)| match *segment {
            "*" => format!("/{{v{index}}}"),
            "**" if index == last => format!("/{{*v{index}}}"),
            "**" => format!("/{{v{index}}}"),
            literal => format!("/{literal}"),
        };
        let custom = self.custom.map(|verb| format!(":{verb}")).unwrap_or_default();
        self.segments.iter().enumerate().map(segment).collect::<String>() + &custom
    }
}

/// Returns the templates of the full catalog, host by host.
pub(crate) fn all() -> Vec<RequestTemplate> {
    let mut templates = Vec::new();
    for record in FULL.section(HOSTS).chunks_exact(HOST_RECORD) {
        let (host, root) = (text(record, 0), number::<4>(record, 4));
        let mut add = |segments: &[&'static str], key: usize| {
            let name = |number: usize| text(FULL.section(VERBS_SECTION), number * VERB_RECORD);
            let (verb, custom) = (VERBS[(key & 7) - 1], (key >> 3).checked_sub(1).map(name));
            templates.push(RequestTemplate { host, verb, segments: segments.to_vec(), custom });
        };
        if host != LEGACY {
            visit_methods(root, &mut Vec::new(), &mut add);
        }
    }
    templates
}

/// Calls `visit` with the path and the key of each method at a node and below it. `at` is the
/// position of the node in the section `NODES`, and `path` holds the segments from the root to the
/// node. A key encodes the verb in its low three bits, and the custom verb above them. `walk.rs` of
/// the crate gcp-scopes-catalog describes the bytes of a node, including the 9 bytes of a literal
/// and the 5 bytes of a method.
fn visit_methods(
    at: usize,
    path: &mut Vec<&'static str>,
    visit: &mut impl FnMut(&[&'static str], usize),
) {
    let node = &FULL.section(NODES)[at..];
    let [literals, methods, flags] = [number::<2>(node, 0), node[2].into(), node[3].into()];
    let edges = 4 + (flags & 7);
    let all_methods = (0..methods).map(|method| edges + literals * 9 + method * 5);
    all_methods.for_each(|method| visit(path, number::<2>(node, method)));
    let literals = (0..literals).map(|literal| edges + literal * 9);
    let mut children: Vec<_> = literals.map(|edge| (text(node, edge + 5), edge + 2)).collect();
    let double_star = if flags & usize::from(HAS_STAR) == 0 { 4 } else { 7 };
    for (flag, name, child) in [(HAS_STAR, "*", 4), (HAS_DOUBLE_STAR, "**", double_star)] {
        children.extend((flags & usize::from(flag) != 0).then_some((name, child)));
    }
    for (segment, child) in children {
        path.push(segment);
        visit_methods(number::<3>(node, child), path, visit);
        path.pop();
    }
}

/// Returns the little-endian number in the `BYTES` bytes at `at`.
fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + BYTES].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Returns a text of the catalog. The record contains a reference to the text at byte `at`.
fn text(record: &'static [u8], at: usize) -> &'static str {
    std::str::from_utf8(FULL.text(record, at)).unwrap()
}
