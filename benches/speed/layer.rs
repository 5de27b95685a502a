//! A whole tower layer over a service that hands the request back, so that making it is not timed.

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

use crate::calls::{self, CLOUD, Nothing, READS};
use crate::harness::Case;

thread_local!(static BACK: Cell<Option<Request<Nothing>>> = const { Cell::new(None) });

/// Answers at once, and puts the request where the next round finds it.
#[derive(Clone)]
pub(crate) struct Echo;

impl Service<Request<Nothing>> for Echo {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Nothing>) -> Self::Future {
        BACK.set(Some(request));
        std::future::ready(Ok(Response::new(Empty::new())))
    }
}

/// The least that any layer does which looks at a token and at an answer: it keeps something for as long as
/// the call lasts, reads one header, and wraps the body.
#[derive(Clone)]
struct Least<S> {
    inner: S,
    kept: Arc<()>,
}

pin_project! {
    struct LeastFuture<F> {
        #[pin]
        call: F,
        kept: Arc<()>,
    }
}

impl<S: Service<Request<Nothing>, Response = Response<Empty<Bytes>>>> Service<Request<Nothing>> for Least<S> {
    type Response = Response<Option<Empty<Bytes>>>;
    type Error = S::Error;
    type Future = LeastFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Nothing>) -> Self::Future {
        black_box(request.headers().get(AUTHORIZATION));
        LeastFuture { call: self.inner.call(request), kept: Arc::clone(&self.kept) }
    }
}

impl<F: Future<Output = Result<Response<Empty<Bytes>>, E>>, E> Future for LeastFuture<F> {
    type Output = Result<Response<Option<Empty<Bytes>>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.call.poll(cx))?;
        black_box((&this.kept, response.status()));
        Poll::Ready(Ok(response.map(Some)))
    }
}

/// Calls the service with each request, once.
pub(crate) struct Rounds<S> {
    service: S,
    requests: Vec<Option<Request<Nothing>>>,
}

impl<S: Service<Request<Nothing>>> Rounds<S> {
    pub(crate) fn new(service: S, requests: impl IntoIterator<Item = Request<Nothing>>) -> Self {
        Self { service, requests: requests.into_iter().map(Some).collect() }
    }

    pub(crate) fn run(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        for place in &mut self.requests {
            let request = place.take().expect("handed back by the round before");
            assert!(self.service.poll_ready(cx).is_ready());
            let answer = pin!(self.service.call(request)).poll(cx);
            assert!(matches!(answer, Poll::Ready(Ok(_))));
            *place = BACK.take();
        }
    }
}

fn case<S>(name: &'static str, service: S, requests: Vec<Request<Nothing>>) -> Case
where
    S: Service<Request<Nothing>> + 'static,
{
    let calls = requests.len();
    let mut rounds = Rounds::new(service, requests);
    Case::new(name, calls, move || rounds.run())
}

/// A guard that knows the token, and the calls with it. Every request has a header value of its own, or
/// all share one.
fn guarded(name: &'static str, urls: &[&str], held: &ScopeSet, is_shared: bool) -> Case {
    let guard = calls::guard([0], held);
    case(name, guard.layer().layer(Echo), requests(urls, is_shared))
}

fn requests(urls: &[&str], is_shared: bool) -> Vec<Request<Nothing>> {
    let token = calls::token(0);
    let shared: http::HeaderValue = format!("Bearer {token}").parse().unwrap();
    let request = |url: &&str| match is_shared {
        true => calls::with_authorization(url, shared.clone()),
        false => calls::request(url, &token),
    };
    urls.iter().map(request).collect()
}

/// The row that others are held against comes first.
pub(crate) fn cases() -> Vec<Case> {
    let (some, all) = (calls::read_scopes(), calls::cloud_platform());
    let trace = TraceLayer::new_for_http();
    let nothing = Guard::builder().build();
    let elsewhere = ["https://example.com/storage/v1/b/my-bucket-name/o/part-0000.gz"; 8];
    vec![
        case("layer/tower-http TraceLayer, no subscriber", trace.layer(Echo), requests(&READS, false)),
        case("layer/none", Echo, requests(&READS, false)),
        case(
            "layer/the least that looks at a token",
            Least { inner: Echo, kept: Arc::default() },
            requests(&READS, false),
        ),
        guarded("layer/guard, path matched", &READS, &some, false),
        guarded("layer/guard, path matched, shared header value", &READS, &some, true),
        guarded("layer/guard, token opens the whole host", &CLOUD, &all, false),
        guarded("layer/guard, whole host, shared header value", &CLOUD, &all, true),
        case("layer/guard, not a host of Google's", nothing.layer().layer(Echo), requests(&elsewhere, false)),
    ]
}
