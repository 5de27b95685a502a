//! The one thing this crate needs of an HTTP client.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};

use crate::error::BoxError;

/// The most that is read of any answer. Real ones are under 2 KiB.
pub(crate) const MOST_BODY: usize = 64 * 1024;

/// Sends one HTTP request and reads the whole answer: the metadata server and, if the user turned
/// it on, tokeninfo are asked through it.
///
/// With feature `reqwest` there is a ready one, `ReqwestFetch`. One of your own must
///
/// 1. read at most 64 KiB of body, and fail on a longer one;
/// 2. use no proxy: the metadata server refuses what came through one, and a token is none of a
///    proxy's business;
/// 3. follow no redirect;
/// 4. end at a deadline of about 2 seconds, connecting included.
///
/// Its errors are never printed, because a client's error may hold what was sent.
pub trait Fetch: Send + Sync {
    /// Sends `request` and reads the answer, whatever its status.
    fn fetch(
        &self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send + '_>>;
}

/// The body as text, if it is short enough and is text.
pub(crate) fn text(response: &Response<Bytes>) -> Option<&str> {
    let body = response.body();
    if body.len() > MOST_BODY {
        return None;
    }
    std::str::from_utf8(body).ok()
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
        fn fetch(&self, request: Request<Bytes>) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = (self.answer)(&request);
            Box::pin(async move {
                match answer {
                    Some(response) => Ok(response),
                    None => std::future::pending().await,
                }
            })
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
}
