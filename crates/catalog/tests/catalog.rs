//! Tests of methods and of the catalog through the public API.
#![cfg(feature = "full")]

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, CONTENTS, Catalog, SOURCES, VERSION};

/// Returns the short names of the scopes in a set.
fn short_names(set: &ScopeSet) -> Vec<String> {
    set.iter().map(|scope| scope.short().to_owned()).collect()
}

#[test]
fn a_method_has_accepted_scopes_and_a_link_to_its_documentation() {
    let method = ApiMethod::by_id("storage.objects.setIamPolicy").unwrap();
    assert_eq!(method.to_string(), "storage.objects.setIamPolicy");
    assert_eq!(
        (method.api(), method.host(), method.verb()),
        ("storage.v1", "storage.googleapis.com", "PUT")
    );
    assert_eq!(method.basis(), "discovery");
    assert!(
        method
            .doc_url()
            .is_some_and(|url| url.starts_with("https://developers.google.com/storage/"))
    );
    let accepted = short_names(&method.accepted());
    for scope in ["cloud-platform", "devstorage.full_control", "devstorage.read_write"] {
        assert!(accepted.iter().any(|short| short == scope), "{scope}");
    }
    assert!(!accepted.iter().any(|short| short == "devstorage.read_only"));
}

/// A wider scope of Cloud Storage does not contain the narrower ones:
/// <https://cloud.google.com/storage/docs/oauth-scopes>.
#[test]
fn every_method_of_storage_has_its_own_set_of_scopes() {
    // Whether the method accepts `full_control`, `read_write` and `read_only`.
    let rows = [
        ("storage.objects.insert", [true, true, false]),
        ("storage.objects.get", [true, true, true]),
        ("storage.objects.patch", [true, false, false]),
        ("storage.buckets.getIamPolicy", [true, false, false]),
        ("storage.projects.hmacKeys.list", [true, false, true]),
    ];
    for (id, expected) in rows {
        let accepted = ApiMethod::by_id(id).unwrap().accepted();
        let scopes = ["devstorage.full_control", "devstorage.read_write", "devstorage.read_only"];
        assert_eq!(
            scopes.map(|short| accepted.contains(&short.parse().unwrap())),
            expected,
            "{id}"
        );
    }
}

#[test]
fn an_id_without_a_version_gives_the_generally_available_version() {
    let rows = [
        ("compute.instances.get", "compute.v1"),
        ("drive.files.get", "drive.v3"),
        ("cloudresourcemanager.projects.get", "cloudresourcemanager.v3"),
        ("monitoring.projects.timeSeries.list", "monitoring.v3"),
        ("compute.beta:compute.instances.get", "compute.beta"),
        ("drive.v2:drive.files.get", "drive.v2"),
    ];
    for (id, api) in rows {
        assert_eq!(ApiMethod::by_id(id).unwrap().api(), api, "{id}");
    }
    let apis: Vec<_> =
        Catalog::built_in().versions("compute.instances.get").map(|method| method.api()).collect();
    assert_eq!(apis.first(), Some(&"compute.v1"));
    assert!(apis.contains(&"compute.beta") && apis.contains(&"compute.alpha"), "{apis:?}");
    assert_eq!(Catalog::built_in().versions("compute.instances.gets").count(), 0);
}

#[test]
fn the_error_for_an_unknown_id_contains_the_nearest_ids() {
    let rows = [
        ("storage.object.insert", "`storage.objects.insert`"),
        ("objects.insert", "`storage.objects.insert`"),
        ("pubsub.projects.topics.publsh", "`pubsub.projects.topics.publish`"),
        ("compute.v9:compute.instances.get", "`compute.v1:compute.instances.get`"),
    ];
    for (id, near) in rows {
        let text = ApiMethod::by_id(id).unwrap_err().to_string();
        assert!(text.contains(&format!("`{id}`")) && text.contains(near), "{text}");
    }
    let text = ApiMethod::by_id("bananas").unwrap_err().to_string();
    assert!(text.contains("ids read like"), "{text}");
}

#[test]
fn accepted_is_empty_for_methods_without_listed_scopes() {
    for id in [
        "oauth2.tokeninfo",
        "webfonts.webfonts.list",
        "iamcredentials.projects.serviceAccounts.getAllowedLocations",
    ] {
        assert!(ApiMethod::by_id(id).unwrap().accepted().is_empty(), "{id}");
    }
}

#[test]
fn the_constants_contain_the_sources_and_the_counts() {
    for package in ["google-api-python-client 2.", "google-proto-files "] {
        assert!(SOURCES.contains(package), "{SOURCES}");
    }
    assert!(VERSION.len() == 8 && VERSION.starts_with("20"), "{VERSION}");
    let counts: Vec<u32> = CONTENTS.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(counts.len() == 3 && counts[0] > 20_000 && counts[2] > 500, "{CONTENTS}");
}
