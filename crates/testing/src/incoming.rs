//! The request that a service responds to.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::encoding::percent_decode;

/// A request whose body has been read.
#[derive(Clone)]
pub(crate) struct IncomingRequest {
    pub(crate) verb: Method,
    /// The path as it was sent, percent-encoded, without the query.
    pub(crate) path: String,
    pub(crate) query: FormData,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The URL of the service that received the request, `http://127.0.0.1:PORT`.
    pub(crate) base: String,
}

impl IncomingRequest {
    /// Returns the value of a header, or `None` if the header is missing or is not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the bearer token of the `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Returns the segments of the path, percent-decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.trim_start_matches('/').split('/').map(percent_decode).collect()
    }

    /// Returns the parsed body; `None` if the body is not JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Checks whether the headers are those of a gRPC call.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/grpc"))
}

/// The decoded names and values of a query string or of a form body, in the order of the request.
#[derive(Clone, Default)]
pub(crate) struct FormData(Vec<(String, String)>);

impl FormData {
    /// Parses `application/x-www-form-urlencoded` text.
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Parses the body of a request: a form, or the JSON object that some clients send instead of a
    /// form.
    pub(crate) fn from_body(request: &IncomingRequest) -> Self {
        match request.json() {
            Some(Value::Object(fields)) => {
                let text =
                    |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Self(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
            }
            _ => Self::parse(&String::from_utf8_lossy(&request.body)),
        }
    }

    /// Returns the first value with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value with this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
