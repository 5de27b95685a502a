//! The ways to answer a request.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::encoding::element;

/// A whole answer, before a fault may spoil it.
pub(crate) type Reply = Response<Bytes>;

/// Headers that come after the body, carried by a [`Reply`] as an extension.
#[derive(Clone)]
pub(crate) struct Trailers(pub(crate) HeaderMap);

/// An answer of this content type.
pub(crate) fn reply(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Reply {
    with(empty(status), CONTENT_TYPE.as_str(), content_type).map(|_| body.into())
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}

/// JSON as Google's front ends print it: indented, with a line feed at the end.
pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
    reply(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

/// An answer of an API that speaks XML: how the document's element begins, and what is inside.
pub(crate) fn xml(status: StatusCode, start: &str, inside: &str) -> Reply {
    let document = format!("<?xml version='1.0' encoding='UTF-8'?>{}", element(start, inside));
    reply(status, "application/xml; charset=UTF-8", document)
}

/// Google's error page: what its front ends answer where no API is behind a path.
pub(crate) fn html(status: StatusCode, sentence: &str) -> Reply {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} ({reason})!!1</title>\n  \
         <p><b>{code}.</b> <ins>That\u{2019}s an error.</ins>\n  <p>{sentence}  <ins>That\u{2019}s all we know.</ins>\n"
    );
    reply(status, "text/html; charset=UTF-8", page)
}

/// The reply with one more header. A value that no header can hold is left out.
pub(crate) fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
    if let (Ok(name), Ok(value)) = pair {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// A refusal of Google's older stack, which Cloud Storage and Compute Engine still send: no
/// `status`, no `details`.
pub(crate) fn error(status: StatusCode, reason: &str, message: &str) -> Reply {
    let body = json!({"error": {
        "code": status.as_u16(),
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
    }});
    json(status, &body)
}

/// The challenge that lists the scopes a call accepts: any one of them is enough.
pub(crate) fn challenge(scopes: &[String]) -> String {
    format!(
        r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{}""#,
        scopes.join(" ")
    )
}
