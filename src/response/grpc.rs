//! How a refused gRPC call is explained to its client.
//!
//! The client reads code, message and details from headers or trailers, so that is where the words go. A
//! client that reads errors too, as tonic does, gets one that carries the [`Denial`](crate::Denial), made
//! by a function of its adapter: see [`GrpcErrors`].

use std::convert::Infallible;

use http::{HeaderMap, HeaderValue, Response};
use http_body::Body;

use super::body::{GuardBody, look};
use super::grpc_body::GrpcBody;
use super::grpc_error::{GRPC_MESSAGE, deliver};
use crate::flight::{Flight, GRPC_STATUS};
use crate::guard::DenialDelivery;

pub(crate) use super::grpc_error::GrpcErrors;

impl Flight {
    /// Ends the flight of a gRPC call with an answer that may be a refusal, as
    /// [`answered`](Self::answered) finds it: one without messages, or one of HTTP. The denial's line is
    /// added to `grpc-message`, and the denial to the extensions of the answer.
    pub async fn explain_grpc_response<B: Body>(self, response: Response<B>) -> Response<GuardBody<B>> {
        let Ok(response) = explain::<B, Infallible>(self, None, response).await;
        response
    }

    /// Ends the flight of a gRPC call with an answer whose [trailers are wanted](Self::wants_trailers): the
    /// messages are handed on as they come, and the denial's line is added to the `grpc-message` of
    /// trailers that refuse the call.
    #[must_use]
    pub fn watch_trailers<B: Body>(self, response: Response<B>) -> Response<GuardBody<B>> {
        watch(self, None, response)
    }
}

/// Hands the messages of an answer on, and explains trailers that refuse the call.
pub(crate) fn watch<B: Body>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<B>,
) -> Response<GuardBody<B>> {
    response.map(|body| GuardBody::grpc(GrpcBody::new(flight, grpc_errors, body)))
}

/// Explains an answer whose head refuses the call: one of gRPC without messages, or one of HTTP.
///
/// # Errors
/// What `grpc_errors` make of the denial.
pub(crate) async fn explain<B: Body, E: 'static>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<B>,
) -> Result<Response<GuardBody<B>>, E> {
    let guard = flight.guard().clone();
    let (mut head, body) = response.into_parts();
    let is_grpc = head.headers.contains_key(GRPC_STATUS);
    let (seen, body) =
        if is_grpc { (Vec::new(), GuardBody::untouched(body)) } else { look(&guard, body).await };
    let denial = flight.explain(head.status, &head.headers, &seen).await;
    if !is_grpc && guard.state().delivery != DenialDelivery::Extension {
        translate(&mut head.headers);
    }
    if let Some(denial) = denial {
        head.extensions.insert(denial.clone());
        head.headers = deliver(&guard, denial, head.headers, grpc_errors.as_ref())?;
    }
    Ok(Response::from_parts(head, body))
}

/// Makes the head of an HTTP answer one of gRPC. Without it, a gRPC client takes a page for messages.
///
/// HTTP's 403 is gRPC's 7: <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>.
fn translate(headers: &mut HeaderMap) {
    headers.insert(GRPC_STATUS, HeaderValue::from_static("7"));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(NO_GRPC));
}

/// Names no sender: the page may be of a proxy, a portal or Google's front end.
const NO_GRPC: &str = "the answer was HTTP 403 and no gRPC, as of a proxy or a load balancer";
