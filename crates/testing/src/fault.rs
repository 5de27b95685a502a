//! What can go wrong with a server, switched on for one service at a time.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::Service;
use super::checksum::{GZIP, crc32};
use super::exchange::{Reply, html};
use super::server::Ticket;

/// How a service misbehaves, until [`FakeGoogle::heal`](super::FakeGoogle::heal).
///
/// Each one ends when the client goes away or the fake Google is dropped.
///
/// ```
#[doc = a_fake!()]
/// google.put_object("photos", "cat.jpg", "meow");
/// google.fault(Service::Storage, Fault::Flaky { failures: 1, of: 2 });
/// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
/// assert_eq!(get(&url, &google.token()).await?.0, 503); // retries are worth while …
/// assert_ne!(get(&url, &google.token()).await?.0, 503); // … for every other request
#[doc = done!()]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers as it should, this much later. Real time.
    Latency(Duration),
    /// Reads the request and never answers.
    Hang,
    /// Answers every request with this status and Google's HTML error page.
    Status(StatusCode),
    /// Answers with the right status and headers, and a body of bytes that mean nothing.
    Garbage,
    /// Answers with bytes that are not HTTP.
    NotHttp,
    /// Answers with the right status and a body that never ends.
    EndlessBody,
    /// Answers 403 with a JSON error whose message is this many bytes long.
    BigRefusal(u64),
    /// Closes the connection instead of answering.
    Drop,
    /// Answers 503 to the first `failures` of every `of` requests.
    Flaky {
        /// How many fail.
        failures: u32,
        /// Of how many.
        of: u32,
    },
    /// Answers as it should, in chunks of this many bytes.
    ChunkSize(usize),
    /// Answers as it should, and breaks off after this many bytes of the body.
    CutOff(usize),
    /// Answers as it should, compressed with gzip, whatever the client accepts.
    Gzip,
}

/// The switches, with the number of requests each has seen.
#[derive(Default)]
pub(super) struct Faults(HashMap<Service, (Fault, u32)>);

impl Faults {
    pub(super) fn set(&mut self, service: Service, fault: Fault) {
        self.0.insert(service, (fault, 0));
    }

    pub(super) fn clear(&mut self, service: Service) {
        self.0.remove(&service);
    }

    pub(super) fn peek(&self, service: Service) -> Option<Fault> {
        self.0.get(&service).map(|(fault, _)| *fault)
    }

    /// The fault that the next request meets. A flaky service is either down or well.
    pub(super) fn next(&mut self, service: Service) -> Option<Fault> {
        let (fault, seen) = self.0.get_mut(&service)?;
        let place = *seen;
        *seen = seen.wrapping_add(1);
        match *fault {
            Fault::Flaky { failures, of } => {
                (place % of.max(1) < failures).then_some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE))
            }
            other => Some(other),
        }
    }
}

/// The answer as it goes out: whole, or spoiled by a fault.
pub(super) fn spoil(fault: Option<Fault>, reply: Reply, ticket: Ticket) -> Response<FakeBody> {
    let (mut head, body) = reply.into_parts();
    let trailers = head.extensions.remove::<Trailers>();
    let whole = |body| Content::Whole { body, chunk: usize::MAX };
    let content = match fault {
        Some(Fault::Status(status)) => {
            let page = html(status, "The server encountered an error and could not complete your request.");
            let (spoiled, page) = page.into_parts();
            head = spoiled;
            whole(page)
        }
        Some(Fault::Garbage) => whole(Bytes::from_static(b"\x00\xff\xfe{\"error\": [[[\xc3\x28 <<<")),
        Some(Fault::EndlessBody) => Content::Filler { opening: body, left: u64::MAX },
        Some(Fault::BigRefusal(size)) => {
            head.status = StatusCode::FORBIDDEN;
            let opening = Bytes::from_static(br#"{"error":{"code":403,"message":""#);
            Content::Filler { opening, left: size }
        }
        Some(Fault::ChunkSize(chunk)) => Content::Whole { body, chunk: chunk.max(1) },
        Some(Fault::CutOff(left)) => {
            // The client is told how long the whole is, so that it sees the loss in HTTP/1.1 too.
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            Content::Cut { body: body.slice(..left.min(body.len())), pauses: 2 }
        }
        Some(Fault::Gzip) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            whole(gzip(&body))
        }
        _ => whole(body),
    };
    if !matches!(content, Content::Whole { chunk: usize::MAX, .. } | Content::Cut { .. }) {
        head.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(head, FakeBody { content, trailers, _ticket: ticket })
}

/// Headers that come after the body, carried by a [`Reply`] as an extension.
#[derive(Clone)]
pub(super) struct Trailers(pub(super) HeaderMap);

/// A body that holds the ticket of its request until it is sent or given up.
pub(super) struct FakeBody {
    content: Content,
    trailers: Option<Trailers>,
    _ticket: Ticket,
}

/// Makes hyper close the connection, or reset the stream, in the middle of an answer.
#[derive(Debug)]
pub(super) struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken off")
    }
}

impl std::error::Error for BrokenOff {}

enum Content {
    Whole {
        body: Bytes,
        chunk: usize,
    },
    Filler {
        opening: Bytes,
        left: u64,
    },
    /// What comes before the connection breaks, after pauses in which it goes out: hyper throws away
    /// what it has not yet sent.
    Cut {
        body: Bytes,
        pauses: u8,
    },
    /// What another server sends.
    PassedOn(Incoming),
}

impl FakeBody {
    /// Another server's, frame for frame.
    pub(super) fn passed_on(body: Incoming, ticket: Ticket) -> Self {
        Self { content: Content::PassedOn(body), trailers: None, _ticket: ticket }
    }
}

static FILLING: [u8; 16 * 1024] = [b'x'; 16 * 1024];

impl Content {
    fn pauses(&mut self) -> bool {
        match self {
            Self::Cut { body, pauses } if body.is_empty() && *pauses > 0 => {
                *pauses -= 1;
                true
            }
            _ => false,
        }
    }

    fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        match self {
            Self::Whole { body, chunk } => {
                let size = body.len().min(*chunk);
                (size > 0).then(|| Ok(body.split_to(size)))
            }
            Self::Cut { body, .. } if body.is_empty() => Some(Err(BrokenOff)),
            Self::Cut { body: bytes, .. } | Self::Filler { opening: bytes, .. } if !bytes.is_empty() => {
                Some(Ok(std::mem::take(bytes)))
            }
            Self::Cut { .. } | Self::Filler { left: 0, .. } | Self::PassedOn(_) => None,
            Self::Filler { left, .. } => {
                let size = usize::try_from(*left).unwrap_or(usize::MAX).min(FILLING.len());
                *left -= size as u64;
                FILLING.get(..size).map(|filling| Ok(Bytes::from_static(filling)))
            }
        }
    }
}

impl Body for FakeBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.content.pauses() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Content::PassedOn(body) = &mut self.content {
            return Pin::new(body).poll_frame(cx).map_err(|_| BrokenOff);
        }
        let data = self.content.next().map(|data| data.map(Frame::data));
        let frame = data.or_else(|| self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers.0))));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let is_sent = match &self.content {
            Content::Whole { body, .. } => body.is_empty(),
            Content::Filler { .. } | Content::Cut { .. } => false,
            Content::PassedOn(body) => body.is_end_stream(),
        };
        is_sent && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole { body, chunk: usize::MAX } if self.trailers.is_none() => {
                SizeHint::with_exact(body.len() as u64)
            }
            Content::PassedOn(body) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

/// Gzip with nothing squeezed out: stored blocks, <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4>.
fn gzip(plain: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    for block in plain.chunks(usize::from(u16::MAX)) {
        let size = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.put_u8(0);
        out.put_u16_le(size);
        out.put_u16_le(!size);
        out.put_slice(block);
    }
    out.put_slice(&[1, 0, 0, 0xff, 0xff]);
    out.put_u32_le(crc32(GZIP, plain));
    out.put_u32_le(u32::try_from(plain.len() % (1 << 32)).unwrap_or_default());
    out.freeze()
}
