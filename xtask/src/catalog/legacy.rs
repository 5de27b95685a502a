//! Decides which paths `www.googleapis.com` serves besides those that the documents list for it,
//! and which API such a path names.

use std::collections::{BTreeMap, BTreeSet};

use super::model::RowKind;
use super::order::KeptGroup;
use super::template::{PathTemplate, TemplateSegment};
use gcp_scopes_catalog::raw::{BEFORE_API, WWW};

/// The first path segments that name an API, such as `storage` of `storage/v1/…`, and the host of
/// each.
///
/// Google also serves these paths at `www.googleapis.com`, without the host that would distinguish
/// them. So a segment that two hosts use is left out.
pub(crate) struct LegacyNames<'c>(BTreeMap<&'c str, &'c str>);

impl<'c> LegacyNames<'c> {
    pub(crate) fn new(groups: &[KeptGroup<'c>]) -> Self {
        let mut names = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (_, group) in groups.iter().filter(|(_, group)| group.host != WWW) {
            let rows = group.rows.iter().filter(|row| row.kind == RowKind::Rest);
            for (_, template) in rows.flat_map(|row| &row.routes) {
                if let Some(name) = api_segment(template) {
                    names.entry(name).or_default().insert(&group.host);
                }
            }
        }
        let only = |hosts: BTreeSet<&'c str>| hosts.first().copied().filter(|_| hosts.len() == 1);
        Self(names.into_iter().filter_map(|(name, hosts)| Some((name, only(hosts)?))).collect())
    }

    /// Checks whether `www.googleapis.com` serves this path of another host.
    pub(crate) fn contains(&self, host: &str, template: &PathTemplate) -> bool {
        api_segment(template).is_some_and(|name| self.0.get(name) == Some(&host))
    }

    /// Returns the key of an API in the generated catalog, such as `/storage`: the first segment of
    /// a path at `www.googleapis.com`. `None` if `www.googleapis.com` does not serve the path.
    pub(crate) fn api_at_www(&self, host: &str, template: &PathTemplate) -> Option<String> {
        let is_served = host == WWW || self.contains(host, template);
        Some(format!("/{}", api_segment(template).filter(|_| is_served)?))
    }
}

/// Returns the segment that names the API: the first one behind those of uploads and downloads.
/// Returns `None` if that segment is a version or a variable.
fn api_segment(template: &PathTemplate) -> Option<&str> {
    let is_before = |segment: &&TemplateSegment| match segment {
        TemplateSegment::Literal(text) => BEFORE_API.contains(&format!("/{text}").as_str()),
        _ => false,
    };
    match template.segments.iter().find(|segment| !is_before(segment)) {
        Some(TemplateSegment::Literal(text)) if !is_version(text) => Some(text),
        _ => None,
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
