//! A guard for programs that block, which send requests with `reqwest::blocking`.

use std::io::{self, Read as _};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pollster::block_on;
use reqwest::blocking::{RequestBuilder, Response};

use super::send::{SendError, assemble, call_from_url, finish, unsent, url_hash};
use crate::guard::{Guard, GuardBuilder};

impl GuardBuilder {
    /// Builds the guard like [`detect`](Self::detect), but blocks the thread.
    ///
    /// ```no_run
    /// use gcp_scopes::{Guard, Preflight};
    ///
    /// let guard = Guard::builder().preflight(Preflight::Warn).detect_blocking();
    /// ```
    pub fn detect_blocking(self) -> Guard {
        block_on(self.detect())
    }
}

impl Guard {
    /// Creates a guard like [`detect`](Self::detect), but blocks the thread.
    ///
    /// ```no_run
    /// let guard = gcp_scopes::Guard::detect_blocking(); // once, at start
    /// println!("{}", guard.environment().platform());
    /// ```
    #[must_use]
    pub fn detect_blocking() -> Self {
        Self::builder().detect_blocking()
    }

    /// Sends a request of a `reqwest::blocking::Client`, instead of `request.send()`. Like
    /// [`send`](Self::send), with the same errors, but blocks the thread. Like reqwest's own
    /// function, it must not be called from async code.
    ///
    /// ```no_run
    /// use gcp_scopes::{Denial, Guard};
    ///
    /// # fn list(token: &str) -> Result<(), gcp_scopes::BoxError> {
    /// let guard = Guard::detect_blocking(); // once, at start
    /// let client = reqwest::blocking::Client::new();
    /// let url = "https://storage.googleapis.com/storage/v1/b/photos/o";
    /// match guard.send_blocking(client.get(url).bearer_auth(token)) {
    ///     Ok(response) => println!("{}", response.status()),
    ///     Err(error) => match Denial::find(&error) {
    ///         Some(denial) => eprintln!("{}", denial.report()),
    ///         None => eprintln!("{error}"),
    ///     },
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The denial, or the error of reqwest.
    pub fn send_blocking(&self, request: RequestBuilder) -> Result<Response, SendError> {
        let (client, request) = request.build_split();
        let request = request?;
        let (verb, url, headers) = (request.method(), request.url(), request.headers());
        let checked = self.begin(&call_from_url(verb, url, headers));
        let flight = match checked.and_then(|flight| block_on(flight.wait_for_scopes())) {
            Ok(flight) => flight,
            Err(denial) => return Ok(blocking(unsent(self, url, denial)?)),
        };
        let sent_to = url_hash(url);
        let response = client.execute(request)?;
        if !flight.may_explain(response.status()) {
            return Ok(response);
        }
        Ok(blocking(block_on(finish(flight, sent_to, unblocked(response)))?))
    }
}

/// Turns a response of the blocking client into one of the async client.
fn unblocked(mut response: Response) -> reqwest::Response {
    let (mut parts, ()) = http::Response::new(()).into_parts();
    (parts.status, parts.version) = (response.status(), response.version());
    parts.headers = mem::take(response.headers_mut());
    parts.extensions = mem::take(response.extensions_mut());
    let (url, left) = (response.url().clone(), response.content_length());
    assemble(url, parts, reqwest::Body::wrap(BlockingBody { response, left })).into()
}

/// Turns a response of the async client into one of the blocking client.
fn blocking(response: reqwest::Response) -> Response {
    let url = response.url().clone();
    let (parts, body) = http::Response::from(response).into_parts();
    assemble(url, parts, body).into()
}

/// The body of a blocking response, which blocks the thread that polls it.
struct BlockingBody {
    response: Response,
    /// The number of bytes that follow, if it is known.
    left: Option<u64>,
}

impl Body for BlockingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut buffer = vec![0; READ_BYTES];
        Poll::Ready(match self.response.read(&mut buffer) {
            Ok(0) => None,
            Ok(length) => {
                buffer.truncate(length);
                self.left = self.left.map(|left| left.saturating_sub(length as u64));
                Some(Ok(Frame::data(buffer.into())))
            }
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// How many bytes are read at once. Google's refusals are shorter than 4 KiB.
const READ_BYTES: usize = 8 * 1024;
