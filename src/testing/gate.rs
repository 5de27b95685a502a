//! The scope gate in front of a server that nobody here wrote: an emulator, which has none.
//!
//! Requests are told by the start of their path. One whose token lacks the scope is refused as Google
//! refuses it, over HTTP or gRPC; every other one is passed on as it comes, body, trailers and all.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::{Authority, Scheme};
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::exchange::{Reply, html};
use super::fault::spoil;
use super::server::{Shared, Ticket};
use super::state::{State, scope_uri};
use super::wire::Wire;
use crate::error::BoxError;

/// What a [`FakeGoogle`](super::FakeGoogle) puts its scope gate in front of.
///
/// ```
/// use gcp_scopes::testing::{FakeGoogle, Gate, Service};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let emulator = "127.0.0.1:8085".parse().expect("an address");
/// let gate = Gate::before(emulator)
///     .accepts("/google.pubsub.v1.Publisher/", ["cloud-platform", "pubsub"])
///     .accepts("/google.pubsub.v1.Subscriber/", ["cloud-platform", "pubsub"]);
/// let google = FakeGoogle::builder().gate(gate).start().await?;
/// let url = google.url_of(Service::Gate); // speaks HTTP/1.1, HTTP/2 and gRPC
/// # assert!(url.starts_with("http://127.0.0.1:"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Gate {
    upstream: SocketAddr,
    rules: Vec<(String, Vec<String>)>,
}

impl Gate {
    /// A gate before the server at this address, which speaks HTTP without TLS. A path without a rule is
    /// not refused.
    pub fn before(upstream: SocketAddr) -> Self {
        Self { upstream, rules: Vec::new() }
    }

    /// Paths that start so need one of these scopes. The longest start counts.
    pub fn accepts<S: AsRef<str>>(
        mut self,
        path: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        let scopes = scopes.into_iter().map(|scope| scope_uri(scope.as_ref())).collect();
        self.rules.push((path.into(), scopes));
        self
    }

    fn is_open(&self, state: &State, request: &Request<Incoming>) -> bool {
        let path = request.uri().path();
        let fitting = self.rules.iter().filter(|(start, _)| path.starts_with(start));
        let Some((_, accepted)) = fitting.max_by_key(|(start, _)| start.len()) else { return true };
        let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|value| value.strip_prefix("Bearer ")).and_then(|text| state.live_token(text));
        token.is_some_and(|token| token.scopes.iter().any(|scope| accepted.contains(scope)))
    }
}

/// The body of a refusal, or of what stands behind the gate.
pub(super) type GateBody = UnsyncBoxBody<Bytes, BoxError>;

pub(super) async fn answer(
    shared: &Shared,
    ticket: Ticket,
    request: Request<Incoming>,
) -> Result<Response<GateBody>, BoxError> {
    let gate = shared.lock().gate.clone();
    let refusal = match &gate {
        None => Some(html(StatusCode::NOT_FOUND, "There is nothing behind this gate.")),
        Some(gate) if gate.is_open(&shared.lock(), &request) => None,
        Some(_) => Some(refusal(&request)),
    };
    match (gate, refusal) {
        (Some(gate), None) => forward(gate.upstream, ticket, request).await,
        (_, refusal) => {
            let refused = spoil(None, refusal.unwrap_or_default(), ticket);
            Ok(refused.map(|body| body.map_err(BoxError::from).boxed_unsync()))
        }
    }
}

fn refusal(request: &Request<Incoming>) -> Reply {
    let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let is_grpc = kind.is_some_and(|kind| kind.starts_with(b"application/grpc"));
    if is_grpc { Wire::GrpcScope.reply() } else { Wire::Scope.reply() }
}

/// One connection for each request: slow, and with nothing left over from the one before.
async fn forward(
    upstream: SocketAddr,
    ticket: Ticket,
    mut request: Request<Incoming>,
) -> Result<Response<GateBody>, BoxError> {
    let socket = TokioIo::new(TcpStream::connect(upstream).await?);
    let response = if request.version() == Version::HTTP_2 {
        *request.uri_mut() = at(upstream, request.uri())?;
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), socket).await?;
        tokio::spawn(connection);
        sender.send_request(request).await?
    } else {
        request.headers_mut().insert(HOST, upstream.to_string().parse()?);
        let (mut sender, connection) = http1::handshake(socket).await?;
        tokio::spawn(connection);
        sender.send_request(request).await?
    };
    let carry = move |frame| {
        let _until_the_end = &ticket;
        frame
    };
    Ok(response.map(|body| body.map_frame(carry).map_err(BoxError::from).boxed_unsync()))
}

/// HTTP/2 names scheme and host in each request.
fn at(upstream: SocketAddr, uri: &Uri) -> Result<Uri, BoxError> {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(Authority::try_from(upstream.to_string())?);
    Ok(Uri::from_parts(parts)?)
}
