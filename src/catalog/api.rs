//! The methods of a whole API.

use std::collections::{BTreeMap, BTreeSet};

use super::ApiMethod;
use super::reader::BLOB;
use crate::error::{Error, nearest};

/// The REST methods of an API, one for each id.
pub(super) fn methods(name: &str) -> Result<Vec<ApiMethod>, Error> {
    let name = name.trim();
    let version = version(name).ok_or_else(|| unknown(name))?;
    let of_it = rest().filter(|method| method.api() == version);
    let by_id: BTreeMap<&str, ApiMethod> = of_it.map(|method| (method.id(), method)).collect();
    Ok(by_id.into_values().collect())
}

fn rest() -> impl Iterator<Item = ApiMethod> {
    (0..BLOB.rest_count()).map(ApiMethod::at)
}

/// The API with its version: the one that is named, else the one that comes first for most ids.
fn version(name: &str) -> Option<&'static str> {
    if let Some(exact) = rest().map(|method| method.api()).find(|api| *api == name) {
        return Some(exact);
    }
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut last = "";
    for method in rest() {
        let is_first = method.id() != last;
        last = method.id();
        if is_first && bare(method.api()) == name {
            *counts.entry(method.api()).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(api, _)| api)
}

/// `pubsub` of `pubsub.v1`.
fn bare(api: &str) -> &str {
    api.split_once('.').map_or(api, |(name, _)| name)
}

fn unknown(name: &str) -> Error {
    if BLOB.row_count() == 0 {
        return Error::invalid(format!(
            "unknown API `{name:.100}`: no catalog is compiled in; enable the feature `catalog-full`"
        ));
    }
    let names: BTreeSet<&'static str> =
        rest().flat_map(|method| [bare(method.api()), method.api()]).collect();
    match nearest(name, names.into_iter()) {
        Some(near) => Error::invalid(format!("unknown API `{name:.100}`; did you mean `{near}`?")),
        None => Error::invalid(format!(
            "unknown API `{name:.100}`; names read like `pubsub`, or `compute.beta` with a version"
        )),
    }
}

#[cfg(all(test, feature = "catalog-full"))]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_its_generally_available_version_unless_another_is_named() {
        for (name, api, method) in [
            ("pubsub", "pubsub.v1", "pubsub.projects.topics.publish"),
            ("storage", "storage.v1", "storage.objects.insert"),
            ("compute", "compute.v1", "compute.instances.get"),
            ("compute.beta", "compute.beta", "compute.instances.get"),
            (" bigquery ", "bigquery.v2", "bigquery.jobs.query"),
        ] {
            let methods = methods(name).unwrap();
            assert!(methods.iter().all(|method| method.api() == api), "{name}");
            assert!(methods.iter().any(|found| found.id() == method), "{name}");
        }
    }

    #[test]
    fn an_unknown_api_is_refused_with_the_nearest_name() {
        for (name, near) in
            [("pubsubs", "`pubsub`"), ("stroage", "`storage`"), ("qqqqqqqqqqqqqqq", "compute.beta")]
        {
            let error = methods(name).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(near), "{error}");
        }
    }
}
