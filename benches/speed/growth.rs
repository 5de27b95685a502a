//! What the cost of a call does not grow with.

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
use crate::harness::{Case, compare};
use crate::layer::{Echo, Rounds};

pub(crate) fn print() {
    let path = "/storage/v1/b/my-bucket-name/o/logs%2F2026%2F01%2Fpart-0000.gz";
    let find = |name, blob: &'static Blob<'static>| {
        Case::new(name, 1, move || raw::find(blob, "storage.googleapis.com", "GET", black_box(path)).unwrap())
    };
    let sizes = vec![
        find("growth/storage.objects.get, catalog of 8 KB", &STORAGE),
        find("growth/storage.objects.get, catalog of 1.9 MB", &FULL),
    ];
    compare("the size of the catalog", sizes);

    let held = calls::read_scopes();
    let seen = |name, count| {
        let guard = calls::guard(0..count, &held);
        let requests = READS.iter().map(|url| calls::request(url, &calls::token(count - 1)));
        let mut rounds = Rounds::new(guard.layer().layer(Echo), requests);
        Case::new(name, READS.len(), move || rounds.run())
    };
    let seen = vec![
        seen("growth/a call, 1 token seen", 1),
        seen("growth/a call, 1,000 tokens seen", 1000),
        seen("growth/a call, 100,000 tokens seen", 100_000),
        in_turn("growth/a call, 4 tokens in turn", &held, 4),
        in_turn("growth/a call, 64 tokens in turn", &held, 64),
    ];
    compare("the number of tokens", seen);

    let sizes = vec![
        body("growth/a call, body of 1 KB each way", 1 << 10),
        body("growth/a call, body of 64 MB each way", 1 << 26),
    ];
    compare("the size of the body", sizes);
}

fn in_turn(name: &'static str, held: &ScopeSet, count: usize) -> Case {
    let guard = calls::guard(0..count, held);
    let requests = (0..count).map(|number| calls::request(READS[number % 8], &calls::token(number)));
    let mut rounds = Rounds::new(guard.layer().layer(Echo), requests);
    (0..10).for_each(|_| rounds.run());
    Case::new(name, count, move || rounds.run())
}

/// Answers with what it is sent.
#[derive(Clone)]
struct Mirror;

impl Service<Request<Full<Bytes>>> for Mirror {
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

/// Includes making the request, which is the same for both.
fn body(name: &'static str, size: usize) -> Case {
    let guard: Guard = calls::guard([0], &calls::read_scopes());
    let (head, _) = calls::request(READS[0], &calls::token(0)).into_parts();
    let bytes = Bytes::from(vec![b'x'; size]);
    let mut service = guard.layer().layer(Mirror);
    Case::new(name, 1, move || {
        let request = Request::from_parts(head.clone(), Full::new(bytes.clone()));
        let answer = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Poll::Ready(Ok(_))));
    })
}
