//! What a gRPC client gets of a denial: more words in its headers or trailers, or an error of its own.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::denial::{Denial, separator_after};
use crate::guard::{DenialDelivery, Guard};

/// Makes the error of a gRPC client out of a denial and the refused headers or trailers, whose message
/// ends in the denial's line.
#[derive(Clone)]
pub(crate) struct GrpcErrors(pub(crate) Arc<MakeError>);

/// Puts the error into the `Option` that it is given, if that is for its type or for boxed errors.
pub(crate) type MakeError = dyn Fn(Denial, &HeaderMap, &mut dyn Any) + Send + Sync;

impl GrpcErrors {
    /// The error, if it can be one of this type: that of the service or body that hands it on.
    fn make<E: 'static>(&self, denial: Denial, headers: &HeaderMap) -> Option<E> {
        let mut error: Option<E> = None;
        (self.0)(denial, headers, &mut error);
        error
    }
}

impl fmt::Debug for GrpcErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcErrors").finish_non_exhaustive()
    }
}

/// What the client gets in the place of refused headers or trailers: those with the denial's line in
/// their message, or an error made of them. `E` is the error of the service or body that hands it on.
pub(super) fn deliver<E: 'static>(
    guard: &Guard,
    denial: Denial,
    mut headers: HeaderMap,
    grpc_errors: Option<&GrpcErrors>,
) -> Result<HeaderMap, E> {
    let delivery = guard.state().delivery;
    if delivery == DenialDelivery::Extension {
        return Ok(headers);
    }
    add_to_message(&mut headers, &denial.to_string());
    let errors = grpc_errors.filter(|_| delivery == DenialDelivery::Error);
    errors.and_then(|errors| errors.make(denial, &headers)).map_or(Ok(headers), Err)
}

/// Adds a sentence to the message, percent-encoded as the protocol wants it.
fn add_to_message(headers: &mut HeaderMap, sentence: &str) {
    let mut message = headers.get(GRPC_MESSAGE).map(|said| said.as_bytes().to_vec()).unwrap_or_default();
    message.extend_from_slice(separator_after(message.last()).as_bytes());
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

pub(super) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
