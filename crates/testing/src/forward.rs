//! Forwards requests to another server.

use http::header::CONNECTION;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::error::InvalidConfig;
use crate::incoming::is_grpc;

/// Another server, which receives the requests whose token and scopes a service accepts.
#[derive(Clone)]
pub(crate) struct Upstream {
    authority: Authority,
    http: Client<HttpConnector, Incoming>,
    grpc: Client<HttpConnector, Incoming>,
}

impl Upstream {
    /// Creates the upstream from a URL without a path. The host must be this machine, because
    /// forwarded requests contain tokens.
    pub(crate) fn new(url: &str) -> Result<Self, InvalidConfig> {
        let invalid = || InvalidConfig::Forward(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let authority =
            uri.authority().filter(|name| is_loopback(name.host())).ok_or_else(invalid)?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.path() != "/" || uri.query().is_some() {
            return Err(invalid());
        }
        Ok(Self {
            authority: authority.clone(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            grpc: Client::builder(TokioExecutor::new()).http2_only(true).build_http(),
        })
    }

    /// Sends a request to the server and returns the response, whose body is not yet read. Returns
    /// `None` if the server cannot be reached.
    ///
    /// Uses HTTP/2 for gRPC, which requires HTTP/2, and HTTP/1.1 for all other requests.
    pub(crate) async fn forward(&self, head: Parts, body: Incoming) -> Option<Response<Incoming>> {
        let is_grpc = is_grpc(&head.headers);
        let client = if is_grpc { &self.grpc } else { &self.http };
        let mut request = Request::from_parts(head, body);
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone());
        *request.uri_mut() = uri.path_and_query(path).build().ok()?;
        *request.version_mut() = if is_grpc { Version::HTTP_2 } else { Version::HTTP_11 };
        let mut response = client.request(request).await.ok()?;
        // This header and the version describe the connection to the upstream, not the connection
        // to the client.
        response.headers_mut().remove(CONNECTION);
        *response.version_mut() = Version::default();
        Some(response)
    }
}

fn is_loopback(host: &str) -> bool {
    // A URL contains an IPv6 address in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Method, StatusCode};
    use http_body_util::{BodyExt, Full};

    use crate::{FakeGoogle, Service};

    async fn send(
        google: &FakeGoogle,
        verb: Method,
        path: &str,
        token: &str,
    ) -> http::Response<Bytes> {
        use super::{Client, TokioExecutor};
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request =
            http::Request::builder().method(verb).uri(format!("{}{path}", google.storage_url()));
        let request =
            request.header("authorization", format!("Bearer {token}")).header("x-custom", "1");
        let response = client.request(request.body(Full::from("meow")).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn requests_and_responses_are_forwarded_unchanged() {
        let other = FakeGoogle::builder().start().await.unwrap();
        let google =
            FakeGoogle::builder().forward(Service::Storage, other.url_of(Service::OtherApi));
        let google = google.start().await.unwrap();
        // A body that is neither JSON nor XML: parsing it would change it.
        let scripted = http::Response::builder()
            .status(206)
            .header("x-custom", "2")
            .body("\u{fffd}<half")
            .unwrap();
        let path = "/storage/v1/b/photos/o/a%2Fb.jpg?alt=media&x=%20";
        other.other_api().respond(scripted);
        let response =
            send(&google, Method::GET, path, &google.mint("me", ["devstorage.read_only"])).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(response.headers()["x-custom"], "2");
        assert_eq!(response.body(), "\u{fffd}<half");
        let forwarded = other.requests();
        let [request] = forwarded.as_slice() else { panic!("{forwarded:?}") };
        assert_eq!(format!("{}?{}", request.path(), request.query()), path);
        assert_eq!(request.header("x-custom"), Some("1"));
        assert_eq!(google.requests()[0].status(), Some(StatusCode::PARTIAL_CONTENT));
    }

    #[tokio::test]
    async fn requests_without_a_valid_token_and_scope_are_not_forwarded() {
        let other = FakeGoogle::builder().start().await.unwrap();
        let google =
            FakeGoogle::builder().forward(Service::Storage, other.url_of(Service::OtherApi));
        let google = google.start().await.unwrap();
        let read_only = google.mint("me", ["devstorage.read_only"]);
        let rows = [
            (
                Method::POST,
                "/upload/storage/v1/b/photos/o?uploadType=media&name=x",
                read_only.as_str(),
                403,
            ),
            (Method::DELETE, "/storage/v1/b/photos/o/x", &read_only, 403),
            (Method::PUT, "/photos/x", &read_only, 403),
            (Method::GET, "/storage/v1/b/photos/o/x", "unknown-token", 401),
        ];
        for (verb, path, token, status) in rows {
            assert_eq!(send(&google, verb, path, token).await.status().as_u16(), status, "{path}");
        }
        assert!(other.requests().is_empty());
    }

    #[tokio::test]
    async fn urls_of_other_machines_are_rejected() {
        for url in [
            "http://example.com",
            "https://127.0.0.1:1",
            "http://127.0.0.1:1/storage",
            "127.0.0.1:1",
            "",
        ] {
            let google = FakeGoogle::builder().forward(Service::Storage, url).start().await;
            assert!(google.is_err_and(|error| error.to_string().contains("forward")), "{url}");
        }
    }
}
