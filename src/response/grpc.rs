//! Explains refusals of gRPC calls to the client.
//!
//! A gRPC client reads code, message and details from headers or trailers, so the explanation is
//! added there. A client that can handle errors of the service, as tonic does, gets an error that
//! contains the [`Denial`](crate::Denial). The client's adapter creates the error: see
//! [`GrpcErrors`].

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
    /// Ends the flight of a gRPC call with a response for which [`answered`](Self::answered)
    /// returned `true`, which means that the response may be a refusal. Such a response is a gRPC
    /// response without messages, or a plain HTTP response. The first line of the denial is added
    /// to `grpc-message`, and the denial is inserted into the extensions of the response.
    ///
    /// ```
    /// use gcp_scopes::flight::Flight;
    /// use gcp_scopes::response::GuardBody;
    /// use http::Response;
    /// use http_body::Body;
    ///
    /// /// The part of an adapter for gRPC behind the client.
    /// async fn received<B>(flight: Flight, response: Response<B>) -> Response<GuardBody<B>>
    /// where
    ///     B: Body,
    /// {
    ///     if flight.answered(response.status(), response.headers()) {
    ///         return flight.explain_grpc_response(response).await;
    ///     }
    ///     match flight.wants_trailers(response.status(), response.headers()) {
    ///         true => flight.watch_trailers(response),
    ///         false => response.map(GuardBody::unchanged),
    ///     }
    /// }
    /// ```
    pub async fn explain_grpc_response<B: Body>(
        self,
        response: Response<B>,
    ) -> Response<GuardBody<B>> {
        let Ok(response) = explain::<B, Infallible>(self, None, response).await;
        response
    }

    /// Ends the flight of a gRPC call with a response for which
    /// [`wants_trailers`](Self::wants_trailers) returned `true`. Messages are passed on as they
    /// arrive. If the trailers refuse the call for lack of scopes, the first line of the denial is
    /// added to their `grpc-message`.
    #[must_use]
    pub fn watch_trailers<B: Body>(self, response: Response<B>) -> Response<GuardBody<B>> {
        watch(self, None, response)
    }
}

/// Passes the messages of a response on, and explains trailers that refuse the call.
pub(crate) fn watch<B: Body>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<B>,
) -> Response<GuardBody<B>> {
    response.map(|body| GuardBody::grpc(GrpcBody::new(flight, grpc_errors, body)))
}

/// Explains a response whose headers refuse the call: a gRPC response without messages, or a plain
/// HTTP response.
///
/// # Errors
/// The error that `grpc_errors` creates from the denial.
pub(crate) async fn explain<B: Body, E: 'static>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<B>,
) -> Result<Response<GuardBody<B>>, E> {
    let guard = flight.guard().clone();
    let (mut head, body) = response.into_parts();
    let is_grpc = head.headers.contains_key(GRPC_STATUS);
    // A gRPC response with the status in its headers has no body (`Trailers-Only`):
    // <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>
    let (seen, body) =
        if is_grpc { (Vec::new(), GuardBody::unchanged(body)) } else { look(&guard, body).await };
    let denial = flight.explain(head.status, &head.headers, &seen).await;
    if !is_grpc && guard.state().delivery != DenialDelivery::Extension {
        convert_to_grpc(&mut head.headers);
    }
    if let Some(denial) = denial {
        head.extensions.insert(denial.clone());
        head.headers = deliver(&guard, denial, head.headers, grpc_errors.as_ref())?;
    }
    Ok(Response::from_parts(head, body))
}

/// Converts the headers of a plain HTTP response to gRPC headers. Otherwise a gRPC client would
/// parse the HTML page as messages.
///
/// HTTP status 403 corresponds to gRPC status 7:
/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>.
fn convert_to_grpc(headers: &mut HeaderMap) {
    headers.insert(GRPC_STATUS, HeaderValue::from_static("7"));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(NOT_GRPC));
}

/// The `grpc-message` of a converted response. It names no sender, because the page may come from a
/// proxy, a login portal or Google's front end.
const NOT_GRPC: &str =
    "the response is HTTP 403 without a gRPC status; it may come from a proxy or a load balancer";
