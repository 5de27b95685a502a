//! Tests of `lookup` with requests that real clients sent.
//!
//! The requests in `recorded/requests.tsv` were sent by gcloud 528 and its bq, the Python client
//! libraries and google-api-python-client 2.202.0, gcsfs, and the Node client libraries and
//! googleapis. A server on 127.0.0.1 recorded the requests. A line contains the verb, the URL with
//! the host of Google, the method that the caller intended, and the client.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "full")]

use std::collections::BTreeSet;

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use http::Uri;

/// A recorded request.
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

    /// Looks up the request in the built-in catalog.
    fn look_up(&self) -> Lookup {
        let uri: Uri = self.url.parse().unwrap_or_else(|error| panic!("{}: {error}", self.url));
        lookup(&Call::new(&self.verb.parse().unwrap(), &uri), &Endpoints::new())
    }
}

/// Returns the recorded requests.
fn requests() -> Vec<Request> {
    let lines = include_str!("recorded/requests.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(Request::read).collect()
}

#[test]
fn the_requests_cover_many_apis_and_clients() {
    let requests = requests();
    let count = |read: fn(&Request) -> &'static str| {
        requests.iter().map(read).collect::<BTreeSet<_>>().len()
    };
    // Lower numbers would mean that a recording was lost or that lines are not read.
    assert!(requests.len() >= 400, "{}", requests.len());
    assert!(count(|request| request.url.split('/').nth(2).unwrap()) >= 40);
    assert!(count(|request| request.client) >= 10);
}

#[test]
fn recorded_requests_give_the_intended_method() {
    let requests = requests();
    let (mut wrong, mut missed) = (Vec::new(), Vec::new());
    for request in &requests {
        let Request { verb, url, method, client } = request;
        let found = request.look_up();
        match found.method() {
            Some(found) if found.id() == *method => {}
            Some(found) => {
                wrong.push(format!("{verb} {url} ({client}): found {found}, expected {method}"))
            }
            None => {
                missed.push(format!(
                    "{verb} {url} ({client}): {method}: {:?}",
                    found.abstain_reason()
                ));
            }
        }
    }
    let list = |lines: &[String]| lines.join("\n");
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), requests.len(), list(&wrong));
    // At most one request in a hundred may have no method; no request may have a wrong method.
    let is_rare = missed.len() * 100 <= requests.len();
    assert!(is_rare, "{} of {} missed:\n{}", missed.len(), requests.len(), list(&missed));
}

#[test]
fn a_token_with_a_scope_of_the_intended_method_is_never_judged_insufficient() {
    for request in requests() {
        let Ok(intended) = ApiMethod::by_id(request.method) else { continue };
        let found = request.look_up();
        let Some(method) = found.method() else { continue };
        for scope in method.accepted().iter().chain(intended.accepted().iter()) {
            let held = ScopeSet::from_iter([scope.clone()]);
            let Request { verb, url, .. } = request;
            assert_ne!(found.accepts(&held), Ok(false), "{verb} {url} with {scope}");
        }
    }
}

/// Checks that each request, given by verb and URL, has the method with this id.
fn assert_methods(lines: &[(&str, &str, &str)]) {
    let id_or_reason = |verb: &str, url: &str| {
        let uri: Uri = url.parse().unwrap();
        let found = lookup(&Call::new(&verb.parse().unwrap(), &uri), &Endpoints::new());
        match found.method() {
            Some(method) => method.id(),
            None => found.abstain_reason().map_or("", |reason| reason.as_str()),
        }
    };
    let wrong: Vec<_> =
        lines.iter().filter(|(verb, url, method)| id_or_reason(verb, url) != *method).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn methods_of_discovery_take_precedence_over_the_protos() {
    let key = "https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k";
    let labels = "https://drivelabels.googleapis.com";
    assert_methods(&[
        (
            "POST",
            &format!("{key}:decrypt"),
            "cloudkms.projects.locations.keyRings.cryptoKeys.decrypt",
        ),
        (
            "DELETE",
            &format!("{labels}/v2/labels/l/permissions/p"),
            "drivelabels.labels.permissions.delete",
        ),
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

/// Collections and documents alternate in a path
/// (<https://firebase.google.com/docs/firestore/data-model>), and `**` in a path of the protos also
/// matches no segment
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).
#[test]
fn firestore_documents_and_collections_are_distinguished_at_every_depth() {
    let root = "https://firestore.googleapis.com/v1/projects/p/databases/d/documents";
    let id = |name: &str| format!("firestore.projects.databases.documents.{name}");
    assert_methods(&[
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
