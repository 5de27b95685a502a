//! `NeededScopes` over real sockets: what a caller says of one call counts in the place of the catalog.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/plain.rs"]
mod plain;

use bytes::Bytes;
use gcp_scopes::call::{AbstainReason, Call, NeededScopes};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::judge::Decision;
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tower::{ServiceBuilder, ServiceExt};

/// A scope of an API that no catalog has.
const OWN: &str = "https://www.googleapis.com/auth/brand.new";
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

fn needed(scopes: &str) -> NeededScopes {
    NeededScopes::any_of(ScopeSet::from_scope_text(scopes).iter())
}

fn held(scopes: &str) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
}

/// A guard over an API that no catalog has, and what it declares of the token.
fn guard(google: &FakeGoogle, preflight: Preflight, token: &str, granted: GrantedScopes) -> Guard {
    let api = google.url_of(Service::OtherApi);
    let guard = Guard::builder().endpoint(api, "brandnew.googleapis.com").unwrap().preflight(preflight);
    let guard = guard.no_tokeninfo().build();
    guard.declare(AccessToken::new(token).unwrap(), granted);
    guard
}

fn sent(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::OtherApi).count()
}

fn call(
    client: &ClientWithMiddleware,
    google: &FakeGoogle,
    token: &str,
) -> reqwest_middleware::RequestBuilder {
    client.get(format!("{}/v1/things/7", google.url_of(Service::OtherApi))).bearer_auth(token)
}

#[tokio::test]
async fn an_api_that_the_catalog_lacks_is_checked_by_what_its_caller_says() {
    let google = FakeGoogle::builder().start().await.unwrap();
    google.other_api().path("/v1/things/").serve([OWN], Response::new("{}"));
    let token = google.mint(ACCOUNT, ["pubsub"]);
    let guard = guard(&google, Preflight::Deny, &token, held("https://www.googleapis.com/auth/pubsub"));
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let error = call(&client, &google, &token).with_extension(needed(OWN)).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert_eq!(denial.kind(), DenialKind::Predicted);
    assert_eq!(*denial.accepted(), ScopeSet::from_scope_text(OWN));
    assert_eq!(sent(&google), 0);
    // Without a word of the caller's there is no opinion, but the refusal is explained.
    let error = call(&client, &google, &token).send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Refused);
    assert_eq!(sent(&google), 1);
}

#[tokio::test]
async fn tower_reads_the_extensions_of_the_request() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let token = google.mint(ACCOUNT, ["pubsub"]);
    let guard = guard(&google, Preflight::Deny, &token, held("https://www.googleapis.com/auth/pubsub"));
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    let request = Request::get(format!("{}/v1/things/7", google.url_of(Service::OtherApi)));
    let request = request.header("authorization", format!("Bearer {token}")).extension(needed(OWN));
    let error = service.oneshot(request.body(Full::default()).unwrap()).await.unwrap_err();
    assert!(Denial::find(&*error).is_some());
    assert_eq!(sent(&google), 0);
}

#[tokio::test]
async fn a_refusal_counts_for_repeats_of_the_same_need_and_for_nothing_else() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let token = google.mint(ACCOUNT, ["drive"]);
    let guard = guard(&google, Preflight::Confirm, &token, held("https://www.googleapis.com/auth/drive"));
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    google.other_api().respond_with(RefusalForm::ScopeMessageOnly);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let error = call(&client, &google, &token).with_extension(needed(OWN)).send().await.unwrap_err();
        kinds.push(Denial::find(&error).unwrap().kind());
    }
    assert_eq!(kinds, [DenialKind::Refused, DenialKind::Confirmed, DenialKind::Confirmed]);
    assert_eq!(sent(&google), 1);
    let other = call(&client, &google, &token).with_extension(needed("https://example.com/other"));
    assert!(other.send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn a_caller_who_is_wrong_is_not_believed_again() {
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
    let (own, other) = (needed(OWN), needed("https://example.com/other"));
    let uri = format!("{}/v1/things/8", google.url_of(Service::OtherApi)).parse().unwrap();
    let decide = |needed| guard.decide(&Call::new(&Method::GET, &uri).needing(Some(needed)), &granted);
    assert!(matches!(decide(&own), Decision::Abstain(AbstainReason::Contradicted)));
    assert!(matches!(decide(&other), Decision::Lacking(_)));
}

#[test]
fn a_need_counts_only_where_google_is_and_only_if_it_says_something() {
    let guard = Guard::builder().build();
    let pubsub = held("https://www.googleapis.com/auth/pubsub");
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
        let got = match guard.decide(&Call::new(&Method::GET, &uri).needing(needed), &pubsub) {
            Decision::Allow => "allow",
            Decision::Abstain(why) => why.as_str(),
            Decision::Lacking(_) => "lacking",
            _ => unreachable!(),
        };
        assert_eq!(got, expected, "{url} {needed:?}");
    }
    let uri = "https://brandnew.googleapis.com/v1/things".parse().unwrap();
    let call = Call::new(&Method::GET, &uri).needing(Some(&own));
    assert!(matches!(guard.decide(&call, &held(OWN)), Decision::Allow));
    assert!(matches!(
        guard.decide(&call, &GrantedScopes::unknown("")),
        Decision::Abstain(AbstainReason::Granted)
    ));
}
