//! Checks `NeededScopes` over real sockets: the guard uses the scopes that a caller attaches to a
//! call instead of the scopes in the catalog.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/plain.rs"]
mod plain;

use bytes::Bytes;
use gcp_scopes::call::{AbstainReason, Call, NeededScopes};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tower::{ServiceBuilder, ServiceExt};

/// The scope of an API that is not in the catalog.
const OWN: &str = "https://www.googleapis.com/auth/brand.new";
/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// Creates needed scopes: any one of `scopes` is enough.
fn needed(scopes: &str) -> NeededScopes {
    NeededScopes::any_of(ScopeSet::from_scope_text(scopes).iter())
}

/// Creates granted scopes that the program has declared.
fn declared(scopes: &str) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
}

/// Creates a guard for an API that is not in the catalog. The guard knows that `token` holds the
/// scopes `granted`.
fn guard(google: &FakeGoogle, preflight: Preflight, token: &str, granted: GrantedScopes) -> Guard {
    let api = google.url_of(Service::OtherApi);
    let guard =
        Guard::builder().endpoint(api, "brandnew.googleapis.com").unwrap().preflight(preflight);
    let guard = guard.without_tokeninfo().build();
    guard.declare(AccessToken::new(token).unwrap(), granted);
    guard
}

/// Returns how many requests the API has received.
fn request_count(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::OtherApi).count()
}

/// Creates a call to the API.
fn call(
    client: &ClientWithMiddleware,
    google: &FakeGoogle,
    token: &str,
) -> reqwest_middleware::RequestBuilder {
    client.get(format!("{}/v1/things/7", google.url_of(Service::OtherApi))).bearer_auth(token)
}

#[tokio::test]
async fn needed_scopes_decide_for_an_api_outside_the_catalog() {
    let google = FakeGoogle::builder().start().await.unwrap();
    google.other_api().path("/v1/things/").serve([OWN], Response::new("{}"));
    let token = google.mint(ACCOUNT, ["pubsub"]);
    let guard =
        guard(&google, Preflight::Deny, &token, declared("https://www.googleapis.com/auth/pubsub"));
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let error =
        call(&client, &google, &token).with_extension(needed(OWN)).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert_eq!(denial.kind(), DenialKind::Predicted);
    assert_eq!(*denial.accepted(), ScopeSet::from_scope_text(OWN));
    assert_eq!(request_count(&google), 0);
    // The guard does not check a call with an empty set. The refusal is still explained.
    let unchecked = call(&client, &google, &token).with_extension(needed(""));
    let error = unchecked.send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Refused);
    assert_eq!(request_count(&google), 1);
    // Without needed scopes the guard predicts nothing, but explains the refusal.
    let error = call(&client, &google, &token).send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Refused);
    assert_eq!(request_count(&google), 2);
}

#[tokio::test]
async fn the_tower_layer_reads_needed_scopes_from_request_extensions() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let token = google.mint(ACCOUNT, ["pubsub"]);
    let guard =
        guard(&google, Preflight::Deny, &token, declared("https://www.googleapis.com/auth/pubsub"));
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    let request = Request::get(format!("{}/v1/things/7", google.url_of(Service::OtherApi)));
    let request = request.header("authorization", format!("Bearer {token}")).extension(needed(OWN));
    let error = service.oneshot(request.body(Full::default()).unwrap()).await.unwrap_err();
    assert!(Denial::find(&*error).is_some());
    assert_eq!(request_count(&google), 0);
}

#[tokio::test]
async fn a_refusal_confirms_only_calls_with_equal_needed_scopes() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let token = google.mint(ACCOUNT, ["drive"]);
    let guard = guard(
        &google,
        Preflight::Confirm,
        &token,
        declared("https://www.googleapis.com/auth/drive"),
    );
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    google.other_api().respond_with(RefusalForm::ScopeMessageOnly);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let error =
            call(&client, &google, &token).with_extension(needed(OWN)).send().await.unwrap_err();
        kinds.push(Denial::find(&error).unwrap().kind());
    }
    assert_eq!(kinds, [DenialKind::Refused, DenialKind::Confirmed, DenialKind::Confirmed]);
    assert_eq!(request_count(&google), 1);
    let other = call(&client, &google, &token).with_extension(needed("https://example.com/other"));
    assert!(other.send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn contradicted_needed_scopes_are_not_trusted_again() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let token = google.mint(ACCOUNT, ["pubsub"]);
    let granted = GrantedScopes::known(
        ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub"),
        GrantSource::Tokeninfo,
    );
    let guard = guard(&google, Preflight::Confirm, &token, granted.clone());
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let response = call(&client, &google, &token).with_extension(needed(OWN)).send().await.unwrap();
    assert!(response.status().is_success());
    // The response contradicts the needed scope: the call succeeded, although the token lacks that
    // scope.
    let (contradicted, other) = (needed(OWN), needed("https://example.com/other"));
    let uri = format!("{}/v1/things/8", google.url_of(Service::OtherApi)).parse().unwrap();
    let decide = |needed| {
        guard.decide(&Call::new(&Method::GET, &uri).with_needed_scopes(Some(needed)), &granted)
    };
    assert!(matches!(decide(&contradicted), Err(AbstainReason::Contradicted)));
    assert!(matches!(decide(&other), Ok(Some(_))));
}

#[test]
fn needed_scopes_are_used_only_if_nonempty_and_for_google_hosts() {
    let guard = Guard::builder().build();
    let pubsub = declared("https://www.googleapis.com/auth/pubsub");
    let (own, none) = (needed(OWN), needed(""));
    let rows = [
        ("https://brandnew.googleapis.com/v1/things", Some(&own), "lacking"),
        ("https://brandnew.googleapis.com/v1/things", Some(&none), "empty"),
        ("https://brandnew.googleapis.com/v1/things", None, "host"),
        ("https://pubsub.googleapis.com/v1/projects/p/topics/t", Some(&own), "lacking"),
        ("https://pubsub.googleapis.com/v1/projects/p/topics/t", None, "allow"),
        ("https://example.com/v1/things", Some(&own), "host"),
        ("https://brandnew.googleapis.com.example.com/v1/things", Some(&own), "host"),
        ("https://googleapis.com.evil/v1/things", Some(&own), "host"),
        ("http://metadata.google.internal/computeMetadata/v1/", Some(&own), "metadata"),
    ];
    for (url, needed, expected) in rows {
        let uri = url.parse().unwrap();
        let decision = match guard
            .decide(&Call::new(&Method::GET, &uri).with_needed_scopes(needed), &pubsub)
        {
            Ok(None) => "allow",
            Err(reason) => reason.as_str(),
            Ok(Some(_)) => "lacking",
        };
        assert_eq!(decision, expected, "{url} {needed:?}");
    }
    let uri = "https://brandnew.googleapis.com/v1/things".parse().unwrap();
    let call = Call::new(&Method::GET, &uri).with_needed_scopes(Some(&own));
    assert!(matches!(guard.decide(&call, &declared(OWN)), Ok(None)));
    assert!(matches!(
        guard.decide(&call, &GrantedScopes::unknown("")),
        Err(AbstainReason::Granted)
    ));
}
