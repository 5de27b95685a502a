//! How a refused gRPC call is told to its client.
//!
//! The client reads code, message and details from headers or trailers, so that is where the words go.
//! A client that reads errors too, as tonic does, is given one that carries the [`Denial`].

use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Body;

use super::body::{GuardBody, look};
use crate::denial::Denial;
use crate::denial::answer::after;
use crate::error::BoxError;
use crate::guard::{Checked, GRPC_STATUS, Guard, Surface};

#[cfg(feature = "tonic")]
use super::tonic::as_error;

/// Explains an answer whose head refuses the call: one of gRPC without messages, or one of HTTP.
pub(crate) async fn explain<R: Body>(
    guard: Guard,
    checked: Checked,
    response: Response<R>,
) -> Result<Response<GuardBody<R>>, BoxError> {
    let (mut head, body) = response.into_parts();
    let is_grpc = head.headers.contains_key(GRPC_STATUS);
    let (seen, body) =
        if is_grpc { (Vec::new(), GuardBody::untouched(body)) } else { look(guard.spawner(), body).await };
    let denial = guard.after(&checked, head.status, &head.headers, &seen).await;
    if !is_grpc && guard.surface() != Surface::Extension {
        translate(&mut head.headers);
    }
    if let Some(denial) = denial {
        head.extensions.insert(denial.clone());
        head.headers = told::<BoxError>(guard.surface(), denial, head.headers)?;
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

/// What the client is handed in the place of refused headers or trailers: the same with more words, or an
/// error that says the same.
///
/// `E` is the error of the service or body that hands it on. One that cannot hold the denial leaves the
/// words.
pub(crate) fn told<E: 'static>(
    surface: Surface,
    denial: Denial,
    mut headers: HeaderMap,
) -> Result<HeaderMap, E> {
    if surface == Surface::Extension {
        return Ok(headers);
    }
    add_to_message(&mut headers, &denial.to_string());
    match surface {
        Surface::Error => as_error(denial, &headers).map_or(Ok(headers), Err),
        _ => Ok(headers),
    }
}

/// Without tonic nobody takes an error for a gRPC status.
#[cfg(not(feature = "tonic"))]
fn as_error<E>(_: Denial, _: &HeaderMap) -> Option<E> {
    None
}

/// Adds a sentence to the message, percent-encoded as the protocol wants it.
fn add_to_message(headers: &mut HeaderMap, sentence: &str) {
    let mut message = headers.get(GRPC_MESSAGE).map(|said| said.as_bytes().to_vec()).unwrap_or_default();
    message.extend_from_slice(after(message.last()).as_bytes());
    for byte in sentence.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => message.push(byte),
            _ => message.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    if let Ok(message) = HeaderValue::from_bytes(&message) {
        headers.insert(GRPC_MESSAGE, message);
    }
}

/// Says nothing about who it was: the page may be of a proxy, a portal or Google's front end.
const NO_GRPC: &str = "the answer was HTTP 403 and no gRPC, as of a proxy or a load balancer";

const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
