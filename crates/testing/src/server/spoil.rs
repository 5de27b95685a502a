//! An answer as it goes out: whole, or spoiled by a fault.

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

use super::body::{BrokenOff, FakeBody, body};
use super::in_flight::InFlight;
use crate::fault::Fault;
use crate::reply::{Reply, Trailers};

/// What goes out of a body.
enum Content {
    Whole(Bytes),
    /// A piece after the other, of which the length is not known.
    Pieces(BoxStream<'static, Result<Bytes, BrokenOff>>),
}

/// The answer that goes out in the place of a reply.
pub(super) fn spoil(fault: Option<Fault>, reply: Reply, in_flight: InFlight) -> Response<FakeBody> {
    let (mut head, whole) = reply.into_parts();
    let trailers = head.extensions.remove::<Trailers>();
    let content = match fault {
        Some(fault) => content(fault, &mut head, whole),
        None => Content::Whole(whole),
    };
    in_flight.answered(head.status);
    let pieces = match (content, &trailers) {
        (Content::Whole(whole), None) => {
            return Response::from_parts(head, body(Full::new(whole), in_flight));
        }
        (Content::Whole(whole), Some(_)) => stream::iter([Ok(whole)]).boxed(),
        (Content::Pieces(pieces), _) => pieces,
    };
    let trailers = stream::iter(trailers.map(|trailers| Ok(Frame::trailers(trailers.0))));
    let frames = StreamBody::new(pieces.map_ok(Frame::data).chain(trailers));
    Response::from_parts(head, body(frames, in_flight))
}

/// What a fault makes of a body, whose head it may change.
fn content(fault: Fault, head: &mut Parts, body: Bytes) -> Content {
    match fault {
        Fault::Garbage => Content::Whole(Bytes::from_static(b"\x00\xff\xfe{\"error\": [[[\xc3\x28 <<<")),
        Fault::EndlessBody => filled(head, body, u64::MAX),
        Fault::BigRefusal(size) => {
            head.status = StatusCode::FORBIDDEN;
            filled(head, Bytes::from_static(br#"{"error":{"code":403,"message":""#), size)
        }
        Fault::ChunkSize(size) => chunked(head, body, size.max(1)),
        Fault::CutOff(left) => cut_off(head, &body, left),
        Fault::Gzip => Content::Whole(gzip(head, &body)),
        Fault::Status(_)
        | Fault::Latency(_)
        | Fault::Hang
        | Fault::NotHttp
        | Fault::Drop
        | Fault::Flaky { .. } => Content::Whole(body),
    }
}

fn pieces(head: &mut Parts, pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Content {
    head.headers.remove(CONTENT_LENGTH);
    Content::Pieces(stream::iter(pieces.map(Ok)).boxed())
}

static FILLING: [u8; 16 * 1024] = [b'x'; 16 * 1024];

/// A body that goes on for so many bytes.
fn filled(head: &mut Parts, opening: Bytes, mut left: u64) -> Content {
    let filling = iter::from_fn(move || {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(FILLING.len());
        left -= size as u64;
        FILLING.get(..size).filter(|piece| !piece.is_empty()).map(Bytes::from_static)
    });
    pieces(head, iter::once(opening).chain(filling))
}

fn chunked(head: &mut Parts, body: Bytes, size: usize) -> Content {
    let starts = (0..body.len()).step_by(size);
    pieces(head, starts.map(move |start| body.slice(start..body.len().min(start + size))))
}

/// States the length of the whole, so that the client sees the loss in HTTP/1.1 too. What comes
/// before the connection breaks goes out while the end waits: hyper drops what it has not yet sent.
fn cut_off(head: &mut Parts, body: &Bytes, left: usize) -> Content {
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let begun = stream::iter([Ok(body.slice(..left.min(body.len())))]);
    let end = stream::once(async {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        Err(BrokenOff)
    });
    Content::Pieces(begun.chain(end).boxed())
}

fn gzip(head: &mut Parts, body: &[u8]) -> Bytes {
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(CONTENT_LENGTH);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let zipped = encoder.write_all(body).and_then(|()| encoder.finish());
    zipped.unwrap_or_default().into()
}
