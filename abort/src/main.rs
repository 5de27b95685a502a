//! Checks that a guard does not panic when it sends its own requests (to the metadata server, to
//! tokeninfo and to IAM) under difficult conditions. The program is built with `panic = "abort"`,
//! so a panic on any thread ends it.
//!
//! No crypto provider for TLS is installed. The calls run without a tokio runtime, on a runtime
//! without timer and I/O, on runtimes that are dropped while the guard waits for a response, and on
//! a complete runtime.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use bytes::Bytes;
use gcp_scopes::environment::Platform;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_layer::Layer as _;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;
/// The checks of [`exercise_guard`], to be run by one of the executors.
type Checks<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + 'a>>;

fn main() -> Result<(), BoxError> {
    let host = metadata_server()?;
    let executors: [(&str, fn(Checks<'_>) -> Result<(), BoxError>); 4] = [
        ("no runtime", without_a_runtime),
        ("a runtime without timer and I/O", on_a_runtime_without_drivers),
        ("runtimes that are dropped", on_dropped_runtimes),
        ("a complete runtime", on_a_complete_runtime),
    ];
    for (name, run) in executors {
        run(Box::pin(exercise_guard(&host))).map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: passed");
    }
    wait_for_guard_threads()
}

/// Runs detection, two calls that are denied, and a self-check, and checks what the guard found
/// out.
async fn exercise_guard(host: &str) -> Result<(), BoxError> {
    let guard = guard(host).await;
    ensure(guard.environment().platform() == Platform::ComputeEngine, "the VM was not detected")?;

    let denial = call(&guard, "ya29.mine").await?;
    ensure(denial.granted().scopes().is_some(), "the scopes of the VM's own token are not known")?;

    let denial = call(&guard, "ya29.other").await?;
    let reason = denial.granted().why_unknown().unwrap_or_default();
    ensure(reason.contains("tokeninfo was not queried: no TLS provider"), reason)?;

    let check = guard.self_check().needs("storage.objects.insert");
    let report = check.iam("gs://photos", ["storage.objects.create"]).run().await.to_string();
    let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure(report.contains("was not queried: no TLS provider"), &report)?;

    let guard_without_server = self::guard("127.0.0.1:1").await;
    ensure(
        guard_without_server.environment().platform() == Platform::Unknown,
        "a VM was detected without a metadata server",
    )
}

/// Creates a guard whose metadata server is at `host`.
async fn guard(host: &str) -> Guard {
    let builder: GuardBuilder = Guard::builder().env([("GCE_METADATA_HOST", host)]);
    builder.tokeninfo_before_calls().preflight(Preflight::Deny).detect().await
}

/// Uploads an object with `token` and returns the denial. Returns an error if the call is not
/// denied.
async fn call(guard: &Guard, token: &str) -> Result<Denial, BoxError> {
    let mut service = guard.layer().layer(Google);
    let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg";
    let request = Request::post(url).header("authorization", format!("Bearer {token}")).body(())?;
    poll_fn(|cx| service.poll_ready(cx)).await?;
    let error = service.call(request).await.err().ok_or("the call was not denied")?;
    Denial::find(&*error).cloned().ok_or_else(|| error.to_string().into())
}

/// Returns an error with `message` unless `holds`.
fn ensure(holds: bool, message: &str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(message.into()) }
}

/// A service that refuses every call for lack of scope. The body of the response never ends.
#[derive(Clone)]
struct Google;

impl Service<Request<()>> for Google {
    type Response = Response<EndlessBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<EndlessBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let body = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let mut refusal = Response::new(EndlessBody(Some(Bytes::from_static(body))));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        std::future::ready(Ok(refusal))
    }
}

/// A body with one data frame and no end.
struct EndlessBody(Option<Bytes>);

impl Body for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
    }
}

/// Starts the metadata server of a VM on a new thread. Returns its host and port.
fn metadata_server() -> Result<String, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let host = listener.local_addr()?.to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(respond(stream))));
    Ok(host)
}

/// Reads one request and responds to it.
fn respond(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let length = stream.read(&mut request)?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches("/computeMetadata/v1/");
    let (status, text) = match path {
        "project/project-id" => (200, "my-project"),
        "instance/name" => (200, "web-1"),
        "instance/zone" => (200, "projects/1/zones/us-central1-a"),
        "instance/service-accounts/default/email" => (200, "1-compute@developer.gserviceaccount.com"),
        "instance/service-accounts/default/scopes" => {
            (200, "https://www.googleapis.com/auth/devstorage.read_only")
        }
        "instance/service-accounts/default/token" => (200, r#"{"access_token":"ya29.mine"}"#),
        _ => (404, "none"),
    };
    let length = text.len();
    write!(stream, "HTTP/1.1 {status} X\r\nmetadata-flavor: Google\r\ncontent-length: {length}\r\n\r\n{text}")
}

fn without_a_runtime(checks: Checks<'_>) -> Result<(), BoxError> {
    drive(checks, |checks, waker| checks.as_mut().poll(&mut Context::from_waker(waker)))
}

fn on_a_runtime_without_drivers(checks: Checks<'_>) -> Result<(), BoxError> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(checks)
}

/// Polls the checks each time on a new runtime, which is dropped before the next poll.
fn on_dropped_runtimes(checks: Checks<'_>) -> Result<(), BoxError> {
    drive(checks, |checks, waker| match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => {
            let one_poll = poll_fn(|_| Poll::Ready(checks.as_mut().poll(&mut Context::from_waker(waker))));
            runtime.block_on(one_poll)
        }
        Err(error) => Poll::Ready(Err(error.into())),
    })
}

fn on_a_complete_runtime(checks: Checks<'_>) -> Result<(), BoxError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(checks)
}

/// Runs `checks` without a runtime: calls `poll` whenever their waker is woken.
fn drive(
    checks: Checks<'_>,
    mut poll: impl FnMut(&mut Pin<&mut Checks<'_>>, &Waker) -> Poll<Result<(), BoxError>>,
) -> Result<(), BoxError> {
    struct UnparkThread(Thread);
    impl Wake for UnparkThread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(UnparkThread(thread::current())));
    let mut checks = pin!(checks);
    loop {
        if let Poll::Ready(result) = poll(&mut checks, &waker) {
            return result;
        }
        thread::park();
    }
}

/// Waits up to ten seconds for the threads of the dropped guards to end. Does nothing on systems
/// without `/proc`.
fn wait_for_guard_threads() -> Result<(), BoxError> {
    for _ in 0..1000 {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Ok(()) };
        let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
        let remaining = tasks.flatten().filter_map(name).filter(|name| name.trim() == "gcp-scopes").count();
        if remaining == 0 {
            println!("all threads of guards have ended");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err("a thread still runs ten seconds after its guard was dropped".into())
}
