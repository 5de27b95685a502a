//! How a denial reaches the caller, so that adapters need not choose.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response};

use crate::denial::{Denial, DenialError};
use crate::guard::{DenialDelivery, Guard};
use crate::inflate;

impl Guard {
    /// What the caller of a call gets that is not sent: an answer, or an error.
    ///
    /// ```
    /// # use gcp_scopes::{Denial, Guard};
    /// fn stopped(guard: &Guard, denial: Denial) -> Result<http::Response<bytes::Bytes>, Box<dyn std::error::Error>> {
    ///     Ok(guard.unsent(denial)?)
    /// }
    /// ```
    ///
    /// # Errors
    /// The denial, unless it is to be delivered as an answer.
    pub fn unsent(&self, denial: Denial) -> Result<Response<Bytes>, DenialError> {
        match self.state().delivery {
            DenialDelivery::Message => Ok(denial.to_response().map(Bytes::from)),
            DenialDelivery::Error | DenialDelivery::Extension => Err(denial.into_error()),
        }
    }

    /// Delivers the denial of a refused call in its answer, of whose body `seen` is the beginning or
    /// (`is_whole`) all. Gives the body that takes the place of the one that came, if another one does.
    ///
    /// # Errors
    /// The denial, if it is to be delivered as an error.
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
            DenialDelivery::Message => Some(explained(&denial, &parts.headers, seen, is_whole)),
        };
        if let Some(body) = &body {
            fit(&mut parts.headers, body);
        }
        parts.extensions.insert(denial);
        Ok(body)
    }
}

/// The body of a refusal with the denial's line in its message: `seen` is the beginning of the body as it
/// came, and `whole` says whether it is all of it. The body that is given is not compressed.
pub fn explained(denial: &Denial, headers: &HeaderMap, seen: &[u8], whole: bool) -> Bytes {
    let plain = inflate::readable(headers, seen).unwrap_or_default();
    denial.explained_body(headers, &plain, whole).into()
}

/// Makes headers describe a body that takes the place of another: plain, and of its own length.
pub fn fit(headers: &mut HeaderMap, body: &Bytes) {
    headers.remove(CONTENT_ENCODING);
    if let Some(length) = headers.get_mut(CONTENT_LENGTH) {
        *length = HeaderValue::from(body.len());
    }
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
    fn a_compressed_body_keeps_what_a_plain_one_keeps() {
        let gzip = |plain: &str| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, plain.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let google = r#"{"error":{"message":"No.","details":[{"domain":"googleapis.com"}]}}"#;
        let xml = "<Error><Code>A</Code><Message>No.</Message><Details>d</Details></Error>";
        for (content_type, sent) in [
            ("application/json", google),
            ("", google),
            ("application/xml", xml),
            ("text/plain", "Forbidden"),
        ] {
            let plain_headers = HeaderMap::from_iter(
                (!content_type.is_empty()).then(|| (CONTENT_TYPE, HeaderValue::from_static(content_type))),
            );
            let mut headers = plain_headers.clone();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let body = explained(&denial(), &headers, &gzip(sent), true);
            assert_eq!(
                std::str::from_utf8(&body).unwrap(),
                denial().explained_body(&plain_headers, sent.as_bytes(), true),
                "{content_type}"
            );
        }
    }
}
