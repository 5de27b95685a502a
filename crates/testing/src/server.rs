//! Sockets: one listener per service and per VM, all on a thread of their own.

mod body;
mod dispatch;
pub(crate) mod endpoint;
mod in_flight;
mod spoil;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::incoming::{Form, IncomingRequest};
use crate::reply::html;
use crate::shared::Shared;
use body::FakeBody;
use endpoint::Endpoint;
use in_flight::InFlight;

/// The largest request body that is read.
const MAX_BODY: usize = 64 << 20;

/// Serves until `stop` is dropped. Every connection ends with the runtime.
pub(crate) fn run(
    shared: &Arc<Shared>,
    endpoints: Vec<Endpoint>,
    ready: oneshot::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for endpoint in endpoints {
            tokio::spawn(accept(shared.clone(), endpoint));
        }
        ready.send(()).ok();
        stop.await.ok();
        Ok(())
    })
}

async fn accept(shared: Arc<Shared>, endpoint: Endpoint) -> io::Result<()> {
    let listener = TcpListener::from_std(endpoint.listener.try_clone()?)?;
    let endpoint = Arc::new(endpoint);
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(shared.clone(), endpoint.clone(), socket));
        }
    }
}

async fn serve(shared: Arc<Shared>, endpoint: Arc<Endpoint>, mut socket: TcpStream) {
    let fault = shared.lock().faults.peek(endpoint.service);
    if fault == Some(Fault::NotHttp) {
        // Reading on until the client closes keeps the kernel from dropping the bytes.
        socket.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await.ok();
        socket.shutdown().await.ok();
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await.ok();
        return;
    }
    if endpoint.is_switched_off(&shared.lock()) {
        return;
    }
    let service = service_fn(|request| answer(shared.clone(), endpoint.clone(), request));
    // An error here means that the client went away, or that a fault sent it away.
    auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await.ok();
}

async fn answer(
    shared: Arc<Shared>,
    endpoint: Arc<Endpoint>,
    request: Request<Incoming>,
) -> Result<Response<FakeBody>, NoAnswer> {
    let (head, body) = request.into_parts();
    let in_flight = InFlight::begin(&shared, endpoint.service, &head);
    // A body that may be passed on is not read.
    let (body, unread) = match &endpoint.upstream {
        Some(upstream) => (Bytes::new(), Some((upstream, body))),
        None => (Limited::new(body, MAX_BODY).collect().await.map_err(|_| NoAnswer)?.to_bytes(), None),
    };
    let fault = shared.lock().faults.next(endpoint.service);
    meet(fault).await?;
    if endpoint.is_switched_off(&shared.lock()) {
        return Err(NoAnswer);
    }
    let reply = match fault {
        Some(Fault::Status(status)) => Some(html(status, FAULTY)),
        _ => dispatch::answer(&shared, &endpoint, &incoming(&endpoint, head.clone(), body)),
    };
    match (reply, unread) {
        (None, Some((upstream, body))) => {
            let answer = upstream.answer(head, body).await.ok_or(NoAnswer)?;
            in_flight.answered(answer.status());
            Ok(answer.map(|unread| body::body(unread, in_flight)))
        }
        (reply, _) => Ok(spoil::spoil(fault, reply.unwrap_or_default(), in_flight)),
    }
}

/// What a fault does before there is an answer.
async fn meet(fault: Option<Fault>) -> Result<(), NoAnswer> {
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop | Fault::NotHttp) => return Err(NoAnswer),
        Some(Fault::Latency(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    Ok(())
}

const FAULTY: &str = "The server encountered an error and could not complete your request.";

fn incoming(endpoint: &Endpoint, head: http::request::Parts, body: Bytes) -> IncomingRequest {
    IncomingRequest {
        verb: head.method,
        path: head.uri.path().to_owned(),
        query: Form::parse(head.uri.query().unwrap_or_default()),
        headers: head.headers,
        body,
        base: format!("http://{}", endpoint.address),
    }
}

/// Makes hyper close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;
