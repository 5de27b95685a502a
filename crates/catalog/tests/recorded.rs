//! Requests that real clients sent, and the method that each of them meant.
//!
//! `recorded/requests.tsv` was made by gcloud 528 and its bq, the Python client libraries and
//! google-api-python-client 2.202.0, gcsfs, and the Node client libraries and googleapis, each
//! pointed at a server on 127.0.0.1 that wrote down what came in. A line holds the verb, the URL as
//! it would have gone to Google, the method that the caller meant, and the client.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "full")]

use std::collections::BTreeSet;

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use http::Uri;

struct Request {
    verb: &'static str,
    url: &'static str,
    method: &'static str,
    client: &'static str,
}

impl Request {
    fn read(line: &'static str) -> Self {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_else(|| panic!("too few fields: {line}"));
        Self { verb: next(), url: next(), method: next(), client: next() }
    }

    fn look_up(&self) -> Lookup {
        let uri: Uri = self.url.parse().unwrap_or_else(|error| panic!("{}: {error}", self.url));
        lookup(&Call::new(&self.verb.parse().unwrap(), &uri), &Endpoints::new())
    }
}

fn requests() -> Vec<Request> {
    let lines = include_str!("recorded/requests.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(Request::read).collect()
}

#[test]
fn there_are_many_requests_of_many_apis_and_clients() {
    let requests = requests();
    let count = |read: fn(&Request) -> &'static str| requests.iter().map(read).collect::<BTreeSet<_>>().len();
    assert!(requests.len() >= 400, "{}", requests.len());
    assert!(count(|request| request.url.split('/').nth(2).unwrap()) >= 40);
    assert!(count(|request| request.client) >= 10);
}

#[test]
fn no_recorded_request_is_taken_for_another_method_and_hardly_any_for_none() {
    let requests = requests();
    let (mut wrong, mut missed) = (Vec::new(), Vec::new());
    for request in &requests {
        let Request { verb, url, method, client } = request;
        let found = request.look_up();
        match found.method() {
            Some(found) if found.id() == *method => {}
            Some(found) => wrong.push(format!("{verb} {url} ({client}): {method}, not {found}")),
            None => {
                missed.push(format!("{verb} {url} ({client}): {method}, but {:?}", found.abstain_reason()));
            }
        }
    }
    let list = |lines: &[String]| lines.join("\n");
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), requests.len(), list(&wrong));
    let few = missed.len() * 100 <= requests.len();
    assert!(few, "{} of {} missed:\n{}", missed.len(), requests.len(), list(&missed));
}

#[test]
fn a_scope_of_the_method_that_was_meant_is_never_lacking() {
    for request in requests() {
        let Ok(meant) = ApiMethod::by_id(request.method) else { continue };
        let found = request.look_up();
        let Some(method) = found.method() else { continue };
        for scope in method.accepted().iter().chain(meant.accepted().iter()) {
            let held = ScopeSet::from_iter([scope.clone()]);
            let Request { verb, url, .. } = request;
            assert_ne!(found.accepts(&held), Ok(false), "{verb} {url} with {scope}");
        }
    }
}

/// Every line: verb, URL, the method that it should be.
fn is_named(lines: &[(&str, &str, &str)]) {
    let named = |verb: &str, url: &str| {
        let uri: Uri = url.parse().unwrap();
        let found = lookup(&Call::new(&verb.parse().unwrap(), &uri), &Endpoints::new());
        match found.method() {
            Some(method) => method.id(),
            None => found.abstain_reason().map_or("", |reason| reason.as_str()),
        }
    };
    let wrong: Vec<_> = lines.iter().filter(|(verb, url, method)| named(verb, url) != *method).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_discovery_lists_is_not_hidden_by_the_protos() {
    let key = "https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k";
    let labels = "https://drivelabels.googleapis.com";
    is_named(&[
        ("POST", &format!("{key}:decrypt"), "cloudkms.projects.locations.keyRings.cryptoKeys.decrypt"),
        ("DELETE", &format!("{labels}/v2/labels/l/permissions/p"), "drivelabels.labels.permissions.delete"),
        (
            "DELETE",
            &format!("{labels}/v2/labels/l/revisions/r/permissions/p"),
            "drivelabels.labels.revisions.permissions.delete",
        ),
        (
            "DELETE",
            &format!("{labels}/v2beta/labels/l/permissions/p"),
            "drivelabels.labels.permissions.delete",
        ),
        (
            "DELETE",
            &format!("{labels}/v2beta/labels/l/revisions/r/permissions/p"),
            "drivelabels.labels.revisions.permissions.delete",
        ),
    ]);
}

/// Collections and documents alternate (<https://firebase.google.com/docs/firestore/data-model>),
/// and `**` in a path of the protos may stand for nothing
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).
#[test]
fn firestore_documents_are_told_from_collections_at_every_depth() {
    let root = "https://firestore.googleapis.com/v1/projects/p/databases/d/documents";
    let id = |name: &str| format!("firestore.projects.databases.documents.{name}");
    is_named(&[
        ("GET", &format!("{root}/a"), &id("listDocuments")),
        ("GET", &format!("{root}/a/b"), &id("get")),
        ("GET", &format!("{root}/a/b/c"), &id("list")),
        ("GET", &format!("{root}/a/b/c/d"), &id("get")),
        ("GET", &format!("{root}/a/b/c/d/e"), &id("list")),
        ("GET", &format!("{root}/a/b/c/d/e/f"), &id("get")),
        ("POST", &format!("{root}/a"), &id("createDocument")),
        ("POST", &format!("{root}/a/b/c"), &id("createDocument")),
        ("POST", &format!("{root}:runQuery"), &id("runQuery")),
        ("POST", &format!("{root}/a/b:runQuery"), &id("runQuery")),
        ("POST", &format!("{root}:listCollectionIds"), &id("listCollectionIds")),
    ]);
}
