//! The methods of a whole API.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind};
use crate::method::ApiMethod;
use crate::typo::nearest;

impl Catalog {
    /// The REST methods of an API, one for each id, by the API's name with or without a version: `pubsub`,
    /// `compute.beta`. Without one, those of the version that [`method`](Self::method) gives for most of
    /// their ids.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let methods = Catalog::built_in().methods_of("pubsub")?;
    /// assert!(methods.iter().any(|method| method.id() == "pubsub.projects.topics.publish"));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// An API that the catalog does not have; the message names the nearest ones.
    pub fn methods_of(self, name: &str) -> Result<Vec<ApiMethod>, Error> {
        let name = name.trim();
        let version = version(self, name).ok_or_else(|| unknown(self, name))?;
        let of_it = rest(self).filter(|method| method.api() == version);
        let by_id: BTreeMap<&str, ApiMethod> = of_it.map(|method| (method.id(), method)).collect();
        Ok(by_id.into_values().collect())
    }
}

fn rest(catalog: Catalog) -> impl Iterator<Item = ApiMethod> {
    (0..catalog.blob().rest_count()).map(move |row| ApiMethod::of_row(catalog, row))
}

/// The API with its version: the one that is named, else the one that comes first for most ids.
fn version(catalog: Catalog, name: &str) -> Option<&'static str> {
    if let Some(exact) = rest(catalog).map(|method| method.api()).find(|api| *api == name) {
        return Some(exact);
    }
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut last = "";
    for method in rest(catalog) {
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

fn unknown(catalog: Catalog, name: &str) -> Error {
    if catalog.blob().row_count() == 0 {
        return Error::new(
            ErrorKind::UnknownApi,
            format!(
                "unknown API `{name:.100}`: no catalog is compiled in; enable the feature `catalog-full`"
            ),
        );
    }
    let names: BTreeSet<&'static str> =
        rest(catalog).flat_map(|method| [bare(method.api()), method.api()]).collect();
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
            let methods = Catalog::built_in().methods_of(name).unwrap();
            assert!(methods.iter().all(|method| method.api() == api), "{name}");
            assert!(methods.iter().any(|found| found.id() == method), "{name}");
        }
    }

    #[test]
    fn an_unknown_api_is_refused_with_the_nearest_name() {
        for (name, near) in
            [("pubsubs", "`pubsub`"), ("stroage", "`storage`"), ("qqqqqqqqqqqqqqq", "compute.beta")]
        {
            let error = Catalog::built_in().methods_of(name).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(near), "{error}");
        }
    }
}
