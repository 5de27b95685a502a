//! [`Fetch`] by reqwest.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use super::fetch::{Fetch, MOST_BODY};
use crate::error::{BoxError, Error};

/// The metadata server is one hop away; Google's Java library allows as much.
/// Source: `MdsUtil`/`ComputeEngineCredentials` in
/// <https://github.com/googleapis/google-auth-library-java>.
const CONNECT: Duration = Duration::from_millis(500);
const WHOLE: Duration = Duration::from_secs(2);

/// Fetches with a reqwest client of its own: no proxy, no redirects, at most 64 KiB of body, half a
/// second to connect and two for everything.
///
/// The client is built at the first request. Without a TLS feature of reqwest it speaks plain HTTP
/// only, which is all that the metadata server needs.
///
/// ```
/// // What `Guard::from_env` asks with where the user gives nothing else.
/// let builder = gcp_scopes::Guard::builder().fetch(gcp_scopes::granted::ReqwestFetch::new());
/// ```
#[derive(Debug)]
pub struct ReqwestFetch {
    client: OnceLock<reqwest::Client>,
    whole: Duration,
}

impl Default for ReqwestFetch {
    fn default() -> Self {
        Self { client: OnceLock::new(), whole: WHOLE }
    }
}

impl ReqwestFetch {
    /// A fetcher that has not connected to anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self) -> Result<&reqwest::Client, BoxError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(self.whole);
        // With `rustls-no-provider` and no provider installed reqwest panics here. That may be
        // mended before the next request, so only a client is kept.
        let built = catch_unwind(AssertUnwindSafe(|| builder.build()));
        let client =
            built.map_err(|_| Error::unreachable("reqwest has no TLS provider; install one first"))??;
        Ok(self.client.get_or_init(|| client))
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let (parts, body) = request.into_parts();
        let request = self.client()?.request(parts.method, parts.uri.to_string()).headers(parts.headers);
        let mut answer = request.body(body).send().await.map_err(reqwest::Error::without_url)?;
        let mut read = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if read.len() + chunk.len() > MOST_BODY {
                return Err(Error::unreachable("an answer of more than 64 KiB").into());
            }
            read.extend_from_slice(&chunk);
        }
        let mut response = Response::new(read.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl Fetch for ReqwestFetch {
    fn fetch(
        &self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send + '_>> {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Some features bring rustls without a provider, without which reqwest makes no client.
    fn fetcher() -> ReqwestFetch {
        // Somebody else's choice is as good as this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        ReqwestFetch::new()
    }

    /// Answers one connection with `head`, then with `body` again and again until the other side
    /// has had enough; the number of body bytes it got rid of.
    async fn serve(listener: TcpListener, head: &'static str, body: &'static [u8]) -> usize {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        drip(stream, body).await
    }

    async fn drip(mut stream: TcpStream, body: &[u8]) -> usize {
        let mut sent = 0;
        while !body.is_empty() && stream.write_all(body).await.is_ok() {
            sent += body.len();
        }
        sent
    }

    async fn fetch_from(
        head: &'static str,
        body: &'static [u8],
    ) -> (Result<Response<Bytes>, BoxError>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/x", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(listener, head, body));
        let fetch = fetcher();
        let answer = fetch.fetch(Request::get(uri).body(Bytes::new()).unwrap()).await;
        drop(fetch);
        (answer, server.await.unwrap())
    }

    #[tokio::test]
    async fn an_answer_comes_with_its_status_and_headers() {
        let head = "HTTP/1.1 404 Not Found\r\nmetadata-flavor: Google\r\ncontent-length: 2\r\n\r\nno";
        let response = fetch_from(head, b"").await.0.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["metadata-flavor"], "Google");
        assert_eq!(response.body(), "no");
    }

    #[tokio::test]
    async fn a_redirect_is_handed_back_and_not_followed() {
        let head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(fetch_from(head, b"").await.0.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn an_endless_body_is_cut_off_after_64_kib() {
        let (answer, sent) =
            fetch_from("HTTP/1.1 200 OK\r\nmetadata-flavor: Google\r\n\r\n", &[b'x'; 8192]).await;
        assert!(answer.unwrap_err().to_string().contains("64 KiB"));
        // What the two sockets buffer comes on top of what was read.
        assert!(sent < 32 * 1024 * 1024, "{sent}");
    }

    #[tokio::test]
    async fn a_dripping_body_ends_at_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/x", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nd").await.unwrap();
            let mut request = Vec::new();
            // The other side hangs up.
            stream.read_to_end(&mut request).await
        });
        let fetch = ReqwestFetch { whole: Duration::from_millis(100), ..fetcher() };
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        assert!(fetch.fetch(request).await.is_err());
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/x", listener.local_addr().unwrap());
        drop(listener);
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        assert!(fetcher().fetch(request).await.is_err());
    }
}
