//! A soak test: a thousand callers make calls over loopback for a given time. Tokens rotate, the
//! source of granted scopes fails at random, and the server refuses at random.
//!
//! ```text
//! cargo run --release --example soak [SECONDS [SEED]]
//! ```
//!
//! The program prints its counts, and exits with status 1 if one of these checks fails:
//!
//! - No verdict is wrong: a call becomes a denial if, and only if, its token lacks the scope.
//! - No response is lost or altered. Each response carries a checksum of its body.
//! - Memory does not grow. All bytes that the process has allocated and not freed are counted,
//!   including the server's, at moments when no call is in flight.
//!
//! Resident memory is printed for information only: it includes freed pages that the allocator
//! keeps.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::{Denial, DenialDelivery, Guard, Preflight, ScopeSet};
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use peak_alloc::PeakAlloc;
use tokio::runtime::Builder;
use tokio::sync::{Barrier, OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinSet;
use tower::{BoxError, ServiceExt};

const CALLERS: u64 = 1000;
/// The number of threads among which the callers are divided. All threads share the guards and the
/// HTTP client.
const THREADS: usize = 2;
/// The number of calls of all callers together after which a new set of tokens is used.
const ROTATION: u64 = 50;
/// The number of calls that are made before memory is measured. By then the guards' token caches
/// are full and every connection has been used, so memory that still grows is a leak.
const WARM_UP: u64 = 50_000;
/// The size of the HTTP client's read buffer of a connection: fixed, because hyper's adaptive
/// buffers keep growing for minutes, one connection at a time, and would look like a leak.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// The maximum number of samples of memory that are taken after the warm-up.
const MAX_SAMPLES: usize = 30;
/// The maximum number of KiB by which the mean of the last third of the samples may exceed the mean
/// of the first third. Samples are taken while no call is in flight and the guards' token caches
/// are full. So only the connection pool varies: some of its thousand connections have just been
/// closed.
const MAX_GROWTH_KIB: i64 = 1024;
/// The maximum number of KiB that may still be allocated after shutdown, for statics that are
/// initialised once per process.
const MAX_LEAK_KIB: i64 = 1024;

/// The body of a refusal for lack of scope.
const SCOPE_REFUSAL: &str = concat!(
    r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","#,
    r#""status":"PERMISSION_DENIED","details":[{"@type":"#,
    r#""type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","#,
    r#""domain":"googleapis.com"}]}}"#,
);
/// The body of a refusal by IAM.
const IAM_REFUSAL: &str = concat!(
    r#"{"error":{"code":403,"message":"User not authorized to perform this action.","#,
    r#""status":"PERMISSION_DENIED"}}"#,
);

/// A pseudorandom sequence (SplitMix64): the same seed gives the same numbers. Which caller draws
/// which number depends on the scheduling of the threads.
#[derive(Clone)]
struct Random(Arc<AtomicU64>);

impl Random {
    /// Returns the next number, which is less than `limit`.
    fn below(&self, limit: u64) -> u64 {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Checks whether `token` lacks the scope. The prefix of the token decides: `good-17` and `dark-17`
/// have the scope, `poor-17` does not. The guards' source of granted scopes knows the good and the
/// poor tokens, and returns `None` for the dark tokens.
fn lacks_scope(token: &str) -> bool {
    token.starts_with("poor")
}

/// A source of granted scopes that fails, hangs, panics, is slow or responds correctly, at random.
struct FlakySource(Random);

impl GrantedScopesSource for FlakySource {
    fn name(&self) -> &str {
        "a flaky source"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        let known = |scope| {
            Some(GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Custom))
        };
        match self.0.below(10) {
            0 => return Some(GrantedScopes::unknown("the source is down")),
            1 => std::future::pending().await,
            // Unlike `panic!`, does not print the panic.
            2 => std::panic::resume_unwind(Box::new("a fault of the source")),
            3..=5 => tokio::task::yield_now().await,
            _ => {}
        }
        match token.secret().split_once('-')?.0 {
            "good" => known("https://www.googleapis.com/auth/pubsub"),
            "poor" => known("https://www.googleapis.com/auth/logging.write"),
            _ => None,
        }
    }
}

/// Returns the FNV-1a hash of `bytes`, which is enough to detect a changed body.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Returns the server's response to `request`, with a checksum of the body in the header `x-sum`. A
/// call whose token lacks the scope is always refused for that reason. Of the other calls, half
/// succeed and the rest get, at random, a refusal by IAM, a 403 with an HTML page, a 503 or a 404.
fn respond(request: &Request<Incoming>, random: &Random) -> Response<Full<Bytes>> {
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let size = 1 + random.below(40_000) as usize;
    let (status, body) = match random.below(8) {
        _ if lacks_scope(token.trim_start_matches("Bearer ")) => (403, SCOPE_REFUSAL.to_owned()),
        0 => (403, IAM_REFUSAL.to_owned()),
        1 => (403, format!("<html>{}</html>", "no ".repeat(size / 3))),
        2 => (503, "x".repeat(size)),
        3 => (404, String::new()),
        _ => (200, "y".repeat(size)),
    };
    let sum = checksum(body.as_bytes());
    let response = Response::builder().status(status).header("x-sum", sum).body(Full::from(body));
    response.unwrap_or_default()
}

/// Starts the server on a free port of 127.0.0.1 and returns its address.
async fn start_server(random: Random) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let random = random.clone();
            let service = service_fn(move |request| {
                let response = respond(&request, &random);
                async move {
                    drop(request.into_body().collect().await);
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service),
            );
        }
    });
    Ok(address)
}

/// How many calls had which outcome.
#[derive(Default)]
struct SoakCounts {
    calls: AtomicU64,
    /// Responses other than 403, passed on by the guard.
    passed: AtomicU64,
    /// Responses with status 403 for another reason than scopes, passed on by the guard.
    refused: AtomicU64,
    /// Denials, including those of calls that were not sent.
    explained: AtomicU64,
    not_sent: AtomicU64,
    /// Calls whose future was dropped by the caller.
    given_up: AtomicU64,
    /// Wrong verdicts: denials of calls whose token holds the scope, and calls without a denial
    /// whose token lacks the scope.
    wrong_verdicts: AtomicU64,
    /// Responses whose body does not match its checksum, and calls that failed otherwise.
    altered: AtomicU64,
}

/// The state that all callers share.
struct SoakState {
    guards: Vec<Guard>,
    http: Client<HttpConnector, Full<Bytes>>,
    url: String,
    random: Random,
    counts: Arc<SoakCounts>,
    /// Each call holds a read lock. Taking the write lock waits until no call is in flight, and
    /// keeps new calls from starting.
    in_flight: Arc<RwLock<()>>,
    is_over: AtomicBool,
}

impl SoakState {
    /// Makes calls until the run is over.
    async fn run_caller(self: Arc<Self>) {
        while !self.is_over.load(Ordering::Relaxed) {
            let _in_flight = self.in_flight.read().await;
            let rotation = self.counts.calls.fetch_add(1, Ordering::Relaxed) / ROTATION;
            let kind = ["good", "good", "dark", "poor"][self.random.below(4) as usize];
            let token = format!("{kind}-{rotation}");
            if self.random.below(50) == 0 {
                self.give_up(&token).await;
            } else if let Err(error) = self.call(&token).await {
                self.counts.altered.fetch_add(1, Ordering::Relaxed);
                eprintln!("a call failed without a denial: {error}");
            }
        }
    }

    /// Starts a call and drops its future after a short random delay, finished or not.
    async fn give_up(&self, token: &str) {
        let call = self.call(token);
        let delay = async {
            for _ in 0..self.random.below(4) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { _ = call => {}, () = delay => {} }
        self.counts.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes a call through a random guard and counts its outcome. Returns an error if there was
    /// neither a response nor a denial.
    async fn call(&self, token: &str) -> Result<(), BoxError> {
        let request = Request::post(&self.url)
            .header(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?);
        let guard = &self.guards[self.random.below(self.guards.len() as u64) as usize];
        let service = tower::ServiceBuilder::new().layer(guard.layer()).service(self.http.clone());
        match service.oneshot(request.body(Full::from("{}"))?).await {
            Ok(response) => {
                let denied = response.extensions().get::<Denial>().is_some();
                let (status, sum) = (response.status(), response.headers().get("x-sum").cloned());
                self.count_verdict(token, status, denied);
                let body = response.into_body().collect().await?.to_bytes();
                let is_same = sum.is_some_and(|sum| sum == checksum(&body).to_string());
                self.counts.altered.fetch_add(u64::from(!is_same), Ordering::Relaxed);
            }
            Err(error) => {
                let denial = Denial::find(&*error).ok_or_else(|| error.to_string())?;
                self.count_verdict(token, StatusCode::FORBIDDEN, true);
                self.counts
                    .not_sent
                    .fetch_add(u64::from(denial.kind() != DenialKind::Refused), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Counts the outcome of a call, and whether it is wrong. A denial is right if, and only if,
    /// the token lacks the scope: the server refuses every such call.
    fn count_verdict(&self, token: &str, status: StatusCode, denied: bool) {
        let is_wrong = denied != lacks_scope(token) || (denied && status != StatusCode::FORBIDDEN);
        let is_refused = status == StatusCode::FORBIDDEN && !denied;
        let counts = [
            (&self.counts.wrong_verdicts, is_wrong),
            (&self.counts.explained, denied),
            (&self.counts.refused, is_refused),
            (&self.counts.passed, !denied && !is_refused),
        ];
        counts.iter().for_each(|(count, applies)| {
            _ = count.fetch_add(u64::from(*applies), Ordering::Relaxed)
        });
    }
}

/// Counts the allocations of the whole process: a guard's own thread frees memory that callers
/// allocate.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The measurements of memory.
struct Memory {
    /// The bytes allocated at each sample, while no call is in flight.
    allocated: Vec<AtomicI64>,
    /// The bytes still allocated after shutdown.
    leaked: AtomicI64,
    /// The resident memory in KiB at each sample.
    resident: Vec<AtomicU64>,
}

impl Memory {
    /// Creates the measurements of a run of `seconds` seconds, with three samples every ten
    /// seconds: before each sample all thousand callers finish their calls, which takes seconds in
    /// a build without optimisation.
    fn for_run(seconds: u64) -> Self {
        let count = usize::try_from(seconds / 10 * 3)
            .map_or(MAX_SAMPLES, |count| count.clamp(3, MAX_SAMPLES));
        Self {
            allocated: (0..count).map(|_| AtomicI64::default()).collect(),
            leaked: AtomicI64::default(),
            resident: (0..count).map(|_| AtomicU64::default()).collect(),
        }
    }

    /// Returns the mean of the first (0), second (1) or last (2) third of the samples, in KiB.
    fn mean_of_third(&self, third: usize) -> i64 {
        let count = self.allocated.len();
        let samples = &self.allocated[third * count / 3..(third + 1) * count / 3];
        samples.iter().map(|sample| sample.load(Ordering::Relaxed)).sum::<i64>()
            / samples.len() as i64
            / 1024
    }
}

/// Returns the resident memory of the process in KiB, or 0 where the system has no
/// `/proc/self/status`.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Returns how many bytes the process has allocated and not freed.
fn allocated() -> i64 {
    i64::try_from(ALLOCATED.current_usage()).unwrap_or(i64::MAX)
}

/// Returns how many bytes more than `before` are allocated. Waits up to ten seconds for the number
/// to fall below the limit: the guards' threads end, and the server frees its connections, a moment
/// after the run.
fn leaked_since(before: i64) -> i64 {
    let start = Instant::now();
    while allocated() - before > MAX_LEAK_KIB * 1024 && start.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(20));
    }
    allocated() - before
}

/// Runs one thread's share of the callers. Returns only when the callers of all threads are done:
/// the connection pool is shared, and callers of other threads use connections that this thread's
/// runtime drives.
fn run_thread(shared: Arc<SoakState>, memory: &Memory, barrier: &Barrier, length: Duration) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("no runtime");
    let callers = runtime.block_on(warm_up(&shared, barrier, length));
    let mut pause = None;
    for (allocated_sample, resident_sample) in memory.allocated.iter().zip(&memory.resident) {
        let interval = length / u32::try_from(memory.allocated.len()).expect("too many samples");
        let next = runtime.block_on(run_until_pause(&shared, barrier, pause.take(), interval));
        allocated_sample.store(allocated(), Ordering::Relaxed);
        resident_sample.store(resident(), Ordering::Relaxed);
        pause = Some(next);
    }
    drop(pause);
    shared.is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        callers.join_all().await;
        barrier.wait().await;
    });
    drop((shared, runtime));
}

/// Starts this thread's share of the callers and returns them after the warm-up, which ends after
/// [`WARM_UP`] calls of all threads, or on a slow machine after `length`.
async fn warm_up(shared: &Arc<SoakState>, barrier: &Barrier, length: Duration) -> JoinSet<()> {
    let (start, mut callers) = (Instant::now(), JoinSet::new());
    (0..CALLERS / THREADS as u64)
        .for_each(|_| drop(callers.spawn(Arc::clone(shared).run_caller())));
    while shared.counts.calls.load(Ordering::Relaxed) < WARM_UP && start.elapsed() < length {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    barrier.wait().await;
    callers
}

/// Ends `pause`, lets the callers make calls for `interval`, and returns a new pause once no call
/// is in flight.
async fn run_until_pause(
    shared: &SoakState,
    barrier: &Barrier,
    pause: Option<Pause>,
    interval: Duration,
) -> Pause {
    // The other threads may still be taking their sample.
    barrier.wait().await;
    drop(pause);
    tokio::time::sleep(interval).await;
    let takes_lock = barrier.wait().await.is_leader();
    let in_flight = Arc::clone(&shared.in_flight);
    let lock = if takes_lock { Some(in_flight.write_owned().await) } else { None };
    barrier.wait().await;
    Pause(lock)
}

/// Keeps new calls from starting until all threads have dropped their pause. One thread's pause
/// holds the write lock of [`SoakState::in_flight`].
struct Pause(
    #[allow(dead_code, reason = "held until the pause is dropped")]
    Option<OwnedRwLockWriteGuard<()>>,
);

/// Creates one guard for each preflight with each of two deliveries, and the HTTP client that they
/// share.
fn shared(url: &str, random: Random) -> Result<SoakState, gcp_scopes::Error> {
    let mut guards = Vec::new();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        for delivery in [DenialDelivery::Error, DenialDelivery::Extension] {
            let guard =
                Guard::builder().endpoint(url, "pubsub.googleapis.com")?.preflight(preflight);
            let guard = guard
                .denial_delivery(delivery)
                .source(FlakySource(random.clone()))
                .without_tokeninfo();
            guards.push(guard.source_timeout(Duration::from_millis(100)).build());
        }
    }
    Ok(SoakState {
        guards,
        http: Client::builder(TokioExecutor::new())
            .http1_read_buf_exact_size(READ_BUFFER_BYTES)
            .build_http(),
        url: format!("{url}/v1/projects/p/topics/t:publish"),
        random,
        counts: Arc::default(),
        in_flight: Arc::default(),
        is_over: AtomicBool::new(false),
    })
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let seconds = arguments.next().transpose()?.unwrap_or(10);
    let random_seed =
        || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos().into());
    let seed = arguments.next().transpose()?.unwrap_or_else(random_seed);
    println!("soak: {CALLERS} callers, {seconds} s, seed {seed}");
    let random = Random(Arc::new(AtomicU64::new(seed)));
    // The server has its own runtime, which lives on while the memory after shutdown is measured.
    let server = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let url = format!("http://{}", server.block_on(start_server(random.clone()))?);
    let before = allocated();
    let (shared, memory, barrier) =
        (Arc::new(shared(&url, random)?), &Memory::for_run(seconds), &Barrier::new(THREADS));
    let (counts, length, start) =
        (Arc::clone(&shared.counts), Duration::from_secs(seconds), Instant::now());
    thread::scope(|scope| {
        // The threads own `shared`, so that `shared` is freed before the memory after shutdown is
        // measured.
        for shared in vec![shared; THREADS] {
            scope.spawn(move || run_thread(shared, memory, barrier, length));
        }
    });
    let took = start.elapsed();
    memory.leaked.store(leaked_since(before), Ordering::Relaxed);
    report(&counts, took, memory)
}

/// Prints the counts and the measurements of memory. Returns an error if a check failed.
fn report(
    counts: &SoakCounts,
    took: Duration,
    memory: &Memory,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!("calls      {:>9}  ({:.0} s)", value(&counts.calls), took.as_secs_f64());
    println!("passed     {:>9}  other responses, passed on unchanged", value(&counts.passed));
    println!(
        "refused    {:>9}  403 for another reason than scopes, passed on unchanged",
        value(&counts.refused)
    );
    println!(
        "explained  {:>9}  denials for lack of scope, {} of them without sending the call",
        value(&counts.explained),
        value(&counts.not_sent)
    );
    println!("given up   {:>9}  dropped by their callers", value(&counts.given_up));
    println!("wrong      {:>9}  wrong verdicts", value(&counts.wrong_verdicts));
    println!("altered    {:>9}  responses lost or changed", value(&counts.altered));
    let [first, second, third] = [0, 1, 2].map(|number| memory.mean_of_third(number));
    let leaked = memory.leaked.load(Ordering::Relaxed) / 1024;
    println!(
        "allocated  {first:>9}  KiB in the first third, {second} in the second, {third} in the \
         last"
    );
    println!("left       {leaked:>9}  KiB after shutdown");
    let [start, end] =
        [memory.resident.first(), memory.resident.last()].map(|sample| sample.map_or(0, value));
    println!("resident   {start:>9}  KiB at the start, {end} at the end; includes the server");
    if value(&counts.wrong_verdicts) + value(&counts.altered) > 0 {
        return Err("there were wrong verdicts, or responses were lost or changed: see the \
                    counts above"
            .into());
    }
    if third - first > MAX_GROWTH_KIB {
        return Err(format!(
            "memory grew by {} KiB during the run (limit {MAX_GROWTH_KIB})",
            third - first
        )
        .into());
    }
    if leaked > MAX_LEAK_KIB {
        return Err(format!(
            "{leaked} KiB are still allocated after shutdown (limit {MAX_LEAK_KIB})"
        )
        .into());
    }
    Ok(())
}
