//! Checks the guard's tower layer when callers drop calls at any await, and when the inner service
//! is not ready. No concurrency permit may be lost, no call may hang, and no service may be called
//! before `poll_ready` has returned ready.
#![cfg(feature = "tower")]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::time::{Sleep, sleep};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

/// The frames of the body of a refusal for lack of scope.
const REFUSAL: [&str; 3] = [
    r#"{"error":{"code":403,"message":"Request had "#,
    r#"insufficient authentication scopes.","status":"PERMISSION_DENIED","#,
    concat!(
        r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
        r#""reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
    ),
];
/// The duration of each simulated operation. The duration is short, because the guard runs its
/// source of granted scopes on its own thread, where tokio's paused clock has no effect.
const STEP: Duration = Duration::from_millis(1);

/// A slow source of granted scopes that decides by the prefix of the token: `allowed-1` has the
/// scope, `lacking-1` has another scope, and the source does not know `unknown-1`. Counts its
/// requests.
struct PrefixSource(AtomicUsize);

impl GrantedScopesSource for PrefixSource {
    fn name(&self) -> &str {
        "the test source"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let scope = match token.secret().split_once('-') {
            Some(("lacking", _)) => Some("https://www.googleapis.com/auth/logging.write"),
            Some(("allowed", _)) => Some("https://www.googleapis.com/auth/pubsub"),
            _ => None,
        };
        sleep(STEP).await;
        scope.map(|scope| {
            GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Custom)
        })
    }
}

/// A slow token source for calls without a token.
struct SlowTokenSource;

impl TokenSource for SlowTokenSource {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        sleep(STEP).await;
        Ok("allowed-attached".to_owned())
    }
}

fn guard(preflight: Preflight) -> Guard {
    Guard::builder()
        .preflight(preflight)
        .source(PrefixSource(AtomicUsize::new(0)))
        .without_tokeninfo()
        .build()
}

/// Creates a request with `token`, or without one if `token` is empty.
fn request(token: &str) -> Request<()> {
    let request = Request::post("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish");
    let request = if token.is_empty() {
        request
    } else {
        request.header(AUTHORIZATION, format!("Bearer {token}"))
    };
    request.body(()).unwrap()
}

/// A body that waits before each frame.
struct SlowBody {
    frames: VecDeque<&'static str>,
    wait: Pin<Box<Sleep>>,
}

impl SlowBody {
    fn new(frames: &[&'static str]) -> Self {
        Self { frames: frames.iter().copied().collect(), wait: Box::pin(sleep(STEP)) }
    }
}

impl Body for SlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::ready!(self.wait.as_mut().poll(cx));
        self.wait = Box::pin(sleep(STEP));
        Poll::Ready(self.frames.pop_front().map(|frame| Ok(Frame::data(Bytes::from(frame)))))
    }
}

/// Responds as the inner service: slowly, and with a refusal for every token that does not start
/// with `allowed`.
async fn google(request: Request<()>) -> Result<Response<SlowBody>, Infallible> {
    let is_allowed =
        request.headers()[AUTHORIZATION].to_str().unwrap().starts_with("Bearer allowed");
    sleep(STEP).await;
    let (status, body) = match is_allowed {
        true => (StatusCode::OK, SlowBody::new(&["{}"])),
        false => (StatusCode::FORBIDDEN, SlowBody::new(&REFUSAL)),
    };
    Ok(Response::builder().status(status).body(body).unwrap())
}

/// A future that resolves to `None` if the inner future is still pending after `polls` polls.
struct PollLimit<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for PollLimit<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Makes a call and returns the status of the response, or `None` if the call was denied.
async fn outcome<S, B>(service: S, token: &str) -> Option<StatusCode>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    match service.oneshot(request(token)).await.map_err(Into::into) {
        Ok(response) => {
            let status = response.status();
            assert!(response.into_body().collect().await.is_ok_and(|body| body.to_bytes() == "{}"));
            Some(status)
        }
        Err(error) => {
            assert!(Denial::find(&*error).is_some(), "{error}");
            None
        }
    }
}

#[tokio::test]
async fn a_call_dropped_at_any_await_loses_no_permit_and_the_next_call_works() {
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        for (token, expected) in [
            ("allowed", Some(StatusCode::OK)),
            ("lacking", None),
            ("unknown", None),
            ("", Some(StatusCode::OK)),
        ] {
            let mut awaits = 0;
            for polls in 1.. {
                let guard = guard(preflight);
                let layer = guard.layer().with_token(SlowTokenSource);
                let service =
                    ServiceBuilder::new().layer(layer).concurrency_limit(1).service_fn(google);
                // Each call has a new token, whose scopes are not in the cache.
                let token =
                    if token.is_empty() { String::new() } else { format!("{token}-{polls}") };
                let call = Box::pin(outcome(service.clone(), &token));
                let dropped = PollLimit { future: call, polls }.await;
                let next =
                    tokio::time::timeout(Duration::from_secs(60), outcome(service, &token)).await;
                assert_eq!(
                    next.expect("the next call should not hang"),
                    expected,
                    "{preflight:?} {token} {polls}"
                );
                if let Some(done) = dropped {
                    assert_eq!(done, expected, "{preflight:?} {token}");
                    break;
                }
                awaits = polls;
            }
            assert!(awaits > 0, "{preflight:?} {token}: no call was dropped before its end");
        }
    }
}

/// A service that is ready at random, and panics if it is called before `poll_ready` returned
/// ready.
struct RandomlyReady {
    random: LinearCongruential,
    is_ready: bool,
}

impl Clone for RandomlyReady {
    fn clone(&self) -> Self {
        Self { random: self.random.clone(), is_ready: false }
    }
}

/// A pseudorandom sequence that is the same in every run: a linear congruential generator with the
/// constants of Knuth's MMIX.
#[derive(Clone)]
struct LinearCongruential(Arc<AtomicUsize>);

impl LinearCongruential {
    /// Returns the next number, which is less than `limit`.
    fn below(&self, limit: usize) -> usize {
        let step = |state: usize| {
            Some(
                state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            )
        };
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step)
            .map_or(0, |state| (state >> 33) % limit)
    }
}

impl Service<Request<()>> for RandomlyReady {
    type Response = Response<SlowBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<SlowBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if !self.is_ready && self.random.below(3) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called before poll_ready returned ready");
        Box::pin(google(request))
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_is_never_called_unready() {
    let random = LinearCongruential(Arc::new(AtomicUsize::new(8)));
    let layer = guard(Preflight::Deny).layer().with_token(SlowTokenSource);
    let mut service = layer.layer(RandomlyReady { random: random.clone(), is_ready: false });
    let mut calls_in_flight = Vec::new();
    let (mut calls, mut responses) = (0, 0);
    for step in 0..100_000 {
        let mut context = Context::from_waker(std::task::Waker::noop());
        // At random: makes a call if the service is ready, clones the service, drops a call,
        // advances the clock, or polls a call.
        match random.below(10) {
            0..=3 => {
                if let Poll::Ready(ready) = service.poll_ready(&mut context) {
                    ready.unwrap();
                    let token = ["allowed-1", "lacking-1", "", "unknown-1", "new"][random.below(5)];
                    let token =
                        if token == "new" { format!("allowed-{step}") } else { token.to_owned() };
                    calls_in_flight.push(Box::pin(service.call(request(&token))));
                    calls += 1;
                }
            }
            4 => service = service.clone(),
            5 if !calls_in_flight.is_empty() => {
                drop(calls_in_flight.swap_remove(random.below(calls_in_flight.len())))
            }
            6 => tokio::time::advance(STEP).await,
            _ if !calls_in_flight.is_empty() => {
                let index = random.below(calls_in_flight.len());
                if calls_in_flight[index].as_mut().poll(&mut context).is_ready() {
                    drop(calls_in_flight.swap_remove(index));
                    responses += 1;
                }
            }
            _ => {}
        }
    }
    // The test means something only if many calls were made and many of them ended with a response.
    assert!(calls > 10_000 && responses > 1000, "{calls} calls, {responses} responses");
}

#[tokio::test]
async fn all_calls_end_with_limits_and_buffers_of_one() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let inner = || {
        let at_once = Arc::clone(&at_once);
        tower::service_fn(move |request| {
            let at_once = Arc::clone(&at_once);
            async move {
                assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0, "two calls at once");
                let response = google(request).await;
                at_once.fetch_sub(1, Ordering::SeqCst);
                response
            }
        })
    };
    for preflight in [Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let layer = guard(preflight).layer().with_token(SlowTokenSource);
        let limited = ServiceBuilder::new().layer(&layer).concurrency_limit(1).service(inner());
        let buffered =
            ServiceBuilder::new().layer(&layer).buffer(1).concurrency_limit(1).service(inner());
        let outside =
            ServiceBuilder::new().concurrency_limit(1).buffer(1).layer(&layer).service(inner());
        assert_all_calls_end(limited).await;
        assert_all_calls_end(buffered).await;
        assert_all_calls_end(outside).await;
    }
}

/// A service that is ready holds its permit until it is called or dropped. With `Preflight::Deny`
/// the guard does not call the inner service, so the guard must release the permit itself.
#[tokio::test]
async fn an_unsent_call_holds_no_concurrency_permit() {
    let service = ServiceBuilder::new()
        .layer(guard(Preflight::Deny).layer())
        .concurrency_limit(1)
        .service(tower::service_fn(google));
    let mut denied = service.clone();
    for _ in 0..2 {
        let result = denied.ready().await.unwrap().call(request("lacking-1")).await;
        assert!(Denial::find(result.err().unwrap().as_ref()).is_some());
    }
    // `denied` is not dropped yet, like a client that lives as long as its program.
    let other = tokio::time::timeout(Duration::from_secs(60), outcome(service, "allowed-1")).await;
    assert_eq!(other.expect("the call should get the permit"), Some(StatusCode::OK));
    drop(denied);
}

/// Makes 100 calls at the same time, and checks that each call ends: an allowed call with a
/// response, any other call with a denial.
async fn assert_all_calls_end<S, B>(service: S)
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..100 {
        let service = service.clone();
        callers.spawn(async move {
            let token = ["allowed-1", "lacking-1", "unknown-1", ""][number % 4];
            (number % 4, outcome(service, token).await)
        });
    }
    let outcomes = tokio::time::timeout(Duration::from_secs(600), callers.join_all()).await;
    for (kind, outcome) in outcomes.expect("no call should hang") {
        // The kinds 0 and 3 are allowed: `allowed-1`, and the calls whose token the guard attaches.
        assert_eq!(outcome.is_some(), kind == 0 || kind == 3);
    }
}

#[tokio::test]
async fn readiness_and_errors_of_the_inner_service_pass_through_the_guard() {
    // A service that is never ready. With a text in the field, `poll_ready` fails with that text;
    // without a text, it stays pending.
    struct NeverReady(Option<&'static str>);
    impl Clone for NeverReady {
        fn clone(&self) -> Self {
            Self(self.0)
        }
    }
    impl Service<Request<()>> for NeverReady {
        type Response = Response<SlowBody>;
        type Error = BoxError;
        type Future = std::future::Pending<Result<Response<SlowBody>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.0.map_or(Poll::Pending, |error| Poll::Ready(Err(error.into())))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            panic!("called before poll_ready returned ready")
        }
    }
    let layer = guard(Preflight::Deny).layer();
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(layer.layer(NeverReady(None)).poll_ready(&mut context).is_pending());
    let Poll::Ready(Err(error)) = layer.layer(NeverReady(Some("gone"))).poll_ready(&mut context)
    else {
        panic!("the error of poll_ready was not passed on")
    };
    assert_eq!(error.to_string(), "gone");
}
