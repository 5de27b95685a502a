//! Listing the methods of an API.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::error::{CatalogErrorKind, Error};
use crate::method::ApiMethod;
use crate::typo::nearest;

impl Catalog {
    /// Returns the REST methods of an API, one method for each id. The name of the API has a
    /// version (`compute.beta`) or none (`pubsub`). A name without a version stands for one
    /// version: the one to which most of the ids that [`method`](Self::method) accepts belong.
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
    /// Returns an error if the catalog does not have the API; the message contains the nearest
    /// names.
    pub fn methods_of(self, name: &str) -> Result<Vec<ApiMethod>, Error> {
        let name = name.trim();
        let version = find_version(self, name).ok_or_else(|| unknown_api(self, name))?;
        let methods = rest_methods(self).filter(|method| method.api() == version);
        let by_id: BTreeMap<&str, ApiMethod> =
            methods.map(|method| (method.id(), method)).collect();
        Ok(by_id.into_values().collect())
    }
}

fn rest_methods(catalog: Catalog) -> impl Iterator<Item = ApiMethod> {
    (0..catalog.blob().rest_count()).map(move |row| ApiMethod::from_row(catalog, row))
}

/// Returns the name of an API with its version, as [`Catalog::methods_of`] documents it. `None` if
/// the catalog does not have the API.
fn find_version(catalog: Catalog, name: &str) -> Option<&'static str> {
    let mut methods: Vec<ApiMethod> = rest_methods(catalog).collect();
    if let Some(exact) = methods.iter().find(|method| method.api() == name) {
        return Some(exact.api());
    }
    // `Catalog::method` returns the first row of an id. Rows are sorted by id, so the rows of an id
    // stand side by side, and only the first one is counted.
    methods.dedup_by_key(|method| method.id());
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for method in methods.iter().filter(|method| without_version(method.api()) == name) {
        *counts.entry(method.api()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(api, _)| api)
}

/// Returns `pubsub` for `pubsub.v1`.
fn without_version(api: &str) -> &str {
    api.split_once('.').map_or(api, |(name, _)| name)
}

fn unknown_api(catalog: Catalog, name: &str) -> Error {
    let names =
        rest_methods(catalog).flat_map(|method| [without_version(method.api()), method.api()]);
    let near = nearest(name, names.collect::<BTreeSet<_>>().into_iter());
    let hint =
        catalog.lack().unwrap_or("; names read like `pubsub`, or `compute.beta` with a version");
    Error::unknown(CatalogErrorKind::UnknownApi, "API", name, near.as_slice(), hint)
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn an_api_name_without_a_version_gives_the_generally_available_version() {
        for (name, api, method) in [
            ("pubsub", "pubsub.v1", "pubsub.projects.topics.publish"),
            ("storage", "storage.v1", "storage.objects.insert"),
            ("compute", "compute.v1", "compute.instances.get"),
            ("compute.beta", "compute.beta", "compute.instances.get"),
            (" bigquery ", "bigquery.v2", "bigquery.jobs.query"),
        ] {
            let methods = Catalog::built_in().methods_of(name).unwrap();
            assert!(methods.iter().all(|method| method.api() == api), "{name}");
            assert!(methods.iter().any(|listed| listed.id() == method), "{name}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_api_contains_the_nearest_name_or_an_example() {
        for (name, near) in
            [("pubsubs", "`pubsub`"), ("stroage", "`storage`"), ("qqqqqqqqqqqqqqq", "compute.beta")]
        {
            let error = Catalog::built_in().methods_of(name).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(near), "{error}");
        }
    }
}
