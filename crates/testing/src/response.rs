//! Builds responses in the formats of Google's servers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::encoding::element;

/// A response with its complete body, before a [fault](crate::Fault) changes it.
pub(crate) type FullResponse = Response<Bytes>;

/// The trailers of a [`FullResponse`], which stores them as an extension.
#[derive(Clone)]
pub(crate) struct Trailers(pub(crate) HeaderMap);

/// Creates a response with a body of this content type.
pub(crate) fn new_response(
    status: StatusCode,
    content_type: &str,
    body: impl Into<Bytes>,
) -> FullResponse {
    with_header(empty(status), CONTENT_TYPE.as_str(), content_type).map(|_| body.into())
}

/// Creates a response without a body.
pub(crate) fn empty(status: StatusCode) -> FullResponse {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Creates a JSON response. As from Google's servers, the JSON is indented and ends with a line
/// feed.
pub(crate) fn json(status: StatusCode, body: &Value) -> FullResponse {
    new_response(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

/// Creates an XML response. `start` is the content of the root element's start tag: the name and
/// the attributes. `inside` is the XML inside the root element.
pub(crate) fn xml(status: StatusCode, start: &str, inside: &str) -> FullResponse {
    let document = format!("<?xml version='1.0' encoding='UTF-8'?>{}", element(start, inside));
    new_response(status, "application/xml; charset=UTF-8", document)
}

/// Creates a response with Google's HTML error page, which Google's servers send for a path that
/// belongs to no API.
pub(crate) fn html(status: StatusCode, sentence: &str) -> FullResponse {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} \
         ({reason})!!1</title>\n  <p><b>{code}.</b> <ins>That\u{2019}s an error.</ins>\n  \
         <p>{sentence}  <ins>That\u{2019}s all we know.</ins>\n"
    );
    new_response(status, "text/html; charset=UTF-8", page)
}

/// Sets a header of a response. Ignores a name or a value that is not valid in HTTP.
pub(crate) fn with_header(mut response: FullResponse, name: &str, value: &str) -> FullResponse {
    let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
    if let (Ok(name), Ok(value)) = pair {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Creates an error response in the older JSON format, which has `errors` but neither `status` nor
/// `details`. Cloud Storage and Compute Engine still use this format.
pub(crate) fn legacy_error(status: StatusCode, reason: &str, message: &str) -> FullResponse {
    let body = json!({"error": {
        "code": status.as_u16(), "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
    }});
    json(status, &body)
}

/// Formats the `WWW-Authenticate` value of a scope refusal. The value lists the scopes that the
/// method accepts; one of the scopes is enough.
pub(crate) fn scope_challenge(scopes: &[String]) -> String {
    let scopes = scopes.join(" ");
    let realm = "https://accounts.google.com/";
    format!(r#"Bearer realm="{realm}", error="insufficient_scope", scope="{scopes}""#)
}
