//! Everything that a guard asks on its own account, in a program that a panic ends: no provider of TLS is
//! installed, and the calls run without a runtime, on one without timer and I/O, and on ones that are dropped
//! while the guard is asking.

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
type Work<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + 'a>>;

fn main() -> Result<(), BoxError> {
    let host = metadata_server()?;
    let executors: [(&str, fn(Work<'_>) -> Result<(), BoxError>); 4] = [
        ("no runtime", without_a_runtime),
        ("a runtime without timer and I/O", on_a_bare_runtime),
        ("runtimes that are dropped", on_runtimes_that_are_dropped),
        ("a whole runtime", on_a_whole_runtime),
    ];
    for (name, run) in executors {
        run(Box::pin(asks(&host))).map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: asked");
    }
    all_threads_end()
}

/// Detection, a call that is held back, a refusal, and a self-check.
async fn asks(host: &str) -> Result<(), BoxError> {
    let guard = guard(host).await;
    ensure(guard.environment().platform() == Platform::ComputeEngine, "no VM was seen")?;

    let denial = call(&guard, "ya29.mine").await?;
    ensure(denial.granted().scopes().is_some(), "the machine's own token is not known")?;

    let denial = call(&guard, "ya29.other").await?;
    let why = denial.granted().why_unknown().unwrap_or_default();
    ensure(why.contains("tokeninfo was not asked: no TLS provider"), why)?;

    let check = guard.self_check().needs("storage.objects.insert");
    let report = check.iam("gs://photos", ["storage.objects.create"]).run().await.to_string();
    let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure(report.contains("was not asked: no TLS provider"), &report)?;

    let nowhere = self::guard("127.0.0.1:1").await;
    ensure(nowhere.environment().platform() == Platform::Unknown, "a VM was seen where there is none")
}

async fn guard(host: &str) -> Guard {
    let builder: GuardBuilder = Guard::builder().env([("GCE_METADATA_HOST", host)]);
    builder.tokeninfo_before_calls().preflight(Preflight::Deny).detect().await
}

/// The denial of an upload with this token, which may only read.
async fn call(guard: &Guard, token: &str) -> Result<Denial, BoxError> {
    let mut service = guard.layer().layer(Google);
    let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg";
    let request = Request::post(url).header("authorization", format!("Bearer {token}")).body(())?;
    poll_fn(|cx| service.poll_ready(cx)).await?;
    let error = service.call(request).await.err().ok_or("the call was let through")?;
    Denial::find(&*error).cloned().ok_or_else(|| error.to_string().into())
}

fn ensure(holds: bool, or: &str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(or.into()) }
}

/// Refuses every call, and never ends its answer.
#[derive(Clone)]
struct Google;

impl Service<Request<()>> for Google {
    type Response = Response<Stalls>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Stalls>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let said = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let mut refusal = Response::new(Stalls(Some(Bytes::from_static(said))));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        std::future::ready(Ok(refusal))
    }
}

struct Stalls(Option<Bytes>);

impl Body for Stalls {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
    }
}

/// A VM's metadata server, on a thread of its own; its host and port.
fn metadata_server() -> Result<String, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let host = listener.local_addr()?.to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream))));
    Ok(host)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut asked = [0; 4096];
    let length = stream.read(&mut asked)?;
    let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
    let path = asked.split(' ').nth(1).unwrap_or_default().trim_start_matches("/computeMetadata/v1/");
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

fn without_a_runtime(work: Work<'_>) -> Result<(), BoxError> {
    drive(work, |work, waker| work.as_mut().poll(&mut Context::from_waker(waker)))
}

fn on_a_bare_runtime(work: Work<'_>) -> Result<(), BoxError> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(work)
}

/// Each time that the work goes on it finds another runtime, which is gone before it goes on again.
fn on_runtimes_that_are_dropped(work: Work<'_>) -> Result<(), BoxError> {
    drive(work, |work, waker| match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => {
            let once = poll_fn(|_| Poll::Ready(work.as_mut().poll(&mut Context::from_waker(waker))));
            runtime.block_on(once)
        }
        Err(error) => Poll::Ready(Err(error.into())),
    })
}

fn on_a_whole_runtime(work: Work<'_>) -> Result<(), BoxError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Polls `work` whenever it is woken.
fn drive(
    work: Work<'_>,
    mut poll: impl FnMut(&mut Pin<&mut Work<'_>>, &Waker) -> Poll<Result<(), BoxError>>,
) -> Result<(), BoxError> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = poll(&mut work, &waker) {
            return done;
        }
        thread::park();
    }
}

/// All guards are gone, and with each its thread. Seen on Linux alone.
fn all_threads_end() -> Result<(), BoxError> {
    for _ in 0..1000 {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Ok(()) };
        let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
        let left = tasks.flatten().filter_map(name).filter(|name| name.trim() == "gcp-scopes").count();
        if left == 0 {
            println!("no thread is left");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err("a thread outlives its guard".into())
}
