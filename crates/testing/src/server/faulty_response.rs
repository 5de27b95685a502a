//! Applies a fault to a response.

use std::io::Write as _;
use std::iter;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::response::Parts;
use http::{Response, StatusCode};
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;

use super::active_request::ActiveRequest;
use super::body::{BrokenOff, FakeBody, tracked};
use crate::fault::Fault;
use crate::response::{FullResponse, Trailers};

/// The body that is sent.
enum SentBody {
    /// A body of known length.
    Whole(Bytes),
    /// A stream of chunks. The response contains no `Content-Length`, unless the fault keeps the
    /// header.
    Chunks(BoxStream<'static, Result<Bytes, BrokenOff>>),
}

/// Applies a fault to a response and adds the response's trailers to the stream of the body.
pub(super) fn with_fault(
    fault: Option<Fault>,
    response: FullResponse,
    active: ActiveRequest,
) -> Response<FakeBody> {
    let (mut head, whole) = response.into_parts();
    // hyper sends trailers only behind a body that is a stream.
    let trailers = head.extensions.remove::<Trailers>();
    let content = match fault {
        Some(fault) => content(fault, &mut head, whole),
        None => SentBody::Whole(whole),
    };
    active.record_status(head.status);
    let chunks = match (content, &trailers) {
        (SentBody::Whole(whole), None) => {
            return Response::from_parts(head, tracked(Full::new(whole), active));
        }
        (SentBody::Whole(whole), Some(_)) => stream::iter([Ok(whole)]).boxed(),
        (SentBody::Chunks(chunks), _) => chunks,
    };
    let trailers = stream::iter(trailers.map(|trailers| Ok(Frame::trailers(trailers.0))));
    let frames = StreamBody::new(chunks.map_ok(Frame::data).chain(trailers));
    Response::from_parts(head, tracked(frames, active))
}

/// Returns the body that a fault makes of the normal body, and adapts the head to the body.
fn content(fault: Fault, head: &mut Parts, body: Bytes) -> SentBody {
    match fault {
        Fault::Garbage => {
            SentBody::Whole(Bytes::from_static(b"\x00\xff\xfe{\"error\": [[[\xc3\x28 <<<"))
        }
        Fault::EndlessBody => filled(head, body, u64::MAX),
        Fault::BigRefusal(size) => {
            head.status = StatusCode::FORBIDDEN;
            filled(head, Bytes::from_static(br#"{"error":{"code":403,"message":""#), size)
        }
        Fault::ChunkSize(size) => chunked(head, body, size.max(1)),
        Fault::CutOff(length) => cut_off(head, &body, length),
        Fault::Gzip => SentBody::Whole(gzip(head, &body)),
        // These faults act before the response is built.
        Fault::Status(_)
        | Fault::Latency(_)
        | Fault::Hang
        | Fault::NotHttp
        | Fault::Drop
        | Fault::Rounds(_)
        | Fault::Flaky { .. } => SentBody::Whole(body),
    }
}

/// Streams the chunks, without a `Content-Length`.
fn stream_chunks(
    head: &mut Parts,
    chunks: impl Iterator<Item = Bytes> + Send + 'static,
) -> SentBody {
    // The length of a stream is unknown, and the header of the original response is wrong for the
    // changed body.
    head.headers.remove(CONTENT_LENGTH);
    SentBody::Chunks(stream::iter(chunks.map(Ok)).boxed())
}

/// One chunk of a long body, 16 KiB.
static FILLING: [u8; 16 * 1024] = [b'x'; 16 * 1024];

/// Streams `opening`, followed by this many bytes of [`FILLING`].
fn filled(head: &mut Parts, opening: Bytes, mut remaining: u64) -> SentBody {
    let filling = iter::from_fn(move || {
        let size = usize::try_from(remaining).unwrap_or(usize::MAX).min(FILLING.len());
        remaining -= size as u64;
        FILLING.get(..size).filter(|chunk| !chunk.is_empty()).map(Bytes::from_static)
    });
    stream_chunks(head, iter::once(opening).chain(filling))
}

/// Streams a body in chunks of `size` bytes.
fn chunked(head: &mut Parts, body: Bytes, size: usize) -> SentBody {
    let starts = (0..body.len()).step_by(size);
    stream_chunks(head, starts.map(move |start| body.slice(start..body.len().min(start + size))))
}

/// Streams the first `length` bytes of a body, followed by an error. The `Content-Length` is that
/// of the whole body, so that an HTTP/1.1 client notices the missing bytes.
fn cut_off(head: &mut Parts, body: &Bytes, length: usize) -> SentBody {
    // With the full length, a client notices that the body ends too early.
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let begin = stream::iter([Ok(body.slice(..length.min(body.len())))]);
    let end = stream::once(async {
        // On an error, hyper discards the bytes that it has not yet written to the socket. Yielding
        // twice gives hyper time to write them.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        Err(BrokenOff)
    });
    SentBody::Chunks(begin.chain(end).boxed())
}

/// Compresses a body with gzip.
fn gzip(head: &mut Parts, body: &[u8]) -> Bytes {
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(CONTENT_LENGTH);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let compressed = encoder.write_all(body).and_then(|()| encoder.finish());
    compressed.unwrap_or_default().into()
}
