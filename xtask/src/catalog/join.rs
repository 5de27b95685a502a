//! Joins the protos to the Discovery documents: which REST method an rpc is, and what it adds.

use std::collections::BTreeMap;

use anyhow::Result;

use super::model::{Group, Kind, Place, Row, RowTemplate};
use super::protos::Rpc;
use super::template::{Segment, Template};
use gcp_scopes_catalog::raw::RPC_TWINS;

/// Hosts that stand for "whichever service mixes this in".
const NO_HOSTS: [&str; 4] =
    ["", "longrunning.googleapis.com", "cloud.googleapis.com", "iam-meta-api.googleapis.com"];

/// Adds the rpcs, one group per package and host, after the groups of Discovery.
///
/// 1. An rpc with an HTTP binding that Discovery has is that method, under one more name, and its
///    further bindings are further request forms of that method.
/// 2. An rpc of the table of overrides has the scopes of its REST twin.
/// 3. Any other rpc has the scopes of its service, which is too coarse for a verdict, and its
///    bindings are request forms of such a row, unless a `**` of Discovery's already stands for them.
pub(crate) fn join(groups: &mut Vec<Group>, rpcs: Vec<Rpc>) -> Result<()> {
    let mut routes = routes(groups);
    let twins = twins(groups);
    let wide = wide(&routes);
    let mut packages = BTreeMap::<(String, String), Vec<Row>>::new();
    for rpc in rpcs {
        let is_host = rpc.host.ends_with(".googleapis.com") && !NO_HOSTS.contains(&rpc.host.as_str());
        let place =
            |(verb, template): &(String, Template)| (rpc.host.clone(), verb.clone(), template.clone());
        let same = rpc.bindings.iter().find_map(|binding| routes.get(&place(binding)).copied().flatten());
        let twin = twins.get(rpc.id.as_str()).copied();
        let mut templates = RowTemplate::default();
        let is_covered = |(verb, template): &(String, Template)| {
            let known = wide.get(&(rpc.host.clone(), verb.clone()));
            same.is_none() && known.is_some_and(|known| known.iter().any(|wide| wide.covers(template)))
        };
        for binding in rpc.bindings.iter().filter(|binding| is_host && !is_covered(binding)) {
            if let std::collections::btree_map::Entry::Vacant(free) = routes.entry(place(binding)) {
                free.insert(None);
                match same {
                    Some((group, row)) => groups[group].rows[row].templates.insert(binding.clone()),
                    None => templates.insert(binding.clone()),
                };
            }
        }
        let kind = match (same, twin) {
            (Some(place), _) => Kind::SameAs(place),
            (None, Some(place)) => Kind::TwinOf(place),
            (None, None) => Kind::Coarse,
        };
        let verb = rpc.bindings.first().map_or("POST", |(verb, _)| verb).to_owned();
        let row = Row { id: rpc.id, verb, scopes: rpc.scopes, special: 0, templates, kind };
        packages.entry((rpc.package, rpc.host)).or_default().push(row);
    }
    groups.extend(packages.into_iter().map(|((package, host), rows)| Group::of_package(package, host, rows)));
    Ok(())
}

/// Which row owns a request form; none yet, of those that were added here.
type Routes = BTreeMap<(String, String, Template), Option<Place>>;

fn routes(groups: &[Group]) -> Routes {
    let mut routes = Routes::new();
    for (g, group) in groups.iter().enumerate() {
        for (r, row) in group.rows.iter().enumerate() {
            for (verb, template) in &row.templates {
                routes.insert((group.host.clone(), verb.clone(), template.clone()), Some((g, r)));
            }
        }
    }
    routes
}

/// Discovery's templates that hold a `**`, by host and verb.
fn wide(routes: &Routes) -> BTreeMap<(String, String), Vec<Template>> {
    let mut wide = BTreeMap::<_, Vec<_>>::new();
    for (host, verb, template) in routes.keys() {
        if template.segments.contains(&Segment::DoubleStar) {
            wide.entry((host.clone(), verb.clone())).or_default().push(template.clone());
        }
    }
    wide
}

fn twins(groups: &[Group]) -> BTreeMap<&'static str, Place> {
    let storage = groups.iter().position(|group| group.api == "storage.v1");
    let place = |id: &str| {
        let group = storage?;
        Some((group, groups[group].rows.iter().position(|row| row.id == id)?))
    };
    RPC_TWINS.iter().filter_map(|(rpc, id)| Some((*rpc, place(id)?))).collect()
}
