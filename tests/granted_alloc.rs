//! Counts allocations. An allowed call allocates nothing, with any token, and the memory for many
//! tokens is bounded.
#![cfg(all(feature = "tower", feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

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

/// A service that responds immediately and allocates nothing.
#[derive(Clone)]
struct InstantService;

impl Service<Request<()>> for InstantService {
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

/// Creates an upload request with `token`.
fn request(token: &str) -> Request<()> {
    let request =
        Request::post("https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x");
    request.header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap()
}

/// Sends the requests through the guard's layer and returns how many allocations the last `counted`
/// requests made. The requests before them warm up the guard's cache. Most tests send 110 requests
/// and count the last 100.
fn allocations(guard: &Guard, requests: Vec<Request<()>>, counted: usize) -> u64 {
    let mut service = guard.layer().layer(InstantService);
    let warm_up = requests.len() - counted;
    let mut requests = requests.into_iter();
    let mut send = |request| {
        let mut future = pin!(service.call(request));
        let result = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(result, Poll::Ready(Ok(_))));
    };
    requests.by_ref().take(warm_up).for_each(&mut send);
    allocation_counter::measure(|| requests.for_each(&mut send)).count_total
}

/// Creates a guard that knows that each token holds a scope for the upload.
fn guard_with_known(tokens: &[String]) -> Guard {
    let guard = Guard::builder().build();
    for token in tokens {
        let scopes =
            ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_write");
        let granted = GrantedScopes::known(scopes, GrantSource::Declared);
        guard.declare(AccessToken::new(token).unwrap(), granted);
    }
    guard
}

#[test]
fn an_allowed_call_with_a_known_token_allocates_nothing() {
    let tokens: Vec<String> = (0..64).map(|number| format!("ya29.{number:0>1000}")).collect();
    let guard = guard_with_known(&tokens);
    let in_turn = |tokens: &[String]| -> Vec<_> {
        tokens.iter().cycle().take(3 * tokens.len() + 100).map(|token| request(token)).collect()
    };
    // The guard compares the header value with the header values of at most four recent tokens, and
    // hashes any other token. So the test uses one token, four tokens, and more than four.
    for tokens in [&tokens[..1], &tokens[..4], &tokens[..]] {
        assert_eq!(allocations(&guard, in_turn(tokens), 100), 0, "{} tokens", tokens.len());
    }
}

#[test]
fn a_layer_and_a_middleware_of_a_guard_allocate_nothing() {
    let guard = Guard::builder().build();
    let allocations = allocation_counter::measure(|| {
        for _ in 0..100 {
            drop((guard.layer().layer(InstantService), guard.middleware(), guard.clone()));
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_call_to_a_recorded_method_allocates_nothing() {
    let guard = guard_with_known(&["ya29.one".to_owned()]);
    let recorder = guard.recorder();
    assert_eq!(allocations(&guard, (0..110).map(|_| request("ya29.one")).collect(), 100), 0);
    assert_eq!(recorder.methods().len(), 1);
}

#[test]
fn jwts_unknown_hosts_and_missing_tokens_allocate_nothing() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = r#"{"iss":"r@p.iam.gserviceaccount.com","aud":"https://storage.googleapis.com/"}"#;
    let jwt = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"));
    let guard = Guard::builder().build();
    assert_eq!(allocations(&guard, (0..110).map(|_| request(&jwt)).collect(), 100), 0);
    let unknown_host =
        || Request::get("https://example.com/").header(AUTHORIZATION, "Bearer x").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| unknown_host()).collect(), 100), 0);
    let without_token =
        || Request::get("https://storage.googleapis.com/storage/v1/b").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| without_token()).collect(), 100), 0);
}

#[test]
fn a_call_to_a_method_judged_by_its_query_allocates_nothing() {
    let guard = Guard::builder().build();
    let granted = GrantedScopes::known(
        ["gmail.readonly".parse::<Scope>().unwrap()].into_iter().collect(),
        GrantSource::Declared,
    );
    guard.declare(AccessToken::new("ya29.mail").unwrap(), granted);
    let url =
        "https://gmail.googleapis.com/gmail/v1/users/me/messages/18c2f0d3a4b5c6d7?format=full";
    let mail = || Request::get(url).header(AUTHORIZATION, "Bearer ya29.mail").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| mail()).collect(), 100), 0);
}

#[test]
fn a_call_with_a_scope_for_the_whole_host_allocates_nothing() {
    let guard = Guard::builder().build();
    let granted = GrantedScopes::known(
        [Scope::cloud_platform()].into_iter().collect(),
        GrantSource::Declared,
    );
    guard.declare(AccessToken::new("ya29.whole").unwrap(), granted);
    let long_url =
        format!("https://storage.googleapis.com/storage/v1/b/photos/o/{}", "x".repeat(1000));
    let long =
        || Request::get(&long_url).header(AUTHORIZATION, "Bearer ya29.whole").body(()).unwrap();
    assert_eq!(allocations(&guard, (0..110).map(|_| request("ya29.whole")).collect(), 100), 0);
    assert_eq!(allocations(&guard, (0..110).map(|_| long()).collect(), 100), 0);
}

/// A middleware that responds itself, and so takes the place of the HTTP client.
struct RespondAtOnce;

#[async_trait::async_trait]
impl Middleware for RespondAtOnce {
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
fn the_reqwest_middleware_adds_one_allocation_per_call() {
    let token = format!("ya29.{:0>1000}", 1);
    let guard = guard_with_known(std::slice::from_ref(&token));
    let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x";
    let builder = || ClientBuilder::new(plain::client());
    let clients = [
        builder().with(RespondAtOnce).build(),
        builder().with(guard.middleware()).with(RespondAtOnce).build(),
    ];
    let [unguarded, guarded] = clients.map(|client| {
        let send = |_| {
            let mut future = pin!(client.post(url).bearer_auth(&token).send());
            let result = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(result, Poll::Ready(Ok(_))));
        };
        (0..10).for_each(send);
        allocation_counter::measure(|| (0..100).for_each(send)).count_total
    });
    // Every reqwest middleware allocates one box per call, for the future of its async trait
    // method. So the 100 measured calls with the guard make 100 more allocations than those without
    // the guard.
    assert_eq!(guarded - unguarded, 100);
}

/// Makes one call with each of `tokens` tokens, and returns how many bytes remain allocated.
fn allocated_after(tokens: usize) -> u64 {
    let guard = Guard::builder().build();
    let mut service = guard.layer().layer(InstantService);
    let held = allocation_counter::measure(|| {
        for number in 0..tokens {
            let mut future = pin!(service.call(request(&format!("ya29.{number:0>1000}"))));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    });
    u64::try_from(held.bytes_current).unwrap()
}

#[test]
fn memory_is_bounded_after_a_hundred_thousand_tokens() {
    // The cache holds 1,024 tokens. So 2,000 tokens fill the cache, and more tokens take little
    // more memory. `docs/reliability.md` promises at most 2 MiB.
    let few = allocated_after(2_000);
    let many = allocated_after(100_000);
    assert!(many < 2 << 20, "{many}");
    assert!(many < few + few / 2, "{few} bytes after 2,000 tokens, {many} after 100,000");
}

#[test]
#[ignore = "takes a minute without optimisation; `cargo xtask deep` runs it"]
fn memory_stays_below_two_mebibytes_after_a_million_tokens() {
    let bytes = allocated_after(1_000_000);
    assert!(bytes < 2 << 20, "{bytes}");
}
