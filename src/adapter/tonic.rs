//! [`Guard::layer`](crate::Guard::layer) over the channel of a gRPC client.
use std::any::Any;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use tonic::Status;

use crate::denial::Denial;
use crate::error::BoxError;

/// The status that headers or trailers tell, with the denial as its source, in an error of type `E`: a
/// [`Status`] or anything's [`BoxError`].
pub(crate) fn as_error<E: 'static>(denial: Denial, headers: &HeaderMap) -> Option<E> {
    let mut status = match has_bad_details(headers) {
        false => Status::from_header_map(headers)?,
        true => {
            let mut headers = headers.clone();
            headers.remove(DETAILS);
            Status::from_header_map(&headers)?
        }
    };
    status.set_source(Arc::new(denial.into_error()));
    let mut error: Option<E> = None;
    let place: &mut dyn Any = &mut error;
    if let Some(place) = place.downcast_mut() {
        *place = Some(status);
    } else if let Some(place) = place.downcast_mut::<Option<BoxError>>() {
        *place = Some(status.into());
    }
    error
}

/// Whether tonic would panic: it insists on base64.
fn has_bad_details(headers: &HeaderMap) -> bool {
    headers.get(DETAILS).is_some_and(|details| BASE64.decode(details).is_err())
}

const DETAILS: &str = "grpc-status-details-bin";

/// No more lenient than tonic's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
