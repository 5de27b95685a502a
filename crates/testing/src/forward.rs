//! Another server that answers in the place of a service.

use http::header::CONNECTION;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::error::BadDescription;
use crate::incoming::is_grpc;

/// Another server, which answers what the gates let through.
#[derive(Clone)]
pub(crate) struct Upstream {
    authority: Authority,
    http: Client<HttpConnector, Incoming>,
    grpc: Client<HttpConnector, Incoming>,
}

impl Upstream {
    /// The server at a URL without a path. Requests carry tokens, so it must be on this machine.
    pub(crate) fn new(url: &str) -> Result<Self, BadDescription> {
        let bad = || BadDescription::Forward(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let authority = uri.authority().filter(|authority| is_here(authority.host())).ok_or_else(bad)?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.path() != "/" || uri.query().is_some() {
            return Err(bad());
        }
        Ok(Self {
            authority: authority.clone(),
            http: Client::builder(TokioExecutor::new()).build_http(),
            grpc: Client::builder(TokioExecutor::new()).http2_only(true).build_http(),
        })
    }

    /// The server's answer, whose body is still on its way.
    ///
    /// Goes over HTTP/2 for gRPC, which knows nothing else, and over HTTP/1 for everything else.
    pub(crate) async fn answer(&self, head: Parts, body: Incoming) -> Option<Response<Incoming>> {
        let is_grpc = is_grpc(&head.headers);
        let client = if is_grpc { &self.grpc } else { &self.http };
        let mut request = Request::from_parts(head, body);
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone());
        *request.uri_mut() = uri.path_and_query(path).build().ok()?;
        *request.version_mut() = if is_grpc { Version::HTTP_2 } else { Version::HTTP_11 };
        let mut response = client.request(request).await.ok()?;
        // It is about the connection between the two servers, which the client does not have.
        response.headers_mut().remove(CONNECTION);
        *response.version_mut() = Version::default();
        Some(response)
    }
}

fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Method, StatusCode};
    use http_body_util::{BodyExt, Full};

    use crate::{FakeGoogle, Service};

    async fn send(google: &FakeGoogle, verb: Method, path: &str, token: &str) -> http::Response<Bytes> {
        use super::{Client, TokioExecutor};
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = http::Request::builder().method(verb).uri(format!("{}{path}", google.storage_url()));
        let request = request.header("authorization", format!("Bearer {token}")).header("x-odd", "1");
        let answer = client.request(request.body(Full::from("meow")).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn what_the_gates_let_through_is_answered_by_the_other_server_as_it_says_it() {
        let other = FakeGoogle::builder().start().await.unwrap();
        let google = FakeGoogle::builder().forward(Service::Storage, other.url_of(Service::Front));
        let google = google.start().await.unwrap();
        let odd = http::Response::builder().status(206).header("x-odd", "2").body("\u{fffd}<half").unwrap();
        let path = "/storage/v1/b/photos/o/a%2Fb.jpg?alt=media&x=%20";
        other.front().respond(odd);
        let answer = send(&google, Method::GET, path, &google.mint("me", ["devstorage.read_only"])).await;
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(answer.headers()["x-odd"], "2");
        assert_eq!(answer.body(), "\u{fffd}<half");
        let seen = other.requests();
        let [request] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!(format!("{}?{}", request.path(), request.query()), path);
        assert_eq!(request.header("x-odd"), Some("1"));
        assert_eq!(google.requests()[0].status(), Some(StatusCode::PARTIAL_CONTENT));
    }

    #[tokio::test]
    async fn a_token_that_is_dead_or_lacks_the_scope_does_not_come_through() {
        let other = FakeGoogle::builder().start().await.unwrap();
        let google = FakeGoogle::builder().forward(Service::Storage, other.url_of(Service::Front));
        let google = google.start().await.unwrap();
        let poor = google.mint("me", ["devstorage.read_only"]);
        let rows = [
            (Method::POST, "/upload/storage/v1/b/photos/o?uploadType=media&name=x", poor.as_str(), 403),
            (Method::DELETE, "/storage/v1/b/photos/o/x", &poor, 403),
            (Method::PUT, "/photos/x", &poor, 403),
            (Method::GET, "/storage/v1/b/photos/o/x", "nobody's", 401),
        ];
        for (verb, path, token, status) in rows {
            assert_eq!(send(&google, verb, path, token).await.status().as_u16(), status, "{path}");
        }
        assert!(other.requests().is_empty());
    }

    #[tokio::test]
    async fn tokens_are_sent_to_no_other_machine() {
        for url in
            ["http://example.com", "https://127.0.0.1:1", "http://127.0.0.1:1/storage", "127.0.0.1:1", ""]
        {
            let google = FakeGoogle::builder().forward(Service::Storage, url).start().await;
            assert!(google.is_err_and(|error| error.to_string().contains("forward")), "{url}");
        }
    }
}
