//! The adapter for a plain `reqwest::Client`: [`Guard::send`](crate::Guard::send) sends a request
//! through a guard, and `Guard::send_blocking` a request of a `reqwest::blocking::Client` (feature
//! `reqwest-blocking`). [`GuardBuilder::reqwest_client`] lets the guard send its own requests with
//! the program's client.

#[cfg(feature = "reqwest-blocking")]
mod blocking;
mod send;

pub use send::{SendError, call_of};

#[cfg(feature = "reqwest-middleware")]
pub(super) use send::{finish, unsent, url_hash};

use bytes::{Bytes, BytesMut};
use http::uri::Scheme;
use http::{Request, Response};

use crate::error::{BoxError, Error};
use crate::granted::fetch::{BoxedResponse, Fetch, MAX_BODY};
use crate::granted::own_client::{OwnClient, TOTAL_TIMEOUT};
use crate::guard::GuardBuilder;

/// The HTTP client of a guard that sends its HTTPS requests with a client of the program.
struct ReqwestFetch {
    client: reqwest::Client,
    /// The client for requests without TLS.
    plain: OwnClient,
}

impl GuardBuilder {
    /// Sends the guard's requests to tokeninfo and IAM with `client`, which replaces the client set
    /// with [`fetch`](Self::fetch). The guard reads at most 64 KiB of a response body, and gives up
    /// after two seconds.
    ///
    /// The guard does not create a reqwest client, because only the program knows which TLS library
    /// is compiled into reqwest. The client's proxy, root certificates and connections are used
    /// unchanged. Requests without TLS, such as those to the metadata server, do not use the
    /// client.
    ///
    /// ```no_run
    /// use gcp_scopes::Guard;
    ///
    /// # async fn start() {
    /// let client = reqwest::Client::new();
    /// let guard = Guard::builder().reqwest_client(client.clone()).detect().await;
    /// # }
    /// ```
    pub fn reqwest_client(self, client: reqwest::Client) -> Self {
        self.with_client(ReqwestFetch::new(client))
    }
}

impl ReqwestFetch {
    fn new(client: reqwest::Client) -> Self {
        Self { client, plain: OwnClient::default() }
    }

    /// Sends a request with the program's client, within the limits of the guard.
    async fn send_with_client(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let (parts, body) = request.into_parts();
        let request =
            self.client.request(parts.method, parts.uri.to_string()).headers(parts.headers);
        let request = request.timeout(TOTAL_TIMEOUT).body(body);
        // reqwest's errors contain the URL, in which a user's own endpoint may have a password.
        let mut received = request.send().await.map_err(reqwest::Error::without_url)?;
        let mut bytes = BytesMut::new();
        // Read in chunks, because `Response::bytes` reads a body of any length.
        while let Some(chunk) = received.chunk().await.map_err(reqwest::Error::without_url)? {
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(Error::unreachable(
                    "the response of tokeninfo or IAM is longer than 64 KiB",
                )
                .into());
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut response = Response::new(bytes.freeze());
        *response.status_mut() = received.status();
        *response.headers_mut() = std::mem::take(received.headers_mut());
        Ok(response)
    }
}

impl Fetch for ReqwestFetch {
    fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
        match request.uri().scheme() == Some(&Scheme::HTTPS) {
            true => Box::pin(self.send_with_client(request)),
            false => Box::pin(self.plain.send(request)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::granted::own_client::tests::{fetch_from, get, listener};

    /// Sends every request with the reqwest client, because the servers of these tests have no TLS.
    struct ClientOnly(ReqwestFetch);

    impl Fetch for ClientOnly {
        fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
            Box::pin(self.0.send_with_client(request))
        }
    }

    /// Creates a fetcher whose client has a TLS provider: some features enable rustls without a
    /// provider, and then reqwest cannot build a client.
    fn client_only() -> ClientOnly {
        // `Err` means that another test has installed a provider, which is used then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        ClientOnly(ReqwestFetch::new(reqwest::Client::builder().no_proxy().build().unwrap()))
    }

    #[tokio::test]
    async fn a_response_has_its_status_and_headers() {
        let head =
            "HTTP/1.1 404 Not Found\r\nmetadata-flavor: Google\r\ncontent-length: 2\r\n\r\nno";
        let response = fetch_from(client_only(), head, b"").await.0.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["metadata-flavor"], "Google");
        assert_eq!(response.body(), "no");
    }

    #[tokio::test]
    async fn an_endless_body_fails_after_64_kib() {
        let head = "HTTP/1.1 200 OK\r\nmetadata-flavor: Google\r\n\r\n";
        let (result, sent) = fetch_from(client_only(), head, &[b'x'; 8192]).await;
        assert!(result.unwrap_err().to_string().contains("64 KiB"));
        // More bytes are sent than read, because both sockets buffer. 32 MiB is more than the
        // buffers hold.
        assert!(sent < 32 * 1024 * 1024, "{sent}");
    }

    #[tokio::test]
    async fn the_error_for_an_unreachable_server_does_not_contain_the_url() {
        let (listener, uri) = listener().await;
        drop(listener);
        let error = client_only().fetch(get(uri)).await.unwrap_err();
        // `y=z` is the query of the URL.
        assert!(!error.to_string().contains("y=z"), "{error}");
    }

    #[tokio::test]
    async fn requests_without_tls_do_not_use_the_client() {
        let unreachable_proxy = reqwest::Proxy::all("http://127.0.0.1:1").unwrap();
        // Installs the TLS provider, without which reqwest may be unable to build a client.
        drop(client_only());
        let client = reqwest::Client::builder().proxy(unreachable_proxy).build().unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (result, _) = fetch_from(ReqwestFetch::new(client), head, b"").await;
        assert_eq!(result.unwrap().body(), "ok");
    }
}
