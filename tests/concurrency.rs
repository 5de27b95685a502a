//! Calls given up anywhere, services that are not ready, and any order of both: no permit is lost,
//! nothing hangs, and nobody is called before it said that it is ready.
#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

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

const REFUSAL: [&str; 3] = [
    r#"{"error":{"code":403,"message":"Request had "#,
    r#"insufficient authentication scopes.","status":"PERMISSION_DENIED","#,
    r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
];
/// What each wait takes: the guard asks on a thread of its own, in real time.
const STEP: Duration = Duration::from_millis(1);

/// Tokens say themselves what they hold: `lacking-1` and `allowed-1` are known after a while, and of
/// `unknown-1` nobody knows anything.
struct Source(AtomicUsize);

impl GrantedScopesSource for Source {
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
        scope.map(|scope| GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Custom))
    }
}

struct Tokens;

impl TokenSource for Tokens {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        sleep(STEP).await;
        Ok("allowed-attached".to_owned())
    }
}

fn guard(preflight: Preflight) -> Guard {
    Guard::builder().preflight(preflight).source(Source(AtomicUsize::new(0))).without_tokeninfo().build()
}

/// Without a token if there is none.
fn request(token: &str) -> Request<()> {
    let request = Request::post("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish");
    let request =
        if token.is_empty() { request } else { request.header(AUTHORIZATION, format!("Bearer {token}")) };
    request.body(()).unwrap()
}

/// A body that comes a frame at a time.
struct Slow {
    frames: VecDeque<&'static str>,
    wait: Pin<Box<Sleep>>,
}

impl Slow {
    fn new(frames: &[&'static str]) -> Self {
        Self { frames: frames.iter().copied().collect(), wait: Box::pin(sleep(STEP)) }
    }
}

impl Body for Slow {
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

/// Google, slowly: refuses every token that is not `allowed`.
async fn google(request: Request<()>) -> Result<Response<Slow>, Infallible> {
    let is_allowed = request.headers()[AUTHORIZATION].to_str().unwrap().starts_with("Bearer allowed");
    sleep(STEP).await;
    let (status, body) = match is_allowed {
        true => (StatusCode::OK, Slow::new(&["{}"])),
        false => (StatusCode::FORBIDDEN, Slow::new(&REFUSAL)),
    };
    Ok(Response::builder().status(status).body(body).unwrap())
}

/// Polls a future so many times, whenever it is woken, and then lets go of it.
struct GivenUp<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for GivenUp<F> {
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

/// What became of a call: its status, or none where it was denied.
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
async fn a_call_given_up_at_any_await_leaves_no_permit_lost_and_the_next_one_well() {
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
                let layer = guard.layer().with_token(Tokens);
                let service = ServiceBuilder::new().layer(layer).concurrency_limit(1).service_fn(google);
                // Each time a new token, so that it is inspected each time, too.
                let token = if token.is_empty() { String::new() } else { format!("{token}-{polls}") };
                let call = Box::pin(outcome(service.clone(), &token));
                let given_up = GivenUp { future: call, polls }.await;
                let next = tokio::time::timeout(Duration::from_secs(60), outcome(service, &token)).await;
                assert_eq!(next.expect("the next call hangs"), expected, "{preflight:?} {token} {polls}");
                if let Some(done) = given_up {
                    assert_eq!(done, expected, "{preflight:?} {token}");
                    break;
                }
                awaits = polls;
            }
            assert!(awaits > 0, "{preflight:?} {token}: nothing was given up");
        }
    }
}

/// A service that panics if it is called without having said that it is ready.
struct Picky {
    dice: Dice,
    is_ready: bool,
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self { dice: self.dice.clone(), is_ready: false }
    }
}

/// Numbers that are the same in every run.
#[derive(Clone)]
struct Dice(Arc<AtomicUsize>);

impl Dice {
    fn roll(&self, sides: usize) -> usize {
        let step = |state: usize| {
            Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).map_or(0, |state| (state >> 33) % sides)
    }
}

impl Service<Request<()>> for Picky {
    type Response = Response<Slow>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Slow>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if !self.is_ready && self.dice.roll(3) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called before it was ready");
        Box::pin(google(request))
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_hundred_thousand_random_steps_nobody_is_called_unready() {
    let dice = Dice(Arc::new(AtomicUsize::new(8)));
    let layer = guard(Preflight::Deny).layer().with_token(Tokens);
    let mut service = layer.layer(Picky { dice: dice.clone(), is_ready: false });
    let mut under_way = Vec::new();
    let (mut calls, mut answers) = (0, 0);
    for step in 0..100_000 {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match dice.roll(10) {
            0..=3 => {
                if let Poll::Ready(ready) = service.poll_ready(&mut context) {
                    ready.unwrap();
                    let token = ["allowed-1", "lacking-1", "", "unknown-1", "new"][dice.roll(5)];
                    let token = if token == "new" { format!("allowed-{step}") } else { token.to_owned() };
                    under_way.push(Box::pin(service.call(request(&token))));
                    calls += 1;
                }
            }
            4 => service = service.clone(),
            5 if !under_way.is_empty() => drop(under_way.swap_remove(dice.roll(under_way.len()))),
            6 => tokio::time::advance(STEP).await,
            _ if !under_way.is_empty() => {
                let place = dice.roll(under_way.len());
                if under_way[place].as_mut().poll(&mut context).is_ready() {
                    drop(under_way.swap_remove(place));
                    answers += 1;
                }
            }
            _ => {}
        }
    }
    assert!(calls > 10_000 && answers > 1000, "{calls} calls, {answers} answers");
}

#[tokio::test]
async fn under_limits_and_buffers_of_one_all_callers_get_their_answer() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let inner = || {
        let at_once = Arc::clone(&at_once);
        tower::service_fn(move |request| {
            let at_once = Arc::clone(&at_once);
            async move {
                assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                let answer = google(request).await;
                at_once.fetch_sub(1, Ordering::SeqCst);
                answer
            }
        })
    };
    for preflight in [Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let layer = guard(preflight).layer().with_token(Tokens);
        let limited = ServiceBuilder::new().layer(&layer).concurrency_limit(1).service(inner());
        let buffered = ServiceBuilder::new().layer(&layer).buffer(1).concurrency_limit(1).service(inner());
        let outside = ServiceBuilder::new().concurrency_limit(1).buffer(1).layer(&layer).service(inner());
        all_answered(limited).await;
        all_answered(buffered).await;
        all_answered(outside).await;
    }
}

/// A service keeps what it has reserved until it is called or dropped, and a call that is not sent calls nobody.
#[tokio::test]
async fn a_call_that_is_not_sent_keeps_no_permit_from_others() {
    let service = ServiceBuilder::new()
        .layer(guard(Preflight::Deny).layer())
        .concurrency_limit(1)
        .service(tower::service_fn(google));
    let mut denied = service.clone();
    for _ in 0..2 {
        let answer = denied.ready().await.unwrap().call(request("lacking-1")).await;
        assert!(Denial::find(answer.err().unwrap().as_ref()).is_some());
    }
    // The handle is still there, as in a client that lives as long as its program.
    let other = tokio::time::timeout(Duration::from_secs(60), outcome(service, "allowed-1")).await;
    assert_eq!(other.expect("it waits for a permit that nobody uses"), Some(StatusCode::OK));
    drop(denied);
}

async fn all_answered<S, B>(service: S)
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
    let answers = tokio::time::timeout(Duration::from_secs(600), callers.join_all()).await.expect("a hang");
    for (kind, answer) in answers {
        assert_eq!(answer.is_some(), kind == 0 || kind == 3);
    }
}

#[tokio::test]
async fn a_service_that_is_not_ready_or_broken_says_so_through_the_guard() {
    struct Broken(Option<&'static str>);
    impl Clone for Broken {
        fn clone(&self) -> Self {
            Self(self.0)
        }
    }
    impl Service<Request<()>> for Broken {
        type Response = Response<Slow>;
        type Error = BoxError;
        type Future = std::future::Pending<Result<Response<Slow>, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.0.map_or(Poll::Pending, |error| Poll::Ready(Err(error.into())))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            panic!("called before it was ready")
        }
    }
    let layer = guard(Preflight::Deny).layer();
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(layer.layer(Broken(None)).poll_ready(&mut context).is_pending());
    let Poll::Ready(Err(error)) = layer.layer(Broken(Some("gone"))).poll_ready(&mut context) else {
        panic!("no error")
    };
    assert_eq!(error.to_string(), "gone");
}
