//! Every request form of the catalog, read out of its tries.

use http::{Method, Uri};

use super::FULL;
use gcp_scopes_catalog::raw::{LEGACY, VERBS};

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
    for (host, root) in FULL.host_names().filter(|(host, _)| *host != LEGACY) {
        let mut way = Vec::new();
        below(root, &mut way, &mut |segments, key| {
            let custom = (key >> 3).checked_sub(1).map(|number| FULL.custom_verb_name(number));
            let verb = VERBS[usize::from(key & 7) - 1];
            found.push(Template { host, verb, segments: segments.to_vec(), custom });
        });
    }
    found
}

fn below(node: u32, way: &mut Vec<&'static str>, found: &mut impl FnMut(&[&'static str], u16)) {
    let node = FULL.node(node);
    node.methods().for_each(|(key, _)| found(way, key));
    let wild = [("*", node.star()), ("**", node.double_star())];
    let wild = wild.into_iter().filter_map(|(name, child)| Some((name, child?)));
    for (segment, child) in node.children(&FULL).chain(wild) {
        way.push(segment);
        below(child, way, found);
        way.pop();
    }
}
