//! The one thing this crate needs of an HTTP client.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode, Uri};

use crate::error::BoxError;

/// The most that is read of any answer. Real ones are under 2 KiB.
pub(crate) const MOST_BODY: usize = 64 * 1024;

/// A text as part of a URL or of a form: all but the unreserved characters percent-encoded.
/// Source: RFC 3986, section 2.3.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            // Writing to a String does not fail.
            other => drop(write!(encoded, "%{other:02X}")),
        }
    }
    encoded
}

/// The longest pause that a server may ask for. More is not believed: it would leave tokens unknown for
/// longer than any failure does.
pub(crate) const MOST_PAUSE: Duration = Duration::from_secs(300);

/// Sends one HTTP request and reads the whole answer: the guard's questions to the metadata server, to
/// tokeninfo and to IAM.
///
/// The guard has a client of its own with the feature `metadata`, and `ReqwestFetch` takes a
/// `reqwest::Client` for what needs TLS. One of your own runs on the guard's thread, which it must not
/// block; the thread has a tokio runtime with timer and I/O. It must
///
/// 1. read at most 64 KiB of body, and fail on a longer one;
/// 2. use no proxy: the metadata server refuses what came through one, and a token is none of a
///    proxy's business;
/// 3. follow no redirect;
/// 4. end at a deadline of about 2 seconds, connecting included.
///
/// Its errors are never printed, because a client's error may hold what was sent.
///
/// ```
/// use std::error::Error;
///
/// use bytes::Bytes;
/// use gcp_scopes::Guard;
/// use gcp_scopes::granted::Fetch;
/// use http::{Request, Response};
///
/// /// Opens no connection: for a program that may open none of its own.
/// struct Offline;
///
/// impl Fetch for Offline {
///     async fn fetch(&self, _: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
///         Err("no network here".into())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// // Whatever would have to be asked for is unknown, and no call is held back for it.
/// let guard = Guard::builder().fetch(Offline).detect().await;
/// # }
/// ```
pub trait Fetch: Send + Sync {
    /// Sends `request` and reads the answer, whatever its status.
    fn fetch(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, BoxError>> + Send;
}

/// A [`Fetch`] of any type, or the guard's own client.
pub(crate) trait DynFetch: Send + Sync {
    /// Why a server at such a URL cannot be asked at all.
    fn unable(&self, uri: &Uri) -> Option<&'static str>;

    fn fetch_boxed(
        &self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send + '_>>;
}

impl<F: Fetch> DynFetch for F {
    fn unable(&self, _: &Uri) -> Option<&'static str> {
        None
    }

    fn fetch_boxed(
        &self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send + '_>> {
        Box::pin(self.fetch(request))
    }
}

/// The body as text, if it is short enough and is text.
pub(crate) fn text(response: &Response<Bytes>) -> Option<&str> {
    let body = response.body();
    if body.len() > MOST_BODY {
        return None;
    }
    std::str::from_utf8(body).ok()
}

/// How long a server that is busy or down wants to be left alone. A date instead of seconds is not read.
/// Source: RFC 9110, section 10.2.3.
pub(crate) fn pause(response: &Response<Bytes>) -> Option<Duration> {
    let is_busy =
        [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status());
    let seconds = response.headers().get(RETRY_AFTER).filter(|_| is_busy)?.to_str().ok()?;
    // Too large a number is a number all the same.
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(seconds.parse().unwrap_or(u64::MAX)).min(MOST_PAUSE))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    type Answer = Result<Response<Bytes>, BoxError>;

    /// A server made of a closure, which counts how often it is asked.
    pub(crate) struct FakeFetch<F> {
        answer: F,
        asked: AtomicUsize,
    }

    impl<F: Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync> FakeFetch<F> {
        /// `None` from `answer` is a server that never answers.
        pub(crate) fn new(answer: F) -> Self {
            Self { answer, asked: AtomicUsize::new(0) }
        }

        pub(crate) fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    impl<F: Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync> Fetch for FakeFetch<F> {
        async fn fetch(&self, request: Request<Bytes>) -> Answer {
            self.asked.fetch_add(1, Ordering::SeqCst);
            match (self.answer)(&request) {
                Some(response) => Ok(response),
                None => std::future::pending().await,
            }
        }
    }

    /// What the metadata server of a VM would send.
    pub(crate) fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder()
            .status(status)
            .header("metadata-flavor", "Google")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    #[test]
    fn only_a_busy_server_is_left_alone_and_not_for_ever() {
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
            assert_eq!(pause(&response), expected.map(Duration::from_secs), "{status} {value}");
        }
        assert_eq!(pause(&answer(429, "")), None);
    }
}
