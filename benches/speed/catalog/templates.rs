//! Lists the request templates (verb, host and path pattern) of all methods in the catalog.

use http::{Method, Uri};

use super::FULL;
use gcp_scopes_catalog::raw::{LEGACY, VERBS};

/// A request template: the verb, the host and the path pattern of a method.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) host: &'static str,
    pub(crate) verb: &'static str,
    /// The segments of the path: literals, `*` for one segment, and `**` for several.
    pub(crate) segments: Vec<&'static str>,
    /// The custom verb after the colon, such as `publish` in `topics/t:publish`.
    pub(crate) custom: Option<&'static str>,
}

impl Template {
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

/// Returns the templates of the full catalog, host by host.
pub(crate) fn all() -> Vec<Template> {
    let mut templates = Vec::new();
    for (host, root) in FULL.host_names().filter(|(host, _)| *host != LEGACY) {
        let mut path = Vec::new();
        visit_methods(root, &mut path, &mut |segments, key| {
            let custom = (key >> 3).checked_sub(1).map(|number| FULL.custom_verb_name(number));
            let verb = VERBS[usize::from(key & 7) - 1];
            templates.push(Template { host, verb, segments: segments.to_vec(), custom });
        });
    }
    templates
}

/// Calls `visit` with the path and the key of each method at `node` and below it. `path` holds the
/// segments from the root to `node`. A key encodes the verb in its low three bits, and the custom
/// verb above them.
fn visit_methods(node: u32, path: &mut Vec<&'static str>, visit: &mut impl FnMut(&[&'static str], u16)) {
    let node = FULL.node(node);
    node.methods().for_each(|(key, _)| visit(path, key));
    let wild = [("*", node.star()), ("**", node.double_star())];
    let wild = wild.into_iter().filter_map(|(name, child)| Some((name, child?)));
    for (segment, child) in node.children(&FULL).chain(wild) {
        path.push(segment);
        visit_methods(child, path, visit);
        path.pop();
    }
}
