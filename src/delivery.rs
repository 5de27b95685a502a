//! Delivery of denials to the caller, in one place for all adapters.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response};

use crate::denial::{Denial, DenialError};
use crate::guard::{DenialDelivery, Guard};
use crate::inflate;

impl Guard {
    /// Returns what the caller gets for a call that is not sent: a response that contains the
    /// denial, or an error, depending on [`DenialDelivery`]. The response to a `HEAD` request has
    /// no body, but the headers of a response with a body; its extensions contain the denial.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gcp_scopes::denial::DenialError;
    /// use gcp_scopes::{Denial, Guard};
    /// use http::Response;
    ///
    /// fn stopped(guard: &Guard, denial: Denial) -> Result<Response<Bytes>, DenialError> {
    ///     guard.unsent(denial)
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial, unless [`DenialDelivery::Message`] is set.
    pub fn unsent(&self, denial: Denial) -> Result<Response<Bytes>, DenialError> {
        match self.state().delivery {
            DenialDelivery::Message if denial.is_for_head_request() => {
                Ok(denial.to_response().map(|_| Bytes::new()))
            }
            DenialDelivery::Message => Ok(denial.to_response().map(Bytes::from)),
            DenialDelivery::Error | DenialDelivery::Extension => Err(denial.into_error()),
        }
    }

    /// Delivers the denial of a refused call in the call's response. `seen` is the beginning of the
    /// response body, or the complete body if `is_whole` is set. Returns the body that replaces the
    /// response's own body. Returns `None` if the response keeps its own body, for example as the
    /// response to a `HEAD` request.
    ///
    /// # Errors
    /// The denial, if [`DenialDelivery::Error`] is set.
    pub fn deliver(
        &self,
        denial: Denial,
        parts: &mut Parts,
        seen: &[u8],
        is_whole: bool,
    ) -> Result<Option<Bytes>, DenialError> {
        let body = match self.state().delivery {
            DenialDelivery::Error => return Err(denial.into_error()),
            DenialDelivery::Extension => None,
            DenialDelivery::Message if denial.is_for_head_request() => None,
            DenialDelivery::Message => {
                Some(explained_body(&denial, &mut parts.headers, seen, is_whole))
            }
        };
        parts.extensions.insert(denial);
        Ok(body)
    }
}

/// Returns the body of a refused response with the denial's first line added to the error message,
/// for a client that keeps only the message. `seen` is the beginning of the received body, or the
/// complete body if `is_whole` is set.
///
/// The returned body is not compressed, and `headers` are changed to describe the returned body.
///
/// ```
/// use gcp_scopes::Denial;
/// use gcp_scopes::response::explained_body;
/// use http::Response;
///
/// /// For a client that reads complete response bodies itself.
/// fn with_denial(denial: &Denial, refused: Response<Vec<u8>>) -> Response<Vec<u8>> {
///     let (mut head, body) = refused.into_parts();
///     let body = explained_body(denial, &mut head.headers, &body, true);
///     Response::from_parts(head, body.into())
/// }
/// ```
#[must_use]
pub fn explained_body(
    denial: &Denial,
    headers: &mut HeaderMap,
    seen: &[u8],
    is_whole: bool,
) -> Bytes {
    let plain = inflate::decompressed(headers, seen).unwrap_or_default();
    let body = Bytes::from(denial.explained_body(headers, &plain, is_whole));
    headers.remove(CONTENT_ENCODING);
    // Changed only if present, because a response with `Transfer-Encoding` must not contain it (RFC
    // 9112, section 6.2).
    if let Some(length) = headers.get_mut(CONTENT_LENGTH) {
        *length = HeaderValue::from(body.len());
    }
    body
}

#[cfg(test)]
#[cfg(all(feature = "catalog-full", feature = "body"))]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::catalog::ApiMethod;

    fn denial() -> Denial {
        Denial::for_method(ApiMethod::by_id("storage.objects.get").unwrap())
    }

    #[test]
    fn a_compressed_body_is_explained_like_a_plain_body() {
        let gzip = |plain: &str| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, plain.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let google = r#"{"error":{"message":"No.","details":[{"domain":"googleapis.com"}]}}"#;
        let xml = "<Error><Code>A</Code><Message>No.</Message><Details>d</Details></Error>";
        for (content_type, sent) in [
            ("application/json", google),
            // An empty text stands for a missing `Content-Type` header.
            ("", google),
            ("application/xml", xml),
            ("text/plain", "Forbidden"),
        ] {
            let plain_headers = HeaderMap::from_iter(
                (!content_type.is_empty())
                    .then(|| (CONTENT_TYPE, HeaderValue::from_static(content_type))),
            );
            let mut headers = plain_headers.clone();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let body = explained_body(&denial(), &mut headers, &gzip(sent), true);
            assert_eq!(
                std::str::from_utf8(&body).unwrap(),
                denial().explained_body(&plain_headers, sent.as_bytes(), true),
                "{content_type}"
            );
        }
    }
}
