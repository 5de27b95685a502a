//! Sockets: one listener per service and per VM, all on a thread of their own.

use std::collections::HashMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::exchange::{Asked, Form, Reply, html, json};
use super::fault::{FakeBody, Fault, spoil};
use super::forward::Upstream;
use super::request::RecordedRequest;
use super::script::Served;
use super::state::State;
use super::{Service, compute, iam, metadata, oauth, storage};

/// The largest request body that is read.
const MAX_BODY: usize = 64 << 20;

/// What the test and the server's thread share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Who answers in the place of a service.
    forwards: HashMap<Service, Upstream>,
    /// Woken whenever the log changes.
    pub(super) changed: watch::Sender<()>,
}

impl Shared {
    pub(super) fn new(state: State, forwards: HashMap<Service, Upstream>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(state), forwards, changed: watch::Sender::new(()) })
    }

    /// A handler that panicked is reported when the fake is dropped; until then it keeps serving.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener and what stands behind it.
pub(super) struct Door {
    pub(super) service: Service,
    /// The place of the VM whose metadata server this is.
    pub(super) machine: usize,
    pub(super) address: SocketAddr,
    listener: StdListener,
}

impl Door {
    pub(super) fn open(service: Service, machine: usize) -> std::io::Result<Self> {
        let listener = StdListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { service, machine, address: listener.local_addr()?, listener })
    }
}

/// Serves until `stop` is dropped. Every connection ends with the runtime.
pub(super) fn run(
    shared: &Arc<Shared>,
    doors: Vec<Door>,
    ready: oneshot::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for door in doors {
            tokio::spawn(accept(shared.clone(), door));
        }
        ready.send(()).ok();
        stop.await.ok();
        Ok(())
    })
}

async fn accept(shared: Arc<Shared>, door: Door) -> std::io::Result<()> {
    let listener = TcpListener::from_std(door.listener.try_clone()?)?;
    let door = Arc::new(door);
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(shared.clone(), door.clone(), socket));
        }
    }
}

async fn serve(shared: Arc<Shared>, door: Arc<Door>, mut socket: TcpStream) {
    let fault = shared.lock().faults.peek(door.service);
    if fault == Some(Fault::NotHttp) {
        // Reading on until the client closes keeps the kernel from throwing the bytes away.
        socket.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await.ok();
        socket.shutdown().await.ok();
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await.ok();
        return;
    }
    if is_switched_off(&shared, &door) {
        return;
    }
    let service = service_fn(|request| answer(shared.clone(), door.clone(), request));
    // An error here says that the client went away, or that a fault sent it away.
    auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await.ok();
}

/// A stopped VM has no metadata server.
fn is_switched_off(shared: &Shared, door: &Door) -> bool {
    let state = shared.lock();
    let machine = state.machines.get(door.machine);
    door.service == Service::Metadata && machine.is_some_and(|machine| !machine.running)
}

async fn answer(
    shared: Arc<Shared>,
    door: Arc<Door>,
    request: Request<Incoming>,
) -> Result<Response<FakeBody>, NoAnswer> {
    let (head, body) = request.into_parts();
    let ticket = Ticket::new(&shared, door.service, &head);
    let upstream = shared.forwards.get(&door.service);
    let (body, unread) = match upstream {
        Some(_) => (Bytes::new(), Some(body)),
        None => (Limited::new(body, MAX_BODY).collect().await.map_err(|_| NoAnswer)?.to_bytes(), None),
    };
    let fault = shared.lock().faults.next(door.service);
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop | Fault::NotHttp) => return Err(NoAnswer),
        Some(Fault::Latency(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    if is_switched_off(&shared, &door) {
        return Err(NoAnswer);
    }
    let number = ticket.number;
    let reply = match fault {
        Some(Fault::Status(_)) => Some(Reply::default()),
        _ => handle(&shared, &door, &asked(&door, head.clone(), body)),
    };
    let response = match (reply, upstream, unread) {
        (None, Some(upstream), Some(body)) => {
            let answer = upstream.answer(head, body).await.ok_or(NoAnswer)?;
            answer.map(|body| FakeBody::passed_on(body, ticket))
        }
        (reply, ..) => spoil(fault, reply.unwrap_or_default(), ticket),
    };
    shared.lock().log.answered(number, response.status());
    shared.changed.send_replace(());
    Ok(response)
}

fn asked(door: &Door, head: http::request::Parts, body: Bytes) -> Asked {
    Asked {
        verb: head.method,
        path: head.uri.path().to_owned(),
        query: Form::parse(head.uri.query().unwrap_or_default()),
        headers: head.headers,
        body,
        base: format!("http://{}", door.address),
    }
}

/// The service's own answer; none if it is for the other server to answer.
fn handle(shared: &Shared, door: &Door, asked: &Asked) -> Option<Reply> {
    let answer = || {
        let state = &mut *shared.lock();
        let token = asked.bearer().and_then(|text| state.live_token(text)).map(|token| token.scopes);
        let served = state.script.served(door.service, asked, token.as_deref());
        if let Some(Served::Refused(refusal)) = served {
            return Some(refusal);
        }
        if let Some(scripted) = state.script.next(door.service, asked) {
            return Some(scripted);
        }
        if shared.forwards.contains_key(&door.service) {
            return if door.service == Service::Storage { storage::refuse(state, asked) } else { None };
        }
        Some(match (served, door.service) {
            (Some(Served::Open(reply)), _) => reply,
            (_, Service::Metadata) => metadata::answer(state, door.machine, asked),
            (_, Service::OAuth) => oauth::answer(state, asked),
            (_, Service::Storage) => storage::answer(state, asked),
            (_, Service::Compute) => compute::answer(state, asked),
            (_, Service::Front) => {
                iam::answer(state, asked).unwrap_or_else(|| json(StatusCode::OK, &json!({})))
            }
        })
    };
    catch(shared, answer)
        .unwrap_or_else(|| Some(html(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error.")))
}

/// Keeps what a panic says for whoever drops the fake.
fn catch<T>(shared: &Shared, work: impl FnOnce() -> T) -> Option<T> {
    let panic = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => return Some(done),
        Err(panic) => panic,
    };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    shared.lock().panics.push(text.unwrap_or_else(|| "a panic without words".to_owned()));
    None
}

/// A request under way, from its head to the end of its answer.
pub(super) struct Ticket {
    shared: Arc<Shared>,
    number: usize,
}

impl Ticket {
    fn new(shared: &Arc<Shared>, service: Service, head: &http::request::Parts) -> Self {
        let request = RecordedRequest {
            service,
            verb: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            version: head.version,
            headers: head.headers.clone(),
            status: None,
        };
        let number = shared.lock().log.arrived(request);
        shared.changed.send_replace(());
        Self { shared: shared.clone(), number }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shared.lock().log.in_flight -= 1;
        self.shared.changed.send_replace(());
    }
}

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer")
    }
}

impl std::error::Error for NoAnswer {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FakeGoogle;

    #[tokio::test]
    async fn a_panic_of_a_handler_comes_out_on_drop() -> std::io::Result<()> {
        let google = FakeGoogle::builder().start().await?;
        let broken = || -> Reply { panic!("no bucket in hand") };
        assert!(catch(&google.shared, broken).is_none());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(google))).expect_err("drop panics");
        let text = dropped.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains("no bucket in hand"), "{text}");
        Ok(())
    }
}
