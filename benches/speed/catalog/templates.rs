//! Every request form of the catalog, read out of its tries.

use http::{Method, Uri};

use super::FULL;
use gcp_scopes_catalog::raw::{
    HAS_DOUBLE_STAR, HAS_STAR, HOST_RECORD, HOSTS, LEGACY, NODES, VERB_RECORD, VERBS, VERBS_SECTION,
};

/// One request form.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) host: &'static str,
    pub(crate) verb: &'static str,
    /// Literals, `*` and `**`.
    pub(crate) segments: Vec<&'static str>,
    pub(crate) custom: Option<&'static str>,
}

impl Template {
    /// A request of this form.
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

    /// The form as matchit writes it. A custom verb is part of the last name there.
    pub(crate) fn route(&self) -> String {
        let last = self.segments.len() - 1;
        let segment = |(place, segment): (usize, &&str)| match *segment {
            "*" => format!("/{{v{place}}}"),
            "**" if place == last => format!("/{{*v{place}}}"),
            "**" => format!("/{{v{place}}}"),
            literal => format!("/{literal}"),
        };
        let custom = self.custom.map(|verb| format!(":{verb}")).unwrap_or_default();
        self.segments.iter().enumerate().map(segment).collect::<String>() + &custom
    }
}

/// Every request form of the whole catalog, by host.
pub(crate) fn all() -> Vec<Template> {
    let mut found = Vec::new();
    for record in FULL.section(HOSTS).chunks_exact(HOST_RECORD) {
        let (host, root) = (text(record, 0), number::<4>(record, 4));
        let mut add = |segments: &[&'static str], key: usize| {
            let name = |number: usize| text(FULL.section(VERBS_SECTION), number * VERB_RECORD);
            let (verb, custom) = (VERBS[(key & 7) - 1], (key >> 3).checked_sub(1).map(name));
            found.push(Template { host, verb, segments: segments.to_vec(), custom });
        };
        if host != LEGACY {
            below(root, &mut Vec::new(), &mut add);
        }
    }
    found
}

/// Lists what is below a node, whose bytes are described in the catalog's `walk.rs`.
fn below(at: usize, way: &mut Vec<&'static str>, found: &mut impl FnMut(&[&'static str], usize)) {
    let node = &FULL.section(NODES)[at..];
    let [literals, methods, flags] = [number::<2>(node, 0), node[2].into(), node[3].into()];
    let edges = 4 + (flags & 7);
    let all_methods = (0..methods).map(|method| edges + literals * 9 + method * 5);
    all_methods.for_each(|method| found(way, number::<2>(node, method)));
    let literals = (0..literals).map(|literal| edges + literal * 9);
    let mut children: Vec<_> = literals.map(|edge| (text(node, edge + 5), edge + 2)).collect();
    let double_star = if flags & usize::from(HAS_STAR) == 0 { 4 } else { 7 };
    for (flag, name, place) in [(HAS_STAR, "*", 4), (HAS_DOUBLE_STAR, "**", double_star)] {
        children.extend((flags & usize::from(flag) != 0).then_some((name, place)));
    }
    for (segment, child) in children {
        way.push(segment);
        below(number::<3>(node, child), way, found);
        way.pop();
    }
}

/// The little-endian number of so many bytes.
fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + BYTES].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn text(record: &'static [u8], at: usize) -> &'static str {
    std::str::from_utf8(FULL.text(record, at)).unwrap()
}
