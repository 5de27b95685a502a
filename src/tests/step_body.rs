//! A response body whose frames are scripted.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::error::BoxError;

/// The result of one poll of a [`StepBody`].
#[derive(Debug, Clone)]
pub(super) enum PollStep {
    Wait,
    Data(Bytes),
    Trailers(HeaderMap),
    Error,
}

impl PollStep {
    /// Returns the data of a step that yields data.
    pub(super) fn data(&self) -> Option<&Bytes> {
        if let Self::Data(data) = self { Some(data) } else { None }
    }

    /// Returns whether the body is interrupted here.
    pub(super) fn is_fault(&self) -> bool {
        matches!(self, Self::Wait | Self::Error)
    }
}

/// A body that yields the scripted steps, and panics if it is polled after its end.
#[derive(Debug)]
pub(super) struct StepBody {
    steps: VecDeque<PollStep>,
    /// Whether the number of bytes is known, as with `Content-Length`.
    has_length: bool,
    is_over: bool,
}

impl StepBody {
    pub(super) fn new(steps: impl IntoIterator<Item = PollStep>, has_length: bool) -> Self {
        Self { steps: steps.into_iter().collect(), has_length, is_over: false }
    }
}

impl Body for StepBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        assert!(!self.is_over, "polled again after its end");
        match self.steps.pop_front() {
            Some(PollStep::Wait) => Poll::Pending,
            Some(PollStep::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(PollStep::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(PollStep::Error) => Poll::Ready(Some(Err("cut off".into()))),
            None => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        if self.has_length { SizeHint::with_exact(bytes(&self.steps)) } else { SizeHint::new() }
    }
}

/// Returns the number of data bytes in the steps.
pub(super) fn bytes<'s>(steps: impl IntoIterator<Item = &'s PollStep>) -> u64 {
    steps.into_iter().filter_map(PollStep::data).map(|data| data.len() as u64).sum()
}

/// Returns whether two buffers share the same memory.
pub(super) fn is_same(a: &Bytes, b: &Bytes) -> bool {
    (a.as_ptr(), a.len()) == (b.as_ptr(), b.len())
}
