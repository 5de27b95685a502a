//! A refused gRPC call, <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
//!
//! The messages are `google.rpc.Status` and `google.rpc.ErrorInfo`, written by hand:
//! <https://github.com/googleapis/googleapis/tree/master/google/rpc>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::exchange::{Reply, empty, percent, with};
use super::fault::Trailers;

const PERMISSION_DENIED: u8 = 7;

/// Everything in the headers and no body, as Google's servers refuse a call that has not begun.
pub(super) fn refusal(message: &str, bytes: Option<(&str, Vec<u8>)>) -> Reply {
    let reply = with(empty(StatusCode::OK), CONTENT_TYPE.as_str(), "application/grpc");
    let reply = with(reply, "grpc-status", &PERMISSION_DENIED.to_string());
    let reply =
        with(reply, "grpc-message", &percent(message, |byte| matches!(byte, b' '..=b'~') && byte != b'%'));
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

/// `google.rpc.Status` with details of type `ErrorInfo`; others are left out.
pub(super) fn status(message: &str, details: &[Value]) -> Vec<u8> {
    let mut out = vec![0x08, PERMISSION_DENIED];
    field(&mut out, 2, message.as_bytes());
    for detail in details.iter().filter(|detail| detail.get("reason").is_some()) {
        let mut any = Vec::new();
        field(&mut any, 1, b"type.googleapis.com/google.rpc.ErrorInfo");
        field(&mut any, 2, &error_info(detail));
        field(&mut out, 3, &any);
    }
    out
}

/// `google.rpc.ErrorInfo` from its JSON.
pub(super) fn error_info(detail: &Value) -> Vec<u8> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut out = Vec::new();
    field(&mut out, 1, text(detail.get("reason")).as_bytes());
    field(&mut out, 2, text(detail.get("domain")).as_bytes());
    for (key, value) in detail.get("metadata").and_then(Value::as_object).into_iter().flatten() {
        let mut entry = Vec::new();
        field(&mut entry, 1, key.as_bytes());
        field(&mut entry, 2, text(Some(value)).as_bytes());
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
