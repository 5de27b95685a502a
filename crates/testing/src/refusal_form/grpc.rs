//! The response to a refused gRPC call, as specified at
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
//!
//! `google.rpc.Status` and `google.rpc.ErrorInfo` are encoded by hand. Their definitions:
//! <https://github.com/googleapis/googleapis/tree/master/google/rpc>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::called_method::{CalledMethod, metadata};
use super::parts::ErrorInfo;
use crate::encoding::encode_grpc_message;
use crate::response::{FullResponse, Trailers, empty, with_header};

/// A gRPC status code: <https://grpc.io/docs/guides/status-codes/>.
pub(super) const PERMISSION_DENIED: u8 = 7;
/// A gRPC status code: <https://grpc.io/docs/guides/status-codes/>.
pub(super) const RESOURCE_EXHAUSTED: u8 = 8;

/// Creates a refusal with all fields in the headers and without a body, as Google's servers refuse
/// a call before its first message. `details` are the name and the value of a binary header.
pub(super) fn refusal(code: u8, message: &str, details: Option<(&str, Vec<u8>)>) -> FullResponse {
    let response = with_header(empty(StatusCode::OK), CONTENT_TYPE.as_str(), "application/grpc");
    let response = with_header(response, "grpc-status", &code.to_string());
    let response = with_header(response, "grpc-message", &encode_grpc_message(message));
    match details {
        Some((name, bytes)) => with_header(response, name, &STANDARD_NO_PAD.encode(bytes)),
        None => response,
    }
}

/// Moves all headers except the content type into the trailers, after an empty stream of messages.
pub(super) fn into_trailers(response: FullResponse) -> FullResponse {
    let mut trailers = response.into_parts().0.headers;
    trailers.remove(CONTENT_TYPE);
    let mut response =
        with_header(empty(StatusCode::OK), CONTENT_TYPE.as_str(), "application/grpc");
    response.extensions_mut().insert(Trailers(trailers));
    response.map(|_| Bytes::new())
}

/// Encodes a `google.rpc.Status` whose only detail is an `ErrorInfo`.
pub(super) fn status(code: u8, message: &str, error_info: &[u8]) -> Vec<u8> {
    let mut any = Vec::new();
    field(&mut any, 1, b"type.googleapis.com/google.rpc.ErrorInfo");
    field(&mut any, 2, error_info);
    // 0x08 is the tag of field 1, `code`, as a varint.
    let mut out = vec![0x08, code];
    field(&mut out, 2, message.as_bytes());
    field(&mut out, 3, &any);
    out
}

/// Encodes a `google.rpc.ErrorInfo`.
pub(super) fn error_info(info: &ErrorInfo, called: Option<&CalledMethod>) -> Vec<u8> {
    let mut out = Vec::new();
    field(&mut out, 1, info.reason.as_bytes());
    field(&mut out, 2, info.domain.as_bytes());
    for (key, value) in metadata(info, called) {
        let mut entry = Vec::new();
        field(&mut entry, 1, key.as_bytes());
        field(&mut entry, 2, value.as_bytes());
        field(&mut out, 3, &entry);
    }
    out
}

/// Appends a length-delimited field: <https://protobuf.dev/programming-guides/encoding>.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    // The wire type 2 stands for a length-delimited field.
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}
