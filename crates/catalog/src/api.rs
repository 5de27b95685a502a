//! The methods of a whole API.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, NO_CATALOG};
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
    let mut methods: Vec<ApiMethod> = rest(catalog).collect();
    if let Some(exact) = methods.iter().find(|method| method.api() == name) {
        return Some(exact.api());
    }
    // Of each id the first version, which is the one that the id stands for.
    methods.dedup_by_key(|method| method.id());
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for method in methods.iter().filter(|method| bare(method.api()) == name) {
        *counts.entry(method.api()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(api, _)| api)
}

/// `pubsub` of `pubsub.v1`.
fn bare(api: &str) -> &str {
    api.split_once('.').map_or(api, |(name, _)| name)
}

fn unknown(catalog: Catalog, name: &str) -> Error {
    let names = rest(catalog).flat_map(|method| [bare(method.api()), method.api()]);
    let near = nearest(name, names.collect::<BTreeSet<_>>().into_iter());
    let hint = match catalog.method_count() {
        0 => NO_CATALOG,
        _ => "; names read like `pubsub`, or `compute.beta` with a version",
    };
    Error::unknown(ErrorKind::UnknownApi, "API", &format!("{name:.100}"), near.as_slice(), hint)
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
