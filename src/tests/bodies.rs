//! Fuzz targets for reading and decompressing the bodies of refusals.

use std::collections::VecDeque;
use std::io::Read as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::{Body, Frame, SizeHint};

use super::first;
use crate::background::{Background, Spawner};
use crate::inflate::{INFLATED_BYTES, decompressed};
use crate::response::body::{LOOK_BYTES, LOOK_FRAMES, look_with_spawner};

/// The result of one poll of the test body.
#[derive(Debug, Clone)]
enum PollStep {
    Wait,
    Data(Bytes),
    Trailers,
    Error,
}

/// A body that yields the scripted steps, and panics if it is polled after its end.
struct StepBody {
    steps: VecDeque<PollStep>,
    is_over: bool,
}

impl Body for StepBody {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        assert!(!self.is_over, "polled again after its end");
        match self.steps.pop_front() {
            Some(PollStep::Wait) => Poll::Pending,
            Some(PollStep::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(PollStep::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::new())))),
            Some(PollStep::Error) => Poll::Ready(Some(Err("cut off"))),
            None => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(bytes(self.steps.iter()))
    }
}

/// Returns the number of data bytes in the steps.
fn bytes<'s>(steps: impl Iterator<Item = &'s PollStep>) -> u64 {
    steps.map(|step| if let PollStep::Data(data) = step { data.len() as u64 } else { 0 }).sum()
}

/// Checks `look` with a body of arbitrary frames, pauses, trailers and errors: the returned body
/// yields the same frames, and the copied bytes are the beginning of the data.
pub(super) fn body_look(data: &[u8]) {
    let steps = script(data);
    let mut context = Context::from_waker(Waker::noop());
    let body = StepBody { steps: steps.iter().cloned().collect(), is_over: false };
    // The spawner of a dropped guard, so that the time limit never applies.
    let spawner = Spawner::for_background(&Background::default());
    let mut looking = pin!(look_with_spawner(&spawner, body));
    let (seen, body) = loop {
        if let Poll::Ready(looked) = looking.as_mut().poll(&mut context) {
            break looked;
        }
    };
    let sent: Vec<PollStep> = steps.into_iter().filter(|step| !matches!(step, PollStep::Wait)).collect();
    let mut plain = Vec::new();
    for data in sent.iter().filter_map(data_of) {
        plain.extend_from_slice(&data[..data.len().min(LOOK_BYTES - plain.len())]);
    }
    assert!(plain.starts_with(&seen));
    let is_within_limits = plain.len() < LOOK_BYTES && sent.len() < LOOK_FRAMES;
    let is_ended_early = sent.iter().any(|step| matches!(step, PollStep::Error | PollStep::Trailers));
    assert!(!is_within_limits || is_ended_early || seen == plain);
    let mut remaining = bytes(sent.iter());
    let mut body = pin!(body);
    for step in &sent {
        assert_eq!(body.size_hint().exact(), Some(remaining));
        remaining -= bytes(std::iter::once(step));
        assert!(!body.is_end_stream());
        let frame = loop {
            if let Poll::Ready(frame) = body.as_mut().poll_frame(&mut context) {
                break frame;
            }
        };
        match (step, frame) {
            (PollStep::Data(data), Some(Ok(frame))) => {
                assert!(frame.data_ref().is_some_and(|received| is_same(received, data)))
            }
            (PollStep::Trailers, Some(Ok(frame))) => assert!(frame.is_trailers()),
            (PollStep::Error, Some(Err(error))) => assert_eq!(error, "cut off"),
            (step, frame) => panic!("{step:?} became {frame:?}"),
        }
    }
    while body.as_mut().poll_frame(&mut context).is_pending() {}
}

/// Returns the data of a step that yields data.
fn data_of(step: &PollStep) -> Option<&Bytes> {
    if let PollStep::Data(data) = step { Some(data) } else { None }
}

/// Returns whether two buffers share the same memory.
fn is_same(a: &Bytes, b: &Bytes) -> bool {
    (a.as_ptr(), a.len()) == (b.as_ptr(), b.len())
}

/// Converts each pair of input bytes to one step. The second byte decides the length of a data
/// frame, up to 16 KiB. The frames are slices of one static text, because filling a buffer for each
/// frame would dominate the run time.
fn script(data: &[u8]) -> Vec<PollStep> {
    // The largest slice ends at 255 + 99 + 255² / 4 = 16,610.
    static TEXT: [u8; 17_000] = text();
    let step = |(place, pair): (usize, &[u8])| match pair {
        [0..=31, _] => PollStep::Wait,
        [32..=35, _] => PollStep::Error,
        [36..=39, _] => PollStep::Trailers,
        [start, size] => {
            let text = &TEXT[usize::from(*start) + place..];
            PollStep::Data(Bytes::from_static(&text[..usize::from(*size).pow(2) / 4]))
        }
        _ => PollStep::Wait,
    };
    data.chunks(2).take(100).enumerate().map(step).collect()
}

/// Returns a text without long repetitions, so that slices at different positions differ.
const fn text<const N: usize>() -> [u8; N] {
    let mut text = [0; N];
    let mut place = 0;
    while place < N {
        text[place] = (place * 31 + (place >> 8) * 7) as u8;
        place += 1;
    }
    text
}

/// Checks that `decompressed` returns a bounded beginning of the correct text for any bytes in any
/// coding.
pub(super) fn inflate(data: &[u8]) {
    let (coding, body) = first(data);
    let coding = ["gzip", "deflate", "identity", "x-gzip", "br", "gzip, deflate"][usize::from(coding % 6)];
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().expect("a word"))]);
    let Some(plain) = decompressed(&headers, body) else { return };
    assert!(plain.len() <= INFLATED_BYTES || coding == "identity");
    let mut whole = Vec::new();
    if coding.ends_with("gzip")
        && GzDecoder::new(body).take(2 * INFLATED_BYTES as u64).read_to_end(&mut whole).is_ok()
    {
        whole.truncate(INFLATED_BYTES);
        assert_eq!(*plain, *whole);
    }
}
