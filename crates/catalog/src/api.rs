//! The methods of a whole API.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ErrorKind};
use crate::method::ApiMethod;
use crate::reader::BLOB;
use crate::typo::nearest;

impl ApiMethod {
    /// The methods of an API, by its name with or without a version: `pubsub`, `compute.beta`.
    /// Without one, those of the version that [`by_id`](Self::by_id) gives for most of their ids.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// let methods = ApiMethod::of_api("pubsub")?;
    /// assert!(methods.iter().any(|method| method.id() == "pubsub.projects.topics.publish"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An API that the catalog does not have; the message names the nearest ones.
    pub fn of_api(name: &str) -> Result<Vec<Self>, Error> {
        methods(name)
    }
}

/// The REST methods of an API, one for each id.
fn methods(name: &str) -> Result<Vec<ApiMethod>, Error> {
    let name = name.trim();
    let version = version(name).ok_or_else(|| unknown(name))?;
    let of_it = rest().filter(|method| method.api() == version);
    let by_id: BTreeMap<&str, ApiMethod> = of_it.map(|method| (method.id(), method)).collect();
    Ok(by_id.into_values().collect())
}

fn rest() -> impl Iterator<Item = ApiMethod> {
    (0..BLOB.rest_count()).map(ApiMethod::of_row)
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
        return Error::new(
            ErrorKind::UnknownApi,
            format!(
                "unknown API `{name:.100}`: no catalog is compiled in; enable the feature `catalog-full`"
            ),
        );
    }
    let names: BTreeSet<&'static str> =
        rest().flat_map(|method| [bare(method.api()), method.api()]).collect();
    match nearest(name, names.into_iter()) {
        Some(near) => {
            Error::new(ErrorKind::UnknownApi, format!("unknown API `{name:.100}`; did you mean `{near}`?"))
        }
        None => Error::new(
            ErrorKind::UnknownApi,
            format!("unknown API `{name:.100}`; names read like `pubsub`, or `compute.beta` with a version"),
        ),
    }
}

#[cfg(all(test, feature = "full"))]
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
