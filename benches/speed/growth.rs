//! Shows that the cost of a call does not grow with the size of the catalog, the number of tokens,
//! or the size of the body.

use std::hint::black_box;

use bytes::Bytes;
use gcp_scopes::{Guard, ScopeSet};
use gcp_scopes_catalog::raw::{self, Blob};
use http::{Request, Response};
use http_body_util::Full;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower_layer::Layer;
use tower_service::Service;

use crate::calls::{self, READS};
use crate::catalog::{FULL, STORAGE};
use crate::harness::{TimedCase, compare};
use crate::layer::{Echo, Rounds};

/// Measures and prints the group `growth`.
pub(crate) fn print() {
    let path = "/storage/v1/b/my-bucket-name/o/logs%2F2026%2F01%2Fpart-0000.gz";
    let find = |name, blob: &'static Blob<'static>| {
        TimedCase::new(name, 1, move || {
            raw::find(blob, "storage.googleapis.com", "GET", black_box(path)).unwrap()
        })
    };
    let sizes = vec![
        find("growth/storage.objects.get, catalog of 8 KB", &STORAGE),
        find("growth/storage.objects.get, catalog of 1.9 MB", &FULL),
    ];
    compare("the size of the catalog", sizes);

    let held = calls::read_scopes();
    let after_tokens = |name, count| {
        let guard = calls::guard(0..count, &held);
        let requests = READS.iter().map(|url| calls::request(url, &calls::token(count - 1)));
        let mut rounds = Rounds::new(guard.layer().layer(Echo), requests);
        TimedCase::new(name, READS.len(), move || rounds.run())
    };
    let cases = vec![
        after_tokens("growth/a call, 1 token seen", 1),
        after_tokens("growth/a call, 1,000 tokens seen", 1000),
        after_tokens("growth/a call, 100,000 tokens seen", 100_000),
        in_turn("growth/a call, 4 tokens in turn", &held, 4),
        in_turn("growth/a call, 64 tokens in turn", &held, 64),
    ];
    compare("the number of tokens", cases);

    let sizes = vec![
        body("growth/a call, body of 1 KB each way", 1 << 10),
        body("growth/a call, body of 64 MB each way", 1 << 26),
    ];
    compare("the size of the body", sizes);
}

/// Creates a case that makes one call with each of `count` tokens.
fn in_turn(name: &'static str, held: &ScopeSet, count: usize) -> TimedCase {
    let guard = calls::guard(0..count, held);
    let requests =
        (0..count).map(|number| calls::request(READS[number % 8], &calls::token(number)));
    let mut rounds = Rounds::new(guard.layer().layer(Echo), requests);
    // Before the measurement, so that the lookups of new tokens are not timed.
    (0..10).for_each(|_| rounds.run());
    TimedCase::new(name, count, move || rounds.run())
}

/// A service that returns the body of the request as the body of the response.
#[derive(Clone)]
struct EchoBody;

impl Service<Request<Full<Bytes>>> for EchoBody {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(request.into_body())))
    }
}

/// Creates a case that makes one call with a body of `size` bytes in each direction. The time
/// includes the construction of the request, which takes the same time for every size.
fn body(name: &'static str, size: usize) -> TimedCase {
    let guard: Guard = calls::guard([0], &calls::read_scopes());
    let (head, _) = calls::request(READS[0], &calls::token(0)).into_parts();
    let bytes = Bytes::from(vec![b'x'; size]);
    let mut service = guard.layer().layer(EchoBody);
    TimedCase::new(name, 1, move || {
        let request = Request::from_parts(head.clone(), Full::new(bytes.clone()));
        let response = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(response, Poll::Ready(Ok(_))));
    })
}
