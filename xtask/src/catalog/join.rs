//! Adds the rpcs of the protos to the rows of the Discovery documents.

use std::collections::BTreeMap;

use super::clients::is_included;
use super::model::{CatalogModel, Group, ModelRow, Routes, RowIndex, RowKind};
use super::protos::Rpc;
use super::template::{PathTemplate, TemplateSegment};
use gcp_scopes_catalog::raw::RPC_TWINS;

/// Values of `google.api.default_host` in packages that other services include, such as
/// `google.longrunning`. They are not the hosts of the including services.
const PLACEHOLDER_HOSTS: [&str; 4] =
    ["", "longrunning.googleapis.com", "cloud.googleapis.com", "iam-meta-api.googleapis.com"];

/// Adds a row for each rpc. The rows follow those of Discovery, with a group for each package and
/// host.
///
/// 1. If a method of Discovery has the route of one of the rpc's HTTP bindings, the rpc is a second
///    name of that method. The routes of the rpc's other bindings are added to the method.
/// 2. An rpc in the table `RPC_TWINS` has the scopes of a REST method, its twin.
/// 3. Any other rpc has the scopes of its service. They are too coarse to decide about a call. The
///    rpc's row owns the routes of its bindings, except those that a `**` of a Discovery method
///    already matches.
///
/// `more` are rpcs from other sources than the protos. If the protos have such an rpc, its bindings
/// are added to it.
pub(crate) fn join(groups: &mut Vec<Group>, rpcs: Vec<Rpc>, more: Vec<Rpc>) {
    let rpcs = merge(rpcs, more);
    let mut owners = route_owners(groups);
    let twins = twins(groups);
    let wide = wide_templates(&owners);
    let mut packages = BTreeMap::<(String, String), Vec<ModelRow>>::new();
    for rpc in rpcs {
        let is_host = is_host(&rpc.host);
        let key = |(verb, template): &(String, PathTemplate)| {
            (rpc.host.clone(), verb.clone(), template.clone())
        };
        let owner = |binding| owners.get(&key(binding)).copied().flatten();
        // The bindings of an included rpc belong to many methods.
        let same = if is_included(&rpc.id) { None } else { rpc.bindings.iter().find_map(owner) };
        let twin = twins.get(rpc.id.as_str()).copied();
        let mut routes = Routes::default();
        let is_covered = |(verb, template): &(String, PathTemplate)| {
            let known = wide.get(&(rpc.host.clone(), verb.clone()));
            same.is_none()
                && known.is_some_and(|known| known.iter().any(|wide| wide.covers(template)))
        };
        for binding in rpc.bindings.iter().filter(|binding| is_host && !is_covered(binding)) {
            if let std::collections::btree_map::Entry::Vacant(entry) = owners.entry(key(binding)) {
                entry.insert(None);
                match same {
                    Some((group, row)) => groups[group].rows[row].routes.insert(binding.clone()),
                    None => routes.insert(binding.clone()),
                };
            }
        }
        let kind = match (same, twin) {
            (Some(index), _) => RowKind::SameAs(index),
            (None, Some(index)) => RowKind::TwinOf(index),
            (None, None) => RowKind::Coarse,
        };
        let verb = rpc.bindings.first().map_or("POST", |(verb, _)| verb).to_owned();
        let row = ModelRow { id: rpc.id, verb, scopes: rpc.scopes, special: 0, routes, kind };
        packages.entry((rpc.package, rpc.host)).or_default().push(row);
    }
    groups.extend(packages.into_iter().map(|((package, host), rows)| {
        let is_host = is_host(&host);
        Group::from_package(package, host, is_host, rows)
    }));
}

/// Adds the bindings of `more` to the rpcs with the same id, and the other rpcs of `more` at the
/// end. Rpcs with the same id on the same host become one.
fn merge(mut rpcs: Vec<Rpc>, more: Vec<Rpc>) -> Vec<Rpc> {
    let key = |rpc: &Rpc| {
        let host = if is_included(&rpc.id) { rpc.host.as_str() } else { "" };
        (host.to_owned(), rpc.id.clone())
    };
    let mut places: BTreeMap<_, _> =
        rpcs.iter().enumerate().map(|(place, rpc)| (key(rpc), place)).collect();
    for rpc in more {
        match places.get(&key(&rpc)) {
            Some(place) => rpcs[*place].bindings.extend(rpc.bindings),
            None => {
                places.insert(key(&rpc), rpcs.len());
                rpcs.push(rpc);
            }
        }
    }
    rpcs
}

/// Checks whether this is the host of an API.
fn is_host(host: &str) -> bool {
    host.ends_with(".googleapis.com") && !PLACEHOLDER_HOSTS.contains(&host)
}

/// Returns a function that checks whether a catalog has no method for the routes of a template.
pub(crate) fn is_unknown_in(
    catalog: &CatalogModel,
) -> impl Fn(&str, &str, &PathTemplate) -> bool + use<> {
    let owners = route_owners(&catalog.groups);
    let wide = wide_templates(&owners);
    move |host, verb, template| {
        let (host, verb) = (host.to_owned(), verb.to_owned());
        let is_covered = |known: &Vec<PathTemplate>| {
            known.iter().any(|wide: &PathTemplate| wide.covers(template))
        };
        !wide.get(&(host.clone(), verb.clone())).is_some_and(is_covered)
            && !owners.contains_key(&(host, verb, template.clone()))
    }
}

/// The Discovery row that owns a route, by host, verb and template; `None` for a route that
/// [`join`] added.
type RouteOwners = BTreeMap<(String, String, PathTemplate), Option<RowIndex>>;

fn route_owners(groups: &[Group]) -> RouteOwners {
    let mut owners = RouteOwners::new();
    for (g, group) in groups.iter().enumerate() {
        for (r, row) in group.rows.iter().enumerate() {
            for (verb, template) in &row.routes {
                owners.insert((group.host.clone(), verb.clone(), template.clone()), Some((g, r)));
            }
        }
    }
    owners
}

/// Returns the templates of Discovery that contain `**`, by host and verb.
fn wide_templates(owners: &RouteOwners) -> BTreeMap<(String, String), Vec<PathTemplate>> {
    let mut wide = BTreeMap::<_, Vec<_>>::new();
    for (host, verb, template) in owners.keys() {
        if template.segments.contains(&TemplateSegment::DoubleStar) {
            wide.entry((host.clone(), verb.clone())).or_default().push(template.clone());
        }
    }
    wide
}

/// Returns the twins in the table `RPC_TWINS`, REST methods of `storage.v1`, by the id of the rpc.
fn twins(groups: &[Group]) -> BTreeMap<&'static str, RowIndex> {
    let storage = groups.iter().position(|group| group.api == "storage.v1");
    let index = |id: &str| {
        let group = storage?;
        Some((group, groups[group].rows.iter().position(|row| row.id == id)?))
    };
    RPC_TWINS.iter().filter_map(|(rpc, id)| Some((*rpc, index(id)?))).collect()
}
