//! Fuzz targets for reading and decompressing the bodies of refusals.

use std::io::Read as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as _;

use super::first;
use super::step_body::{PollStep, StepBody, bytes, is_same};
use crate::background::{Background, Spawner};
use crate::inflate::{INFLATED_BYTES, decompressed};
use crate::response::body::{LOOK_BYTES, LOOK_FRAMES, look_with_spawner};

/// Checks `look` with a body of arbitrary frames, pauses, trailers and errors. The returned body
/// must yield the same frames, and the copied bytes must be the beginning of the data.
pub(super) fn body_look(data: &[u8]) {
    let steps = script(data);
    let mut context = Context::from_waker(Waker::noop());
    let body = StepBody::new(steps.iter().cloned(), true);
    // The spawner of a dropped guard, so that the time limit never applies.
    let spawner = Spawner::for_background(&Background::default());
    let mut looking = pin!(look_with_spawner(&spawner, body));
    let (seen, body) = loop {
        if let Poll::Ready(looked) = looking.as_mut().poll(&mut context) {
            break looked;
        }
    };
    let sent: Vec<PollStep> =
        steps.into_iter().filter(|step| !matches!(step, PollStep::Wait)).collect();
    let mut plain = Vec::new();
    for data in sent.iter().filter_map(PollStep::data) {
        plain.extend_from_slice(&data[..data.len().min(LOOK_BYTES - plain.len())]);
    }
    assert!(plain.starts_with(&seen));
    let is_within_limits = plain.len() < LOOK_BYTES && sent.len() < LOOK_FRAMES;
    let is_ended_early =
        sent.iter().any(|step| matches!(step, PollStep::Error | PollStep::Trailers(_)));
    assert!(!is_within_limits || is_ended_early || seen == plain);
    let mut remaining = bytes(&sent);
    let mut body = pin!(body);
    for step in &sent {
        assert_eq!(body.size_hint().exact(), Some(remaining));
        remaining -= bytes([step]);
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
            (PollStep::Trailers(_), Some(Ok(frame))) => assert!(frame.is_trailers()),
            (PollStep::Error, Some(Err(error))) => assert_eq!(error.to_string(), "cut off"),
            (step, frame) => panic!("{step:?} became {frame:?}"),
        }
    }
    while body.as_mut().poll_frame(&mut context).is_pending() {}
}

/// Converts each pair of input bytes to one step. The second byte decides the length of a data
/// frame, up to 16 KiB. The frames are slices of one static text, because filling a buffer for each
/// frame would dominate the run time.
fn script(data: &[u8]) -> Vec<PollStep> {
    // The largest slice ends at 255 + 99 + 255² / 4 = 16,610.
    static TEXT: [u8; 17_000] = text();
    let step = |(index, pair): (usize, &[u8])| match pair {
        [0..=31, _] => PollStep::Wait,
        [32..=35, _] => PollStep::Error,
        [36..=39, _] => PollStep::Trailers(HeaderMap::new()),
        [start, size] => {
            let text = &TEXT[usize::from(*start) + index..];
            PollStep::Data(Bytes::from_static(&text[..usize::from(*size).pow(2) / 4]))
        }
        _ => PollStep::Wait,
    };
    data.chunks(2).take(100).enumerate().map(step).collect()
}

/// Returns a text without long repetitions, so that slices at different positions differ.
const fn text<const N: usize>() -> [u8; N] {
    let mut text = [0; N];
    let mut index = 0;
    while index < N {
        text[index] = (index * 31 + (index >> 8) * 7) as u8;
        index += 1;
    }
    text
}

/// Checks that `decompressed` returns a bounded beginning of the correct text for any bytes in any
/// coding.
pub(super) fn inflate(data: &[u8]) {
    let (coding, body) = first(data);
    let coding =
        ["gzip", "deflate", "identity", "x-gzip", "br", "gzip, deflate"][usize::from(coding % 6)];
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
