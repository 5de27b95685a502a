//! Times the start of a program: detection, and a self-check after it, with metadata servers that
//! respond slowly or not at all.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use gcp_scopes::{Guard, GuardBuilder};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, Service, Vm};
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
