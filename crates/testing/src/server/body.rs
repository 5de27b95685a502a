//! The body of an answer.

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body;

use super::in_flight::InFlight;

pub(super) type FakeBody = UnsyncBoxBody<Bytes, BrokenOff>;

/// Makes hyper close the connection, or reset the stream, in the middle of an answer.
#[derive(Debug, thiserror::Error)]
#[error("broken off")]
pub(super) struct BrokenOff;

/// A body whose request is under way until the body is sent or given up.
pub(super) fn body(body: impl Body<Data = Bytes> + Send + 'static, in_flight: InFlight) -> FakeBody {
    let broken_off = move |_| {
        let _held = &in_flight;
        BrokenOff
    };
    body.map_err(broken_off).boxed_unsync()
}
