//! Times tower layers around a service that does nothing. The service keeps the request for the
//! next round, so that the construction of requests is not timed.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, Ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use gcp_scopes::{Guard, ScopeSet};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Empty;
use pin_project_lite::pin_project;
use tower_http::trace::TraceLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::calls::{self, CLOUD, NoBody, READS, WALKED};
use crate::harness::TimedCase;

// The request of the last call of [`Echo`] on this thread.
thread_local!(static RETURNED: Cell<Option<Request<NoBody>>> = const { Cell::new(None) });

/// A service that immediately responds with an empty body, and stores the request in [`RETURNED`].
#[derive(Clone)]
pub(crate) struct Echo;

impl Service<Request<NoBody>> for Echo {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<NoBody>) -> Self::Future {
        RETURNED.set(Some(request));
        std::future::ready(Ok(Response::new(Empty::new())))
    }
}

/// A middleware with only the work that any middleware needs to read a token and a response. The
/// middleware keeps state for the duration of the call, reads one request header and the status,
/// and wraps the body.
#[derive(Clone)]
struct Minimal<S> {
    inner: S,
    kept: Arc<()>,
}

pin_project! {
    /// A call through [`Minimal`].
    struct MinimalFuture<F> {
        #[pin]
        call: F,
        kept: Arc<()>,
    }
}

impl<S: Service<Request<NoBody>, Response = Response<Empty<Bytes>>>> Service<Request<NoBody>>
    for Minimal<S>
{
    type Response = Response<Option<Empty<Bytes>>>;
    type Error = S::Error;
    type Future = MinimalFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<NoBody>) -> Self::Future {
        black_box(request.headers().get(AUTHORIZATION));
        MinimalFuture { call: self.inner.call(request), kept: Arc::clone(&self.kept) }
    }
}

impl<F: Future<Output = Result<Response<Empty<Bytes>>, E>>, E> Future for MinimalFuture<F> {
    type Output = Result<Response<Option<Empty<Bytes>>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.call.poll(cx))?;
        black_box((&this.kept, response.status()));
        Poll::Ready(Ok(response.map(Some)))
    }
}

/// A service, and the requests that are sent to the service in each round.
pub(crate) struct Rounds<S> {
    service: S,
    /// Each request is `None` only during its own call, which takes the request and returns it.
    requests: Vec<Option<Request<NoBody>>>,
}

impl<S: Service<Request<NoBody>>> Rounds<S> {
    pub(crate) fn new(service: S, requests: impl IntoIterator<Item = Request<NoBody>>) -> Self {
        Self { service, requests: requests.into_iter().map(Some).collect() }
    }

    /// Calls the service once with each request.
    pub(crate) fn run(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        for slot in &mut self.requests {
            let request = slot.take().expect("Echo should return each request");
            assert!(self.service.poll_ready(cx).is_ready());
            let response = pin!(self.service.call(request)).poll(cx);
            assert!(matches!(response, Poll::Ready(Ok(_))));
            *slot = RETURNED.take();
        }
    }
}

/// Creates a case that calls `service` once with each request.
fn case<S>(name: &'static str, service: S, requests: Vec<Request<NoBody>>) -> TimedCase
where
    S: Service<Request<NoBody>> + 'static,
{
    let calls = requests.len();
    let mut rounds = Rounds::new(service, requests);
    TimedCase::new(name, calls, move || rounds.run())
}

/// Creates a case that calls the guard's layer once for each URL, with a token that is known to
/// hold the scopes `held`. See [`requests`] for `is_shared`.
fn guarded(name: &'static str, urls: &[&str], held: &ScopeSet, is_shared: bool) -> TimedCase {
    let guard = calls::guard([0], held);
    case(name, guard.layer().layer(Echo), requests(urls, is_shared))
}

/// Returns a request for each URL. If `is_shared`, the requests share one `authorization` header
/// value; otherwise each has its own.
fn requests(urls: &[&str], is_shared: bool) -> Vec<Request<NoBody>> {
    let token = calls::token(0);
    let shared: http::HeaderValue = format!("Bearer {token}").parse().unwrap();
    let request = |url: &&str| match is_shared {
        true => calls::with_authorization(url, shared.clone()),
        false => calls::request(url, &token),
    };
    urls.iter().map(request).collect()
}

/// Returns the cases of the group `layer`. The ratios compare every case with the first.
pub(crate) fn cases() -> Vec<TimedCase> {
    let (read_scopes, cloud_platform) = (calls::read_scopes(), calls::cloud_platform());
    let trace = TraceLayer::new_for_http();
    let guard = Guard::builder().build();
    let elsewhere = ["https://example.com/storage/v1/b/my-bucket-name/o/part-0000.gz"; 8];
    vec![
        case(
            "layer/tower-http TraceLayer, no subscriber",
            trace.layer(Echo),
            requests(&READS, false),
        ),
        case("layer/none", Echo, requests(&READS, false)),
        case(
            "layer/the least that looks at a token",
            Minimal { inner: Echo, kept: Arc::default() },
            requests(&READS, false),
        ),
        guarded("layer/guard, path matched", &READS, &read_scopes, false),
        guarded("layer/guard, path matched, shared header value", &READS, &read_scopes, true),
        guarded("layer/guard, path walked to its method", &WALKED, &read_scopes, false),
        guarded("layer/guard, token opens the whole host", &CLOUD, &cloud_platform, false),
        guarded("layer/guard, whole host, shared header value", &CLOUD, &cloud_platform, true),
        case(
            "layer/guard, not a host of Google's",
            guard.layer().layer(Echo),
            requests(&elsewhere, false),
        ),
    ]
}
