//! The fuzz target for the tower layer: a call through the layer is compared with the same call
//! without the layer. The fuzz input describes an exchange, which is a call and its response.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_layer::Layer as _;
use tower_service::Service;

use super::exchange::{Exchange, ExchangeMarker};
use super::step_body::{StepBody, is_same};
use crate::adapter::tower::GuardLayer;
use crate::denial::{Denial, DenialError};
use crate::error::BoxError;
use crate::guard::{DenialDelivery, Preflight};
use crate::response::GuardBody;

/// A client that returns the response of an exchange, and counts the calls.
#[derive(Clone)]
struct ExchangeService {
    exchange: Arc<Exchange>,
    calls: Arc<AtomicUsize>,
}

impl Service<Request<()>> for ExchangeService {
    type Response = Response<StepBody>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<StepBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        std::future::ready(self.exchange.answer())
    }
}

/// The error of a gRPC client, which has a denial as its source.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct FuzzedRpcError {
    message: String,
    source: DenialError,
}

/// Checks that the layer returns what the client returns, unless Google refused the call for lack
/// of scopes. The compared values are the status, version, headers, extensions, frames, trailers,
/// size hints and errors.
pub(super) fn adapter(data: &[u8]) {
    let exchange = Arc::new(Exchange::new(data));
    let calls = Arc::new(AtomicUsize::new(0));
    let client = ExchangeService { exchange: Arc::clone(&exchange), calls: Arc::clone(&calls) };
    let mut service = layer(&exchange).layer(client);
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))));
    let result = wait(&mut pin!(service.call(exchange.request())));
    if calls.load(Ordering::Relaxed) == 0 {
        return check_unsent(&exchange, result);
    }
    match (exchange.answer(), result) {
        (Err(bare), Err(guarded)) => assert_eq!(bare.to_string(), guarded.to_string()),
        (Ok(_), Err(guarded)) => {
            assert_eq!(exchange.delivery, DenialDelivery::Error);
            check_denial(&exchange, Denial::find(&*guarded).expect("an error without a denial"));
        }
        (Ok(bare), Ok(guarded)) => check_response(&exchange, bare, guarded),
        (Err(bare), Ok(guarded)) => panic!("{bare} became a response with {}", guarded.status()),
    }
}

/// Returns the layer of an exchange, as gcp-scopes-tonic sets it up if the exchange has the errors
/// of a gRPC client.
fn layer(exchange: &Exchange) -> GuardLayer {
    let layer = exchange.guard().layer();
    if !exchange.has_grpc_errors {
        return layer;
    }
    layer.with_grpc_errors(|denial, headers| {
        let message = headers.get(GRPC_MESSAGE)?.to_str().ok()?.to_owned();
        Some(FuzzedRpcError { message, source: denial.into_error() })
    })
}

/// Polls a future until it is ready.
fn wait<F: Future + Unpin>(future: &mut F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = Pin::new(&mut *future).poll(&mut context) {
            return output;
        }
    }
}

/// Returns the next frame of a body.
fn next<B: Body>(mut body: Pin<&mut B>) -> Option<Result<Frame<B::Data>, B::Error>> {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(frame) = body.as_mut().poll_frame(&mut context) {
            return frame;
        }
    }
}

/// Checks a call that was not sent: the guard was built to stop calls, and knows that the token
/// lacks the scopes.
fn check_unsent(exchange: &Exchange, result: Result<Response<GuardBody<StepBody>>, BoxError>) {
    assert!(exchange.preflight == Preflight::Deny && exchange.is_lacking());
    match result {
        Err(error) => drop(Denial::find(&*error).expect("an error without a denial").report()),
        Ok(response) => {
            assert_eq!(exchange.delivery, DenialDelivery::Message);
            assert!(response.extensions().get::<Denial>().is_some());
        }
    }
}

/// Checks that the exchange may have been refused for lack of scopes.
fn check_denial(exchange: &Exchange, denial: &Denial) {
    assert!(exchange.may_be_scope_refusal(), "{denial}");
}

/// Compares the two responses.
fn check_response(
    exchange: &Exchange,
    bare: Response<StepBody>,
    mut guarded: Response<GuardBody<StepBody>>,
) {
    let denial = guarded.extensions_mut().remove::<Denial>();
    denial.iter().for_each(|denial| check_denial(exchange, denial));
    assert_eq!((guarded.status(), guarded.version()), (bare.status(), bare.version()));
    assert_eq!(guarded.extensions().get::<ExchangeMarker>(), bare.extensions().get());
    assert_eq!(guarded.extensions().len(), bare.extensions().len());
    let is_changed = exchange.delivery != DenialDelivery::Extension
        && (denial.is_some() || is_http_refusal_of_grpc(exchange, bare.headers()));
    match is_changed {
        true => check_changed_headers(exchange, bare.headers(), guarded.headers()),
        false => assert_eq!(guarded.headers(), bare.headers()),
    }
    if is_changed && !exchange.is_grpc {
        return check_replaced(pin!(guarded.into_body()));
    }
    check_frames(exchange, pin!(bare.into_body()), pin!(guarded.into_body()));
    let is_lost = denial.is_none() && exchange.is_plain_scope_refusal();
    assert!(!is_lost, "a refusal for lack of scopes has no denial");
}

/// Returns whether a call of gRPC was refused by an HTTP server without gRPC. Such a response gets
/// a gRPC status.
fn is_http_refusal_of_grpc(exchange: &Exchange, headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase());
    exchange.is_grpc
        && exchange.is_google()
        && exchange.status == StatusCode::FORBIDDEN
        && !headers.contains_key(GRPC_STATUS)
        && !content_type.is_some_and(|content_type| content_type.starts_with(b"application/grpc"))
}

/// Checks that only the headers that describe the denial differ.
fn check_changed_headers(exchange: &Exchange, bare: &HeaderMap, guarded: &HeaderMap) {
    let changed: &[&str] = match exchange.is_grpc {
        true => &[GRPC_STATUS, GRPC_MESSAGE],
        false => &[CONTENT_ENCODING.as_str(), CONTENT_LENGTH.as_str(), CONTENT_TYPE.as_str()],
    };
    let rest = |headers: &HeaderMap| {
        let mut headers = headers.clone();
        changed.iter().for_each(|name| drop(headers.remove(*name)));
        headers
    };
    assert_eq!(rest(guarded), rest(bare));
    if exchange.is_grpc && bare.contains_key(GRPC_STATUS) {
        check_grpc_message(bare, guarded);
    }
}

/// Checks that headers or trailers with a denial keep their status, and that their message begins
/// with the server's message.
fn check_grpc_message(bare: &HeaderMap, guarded: &HeaderMap) {
    assert_eq!(guarded.get(GRPC_STATUS), bare.get(GRPC_STATUS));
    let message = |headers: &HeaderMap| {
        headers.get(GRPC_MESSAGE).map(HeaderValue::as_bytes).unwrap_or_default().to_vec()
    };
    assert!(message(guarded).starts_with(&message(bare)) && message(guarded) != message(bare));
}

/// Checks that the body that replaces a refused response is one frame of the stated length.
fn check_replaced(mut body: Pin<&mut GuardBody<StepBody>>) {
    let length = body.size_hint().exact();
    let frame = next(body.as_mut()).expect("no frame").expect("an error");
    assert_eq!(frame.into_data().ok().map(|data| data.len() as u64), length);
    assert!(body.is_end_stream() && next(body).is_none());
}

/// Compares the frames of the two bodies. Trailers may differ if they contain a denial.
fn check_frames(
    exchange: &Exchange,
    mut bare: Pin<&mut StepBody>,
    mut guarded: Pin<&mut GuardBody<StepBody>>,
) {
    loop {
        let hints =
            [bare.size_hint(), guarded.size_hint()].map(|hint| (hint.lower(), hint.upper()));
        assert_eq!(hints[0], hints[1]);
        let is_over = guarded.is_end_stream();
        let (expected, frame) = (next(bare.as_mut()), next(guarded.as_mut()));
        assert!(!is_over || expected.is_none(), "the body ended before {expected:?}");
        match (expected, frame) {
            (None, None) => return,
            (Some(expected), Some(frame)) => check_frame(exchange, expected, frame),
            (expected, frame) => panic!("{expected:?} became {frame:?}"),
        }
    }
}

/// Compares two frames.
fn check_frame(exchange: &Exchange, expected: FrameResult, frame: FrameResult) {
    match (expected, frame) {
        (Err(expected), Err(error)) => assert_eq!(expected.to_string(), error.to_string()),
        (Ok(expected), Err(error)) => {
            assert!(expected.is_trailers() && exchange.delivery == DenialDelivery::Error);
            check_denial(exchange, Denial::find(&*error).expect("an error without a denial"));
        }
        (Ok(expected), Ok(frame)) => match (expected.data_ref(), frame.data_ref()) {
            (Some(expected), Some(data)) => assert!(is_same(expected, data), "a frame was copied"),
            _ => check_trailers(exchange, expected.trailers_ref(), frame.trailers_ref()),
        },
        (Err(expected), Ok(_)) => panic!("{expected:?} became a frame"),
    }
}

/// Compares trailers, which may contain the line of a denial.
fn check_trailers(exchange: &Exchange, expected: Option<&HeaderMap>, trailers: Option<&HeaderMap>) {
    if expected == trailers {
        return;
    }
    let (Some(expected), Some(trailers)) = (expected, trailers) else {
        panic!("{expected:?} became {trailers:?}");
    };
    let is_allowed = exchange.is_grpc && exchange.delivery != DenialDelivery::Extension;
    assert!(is_allowed && exchange.may_be_scope_refusal(), "{expected:?} became {trailers:?}");
    check_changed_headers(exchange, expected, trailers);
}

type FrameResult = Result<Frame<Bytes>, BoxError>;

const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
