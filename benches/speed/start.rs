//! Times the start of a program: detection, and a self-check after it, with metadata servers that
//! respond slowly or not at all. Then times how long single calls wait for the scopes of a token.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use gcp_scopes::call::Call;
use gcp_scopes::flight::Flight;
use gcp_scopes::{Guard, GuardBuilder, Preflight};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;

/// The number of starts that are measured for each row. It is odd, so that the median is one of the
/// measured values.
const STARTS: usize = 21;
/// How long the metadata server takes for each response, in milliseconds.
const DELAYS: [u64; 5] = [0, 5, 20, 100, 200];

/// What a start took, and what the program then knew.
struct Start {
    detection: Duration,
    self_check: Duration,
    platform: &'static str,
    /// Whether the self-check found out the scopes of the token.
    is_granted_known: bool,
}

/// Measures and prints the group `start`.
pub(crate) fn print() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("\nthe start of a program on a VM of an instance group, by the metadata server");
    println!("{:<46} {:>10} {:>11}  platform, scopes", "median ms", "detection", "self-check");
    let google = runtime.block_on(google());
    for delay in DELAYS {
        google.set_fault(Service::Metadata, Fault::Latency(Duration::from_millis(delay)));
        row(&runtime, &format!("{delay} ms a response"), || Guard::builder().env(google.env()));
    }
    let full = runtime.block_on(FullQueue::new());
    let at = |host: SocketAddr| Guard::builder().env([("GCE_METADATA_HOST", host.to_string())]);
    match &full {
        Some(full) => row(&runtime, "packets are dropped", || at(full.address)),
        None => println!(
            "packets are dropped: not measured, because this system accepts every connection"
        ),
    }
    row(&runtime, "no server: connection refused", || at(SocketAddr::from(([127, 0, 0, 1], 1))));
    row(&runtime, "NO_GCE_CHECK=true", || Guard::builder().env([("NO_GCE_CHECK", "true")]));
    println!("\n{:<46} {:>10}", "how long a call waits", "median ms");
    for delay in DELAYS {
        google.set_fault(Service::Metadata, Fault::Latency(Duration::from_millis(delay)));
        let name = format!("first call with Deny, {delay} ms a response");
        wait_row(&name, || runtime.block_on(first_call(&google)));
    }
    google.set_fault(Service::Metadata, Fault::Latency(Duration::ZERO));
    google.set_fault(Service::OAuth, Fault::Hang);
    wait_row("explanation, tokeninfo hangs", || runtime.block_on(explanation(&google)));
}

/// Measures a wait many times, and prints its row.
fn wait_row(name: &str, wait: impl Fn() -> Duration) {
    let mut waits: Vec<Duration> = (0..STARTS).map(|_| wait()).collect();
    waits.sort_unstable();
    println!("{name:<46} {:>10.1}", waits[STARTS / 2].as_secs_f64() * 1e3);
}

/// Returns how long the first call with the token of the VM waits for its scopes.
async fn first_call(google: &FakeGoogle) -> Duration {
    let guard = Guard::builder().env(google.env()).preflight(Preflight::Deny).detect().await;
    let flight = begin(&guard, &google.token());
    let began = Instant::now();
    // A denial is a result, too.
    let _ = flight.wait_for_scopes().await;
    began.elapsed()
}

/// Returns how long the explanation of a refusal waits for the scopes of a token that only
/// tokeninfo knows.
async fn explanation(google: &FakeGoogle) -> Duration {
    let guard = Guard::builder().env(google.env());
    let guard = guard.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url())).unwrap();
    let guard = guard.detect().await;
    let token = google.mint("robot@my-project.iam.gserviceaccount.com", ["pubsub"]);
    let flight = begin(&guard, &token);
    let body = b"Request had insufficient authentication scopes.";
    let began = Instant::now();
    let denial = flight.explain(StatusCode::FORBIDDEN, &HeaderMap::new(), body).await;
    assert!(denial.is_some());
    began.elapsed()
}

/// Begins an upload to Cloud Storage.
fn begin(guard: &Guard, token: &str) -> Flight {
    let uri = Uri::from_static("https://storage.googleapis.com/upload/storage/v1/b/photos/o");
    let authorization = format!("Bearer {token}").parse().unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization)]);
    guard.begin(&Call::new(&Method::POST, &uri).with_headers(&headers)).unwrap()
}

/// Measures the starts with guards of `builder`, and prints their row.
fn row(runtime: &Runtime, name: &str, builder: impl Fn() -> GuardBuilder) {
    let mut starts: Vec<Start> = (0..STARTS).map(|_| runtime.block_on(start(builder()))).collect();
    let mut median = |part: fn(&Start) -> Duration| {
        starts.sort_by_key(part);
        part(&starts[STARTS / 2]).as_secs_f64() * 1e3
    };
    let (detection, self_check) =
        (median(|start| start.detection), median(|start| start.self_check));
    let found = starts.iter().map(|start| (start.platform, start.is_granted_known));
    println!("{name:<46} {detection:>10.1} {self_check:>11.1}  {}", describe(found));
}

/// Describes what the starts found out, with the number of starts if they differ.
fn describe(found: impl Iterator<Item = (&'static str, bool)>) -> String {
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    let groups = found.chunk_by(|one, other| one == other);
    let groups = groups.map(|group| {
        let (platform, is_known) = group[0];
        let scopes = if is_known { "known" } else { "unknown" };
        format!("{platform}, {scopes} ({} of {STARTS})", group.len())
    });
    groups.collect::<Vec<_>>().join("; ")
}

/// Detects the environment and checks the scopes of the token, as `gcp-scopes whoami` does.
async fn start(builder: GuardBuilder) -> Start {
    let began = Instant::now();
    let guard = builder.detect().await;
    let detection = began.elapsed();
    let report = guard.self_check().run().await;
    Start {
        detection,
        self_check: began.elapsed() - detection,
        platform: guard.environment().platform().as_str(),
        is_granted_known: !report.granted().is_unknown(),
    }
}

/// Starts a fake Google whose VM is an instance of a managed instance group.
async fn google() -> FakeGoogle {
    let vm = Vm::new("web-1").platform(FakePlatform::ManagedInstanceGroup);
    FakeGoogle::builder().vm(vm).start().await.unwrap()
}

/// A listener whose queue of connections is full. Linux drops the packets of further connections,
/// as a network without a metadata server may.
struct FullQueue {
    address: SocketAddr,
    _listener: TcpListener,
    _connections: Vec<TcpStream>,
}

impl FullQueue {
    /// Fills the queue. Returns `None` on a system that still accepts connections then.
    async fn new() -> Option<Self> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut connections = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            connections.push(stream);
            // The queue has room for one or two connections, so this system does not limit it.
            if connections.len() > 64 {
                return None;
            }
        }
        Some(Self { address, _listener: listener, _connections: connections })
    }
}
