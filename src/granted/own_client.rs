//! The guard's own HTTP client. It opens one connection per request, uses no proxy, and follows no
//! redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fetch::{BoxedResponse, Fetch, MAX_BODY};
#[cfg(not(feature = "tls"))]
use super::no_tls::NoTls as Tls;
use super::stream::ByteStream;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::error::{BoxError, Error};

/// The time limit for connecting. The metadata server is one network hop away; Google's Java
/// library uses the same limit. Source: `MdsUtil`/`ComputeEngineCredentials` in
/// <https://github.com/googleapis/google-auth-library-java>.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// The time limit for a request, from connecting to the end of the response.
pub(crate) const TOTAL_TIMEOUT: Duration = Duration::from_secs(2);

/// An HTTP/1.1 client. Uses plain TCP for `http` URLs, such as those of the metadata server, and
/// TLS for `https` URLs. Must run on a tokio runtime with timer and I/O, such as the guard's own.
#[derive(Debug, Clone)]
pub(crate) struct OwnClient {
    pub(super) tls: Tls,
    pub(super) limit: Duration,
}

impl Default for OwnClient {
    fn default() -> Self {
        Self { tls: Tls::default(), limit: TOTAL_TIMEOUT }
    }
}

impl OwnClient {
    /// Sends a request and reads the complete response, within the client's time limit.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        timeout(self.limit, self.exchange(request)).await?
    }

    /// Opens a connection, sends the request and reads the response. The caller sets the time limit
    /// for all of this.
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let stream = self.connect(request.uri()).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Dropping the set aborts the task of the connection and closes the connection.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let (head, body) = sender.send_request(in_origin_form(request)?).await?.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(describe_limit_error)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// Opens a connection to the host of `uri`, with TLS for `https`.
    async fn connect(&self, uri: &Uri) -> Result<Box<dyn ByteStream>, BoxError> {
        let host = uri.host().ok_or_else(no_host)?;
        // A URL has brackets around an IPv6 address; `TcpStream` expects the address alone.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port))).await??;
        if is_tls { self.tls.connect(host, stream).await } else { Ok(Box::new(stream)) }
    }
}

/// Converts a request to origin form: the request line contains only path and query, and the `Host`
/// header contains the host.
fn in_origin_form(request: Request<Bytes>) -> Result<Request<Full<Bytes>>, BoxError> {
    let (mut head, body) = request.into_parts();
    let host = head.uri.authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    // hyper's connection adds no `Host`, which HTTP/1.1 requires:
    // <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>.
    head.headers.insert(HOST, host.ok_or_else(no_host)??);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse()?;
    Ok(Request::from_parts(head, Full::new(body)))
}

fn no_host() -> Error {
    Error::invalid("a request of the guard has no host: expected https://HOST/PATH")
}

/// Replaces the error for a body that is too long by an error that contains the limit.
fn describe_limit_error(error: BoxError) -> BoxError {
    match error.is::<LengthLimitError>() {
        true => Error::unreachable(
            "the response of the metadata server, tokeninfo or IAM is longer than 64 KiB",
        )
        .into(),
        false => error,
    }
}

impl Fetch for OwnClient {
    fn unsupported_reason(&self, uri: &Uri) -> Option<&'static str> {
        self.tls.unavailable_reason().filter(|_| uri.scheme() == Some(&Scheme::HTTPS))
    }

    fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    type FetchResult = Result<Response<Bytes>, BoxError>;

    /// Sends `head` on one connection, and then sends `body` repeatedly until the client closes
    /// the connection. Returns the number of body bytes sent.
    async fn serve(listener: TcpListener, head: &'static str, body: &'static [u8]) -> usize {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        send_repeatedly(stream, body).await
    }

    /// Sends `body` until the client closes the connection. Returns the number of bytes sent.
    async fn send_repeatedly(mut stream: TcpStream, body: &[u8]) -> usize {
        let mut sent = 0;
        while !body.is_empty() && stream.write_all(body).await.is_ok() {
            sent += body.len();
        }
        sent
    }

    /// Returns a listener on a free port of this machine, and a URL for the listener.
    pub(crate) async fn listener() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/x?y=z", listener.local_addr().unwrap());
        (listener, uri)
    }

    pub(crate) fn get(uri: String) -> Request<Bytes> {
        Request::get(uri).body(Bytes::new()).unwrap()
    }

    /// Returns the result of `fetch` for a server that sends `head` and then `body` without end,
    /// and the number of body bytes that the server sent.
    pub(crate) async fn fetch_from(
        fetch: impl Fetch,
        head: &'static str,
        body: &'static [u8],
    ) -> (FetchResult, usize) {
        let (listener, uri) = listener().await;
        let server = tokio::spawn(serve(listener, head, body));
        let result = fetch.fetch(get(uri)).await;
        drop(fetch);
        (result, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_request_has_its_path_host_headers_and_body() {
        let (listener, uri) = listener().await;
        let host = uri.split('/').nth(2).unwrap().to_owned();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request_text = [0; 4096];
            let length = stream.read(&mut request_text).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&request_text[..length]).into_owned()
        });
        let request =
            Request::post(uri).header("metadata-flavor", "Google").body(Bytes::from("meow"));
        assert!(OwnClient::default().send(request.unwrap()).await.is_ok());
        let request_text = server.await.unwrap();
        assert!(
            request_text.starts_with("POST /x?y=z HTTP/1.1\r\n")
                && request_text.ends_with("\r\n\r\nmeow"),
            "{request_text}"
        );
        for header in
            [format!("host: {host}"), "metadata-flavor: Google".into(), "content-length: 4".into()]
        {
            assert!(request_text.contains(&format!("\r\n{header}\r\n")), "{request_text}");
        }
    }

    #[tokio::test]
    async fn a_response_has_its_status_and_headers() {
        let head =
            "HTTP/1.1 404 Not Found\r\nmetadata-flavor: Google\r\ncontent-length: 2\r\n\r\nno";
        let response = fetch_from(OwnClient::default(), head, b"").await.0.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["metadata-flavor"], "Google");
        assert_eq!(response.body(), "no");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let head =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(fetch_from(OwnClient::default(), head, b"").await.0.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn an_endless_body_fails_after_64_kib() {
        let head = "HTTP/1.1 200 OK\r\nmetadata-flavor: Google\r\n\r\n";
        let (result, sent) = fetch_from(OwnClient::default(), head, &[b'x'; 8192]).await;
        assert!(result.unwrap_err().to_string().contains("64 KiB"));
        // More bytes are sent than read, because both sockets buffer. 32 MiB is more than the
        // buffers hold.
        assert!(sent < 32 * 1024 * 1024, "{sent}");
    }

    #[tokio::test]
    async fn a_slow_body_fails_at_the_time_limit() {
        let (listener, uri) = listener().await;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nd").await.unwrap();
            let mut request = Vec::new();
            // Ends when the client closes the connection.
            stream.read_to_end(&mut request).await
        });
        let client = OwnClient { limit: Duration::from_millis(100), ..OwnClient::default() };
        assert!(client.send(get(uri)).await.is_err());
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_unreachable_server_is_an_error() {
        let (listener, uri) = listener().await;
        drop(listener);
        assert!(OwnClient::default().send(get(uri)).await.is_err());
    }

    #[test]
    fn only_https_requests_need_a_tls_provider() {
        let client = OwnClient::default();
        let unsupported_reason = |uri| client.unsupported_reason(&Uri::from_static(uri));
        assert_eq!(unsupported_reason("http://127.0.0.1/"), None);
        assert_eq!(
            unsupported_reason("https://oauth2.googleapis.com/"),
            client.tls.unavailable_reason()
        );
    }
}
