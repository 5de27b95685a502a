//! Delivery of a denial to a gRPC client: an extended message in headers or trailers, or an error
//! of the client's type.

use std::any::Any;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::denial::{Denial, separator_after};
use crate::guard::shared::Shared;
use crate::guard::{DenialDelivery, Guard};

/// A function that creates the error of a gRPC client from a denial and the headers or trailers of
/// the refusal. Their `grpc-message` ends with the first line of the denial.
#[derive(Clone)]
pub(crate) struct GrpcErrors(pub(crate) Shared<Box<MakeError>>);

/// The type of the function in [`GrpcErrors`]. If the third argument is an `Option` of the client's
/// error type or of [`BoxError`](crate::BoxError), the function stores the error in this `Option`.
/// In an argument of another type the function stores nothing.
pub(crate) type MakeError = dyn Fn(Denial, &HeaderMap, &mut dyn Any) + Send + Sync;

impl GrpcErrors {
    /// Returns a second handle for the duration of one call.
    #[cfg(feature = "tower")]
    pub(crate) fn hold(&self) -> Self {
        Self(self.0.hold())
    }

    /// Creates an error of type `E`, the error type of the service or body. Returns `None` if the
    /// adapter's function cannot create an error of this type.
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

/// Delivers a denial as the guard is configured. With [`DenialDelivery::Extension`], returns the
/// headers or trailers unchanged. Otherwise adds the first line of the denial to `grpc-message`.
/// With [`DenialDelivery::Error`], returns an error created from the denial and these headers, if
/// `grpc_errors` can create an error. `E` is the error type of the service or body that returns the
/// result.
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

/// Adds a sentence to the value of `grpc-message`, percent-encoded as the gRPC protocol requires.
fn add_to_message(headers: &mut HeaderMap, sentence: &str) {
    let mut message =
        headers.get(GRPC_MESSAGE).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    message.extend_from_slice(separator_after(message.last()).as_bytes());
    // All bytes but `Percent-Byte-Unencoded` in
    // <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>
    const ENCODED: &AsciiSet = &CONTROLS.add(b'%');
    let encoded = utf8_percent_encode(sentence, ENCODED).to_string();
    message.extend_from_slice(encoded.as_bytes());
    if let Ok(message) = HeaderValue::from_bytes(&message) {
        headers.insert(GRPC_MESSAGE, message);
    }
}

pub(super) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
