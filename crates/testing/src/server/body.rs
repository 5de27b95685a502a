//! The body of a response.

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body;

use super::active_request::ActiveRequest;

pub(super) type FakeBody = UnsyncBoxBody<Bytes, BrokenOff>;

/// A body error that makes hyper close the connection (HTTP/1.1) or reset the stream (HTTP/2) in
/// the middle of a response.
#[derive(Debug, thiserror::Error)]
#[error("the response is broken off")]
pub(super) struct BrokenOff;

/// Wraps a body so that its request counts as active until the body is sent or dropped.
pub(super) fn tracked(
    body: impl Body<Data = Bytes> + Send + 'static,
    active: ActiveRequest,
) -> FakeBody {
    let broken_off = move |_| {
        // Moves the request into the closure, which is dropped together with the body.
        let _active = &active;
        BrokenOff
    };
    body.map_err(broken_off).boxed_unsync()
}
