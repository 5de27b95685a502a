//! What a call costs that is allowed: no allocation, whatever its token; and what many tokens cost.
#![cfg(all(feature = "tower", feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Guard, Scope, ScopeSet};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Empty;
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use tower::{Layer as _, Service};

#[path = "support/plain.rs"]
mod plain;

/// A client that answers at once and allocates nothing.
#[derive(Clone)]
struct Client;

impl Service<Request<()>> for Client {
    type Response = Response<Empty<bytes::Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}

fn request(token: &str) -> Request<()> {
    let request = Request::post("https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x");
    request.header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap()
}

/// Sends the requests through the layer and counts the allocations of the last `counted` of them.
fn allocations(guard: &Guard, requests: Vec<Request<()>>, counted: usize) -> u64 {
    let mut service = guard.layer().layer(Client);
    let warm = requests.len() - counted;
    let mut requests = requests.into_iter();
    let mut send = |request| {
        let mut answer = pin!(service.call(request));
        let answer = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Poll::Ready(Ok(_))));
    };
    requests.by_ref().take(warm).for_each(&mut send);
    allocation_counter::measure(|| requests.for_each(&mut send)).count_total
}

fn guard_that_knows(tokens: &[String]) -> Guard {
    let guard = Guard::builder().build();
    for token in tokens {
        let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_write");
        let granted = GrantedScopes::known(scopes, GrantSource::Declared);
        guard.declare(AccessToken::new(token).unwrap(), granted);
    }
    guard
}

#[test]
fn an_allowed_call_with_a_known_token_allocates_nothing() {
    let tokens: Vec<String> = (0..64).map(|number| format!("ya29.{number:0>1000}")).collect();
    let guard = guard_that_knows(&tokens);
    let in_turn = |tokens: &[String]| -> Vec<_> {
        tokens.iter().cycle().take(3 * tokens.len() + 100).map(|token| request(token)).collect()
    };
    // One token, found by its header value; four of them; more than are held to be compared.
    for tokens in [&tokens[..1], &tokens[..4], &tokens[..]] {
        assert_eq!(allocations(&guard, in_turn(tokens), 100), 0, "{} tokens", tokens.len());
    }
}

#[test]
fn nor_does_a_call_that_a_recorder_knows_already() {
    let guard = guard_that_knows(&["ya29.one".to_owned()]);
    let recorder = guard.recorder();
    assert_eq!(allocations(&guard, (0..110).map(|_| request("ya29.one")).collect(), 100), 0);
    assert_eq!(recorder.methods().len(), 1);
}

#[test]
fn neither_does_a_self_signed_jwt_or_a_call_that_nothing_is_known_of() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = r#"{"iss":"r@p.iam.gserviceaccount.com","aud":"https://storage.googleapis.com/"}"#;
    let jwt = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"));
    let guard = Guard::builder().build();
    assert_eq!(allocations(&guard, (0..110).map(|_| request(&jwt)).collect(), 100), 0);
    let elsewhere =
        || Request::get("https://example.com/").header(AUTHORIZATION, "Bearer x").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| elsewhere()).collect(), 100), 0);
    let bare = || Request::get("https://storage.googleapis.com/storage/v1/b").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| bare()).collect(), 100), 0);
}

#[test]
fn nor_does_one_whose_verdict_hangs_on_the_query() {
    let guard = Guard::builder().build();
    let granted = GrantedScopes::known(
        ["gmail.readonly".parse::<Scope>().unwrap()].into_iter().collect(),
        GrantSource::Declared,
    );
    guard.declare(AccessToken::new("ya29.mail").unwrap(), granted);
    let url = "https://gmail.googleapis.com/gmail/v1/users/me/messages/18c2f0d3a4b5c6d7?format=full";
    let mail = || Request::get(url).header(AUTHORIZATION, "Bearer ya29.mail").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| mail()).collect(), 100), 0);
}

#[test]
fn a_token_that_opens_a_whole_host_costs_no_allocation_either_and_is_not_matched_to_a_path() {
    let guard = Guard::builder().build();
    let granted =
        GrantedScopes::known([Scope::cloud_platform()].into_iter().collect(), GrantSource::Declared);
    guard.declare(AccessToken::new("ya29.whole").unwrap(), granted);
    let long = format!("https://storage.googleapis.com/storage/v1/b/photos/o/{}", "x".repeat(1000));
    let long = || Request::get(&long).header(AUTHORIZATION, "Bearer ya29.whole").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| request("ya29.whole")).collect(), 100), 0);
    assert_eq!(allocations(&guard, (0..110).map(|_| long()).collect(), 100), 0);
}

/// The client behind the middlewares.
struct Answers;

#[async_trait::async_trait]
impl Middleware for Answers {
    async fn handle(
        &self,
        _: reqwest::Request,
        _: &mut http::Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        Ok(http::Response::new("{}").into())
    }
}

#[test]
fn in_reqwest_middleware_it_allocates_the_one_box_that_every_middleware_does() {
    let token = format!("ya29.{:0>1000}", 1);
    let guard = guard_that_knows(std::slice::from_ref(&token));
    let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x";
    let builder = || ClientBuilder::new(plain::client());
    let clients = [builder().with(Answers).build(), builder().with(guard.middleware()).with(Answers).build()];
    let [without, with] = clients.map(|client| {
        let send = |_| {
            let mut answer = pin!(client.post(url).bearer_auth(&token).send());
            let answer = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(answer, Poll::Ready(Ok(_))));
        };
        (0..10).for_each(send);
        allocation_counter::measure(|| (0..100).for_each(send)).count_total
    });
    assert_eq!(with - without, 100);
}

/// How much memory is left behind by calls with so many tokens, each seen once.
fn left_behind(tokens: usize) -> u64 {
    let guard = Guard::builder().build();
    let mut service = guard.layer().layer(Client);
    let held = allocation_counter::measure(|| {
        for number in 0..tokens {
            let mut answer = pin!(service.call(request(&format!("ya29.{number:0>1000}"))));
            assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    });
    u64::try_from(held.bytes_current).unwrap()
}

#[test]
fn a_hundred_thousand_tokens_leave_no_more_than_two_thousand() {
    let few = left_behind(2_000);
    let many = left_behind(100_000);
    assert!(many < 2 << 20, "{many}");
    assert!(many < few + few / 2, "{few} bytes grew to {many}");
}

#[test]
#[ignore = "takes a minute without optimisation; `cargo xtask deep` runs it"]
fn a_million_tokens_leave_two_mebibytes_at_most() {
    let held = left_behind(1_000_000);
    assert!(held < 2 << 20, "{held}");
}
