//! The sockets: a listener for each service and for the metadata server of each VM. One thread
//! serves all listeners.

mod active_request;
mod body;
mod dispatch;
pub(crate) mod endpoint;
mod faulty_response;

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
use crate::incoming::{FormData, IncomingRequest, is_grpc};
use crate::metadata;
use crate::response::html;
use crate::service::Service;
use crate::shared::SharedState;
use active_request::ActiveRequest;
use body::FakeBody;
use endpoint::Endpoint;

/// The maximum size of a request body, 64 MiB. The bound keeps a faulty client from exhausting the
/// memory, and is far above the few MiB that tests upload.
const MAX_BODY: usize = 64 << 20;

/// Serves all endpoints until the sender of `stop` is dropped. Dropping the runtime then closes
/// every connection. Sends to `ready` as soon as the endpoints are being served.
pub(crate) fn run(
    shared: &Arc<SharedState>,
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

/// Accepts the connections of one endpoint.
async fn accept(shared: Arc<SharedState>, endpoint: Endpoint) -> io::Result<()> {
    let listener = TcpListener::from_std(endpoint.listener.try_clone()?)?;
    let endpoint = Arc::new(endpoint);
    loop {
        // An error of one connection, such as a reset before it was accepted, does not end the
        // server.
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(shared.clone(), endpoint.clone(), socket));
        }
    }
}

/// Serves one connection.
async fn serve(shared: Arc<SharedState>, endpoint: Arc<Endpoint>, mut socket: TcpStream) {
    // `peek` counts no request, because a connection may carry several; `respond` counts each.
    let fault = shared.lock().faults.peek(endpoint.service);
    if fault == Some(Fault::NotHttp) {
        // Closing a socket with unread data resets the connection, and the client could lose the
        // bytes that were written. The request is therefore read until the client closes the
        // connection.
        socket.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await.ok();
        socket.shutdown().await.ok();
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await.ok();
        return;
    }
    // A stopped VM has no metadata server, so the connection ends without a response.
    if endpoint.is_stopped(&shared.lock()) {
        return;
    }
    let service = service_fn(|request| respond(shared.clone(), endpoint.clone(), request));
    // Errors are expected: clients close connections early, and faults break responses off.
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service)
        .await
        .ok();
}

/// Records a request and responds to it.
async fn respond(
    shared: Arc<SharedState>,
    endpoint: Arc<Endpoint>,
    request: Request<Incoming>,
) -> Result<Response<FakeBody>, CloseConnection> {
    let (head, body) = request.into_parts();
    let active = ActiveRequest::begin(&shared, endpoint.service, &head);
    // A body that may be forwarded is not read here: the upstream streams it. Nothing reads the
    // messages of gRPC, whose stream may stay open until the client has the response.
    let (body, unread) = match &endpoint.upstream {
        Some(upstream) => (Bytes::new(), Some((upstream, body))),
        None if is_grpc(&head.headers) => {
            tokio::spawn(Limited::new(body, MAX_BODY).collect());
            (Bytes::new(), None)
        }
        None => (
            Limited::new(body, MAX_BODY).collect().await.map_err(|_| CloseConnection)?.to_bytes(),
            None,
        ),
    };
    let (fault, end_of_round) = shared.lock().faults.next(endpoint.service);
    apply_before_response(fault).await?;
    wait_for_round(&shared, endpoint.service, end_of_round).await;
    if endpoint.is_stopped(&shared.lock()) {
        return Err(CloseConnection);
    }
    let response = match fault {
        Some(Fault::Status(status)) => Some(html(status, FAULTY)),
        _ => {
            let request = incoming_request(&endpoint, head.clone(), body);
            if endpoint.service == Service::Metadata {
                metadata::wait_for_change(&shared, endpoint.machine, &request).await;
            }
            dispatch::respond(&shared, &endpoint, &request)
        }
    };
    match (response, unread) {
        (None, Some((upstream, body))) => {
            let response = upstream.forward(head, body).await.ok_or(CloseConnection)?;
            active.record_status(response.status());
            Ok(response.map(|body| body::tracked(body, active)))
        }
        (response, _) => {
            Ok(faulty_response::with_fault(fault, response.unwrap_or_default(), active))
        }
    }
}

/// Applies the faults that act before the response: delays, hangs and closed connections.
async fn apply_before_response(fault: Option<Fault>) -> Result<(), CloseConnection> {
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop | Fault::NotHttp) => return Err(CloseConnection),
        Some(Fault::Latency(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    Ok(())
}

/// Waits until all requests of a round of [`Fault::Rounds`] have arrived. The last of them ends the
/// wait of the others.
async fn wait_for_round(shared: &SharedState, service: Service, end_of_round: u32) {
    let mut changes = shared.changed.subscribe();
    shared.changed.send_replace(());
    while shared.lock().faults.is_held_back(service, end_of_round) {
        // `changed` fails only if the sender is dropped, and `shared` owns the sender.
        changes.changed().await.ok();
    }
}

/// The text of Google's error page for [`Fault::Status`].
const FAULTY: &str = "The server encountered an error and could not complete your request.";

fn incoming_request(
    endpoint: &Endpoint,
    head: http::request::Parts,
    body: Bytes,
) -> IncomingRequest {
    IncomingRequest {
        verb: head.method,
        path: head.uri.path().to_owned(),
        query: FormData::parse(head.uri.query().unwrap_or_default()),
        headers: head.headers,
        body,
        base: format!("http://{}", endpoint.address),
    }
}

/// An error that makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without a response")]
struct CloseConnection;
