//! A refused gRPC call, <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
//!
//! The messages are `google.rpc.Status` and `google.rpc.ErrorInfo`, written by hand:
//! <https://github.com/googleapis/googleapis/tree/master/google/rpc>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::forms::Info;
use crate::encoding::grpc_message;
use crate::reply::{Reply, Trailers, empty, with};

/// Statuses of gRPC, <https://grpc.io/docs/guides/status-codes/>.
pub(super) const PERMISSION_DENIED: u8 = 7;
pub(super) const RESOURCE_EXHAUSTED: u8 = 8;

/// Everything in the headers and no body, as Google's servers refuse a call that has not begun.
pub(super) fn refusal(code: u8, message: &str, bytes: Option<(&str, Vec<u8>)>) -> Reply {
    let reply = with(empty(StatusCode::OK), CONTENT_TYPE.as_str(), "application/grpc");
    let reply = with(reply, "grpc-status", &code.to_string());
    let reply = with(reply, "grpc-message", &grpc_message(message));
    match bytes {
        Some((name, bytes)) => with(reply, name, &STANDARD_NO_PAD.encode(bytes)),
        None => reply,
    }
}

/// The same, with all but the content type after the (empty) stream of messages.
pub(super) fn into_trailers(reply: Reply) -> Reply {
    let mut trailers = reply.into_parts().0.headers;
    trailers.remove(CONTENT_TYPE);
    let mut reply = with(empty(StatusCode::OK), CONTENT_TYPE.as_str(), "application/grpc");
    reply.extensions_mut().insert(Trailers(trailers));
    reply.map(|_| Bytes::new())
}

/// `google.rpc.Status` with one detail, an `ErrorInfo`.
pub(super) fn status(code: u8, message: &str, info: &Info) -> Vec<u8> {
    let mut any = Vec::new();
    field(&mut any, 1, b"type.googleapis.com/google.rpc.ErrorInfo");
    field(&mut any, 2, &error_info(info));
    let mut out = vec![0x08, code];
    field(&mut out, 2, message.as_bytes());
    field(&mut out, 3, &any);
    out
}

/// `google.rpc.ErrorInfo`.
pub(super) fn error_info(info: &Info) -> Vec<u8> {
    let mut out = Vec::new();
    field(&mut out, 1, info.reason.as_bytes());
    field(&mut out, 2, info.domain.as_bytes());
    for (key, value) in info.metadata {
        let mut entry = Vec::new();
        field(&mut entry, 1, key.as_bytes());
        field(&mut entry, 2, value.as_bytes());
        field(&mut out, 3, &entry);
    }
    out
}

/// One length-delimited field, <https://protobuf.dev/programming-guides/encoding>.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}
