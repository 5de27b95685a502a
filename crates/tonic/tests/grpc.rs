//! Tests of the layer with tonic's client, and with scripted responses instead of a server.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use gcp_scopes_testing::{FakeGoogle, Service};
use gcp_scopes_tonic::GuardTonicExt as _;
use gcp_scopes_tonic::gcp_scopes::denial::DenialKind;
use gcp_scopes_tonic::gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes_tonic::gcp_scopes::refusal::{Certainty, ErrorResponse, Gate, classify};
use gcp_scopes_tonic::gcp_scopes::{
    Denial, DenialDelivery, Guard, GuardBuilder, Preflight, ScopeSet,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use proptest::prelude::*;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tower::{BoxError, Layer as _, Service as _, ServiceBuilder, ServiceExt as _};

const PUBLISH: &str = "/google.pubsub.v1.Publisher/Publish";
const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";
const SCOPE_MESSAGE: &str = "Request had insufficient authentication scopes.";

/// The response that the fake channel gives: a status, headers, and the frames of the body.
#[derive(Clone, Debug)]
struct ScriptedResponse {
    status: u16,
    headers: HeaderMap,
    frames: Vec<Piece>,
}

/// A frame of a body, or the error in place of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    /// The error [`ConnectionBroke`] in place of a frame.
    Cut,
}

/// The error of a body whose connection breaks.
#[derive(Debug)]
struct ConnectionBroke;

impl fmt::Display for ConnectionBroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke")
    }
}

impl std::error::Error for ConnectionBroke {}

/// A body that yields these frames. It returns `Pending` once before each frame.
struct PieceBody {
    pieces: VecDeque<Piece>,
    was_pending: bool,
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = ConnectionBroke;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionBroke>>> {
        self.was_pending = !self.was_pending;
        if self.was_pending {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| match piece {
            Piece::Data(data) => Ok(Frame::data(data)),
            Piece::Trailers(trailers) => Ok(Frame::trailers(trailers)),
            Piece::Cut => Err(ConnectionBroke),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let data = |piece: &Piece| if let Piece::Data(data) = piece { data.len() } else { 0 };
        SizeHint::with_exact(self.pieces.iter().map(data).sum::<usize>() as u64)
    }
}

impl ScriptedResponse {
    /// Creates a response without frames.
    fn new(status: u16, headers: HeaderMap) -> Self {
        Self { status, headers, frames: Vec::new() }
    }

    /// Creates a gRPC response with these frames.
    fn grpc(frames: Vec<Piece>) -> Self {
        Self { frames, ..Self::new(200, headers(&[("content-type", "application/grpc")])) }
    }

    fn respond(&self) -> Response<PieceBody> {
        let body = PieceBody { pieces: self.frames.clone().into(), was_pending: false };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// Creates headers from names and values.
fn headers(rows: &[(&'static str, &str)]) -> HeaderMap {
    rows.iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

/// Encodes a length-delimited field of a protocol buffer, of less than 2^14 bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let [low, high] = [(length & 0x7f) as u8, u8::try_from(length >> 7).unwrap()];
    let length = if high == 0 { vec![low] } else { vec![low | 0x80, high] };
    [&[number << 3 | 2], length.as_slice(), bytes].concat()
}

/// Encodes a `google.rpc.ErrorInfo`.
fn error_info(reason: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| {
        field(3, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
    };
    let head = [field(1, reason.as_bytes()), field(2, b"googleapis.com")].concat();
    head.into_iter().chain(metadata.iter().flat_map(entry)).collect()
}

/// Encodes a `google.rpc.Status` with one `ErrorInfo`, in base64 for `grpc-status-details-bin`.
fn details(message: &str, reason: &str) -> String {
    details_with(message, reason, &PUBSUB_SERVICE)
}

const PUBSUB_SERVICE: [(&str, &str); 1] = [("service", "pubsub.googleapis.com")];

fn details_with(message: &str, reason: &str, metadata: &[(&str, &str)]) -> String {
    let kind = field(1, b"type.googleapis.com/google.rpc.ErrorInfo");
    let any = [kind, field(2, &error_info(reason, metadata))].concat();
    STANDARD_NO_PAD.encode([vec![8, 7], field(2, message.as_bytes()), field(3, &any)].concat())
}

/// Returns the headers of each form of a refusal for lack of scope.
fn scope_refusals() -> Vec<HeaderMap> {
    let full = details(SCOPE_MESSAGE, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    let info =
        STANDARD_NO_PAD.encode(error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", &PUBSUB_SERVICE));
    let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", \
        scope=\"https://x.example/y\"";
    vec![
        headers(&[
            ("grpc-status", "7"),
            ("grpc-message", SCOPE_MESSAGE),
            ("grpc-status-details-bin", &full),
            ("www-authenticate", challenge),
            ("x-own", "kept"),
        ]),
        headers(&[
            ("grpc-status", "7"),
            ("grpc-message", "Request had insufficient%20authentication scopes."),
            ("google.rpc.errorinfo-bin", &info),
        ]),
        headers(&[("grpc-status", "7"), ("grpc-message", SCOPE_MESSAGE)]),
        headers(&[("grpc-status", "7"), ("grpc-status-details-bin", &full)]),
    ]
}

/// Returns the headers of statuses with other causes, some of which resemble a refusal for lack of
/// scope.
fn other_statuses() -> Vec<HeaderMap> {
    let row = |code: &str, message: &str, details: Option<String>| {
        let mut status =
            headers(&[("grpc-status", code), ("grpc-message", message), ("x-own", "kept")]);
        if let Some(details) = details {
            status.insert("grpc-status-details-bin", details.parse().unwrap());
        }
        status
    };
    let info = |reason: &str| Some(details("no", reason));
    vec![
        row(
            "7",
            "Permission 'pubsub.topics.publish' denied on resource (or it may not exist).",
            None,
        ),
        row("7", "no", info("IAM_PERMISSION_DENIED")),
        row("7", "no", info("SERVICE_DISABLED")),
        row("7", "no", info("BILLING_DISABLED")),
        row("7", "", None),
        row("8", "Quota exceeded", info("RATE_LIMIT_EXCEEDED")),
        row("16", SCOPE_MESSAGE, info("ACCESS_TOKEN_EXPIRED")),
        row("5", SCOPE_MESSAGE, None),
        row("07", SCOPE_MESSAGE, None),
        row("13", "broken%ZZ%", None),
    ]
}

/// Encodes a gRPC message: 0 for no compression, the length, and the bytes.
fn message(text: &str) -> Bytes {
    let mut encoded = BytesMut::new();
    encoded.put_u8(0);
    encoded.put_u32(u32::try_from(text.len()).unwrap());
    encoded.put_slice(text.as_bytes());
    encoded.freeze()
}

/// Returns a frame with one gRPC message.
fn data(text: &str) -> Piece {
    Piece::Data(message(text))
}

/// A codec for messages that are plain UTF-8 text.
#[derive(Default)]
struct TextCodec;

impl Codec for TextCodec {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for TextCodec {
    type Item = String;
    type Error = Status;
    fn encode(&mut self, item: String, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(item.as_bytes());
        Ok(())
    }
}

impl Decoder for TextCodec {
    type Item = String;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        Ok(Some(String::from_utf8(bytes.to_vec()).unwrap()))
    }
}

/// Returns a builder whose guard sees one meaningless environment variable, instead of the
/// variables of the process that runs the tests.
fn guard() -> GuardBuilder {
    Guard::builder().env([("X", "x")])
}

/// Makes a server-streaming call. Returns the messages, and the status if the call failed.
async fn call<S, B>(service: S, path: &'static str) -> (Vec<String>, Option<Status>)
where
    S: tower::Service<Request<tonic::body::Body>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut client = Grpc::new(service);
    client.ready().await.map_err(Into::into).unwrap();
    let mut request = tonic::Request::new("hello".to_owned());
    request.metadata_mut().insert("authorization", "Bearer ya29.poor".parse().unwrap());
    let path = PathAndQuery::from_static(path);
    let mut stream = match client.server_streaming(request, path, TextCodec).await {
        Ok(response) => response.into_inner(),
        Err(status) => return (Vec::new(), Some(status)),
    };
    let mut messages = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(status) => return (messages, Some(status)),
        }
    }
}

/// Makes a call without the guard.
async fn unguarded(
    scripted: &ScriptedResponse,
    path: &'static str,
) -> (Vec<String>, Option<Status>) {
    let scripted = scripted.clone();
    let channel = move |_: Request<_>| std::future::ready(Ok::<_, Infallible>(scripted.respond()));
    call(tower::service_fn(channel), path).await
}

/// Makes a call through the guard. The bodies of the channel are tonic's.
async fn guarded(
    guard: &Guard,
    scripted: &ScriptedResponse,
    path: &'static str,
) -> (Vec<String>, Option<Status>) {
    let scripted = scripted.clone();
    let channel = move |_: Request<_>| {
        std::future::ready(Ok::<_, Infallible>(scripted.respond().map(tonic::body::Body::new)))
    };
    call(guard.tonic_layer().layer(tower::service_fn(channel)), path).await
}

/// Returns everything that a status contains except its source.
fn parts(status: &Status) -> (Code, String, Vec<u8>, HeaderMap) {
    let metadata = status.metadata().clone().into_headers();
    (status.code(), status.message().to_owned(), status.details().to_vec(), metadata)
}

#[tokio::test]
async fn a_scope_refusal_keeps_its_status_and_carries_the_denial() {
    let guard = guard().build();
    let scopes = ScopeSet::from_scope_text(PUBSUB);
    let granted = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Declared);
    guard.declare(AccessToken::new("ya29.poor").unwrap(), granted);
    for refusal in scope_refusals() {
        let mut in_headers = headers(&[("content-type", "application/grpc")]);
        in_headers.extend(refusal.clone());
        let responses = [
            (ScriptedResponse::new(200, in_headers.clone()), 0),
            (ScriptedResponse::new(403, in_headers), 0),
            (ScriptedResponse::grpc(vec![Piece::Trailers(refusal.clone())]), 0),
            (
                ScriptedResponse::grpc(vec![
                    data("one"),
                    data("two"),
                    Piece::Trailers(refusal.clone()),
                ]),
                2,
            ),
        ];
        for (scripted, message_count) in responses {
            let (_, expected) = unguarded(&scripted, PUBLISH).await;
            let (code, message, details, metadata) = parts(&expected.unwrap());
            let (received, status) = guarded(&guard, &scripted, PUBLISH).await;
            let status = status.unwrap();
            assert_eq!(received.len(), message_count, "{scripted:?}");
            let denial = Denial::find(&status).unwrap_or_else(|| panic!("{status:?}"));
            assert_eq!(denial.kind(), DenialKind::Refused);
            assert_eq!(denial.method().unwrap().id(), "google.pubsub.v1.Publisher.Publish");
            assert!(denial.accepted().intersects(&scopes), "{denial}");
            let (same_code, longer, same_details, same_metadata) = parts(&status);
            assert_eq!(
                (same_code, same_details, same_metadata),
                (code, details, metadata),
                "{scripted:?}"
            );
            let separator = if message.is_empty() { "" } else { " " };
            assert_eq!(longer, format!("{message}{separator}{denial}"));
            assert!(
                longer.contains("its token holds openid, but the method needs pubsub"),
                "{longer}"
            );
        }
    }
}

#[tokio::test]
async fn statuses_with_other_causes_are_the_same_as_without_the_guard() {
    for delivery in [DenialDelivery::Error, DenialDelivery::Extension] {
        let guard = guard().denial_delivery(delivery).build();
        for trailers in other_statuses() {
            let mut in_headers = headers(&[("content-type", "application/grpc")]);
            in_headers.extend(trailers.clone());
            let responses = [
                ScriptedResponse::new(200, in_headers),
                ScriptedResponse::grpc(vec![Piece::Trailers(trailers.clone())]),
                ScriptedResponse::grpc(vec![data("one"), Piece::Trailers(trailers)]),
                ScriptedResponse::grpc(vec![data("one")]),
                ScriptedResponse::grpc(vec![data("one"), Piece::Cut]),
                ScriptedResponse::new(503, headers(&[("content-type", "text/html")])),
            ];
            for scripted in responses {
                let (messages, expected) = unguarded(&scripted, PUBLISH).await;
                let (received, status) = guarded(&guard, &scripted, PUBLISH).await;
                assert_eq!(received, messages, "{scripted:?}");
                assert_eq!(
                    status.as_ref().map(parts),
                    expected.as_ref().map(parts),
                    "{scripted:?}"
                );
                assert!(
                    status.is_none_or(|status| Denial::find(&status).is_none()),
                    "{scripted:?}"
                );
            }
        }
    }
}

/// Makes a call over a connection to the fake Google, through the guard.
async fn over_a_connection(google: &FakeGoogle) -> Status {
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let origin = google.url_of(Service::OtherApi);
    let channel = move |request: Request<tonic::body::Body>| {
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{origin}{}", parts.uri.path()).parse().unwrap();
        let response = client.request(Request::from_parts(parts, body));
        async { response.await.map(|response| response.map(tonic::body::Body::new)) }
    };
    let service = guard().build().tonic_layer().layer(tower::service_fn(channel));
    call(service, PUBLISH).await.1.unwrap()
}

#[tokio::test]
async fn the_facts_of_an_iam_refusal_are_read_from_the_status() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let page = "https://console.cloud.google.com/iam-admin/troubleshooter/summary;\
        errorId=CiQwZXhhbXBsZS1pZA%3D%3D";
    let message = "Permission 'pubsub.topics.publish' denied on resource (or it may not exist).";
    let metadata = [
        ("permission", "pubsub.topics.publish"),
        ("resource", "projects/my-project/topics/orders"),
        ("error_info_id", "CiQwZXhhbXBsZS1pZA=="),
        ("troubleshooter_url", page),
        ("service", "pubsub.googleapis.com"),
        ("method", "google.pubsub.v1.Publisher.Publish"),
    ];
    let details = details_with(message, "IAM_PERMISSION_DENIED", &metadata);
    let refused = headers(&[
        ("grpc-status", "7"),
        ("grpc-message", "Permission denied"),
        ("grpc-status-details-bin", &details),
    ]);
    let empty = || Response::builder().header("content-type", "application/grpc");
    let topic = || google.other_api().path(PUBLISH);
    // As headers alone, and as trailers.
    let mut response = empty().body(Bytes::new()).unwrap();
    response.headers_mut().extend(refused.clone());
    topic().respond(response);
    topic().with_trailers(refused).respond(empty().body(Bytes::new()).unwrap());
    for form in ["headers", "trailers"] {
        let status = over_a_connection(&google).await;
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(status.message(), "Permission denied");
        assert!(Denial::find(&status).is_none(), "{form}");
        let headers = status.into_http::<()>().into_parts().0.headers;
        let refusal = classify(&ErrorResponse::new(b"").with_headers(&headers)).unwrap();
        assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Iam, Certainty::Certain));
        let facts = [
            refusal.permission(),
            refusal.resource(),
            refusal.error_info_id(),
            refusal.troubleshooter_url(),
            refusal.service(),
            refusal.rpc_method(),
        ];
        assert_eq!(facts, metadata.map(|(_, value)| Some(value)), "{form}");
    }
}

#[tokio::test]
async fn a_refusal_by_a_server_that_is_not_googles_is_not_explained() {
    let guard = guard().build();
    for refusal in scope_refusals() {
        let scripted = ScriptedResponse::grpc(vec![Piece::Trailers(refusal)]);
        let (_, expected) = unguarded(&scripted, "/acme.orders.v1.Orders/Send").await;
        let (_, status) = guarded(&guard, &scripted, "/acme.orders.v1.Orders/Send").await;
        assert_eq!(parts(&status.unwrap()), parts(&expected.unwrap()));
    }
    let page = ScriptedResponse {
        frames: vec![Piece::Data("<html>".into())],
        ..ScriptedResponse::new(403, HeaderMap::new())
    };
    let (_, expected) = unguarded(&page, "/acme.orders.v1.Orders/Send").await;
    let (_, status) = guarded(&guard, &page, "/acme.orders.v1.Orders/Send").await;
    assert_eq!(parts(&status.unwrap()), parts(&expected.unwrap()));
}

#[tokio::test]
async fn an_http_403_that_is_not_grpc_is_permission_denied() {
    let guard = guard().build();
    let json = format!(
        r#"{{"error":{{"code":403,"message":"{SCOPE_MESSAGE}","status":"PERMISSION_DENIED",
        "details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
        "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}}]}}}}"#
    );
    let html = "<html><title>Sign in to the guest network</title>".to_owned();
    for (kind, body, is_denied) in [("application/json", json, true), ("text/html", html, false)] {
        let scripted = ScriptedResponse {
            frames: vec![Piece::Data(body.into())],
            ..ScriptedResponse::new(403, headers(&[("content-type", kind)]))
        };
        let (_, status) = unguarded(&scripted, PUBLISH).await;
        let message = status.unwrap().message().to_owned();
        assert!(message.contains("invalid compression flag"), "without the guard: {message}");
        let (_, status) = guarded(&guard, &scripted, PUBLISH).await;
        let status = status.unwrap();
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
        assert!(status.message().starts_with("the response is HTTP 403 without"), "{status:?}");
        assert!(!status.message().contains("guest network"), "{status:?}");
        assert_eq!(Denial::find(&status).is_some(), is_denied, "{status:?}");
        assert_eq!(status.message().contains("No IAM role fixes this"), is_denied, "{status:?}");
    }
}

#[tokio::test]
async fn details_with_invalid_base64_do_not_panic() {
    let guard = guard().build();
    let bad = headers(&[
        ("grpc-status", "7"),
        ("grpc-message", SCOPE_MESSAGE),
        ("grpc-status-details-bin", "*** no base64 ***"),
    ]);
    let mut in_headers = headers(&[("content-type", "application/grpc")]);
    in_headers.extend(bad.clone());
    for scripted in
        [ScriptedResponse::new(200, in_headers), ScriptedResponse::grpc(vec![Piece::Trailers(bad)])]
    {
        let (_, status) = guarded(&guard, &scripted, PUBLISH).await;
        let status = status.unwrap();
        assert!(Denial::find(&status).is_some(), "{status:?}");
        assert_eq!((status.code(), status.details()), (Code::PermissionDenied, &b""[..]));
    }
}

#[tokio::test]
async fn a_grpc_call_is_sent_with_every_preflight() {
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = guard().preflight(preflight).build();
        let granted =
            GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Declared);
        guard.declare(AccessToken::new("ya29.poor").unwrap(), granted);
        let refusal = ScriptedResponse::grpc(vec![Piece::Trailers(scope_refusals().remove(0))]);
        let success = ScriptedResponse::grpc(vec![
            data("ok"),
            Piece::Trailers(headers(&[("grpc-status", "0")])),
        ]);
        for _ in 0..2 {
            let (_, status) = guarded(&guard, &refusal, PUBLISH).await;
            assert_eq!(
                Denial::find(&status.unwrap()).unwrap().kind(),
                DenialKind::Refused,
                "{preflight:?}"
            );
        }
        let (messages, status) = guarded(&guard, &success, PUBLISH).await;
        assert_eq!((messages, status.is_none()), (vec!["ok".to_owned()], true), "{preflight:?}");
    }
}

#[tokio::test]
async fn delivery_by_extension_leaves_the_status_unchanged() {
    let guard = guard().denial_delivery(DenialDelivery::Extension).build();
    for status in scope_refusals() {
        let mut in_headers = headers(&[("content-type", "application/grpc")]);
        in_headers.extend(status.clone());
        for scripted in [
            ScriptedResponse::new(200, in_headers),
            ScriptedResponse::grpc(vec![Piece::Trailers(status)]),
        ] {
            let (_, expected) = unguarded(&scripted, PUBLISH).await;
            let (_, status) = guarded(&guard, &scripted, PUBLISH).await;
            assert_eq!(parts(&status.unwrap()), parts(&expected.unwrap()));
        }
    }
}

/// Sends one request through the layer. The bodies of the channel are not tonic's.
async fn send_through_layer(
    guard: &Guard,
    scripted: &ScriptedResponse,
) -> Result<Response<impl Body<Data = Bytes, Error = ConnectionBroke> + use<>>, BoxError> {
    let scripted = scripted.clone();
    let inner = tower::service_fn(move |_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(scripted.respond()))
    });
    let mut service = ServiceBuilder::new().layer(guard.tonic_layer()).service(inner);
    let request =
        Request::post(PUBLISH).header("content-type", "application/grpc").body(()).unwrap();
    service.ready().await?.call(request).await
}

#[tokio::test]
async fn a_body_with_another_error_type_gets_the_denial_in_grpc_message() {
    let scripted =
        ScriptedResponse::grpc(vec![data("one"), Piece::Trailers(scope_refusals().remove(0))]);
    let response = send_through_layer(&guard().build(), &scripted).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    let message_header = body.trailers().unwrap()["grpc-message"].to_str().unwrap();
    assert!(message_header.starts_with(SCOPE_MESSAGE), "{message_header}");
    assert!(message_header.contains("No IAM role fixes this"), "{message_header}");
    assert_eq!(body.to_bytes(), message("one"));
}

#[test]
fn an_allowed_call_allocates_nothing() {
    #[derive(Clone)]
    struct TrailingService;
    struct TrailersBody(Option<HeaderMap>);
    impl Body for TrailersBody {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(Frame::trailers).map(Ok))
        }
    }
    impl tower::Service<Request<HeaderMap>> for TrailingService {
        type Response = Response<TrailersBody>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Self::Response, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, request: Request<HeaderMap>) -> Self::Future {
            std::future::ready(Ok(Response::new(TrailersBody(Some(request.into_body())))))
        }
    }
    let guard = Guard::builder().build();
    let granted = GrantedScopes::known(ScopeSet::from_scope_text(PUBSUB), GrantSource::Declared);
    // The token `rich` holds the scope that `Publish` needs.
    guard.declare(AccessToken::new("rich").unwrap(), granted);
    let request = || {
        let head = Request::post(PUBLISH).header("content-type", "application/grpc");
        head.header("authorization", "Bearer rich").body(headers(&[("grpc-status", "0")])).unwrap()
    };
    let mut service = guard.tonic_layer().layer(TrailingService);
    let mut requests: Vec<_> = (0..60).map(|_| request()).collect();
    let mut send = |request| {
        let cx = &mut Context::from_waker(Waker::noop());
        let mut future = pin!(service.call(request));
        let Poll::Ready(Ok(response)) = future.as_mut().poll(cx) else {
            panic!("the future is pending")
        };
        let mut body = pin!(response.into_body());
        assert!(matches!(body.as_mut().poll_frame(cx), Poll::Ready(Some(Ok(_)))));
    };
    // The first calls may allocate, to fill the caches of the guard.
    requests.drain(..10).for_each(&mut send);
    assert_eq!(
        allocation_counter::measure(|| requests.into_iter().for_each(&mut send)).count_total,
        0
    );
}

/// Reads a body to its end. Checks its size hint and `is_end_stream` before each frame.
fn read_body(body: impl Body<Data = Bytes, Error = ConnectionBroke>) -> Vec<Piece> {
    let mut body = pin!(body);
    let mut pieces = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        loop {
            let hint = body.size_hint().exact().unwrap();
            let is_over = body.is_end_stream();
            let piece = match body.as_mut().frame().await {
                None => return,
                Some(Err(ConnectionBroke)) => Piece::Cut,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Piece::Data(data),
                    Err(frame) => Piece::Trailers(frame.into_trailers().unwrap()),
                },
            };
            assert!(!is_over, "is_end_stream is true before {piece:?}");
            if let Piece::Data(data) = &piece {
                assert!(hint >= data.len() as u64);
            }
            pieces.push(piece);
        }
    });
    pieces
}

/// Generates trailers: the examples of this file, and arbitrary codes, messages and details.
fn any_trailers() -> impl Strategy<Value = HeaderMap> {
    let known = prop::sample::select([other_statuses(), scope_refusals()].concat());
    let code = prop::sample::select(vec!["0", "1", "7", "77", "-7", " 7", "x"]);
    let text = prop::collection::vec(32u8..=255, 0..40);
    let arbitrary = (code, text.clone(), text).prop_map(|(code, message, details)| {
        let mut trailers = headers(&[("grpc-status", code)]);
        let mut add = |name: &'static str, value: &[u8]| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                trailers.insert(name, value);
            }
        };
        add("grpc-message", &message);
        add("grpc-status-details-bin", &details);
        trailers
    });
    prop_oneof![known, arbitrary]
}

/// Generates bodies that end regularly, with trailers, or with an error.
fn any_pieces() -> impl Strategy<Value = Vec<Piece>> {
    let data =
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| Piece::Data(bytes.into()));
    let end = prop_oneof![
        Just(None),
        Just(Some(Piece::Cut)),
        any_trailers().prop_map(|trailers| Some(Piece::Trailers(trailers))),
    ];
    (prop::collection::vec(data, 0..12), end)
        .prop_map(|(data, end)| data.into_iter().chain(end).collect())
}

fn is_scope_refusal(piece: &Piece) -> bool {
    matches!(piece, Piece::Trailers(trailers) if scope_refusals().contains(trailers))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn bodies_are_unchanged_except_for_the_message_of_a_denial(pieces in any_pieces()) {
        let scripted = ScriptedResponse::grpc(pieces.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(send_through_layer(&guard().build(), &scripted)).unwrap();
        prop_assert_eq!(response.headers(), &scripted.headers);
        let received = read_body(response.into_body());
        match pieces.last().filter(|last| is_scope_refusal(last)) {
            None => prop_assert_eq!(received, pieces),
            Some(Piece::Trailers(sent)) => {
                let Some((Piece::Trailers(trailers), before)) = received.split_last() else {
                    panic!("{received:?}")
                };
                prop_assert_eq!(before, &pieces[..pieces.len() - 1]);
                let mut trailers = trailers.clone();
                let message = trailers.remove("grpc-message").unwrap();
                prop_assert!(message.to_str().unwrap().contains("No IAM role fixes this"));
                let mut sent = sent.clone();
                sent.remove("grpc-message");
                prop_assert_eq!(trailers, sent);
            }
            Some(_) => unreachable!("is_scope_refusal accepts only trailers"),
        }
    }

    #[test]
    fn arbitrary_statuses_do_not_panic_and_keep_their_code(status in any_trailers()) {
        // tonic itself panics if the details of a status are not valid base64.
        let tonic_accepts = status.get("grpc-status-details-bin").is_none_or(|details| {
            let (padded, unpadded) = (base64::engine::general_purpose::STANDARD, STANDARD_NO_PAD);
            padded.decode(details).is_ok() || unpadded.decode(details).is_ok()
        });
        prop_assume!(tonic_accepts);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let scripted = ScriptedResponse::grpc(vec![data("one"), Piece::Trailers(status)]);
        let (messages, expected) = runtime.block_on(unguarded(&scripted, PUBLISH));
        let (received, status) = runtime.block_on(guarded(&guard().build(), &scripted, PUBLISH));
        prop_assert_eq!(received, messages);
        prop_assert_eq!(status.map(|status| status.code()), expected.map(|status| status.code()));
    }
}
