//! Checks the guard with broken and malicious responses, and with responses of other servers than
//! Google's. A guarded caller must get the same response as a caller without the guard, and only
//! responses of Google may be explained as scope refusals.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/plain.rs"]
mod plain;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::response::GuardBody;
use gcp_scopes::{Denial, DenialDelivery, Guard, GuardBuilder, ScopeSet};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{BoxError, ServiceExt};

/// The body of a refusal for lack of scope.
const SCOPE_REFUSAL: &str = concat!(
    r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","#,
    r#""status":"PERMISSION_DENIED","details":[{"@type":"#,
    r#""type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","#,
    r#""domain":"googleapis.com"}]}}"#,
);
/// The `www-authenticate` header of a refusal for lack of scope.
const CHALLENGE: &str = concat!(
    r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", "#,
    r#"scope="https://www.googleapis.com/auth/pubsub""#,
);
/// The base URL that the guards of these tests treat as the URL of Pub/Sub.
const EMULATOR: &str = "http://emulator";
const TOKEN: &str = "ya29.of-the-faults";

/// Creates a guard that knows that [`TOKEN`] lacks the scope. A guard without this knowledge needs
/// more evidence in a response before it explains the response as a refusal for lack of scope.
fn guard(delivery: DenialDelivery) -> Guard {
    let guard = builder(EMULATOR).denial_delivery(delivery).build();
    declare_insufficient_scopes(&guard);
    guard
}

/// Returns the builder of a guard that treats the server at `url` as Pub/Sub.
fn builder(url: &str) -> GuardBuilder {
    Guard::builder().endpoint(url, "pubsub.googleapis.com").unwrap().without_tokeninfo()
}

/// Declares that [`TOKEN`] holds a scope that Pub/Sub does not accept.
fn declare_insufficient_scopes(guard: &Guard) {
    let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
    guard.declare(
        AccessToken::new(TOKEN).unwrap(),
        GrantedScopes::known(held, GrantSource::Declared),
    );
}

/// One step of a server that sends a body.
#[derive(Clone)]
enum BodyStep {
    Data(Bytes),
    Trailers(HeaderMap),
    Error,
    Stall,
}

/// Returns a step that sends one data frame.
fn text(text: &str) -> BodyStep {
    BodyStep::Data(Bytes::copy_from_slice(text.as_bytes()))
}

/// A body that follows a list of steps.
struct ScriptedBody(VecDeque<BodyStep>);

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(match self.0.pop_front() {
            Some(BodyStep::Data(data)) => Some(Ok(Frame::data(data))),
            Some(BodyStep::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(BodyStep::Error) => Some(Err("the connection broke")),
            Some(BodyStep::Stall) => return Poll::Pending,
            None => None,
        })
    }
}

type CallResult = Result<Response<GuardBody<ScriptedBody>>, BoxError>;

/// Makes a call whose response has status 403, these headers and this body.
async fn call(guard: &Guard, headers: HeaderMap, steps: Vec<BodyStep>) -> CallResult {
    let inner = tower::service_fn(move |_: Request<()>| {
        let mut response = Response::new(ScriptedBody(steps.clone().into()));
        (*response.status_mut(), *response.headers_mut()) =
            (StatusCode::FORBIDDEN, headers.clone());
        async { Ok::<_, Infallible>(response) }
    });
    let request = Request::post(format!("{EMULATOR}/v1/projects/p/topics/t:publish"));
    let request = request.header(AUTHORIZATION, format!("Bearer {TOKEN}")).body(()).unwrap();
    tower::ServiceBuilder::new().layer(guard.layer()).service(inner).oneshot(request).await
}

/// Makes a call like [`call`], and returns the response also if the call is denied: the denial is
/// then an extension of the response.
async fn response_of_call(
    steps: Vec<BodyStep>,
    headers: HeaderMap,
) -> Response<GuardBody<ScriptedBody>> {
    call(&guard(DenialDelivery::Extension), headers, steps).await.unwrap()
}

#[tokio::test]
async fn a_body_error_is_passed_on_after_all_preceding_bytes() {
    // The guard reads at most the first 16,384 bytes of a body.
    for sent in [0, 1, 100, 16_383, 16_384, 16_385, 100_000] {
        for size in [1, 1000, 16_384, 1 << 20] {
            let bytes: Bytes = (0..sent).map(|index| b'a' + (index % 23) as u8).collect();
            let frames = bytes.chunks(size).map(|frame| BodyStep::Data(bytes.slice_ref(frame)));
            let steps = frames.chain([BodyStep::Error]).collect();
            let mut body = response_of_call(steps, HeaderMap::new()).await.into_body();
            let mut received = Vec::new();
            let error = loop {
                match body.frame().await.expect("the body should end with an error") {
                    Ok(frame) => received.extend_from_slice(frame.data_ref().unwrap()),
                    Err(error) => break error,
                }
            };
            assert_eq!(
                (error, received == bytes),
                ("the connection broke", true),
                "{sent} in {size}"
            );
        }
    }
}

#[tokio::test]
async fn a_gibibyte_body_is_streamed_without_copying_frames() {
    let frame = Bytes::from(vec![b'x'; 1 << 20]);
    let trailers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("x"))]);
    let frames = std::iter::repeat_n(BodyStep::Data(frame.clone()), 1024);
    let steps = [text(SCOPE_REFUSAL)]
        .into_iter()
        .chain(frames)
        .chain([BodyStep::Trailers(trailers.clone())]);
    let response = response_of_call(steps.collect(), HeaderMap::new()).await;
    let mut body = response.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), SCOPE_REFUSAL);
    for _ in 0..1024 {
        let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            (data.as_ptr(), data.len()),
            (frame.as_ptr(), frame.len()),
            "the frame was copied"
        );
    }
    assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_refusal_in_one_byte_frames_is_passed_on_whole() {
    let bytes = SCOPE_REFUSAL.bytes().map(|byte| BodyStep::Data(Bytes::from(vec![byte])));
    let response = response_of_call(bytes.collect(), HeaderMap::new()).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), SCOPE_REFUSAL);
}

#[tokio::test]
async fn a_stalled_refusal_is_passed_on_after_250_ms() {
    let rows = [
        vec![BodyStep::Stall],
        vec![text("{"), BodyStep::Stall],
        vec![text(&SCOPE_REFUSAL[..40]), BodyStep::Stall, text(&SCOPE_REFUSAL[40..])],
    ];
    for steps in rows {
        let start = Instant::now();
        let mut body = response_of_call(steps.clone(), HeaderMap::new()).await.into_body();
        // Ten seconds more than the guard's limit, for a busy machine. Unit tests check the limit
        // exactly.
        assert!(start.elapsed() <= Duration::from_millis(250) + Duration::from_secs(10));
        for step in steps {
            let BodyStep::Data(data) = step else { break };
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), data);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_explained_from_the_bytes_before_a_stall() {
    let steps = vec![text(SCOPE_REFUSAL), BodyStep::Stall];
    let error = call(&guard(DenialDelivery::Error), HeaderMap::new(), steps).await.unwrap_err();
    assert!(Denial::find(&*error).is_some());
}

#[tokio::test]
async fn an_invalid_body_is_passed_on_without_a_denial() {
    let rows: [&[u8]; 9] = [
        b"",
        b"\xff\xfe\xfd",
        b"{",
        b"[[[[[[[[[[",
        b"null",
        b"{\"error\":{\"error\":{\"error\":403}}}",
        b"<html><body>\xc3\x28</body>",
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        &[0; 5000],
    ];
    for row in rows {
        let response =
            response_of_call(vec![BodyStep::Data(Bytes::from_static(row))], HeaderMap::new()).await;
        assert!(response.extensions().get::<Denial>().is_none(), "{}", row.escape_ascii());
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), row);
    }
}

#[tokio::test]
async fn malformed_headers_are_passed_on_unchanged() {
    let rows: [(&str, &[u8]); 8] = [
        ("www-authenticate", b"\xff\xfe error=\"insufficient_scope\""),
        ("www-authenticate", b""),
        (
            "www-authenticate",
            b"Bearer error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/pu",
        ),
        ("content-length", b"7"),
        ("content-encoding", b"\xff"),
        ("content-type", b"text/html; charset=utf-16"),
        ("grpc-status", b"99999999999"),
        ("grpc-status-details-bin", b"!!!"),
    ];
    for (name, value) in rows {
        let value = HeaderValue::from_bytes(value).unwrap();
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), value)]);
        let response = response_of_call(vec![text("<html>no</html>")], headers.clone()).await;
        assert_eq!(*response.headers(), headers, "{name}");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "<html>no</html>");
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap().into()
}

/// Compresses in the format that RFC 9110 defines for the coding `deflate`.
fn zlib(plain: &[u8]) -> Bytes {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap().into()
}

/// Compresses without the zlib header, as some servers do for the coding `deflate`.
fn deflate(plain: &[u8]) -> Bytes {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap().into()
}

/// Returns the headers of a refusal for lack of scope whose body has this `content-encoding`.
fn encoded(coding: &str) -> HeaderMap {
    let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    HeaderMap::from_iter([challenge, (CONTENT_ENCODING, coding.parse().unwrap())])
}

#[tokio::test]
async fn a_compressed_refusal_is_explained_and_passed_on_unchanged() {
    let plain = SCOPE_REFUSAL.as_bytes();
    for (coding, body) in
        [("gzip", gzip(plain)), ("deflate", zlib(plain)), ("deflate", deflate(plain))]
    {
        for size in [20, 1 << 20] {
            let frames: Vec<_> =
                body.chunks(size).map(|frame| BodyStep::Data(body.slice_ref(frame))).collect();
            let response = response_of_call(frames.clone(), encoded(coding)).await;
            assert!(response.extensions().get::<Denial>().is_some(), "{coding} {size}");
            assert_eq!(*response.headers(), encoded(coding));
            assert_eq!(
                response.into_body().collect().await.unwrap().to_bytes(),
                body,
                "{coding} {size}"
            );
            let error =
                call(&guard(DenialDelivery::Error), encoded(coding), frames).await.unwrap_err();
            assert!(Denial::find(&*error).is_some(), "{coding} {size}");
        }
    }
}

#[tokio::test]
async fn unsupported_and_damaged_codings_are_passed_on_without_a_denial() {
    let mut damaged = gzip(SCOPE_REFUSAL.as_bytes()).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let compressed = gzip(SCOPE_REFUSAL.as_bytes());
    for (coding, body) in [
        // The rows are three codings that the guard does not decode, nested codings, and a gzip
        // body with a wrong checksum.
        ("br", compressed.clone()),
        ("zstd", compressed.clone()),
        ("x-unheard-of", compressed.clone()),
        ("gzip, gzip", gzip(&compressed)),
        ("gzip", damaged.into()),
    ] {
        let response = response_of_call(vec![BodyStep::Data(body.clone())], encoded(coding)).await;
        assert!(response.extensions().get::<Denial>().is_none(), "{coding}");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), body, "{coding}");
    }
}

#[tokio::test]
async fn a_body_that_the_client_decompressed_is_explained() {
    let plain = Bytes::from_static(SCOPE_REFUSAL.as_bytes());
    for coding in ["gzip", "br"] {
        let response = response_of_call(vec![BodyStep::Data(plain.clone())], encoded(coding)).await;
        assert!(response.extensions().get::<Denial>().is_some(), "{coding}");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), plain, "{coding}");
    }
}

#[tokio::test]
async fn a_zip_bomb_is_passed_on_compressed() {
    let bomb = gzip(&[SCOPE_REFUSAL.as_bytes(), &vec![b' '; 64 << 20]].concat());
    let response = response_of_call(vec![BodyStep::Data(bomb.clone())], encoded("gzip")).await;
    // The guard decompresses only the start of the body. The start is incomplete JSON, so the guard
    // does not parse it, but searches it for known texts.
    assert!(response.extensions().get::<Denial>().is_some());
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), bomb);
}

/// Starts a server that sends `response` to each connection and then closes the connection. Returns
/// the address of the server.
async fn serve(response: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 8192];
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(response).await;
            }
        }
    });
    address
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// What the caller of a request gets:
///
/// - the status
/// - the length that the client knows before it reads the body
/// - the bytes of the body
/// - the messages of the error with which the call or the body ended, and of its sources
type Outcome = (Option<StatusCode>, Option<u64>, Vec<u8>, Vec<String>);

/// Makes a call and returns what the caller gets.
async fn observe(client: &ClientWithMiddleware, url: &str) -> Outcome {
    let request = client.post(url).bearer_auth(TOKEN).body("{}").send();
    let mut response = match request.await {
        Ok(response) => response,
        Err(error) => return (None, None, Vec::new(), chain(&error)),
    };
    let (length, mut bytes) = (response.content_length(), Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            end => {
                let error = end.err().map(|error| chain(&error)).unwrap_or_default();
                return (Some(response.status()), length, bytes, error);
            }
        }
    }
}

/// Returns the texts of an error and of its sources. The port of the server is left out.
fn chain(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let errors = std::iter::successors(Some(error), |error| error.source());
    let without_port =
        |text: String| text.split("127.0.0.1:").next().unwrap_or_default().to_owned();
    errors.map(|error| without_port(error.to_string())).collect()
}

#[tokio::test]
async fn a_broken_connection_has_the_same_outcome_as_without_the_guard() {
    let rows: [&[u8]; 9] = [
        b"",
        b"HTTP/1.1 403",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\n{\"error\":",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{\"error\":",
        b"HTTP/1.1 403 Forbidden\r\n\r\n{\"error\":",
        b"HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"err",
        b"HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{\"err",
        b"HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"err\r\n0\r\n\
         x-end: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
    ];
    for row in rows {
        let url = format!("http://{}", serve(row).await);
        let guard = builder(&url).denial_delivery(DenialDelivery::Extension).build();
        declare_insufficient_scopes(&guard);
        let url = format!("{url}/v1/projects/p/topics/t:publish");
        let plain = ClientBuilder::new(plain::client()).build();
        let (mut guarded, plain) =
            (observe(&client(&guard), &url).await, observe(&plain, &url).await);
        let is_broken_refusal = plain.0 == Some(StatusCode::FORBIDDEN) && !plain.3.is_empty();
        if is_broken_refusal {
            // reqwest wraps the error of a body that was taken out of a response and put back.
            let wrappers: Vec<_> = guarded.3.drain(1..3).collect();
            assert!(wrappers.iter().all(|text| text.contains("request or response body error")));
        }
        assert_eq!(guarded, plain, "{}", row.escape_ascii());
    }
}

#[tokio::test]
async fn responses_of_proxies_and_portals_are_not_explained() {
    // Each server is reached by the host name of a Google API, and the guard knows that the token
    // lacks the scope.
    let rows: [&[u8]; 5] = [
        b"HTTP/1.1 403 Forbidden\r\nserver: squid\r\ncontent-length: 53\r\n\r\n\
         <html><title>ERROR: Access Denied</title>by ACL</html>",
        b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 55\r\n\r\n\
         <html>Please <a href=\"http://portal/\">log in</a></html>",
        b"HTTP/1.1 403 Forbidden\r\nwww-authenticate: Basic realm=\"portal\"\r\n\
         content-length: 0\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 511 Network Authentication Required\r\ncontent-length: 0\r\n\r\n",
    ];
    for row in rows {
        let address = serve(row).await;
        plain::provider();
        let resolving =
            reqwest::Client::builder().resolve("pubsub.googleapis.com", address).build().unwrap();
        let url = format!("http://pubsub.googleapis.com:{}", address.port());
        let guard = builder(&url).build();
        declare_insufficient_scopes(&guard);
        let guarded = ClientBuilder::new(resolving).with(guard.middleware()).build();
        let url = format!("{url}/v1/projects/p/topics/t:publish");
        // `unwrap` fails if the guard replaces the response with a denial.
        let response = guarded.post(url).bearer_auth(TOKEN).body("{}").send().await.unwrap();
        assert!(!response.status().is_success(), "{}", row.escape_ascii());
    }
}

#[tokio::test]
async fn a_scope_refusal_from_another_host_is_not_explained() {
    let refusal =
        format!("HTTP/1.1 403 Forbidden\r\nwww-authenticate: {CHALLENGE}\r\n\r\n{SCOPE_REFUSAL}")
            .leak();
    let address = serve(refusal.as_bytes()).await;
    let guard = Guard::builder().without_tokeninfo().build();
    declare_insufficient_scopes(&guard);
    plain::provider();
    for host in [
        "proxy.corp.example",
        "storage.googleapis.com.evil.example",
        "pubsub.googleapis.com",
        "run.app",
    ] {
        // A server at a host name of Google, but at a port other than 443, is not Google's server.
        let client = reqwest::Client::builder().resolve(host, address).build().unwrap();
        let client = ClientBuilder::new(client).with(guard.middleware()).build();
        let url = format!("http://{host}:{}/v1/projects/p/topics/t:publish", address.port());
        let response = client.post(url).bearer_auth(TOKEN).body("{}").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), SCOPE_REFUSAL, "{host}");
    }
}

/// A token source for calls without a token.
struct ConstantTokenSource;

impl gcp_scopes::token_source::TokenSource for ConstantTokenSource {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(TOKEN.to_owned())
    }
}

/// Starts a server that sends `response` to one connection. Returns the address of the server, and
/// a task that returns the received request in lower case.
async fn record_request(response: String) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let recorded = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(response.as_bytes()).await.unwrap();
        request.truncate(read);
        String::from_utf8(request).unwrap().to_ascii_lowercase()
    });
    (address, recorded)
}

#[tokio::test]
async fn a_redirect_sends_no_token_to_another_host() {
    let (other_host, other_request) =
        record_request(format!("HTTP/1.1 403 No\r\n\r\n{SCOPE_REFUSAL}")).await;
    let redirect =
        format!("HTTP/1.1 307 Go\r\nlocation: http://{other_host}/x\r\ncontent-length: 0\r\n\r\n");
    let (google, google_request) = record_request(redirect).await;
    let guard = builder(&format!("http://{google}")).build();
    let middleware = guard.middleware().with_token(ConstantTokenSource);
    let client = ClientBuilder::new(plain::client()).with(middleware).build();
    let url = format!("http://{google}/v1/projects/p/topics/t:publish");
    let response = client.post(url).body("{}").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(google_request.await.unwrap().contains(&format!("authorization: bearer {TOKEN}")));
    let other_request = other_request.await.unwrap();
    assert!(
        !other_request.contains("authorization") && !other_request.contains(TOKEN),
        "{other_request}"
    );
}

/// A source whose tokens consist of the requested scope.
struct EchoingTokenSource;

impl gcp_scopes::token_source::TokenSource for EchoingTokenSource {
    async fn token_for(&self, scope: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(scope.rsplit('/').next().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn a_call_without_a_known_method_gets_a_token_for_the_widest_scope_of_its_api() {
    // Methods of Sheets accept `drive`, which more methods accept than `spreadsheets`. The last two
    // rows are calls of no API in the catalog.
    for (host, path, scope) in [
        ("www.googleapis.com", "/batch/drive/v3", "drive"),
        ("www.googleapis.com", "/calendar/v9/x", "calendar"),
        ("sheets.googleapis.com", "/v9/x", "drive"),
        ("pubsub.googleapis.com", "/v9/x", "cloud-platform"),
        ("www.googleapis.com", "/nothing/v1", "cloud-platform"),
        ("brandnew.googleapis.com", "/v1/x", "cloud-platform"),
    ] {
        let (address, request) =
            record_request("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
        let builder = Guard::builder().endpoint(format!("http://{address}"), host).unwrap();
        let middleware = builder.build().middleware().with_token(EchoingTokenSource);
        let client = ClientBuilder::new(plain::client()).with(middleware).build();
        client.post(format!("http://{address}{path}")).body("{}").send().await.unwrap();
        let request = request.await.unwrap();
        assert!(request.contains(&format!("authorization: bearer {scope}\r\n")), "{request}");
    }
}

#[tokio::test]
async fn attached_tokens_are_sensitive_and_sent_to_google_only() {
    let guard = builder(EMULATOR).build();
    let inner = tower::service_fn(|request: Request<()>| async move {
        let token = request.headers().get(AUTHORIZATION).cloned();
        assert!(token.as_ref().is_none_or(HeaderValue::is_sensitive));
        assert!(!format!("{:?}", request.headers()).contains("ya29"));
        let status = if token.is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        Ok::<_, Infallible>(
            Response::builder().status(status).body(ScriptedBody(VecDeque::new())).unwrap(),
        )
    });
    let layer = guard.layer().with_token(ConstantTokenSource);
    let service = tower::ServiceBuilder::new().layer(layer).service(inner);
    for (url, status) in [
        ("http://emulator/v1/projects/p/topics/t:publish", StatusCode::OK),
        ("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish", StatusCode::OK),
        ("http://pubsub.googleapis.com/v1/projects/p/topics/t:publish", StatusCode::UNAUTHORIZED),
        ("https://pubsub.googleapis.com.evil.example/v1/projects/p", StatusCode::UNAUTHORIZED),
        ("http://169.254.169.254/computeMetadata/v1/", StatusCode::UNAUTHORIZED),
    ] {
        let request = Request::post(url).body(()).unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status, "{url}");
    }
}
