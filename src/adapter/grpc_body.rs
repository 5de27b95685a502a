//! The body of a gRPC answer: messages pass as they come, and the trailers are read.
//!
//! Nothing is held back but trailers that refuse the call, and those only for as long as it takes to
//! find out what the token holds.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::grpc::told;
use crate::denial::Denial;
use crate::guard::{Checked, Guard, is_denied};

pin_project! {
    /// A body whose trailers are explained if they refuse the call for lack of scope.
    pub(crate) struct GrpcBody<B> {
        #[pin]
        body: B,
        guard: Guard,
        checked: Checked,
        refused: Option<Explanation>,
    }
}

/// Trailers that refuse the call, and why they do.
type Explanation = Pin<Box<dyn Future<Output = (HeaderMap, Option<Denial>)> + Send + Sync>>;

#[cfg(feature = "tower")]
impl<B> GrpcBody<B> {
    pub(crate) fn new(guard: Guard, checked: Checked, body: B) -> Self {
        Self { body, guard, checked, refused: None }
    }
}

async fn explain(guard: Guard, checked: Checked, trailers: HeaderMap) -> (HeaderMap, Option<Denial>) {
    let denial = guard.after(&checked, StatusCode::OK, &trailers, &[]).await;
    (trailers, denial)
}

impl<B> Body for GrpcBody<B>
where
    B: Body,
    B::Error: 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let refused = match this.refused {
            Some(refused) => refused,
            None => match refusal(ready!(this.body.poll_frame(cx))) {
                Err(frame) => return Poll::Ready(frame),
                Ok(trailers) => {
                    this.refused.insert(Box::pin(explain(this.guard.clone(), *this.checked, trailers)))
                }
            },
        };
        let (trailers, denial) = ready!(refused.as_mut().poll(cx));
        *this.refused = None;
        let trailers = match denial {
            Some(denial) => told(this.guard.surface(), denial, trailers),
            None => Ok(trailers),
        };
        Poll::Ready(Some(trailers.map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.refused.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The trailers of a refused call, or whatever else has come.
fn refusal<D, E>(frame: Option<Result<Frame<D>, E>>) -> Result<HeaderMap, Option<Result<Frame<D>, E>>> {
    match frame {
        Some(Ok(frame)) if frame.trailers_ref().is_some_and(is_denied) => {
            frame.into_trailers().map_err(|frame| Some(Ok(frame)))
        }
        other => Err(other),
    }
}
