//! What a gRPC client gets of a denial: more words in its headers or trailers, or an error of its own.

use std::any::Any;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::denial::{Denial, separator_after};
use crate::guard::{DenialDelivery, Guard};

/// Makes the error of a gRPC client out of a denial and the refused headers or trailers, whose message
/// ends in the denial's line, and puts it into the slot.
///
/// Where nothing is put in, the client gets those headers or trailers.
pub type MakeError = fn(Denial, &HeaderMap, &mut ErrorSlot<'_>);

/// The place for an error of the type that a service or a body has.
pub struct ErrorSlot<'a>(&'a mut dyn Any);

impl<'a> ErrorSlot<'a> {
    fn of<E: 'static>(error: &'a mut Option<E>) -> Self {
        Self(error)
    }

    /// Puts the error in.
    ///
    /// # Errors
    /// The error itself, if the slot is for another type.
    pub fn put<E: 'static>(&mut self, error: E) -> Result<(), E> {
        match self.0.downcast_mut::<Option<E>>() {
            Some(place) => {
                *place = Some(error);
                Ok(())
            }
            None => Err(error),
        }
    }
}

impl fmt::Debug for ErrorSlot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorSlot").finish_non_exhaustive()
    }
}

/// What the client gets in the place of refused headers or trailers: the same with more words, or an
/// error that says the same.
///
/// `E` is the error of the service or body that hands it on. Where none is made, the words stay.
pub(super) fn deliver<E: 'static>(
    guard: &Guard,
    denial: Denial,
    mut headers: HeaderMap,
    make_error: Option<MakeError>,
) -> Result<HeaderMap, E> {
    let delivery = guard.state().delivery;
    if delivery == DenialDelivery::Extension {
        return Ok(headers);
    }
    add_to_message(&mut headers, &denial.to_string());
    let mut error = None;
    if let Some(make) = make_error.filter(|_| delivery == DenialDelivery::Error) {
        make(denial, &headers, &mut ErrorSlot::of::<E>(&mut error));
    }
    error.map_or(Ok(headers), Err)
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
