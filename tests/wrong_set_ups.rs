//! Sets a guard up wrongly on purpose, in each way that a new user may, and checks that one event
//! or error contains what to change.
//!
//! Two set-ups need a build with other features: `abort/` checks a guard without a TLS provider,
//! and `storage_catalog.rs` of gcp-scopes-object-store a guard with too small a catalog.
#![cfg(all(feature = "reqwest-middleware", feature = "tower", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;

use std::future::Future;

use builder::builder;
use gcp_scopes::{Denial, Guard, Scope};
use gcp_scopes_testing::{FakeGoogle, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use tower::{ServiceBuilder, ServiceExt as _};

async fn google() -> FakeGoogle {
    plain::provider();
    FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap()
}

/// The URL of a call for which the token of the VM lacks the scope.
fn bucket(google: &FakeGoogle) -> String {
    format!("{}/storage/v1/b/photos/iam", google.storage_url())
}

/// Makes a call three times.
async fn three_times<F: Future>(call: impl Fn() -> F) {
    for _ in 0..3 {
        call().await;
    }
}

/// Checks that a program causes one event about its set-up, and that the event contains `advice`.
async fn check_event(program: impl Future, advice: &str) {
    let log = Log::default();
    let capture = log.capture();
    program.await;
    drop(capture);
    let text = log.text();
    let events: Vec<&str> =
        text.lines().filter(|line| line.contains("oauth.scope.setup")).collect();
    let [event] = events[..] else { panic!("{advice}: {events:#?}") };
    assert!(event.contains(" WARN ") && event.contains(advice), "{advice}: {event}");
}

#[tokio::test]
async fn a_guard_outside_of_the_layer_that_sets_the_token() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let token: HeaderValue = format!("Bearer {}", google.token()).parse().unwrap();
    let set_token = move |mut request: Request<Full<bytes::Bytes>>| {
        request.headers_mut().insert(AUTHORIZATION, token.clone());
        request
    };
    let call = || async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        // The order is wrong: the layer of the guard is the outer one.
        let layers = ServiceBuilder::new().layer(guard.layer()).map_request(set_token.clone());
        let request = Request::get(bucket(&google)).body(Full::default()).unwrap();
        layers.service(client).oneshot(request).await
    };
    check_event(
        three_times(call),
        "put the guard inside of the layer or middleware that sets the token",
    )
    .await;
}

#[tokio::test]
async fn a_token_in_the_default_headers_of_reqwest() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let token = format!("Bearer {}", google.token()).parse().unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, token)]);
    let client = reqwest::Client::builder().default_headers(headers).build().unwrap();
    let call = || guard.send(client.get(bucket(&google)));
    check_event(three_times(call), "set the token on each request, not in default_headers").await;
}

#[tokio::test]
async fn a_host_that_is_not_mapped() {
    let google = google().await;
    let guard = Guard::builder().env(google.env()).detect().await;
    let request = || plain::client().get(bucket(&google)).bearer_auth(google.token());
    let call = || guard.send(request());
    check_event(
        three_times(call),
        "map this host to the Google API behind it with GuardBuilder::endpoint",
    )
    .await;
}

#[tokio::test]
async fn localhost_is_mapped_and_its_address_is_called() {
    let google = google().await;
    let localhost = google.storage_url().replace("127.0.0.1", "localhost");
    let guard = Guard::builder().endpoint(localhost, "storage.googleapis.com").unwrap();
    let guard = guard.env(google.env()).detect().await;
    let request = plain::client().get(bucket(&google)).bearer_auth(google.token());
    assert!(Denial::find(&guard.send(request).await.unwrap_err()).is_some());
}

#[tokio::test]
async fn a_guard_without_a_source_of_scopes() {
    let google = google().await;
    let guard = Guard::builder().endpoint(google.storage_url(), "storage.googleapis.com");
    let guard = guard.unwrap().build();
    let request = || plain::client().get(bucket(&google)).bearer_auth(google.token());
    let call = || guard.send(request());
    check_event(three_times(call), "create the guard with detect and the feature `metadata`").await;
}

#[tokio::test]
async fn a_variable_with_an_unusable_value() {
    for (name, value, advice) in [
        ("GCP_SCOPES_PREFLIGHT", "of", "set it to off, warn, confirm or deny"),
        ("STORAGE_EMULATOR_HOST", "unix:///run/gcs", "STORAGE_EMULATOR_HOST"),
    ] {
        let builder = Guard::builder().env([("NO_GCE_CHECK", "true"), (name, value)]);
        check_event(builder.detect(), advice).await;
    }
}

#[tokio::test]
async fn a_vm_without_a_service_account() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").no_account()).start().await.unwrap();
    check_event(builder(&google).detect(), "give the VM a service account with scopes").await;
}

#[tokio::test]
async fn a_credential_file_that_does_not_exist() {
    let file = std::env::temp_dir().join("no-such-folder/key.json").display().to_string();
    let problem = format!("GOOGLE_APPLICATION_CREDENTIALS names {file}, which does not exist");
    let guard = Guard::builder()
        .env([("GOOGLE_APPLICATION_CREDENTIALS", file.as_str()), ("NO_GCE_CHECK", "true")])
        .detect()
        .await;
    let closed = guard.self_check().needs("storage.objects.insert").run().await;
    let page = closed.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(&problem), "{page}");
}

#[test]
fn a_name_or_host_with_a_typo() {
    let guard = Guard::builder().build();
    let endpoint = |from: &str, to: &str| {
        Guard::builder().endpoint(from, to).map(drop).map_err(|error| error.to_string())
    };
    let rows = [
        (
            guard.calling("storage.object.insert").map(drop).map_err(|error| error.to_string()),
            "did you mean `storage.objects.insert`",
        ),
        (
            "devstorage.read_onyl".parse::<Scope>().map(drop).map_err(|error| error.to_string()),
            "did you mean `devstorage.read_only`",
        ),
        (endpoint("127.0.0.1:4443", "storage.google.com"), "storage.google.com"),
        (endpoint("http://127.0.0.1:4443/storage", "storage.googleapis.com"), "without a path"),
        (
            Guard::builder()
                .tokeninfo_endpoint("http://example.com/tokeninfo")
                .map(drop)
                .map_err(|error| error.to_string()),
            "https",
        ),
    ];
    for (result, advice) in rows {
        let error = result.unwrap_err();
        assert!(error.contains(advice), "{advice}: {error}");
    }
}

#[tokio::test]
async fn a_self_check_of_a_method_with_a_typo() {
    let guard = Guard::builder().env([("NO_GCE_CHECK", "true")]).detect().await;
    let report = guard.self_check().needs("storage.objects.inser").run().await.to_string();
    assert!(report.contains("storage.objects.insert"), "{report}");
}
