//! The body of a gRPC response: passes messages on as they arrive, and explains the trailers.
//!
//! Only trailers that refuse the call are delayed, until the scopes of the token are known or the
//! time limit is reached.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::grpc_error::{GrpcErrors, deliver};
use crate::denial::Denial;
use crate::flight::{Flight, is_denied};
use crate::guard::Guard;

pin_project! {
    /// A body whose trailers are explained if they refuse the call for lack of scopes.
    pub(crate) struct GrpcBody<B> {
        #[pin]
        body: B,
        guard: Guard,
        // `None` after the first trailers.
        flight: Option<Flight>,
        grpc_errors: Option<GrpcErrors>,
        // Set while the trailers of a refused call are explained.
        explanation: Option<Explanation>,
    }
}

/// Resolves to the trailers of a refused call, and the denial if the call was refused for lack of
/// scopes.
type Explanation = Pin<Box<dyn Future<Output = (HeaderMap, Option<Denial>)> + Send + Sync>>;

impl<B> GrpcBody<B> {
    pub(crate) fn new(flight: Flight, grpc_errors: Option<GrpcErrors>, body: B) -> Self {
        Self {
            body,
            guard: flight.guard().clone(),
            flight: Some(flight),
            grpc_errors,
            explanation: None,
        }
    }
}

/// Explains trailers with the flight, which is the guard's record of the call. The first trailers
/// use the flight up: for more trailers, which gRPC does not allow, it is `None`, and the trailers
/// are passed on.
async fn explain(flight: Option<Flight>, trailers: HeaderMap) -> (HeaderMap, Option<Denial>) {
    let denial = match flight {
        Some(flight) => flight.explain(StatusCode::OK, &trailers, &[]).await,
        None => None,
    };
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
        let explanation = match this.explanation {
            Some(explanation) => explanation,
            None => {
                let frame = ready!(this.body.poll_frame(cx));
                let trailers = match frame.map(|frame| frame.map(Frame::into_trailers)) {
                    Some(Ok(Ok(trailers))) => trailers,
                    Some(Ok(Err(frame))) => return Poll::Ready(Some(Ok(frame))),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                };
                let flight = this.flight.take();
                if !is_denied(&trailers) {
                    flight.iter().for_each(|flight| flight.ended(&trailers));
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                this.explanation.insert(Box::pin(explain(flight, trailers)))
            }
        };
        let (trailers, denial) = ready!(explanation.as_mut().poll(cx));
        // A future must not be polled again after it was ready.
        *this.explanation = None;
        let trailers = match denial {
            Some(denial) => deliver(this.guard, denial, trailers, this.grpc_errors.as_ref()),
            None => Ok(trailers),
        };
        Poll::Ready(Some(trailers.map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        // The inner body is at its end while its trailers are explained, but the trailers are still
        // to be returned.
        self.explanation.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
