//! [`Fetch`]: what the guard needs from an HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::BoxError;

/// The longest response body that is read, in bytes. Real responses are shorter than 2 KiB.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// Percent-encodes all characters of a text except the unreserved ones, for use in a URL or a form.
/// Source: RFC 3986, section 2.3.
pub(crate) fn percent_encoded(text: &str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The longest `Retry-After` pause that is respected. A longer pause would leave scopes unknown for
/// longer than the longest pause after any other failure.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(300);

/// An HTTP client that sends one request and reads the complete response: the guard's own client,
/// or a client of the program.
pub(crate) trait Fetch: Send + Sync {
    /// Returns why requests to `uri` cannot be sent at all, or `None` if they can be sent.
    fn unsupported_reason(&self, _uri: &Uri) -> Option<&'static str> {
        None
    }

    /// Sends `request` and reads the response. A response of any status is `Ok`.
    fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_>;
}

pub(crate) type BoxedResponse<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send + 'a>>;

impl<F, R> Fetch for F
where
    F: Fn(Request<Bytes>) -> R + Send + Sync,
    R: Future<Output = Result<Response<Bytes>, BoxError>> + Send + 'static,
{
    fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
        Box::pin(self(request))
    }
}

/// Returns the body as text, or `None` if it is longer than [`MAX_BODY`] or not UTF-8.
pub(crate) fn body_text(response: &Response<Bytes>) -> Option<&str> {
    let body = response.body();
    if body.len() > MAX_BODY {
        return None;
    }
    std::str::from_utf8(body).ok()
}

/// Returns the pause that a busy or unavailable server requests with `Retry-After`. Returns `None`
/// for a date, which is not supported. Source: RFC 9110, section 10.2.3.
pub(crate) fn requested_pause(response: &Response<Bytes>) -> Option<Duration> {
    let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]
        .contains(&response.status());
    let seconds = response.headers().get(RETRY_AFTER).filter(|_| is_busy)?.to_str().ok()?;
    // A number that is too large for `u64` counts as the maximum.
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(seconds.parse().unwrap_or(u64::MAX)).min(MAX_PAUSE))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// An HTTP client that a closure implements, and that counts the requests.
    pub(crate) struct FakeFetch<F> {
        answer: F,
        sent: AtomicUsize,
    }

    impl<F: Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync> FakeFetch<F> {
        /// Creates a client that gets its responses from `answer`. If `answer` returns `None`, the
        /// server never responds.
        pub(crate) fn new(answer: F) -> Self {
            Self { answer, sent: AtomicUsize::new(0) }
        }

        /// Returns the number of requests that were sent.
        pub(crate) fn sent(&self) -> usize {
            self.sent.load(Ordering::SeqCst)
        }
    }

    impl<F: Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync> Fetch for FakeFetch<F> {
        fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
            self.sent.fetch_add(1, Ordering::SeqCst);
            match (self.answer)(&request) {
                Some(response) => Box::pin(std::future::ready(Ok(response))),
                None => Box::pin(std::future::pending()),
            }
        }
    }

    /// Creates a response as the metadata server of a VM sends it.
    pub(crate) fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder()
            .status(status)
            .header("metadata-flavor", "Google")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    #[test]
    fn retry_after_is_read_only_for_busy_servers_and_is_bounded() {
        let rows = [
            (429, "7", Some(7)),
            (503, "7", Some(7)),
            (503, "0", Some(0)),
            (429, "301", Some(300)),
            (429, "99999999999999999999999", Some(300)),
            (500, "7", None),
            (200, "7", None),
            (429, "", None),
            (429, "-1", None),
            (429, "1.5", None),
            (429, "soon", None),
            (429, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ];
        for (status, value, expected) in rows {
            let mut response = answer(status, "");
            response.headers_mut().insert(RETRY_AFTER, value.parse().unwrap());
            assert_eq!(
                requested_pause(&response),
                expected.map(Duration::from_secs),
                "{status} {value}"
            );
        }
        assert_eq!(requested_pause(&answer(429, "")), None);
    }
}
