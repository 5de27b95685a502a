//! The [`Status`] of a refused call.

use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use gcp_scopes::denial::Denial;
use http::HeaderMap;
use tonic::Status;

/// Builds a [`Status`] from the headers or trailers of a refused call, with the denial as its
/// source. `None` if they contain no `grpc-status`.
pub(crate) fn denied(denial: Denial, headers: &HeaderMap) -> Option<Status> {
    let mut status = read_status(headers)?;
    status.set_source(Arc::new(denial.into_error()));
    Some(status)
}

/// Reads the status of a call from its headers or trailers, without details that tonic cannot
/// decode.
fn read_status(headers: &HeaderMap) -> Option<Status> {
    if !has_bad_details(headers) {
        return Status::from_header_map(headers);
    }
    let mut headers = headers.clone();
    // The code and the message of the status do not depend on the details.
    headers.remove(DETAILS);
    Status::from_header_map(&headers)
}

/// Checks whether tonic would panic when it reads the details, because they are not valid base64.
fn has_bad_details(headers: &HeaderMap) -> bool {
    // `Status::from_header_map` calls `expect` on the decoded value:
    // <https://github.com/hyperium/tonic/blob/master/tonic/src/status.rs>
    headers.get(DETAILS).is_some_and(|details| BASE64.decode(details).is_err())
}

const DETAILS: &str = "grpc-status-details-bin";

/// A decoder with the settings of tonic's decoder: it rejects everything that makes tonic panic.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
