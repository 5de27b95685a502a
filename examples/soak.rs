//! A thousand callers at once over loopback, for as long as it is told to: tokens rotate, inspectors
//! fail at random, and the server refuses at random.
//!
//! ```text
//! cargo run --release --example soak [SECONDS [SEED]]
//! ```
//!
//! Checks that no verdict is wrong (a call whose token holds the scope never becomes a denial that was
//! not the server's own), that no answer is lost or altered (each carries a checksum), and that memory
//! stays flat: the bytes that the callers, their guards and their HTTP client have allocated and not
//! freed, counted one by one while no call is under way. Prints its counts, and ends with 1 if anything was not so.
//!
//! What the process holds of the system's memory is printed too, and proves nothing: it is what the
//! allocator does not give back, and the server's.

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
/// The callers share as many threads, which share the guards.
const THREADS: usize = 2;
/// How many calls a token lives for, over all callers.
const ROTATION: u64 = 50;
/// After so many calls the guards have seen more tokens than they remember, and every connection has
/// been used: what grows from then on grows for ever.
const WARM_UP: u64 = 50_000;
/// How much of an answer the HTTP client reads at once.
const READ_BYTES: usize = 8 * 1024;
/// How often memory is looked at in the time that counts, at most.
const LOOKS: usize = 30;
/// What the mean of the last third may be above that of the first, in KiB. With no call under way there are
/// the guards' memories, which are full, and a thousand connections, of which some were just closed.
const MARGIN: i64 = 1024;
/// What may be left when all is over, in KiB: the tables that are made once for a process.
const LEFT: i64 = 1024;

const SCOPE: &str = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"}]}}"#;
const IAM: &str = r#"{"error":{"code":403,"message":"User not authorized to perform this action.","status":"PERMISSION_DENIED"}}"#;

/// Numbers that come again with the same seed.
#[derive(Clone)]
struct Dice(Arc<AtomicU64>);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A token says itself what it holds: `good-17` has the scope, `poor-17` has not, nobody knows of
/// `dark-17`, which has it.
fn lacks(token: &str) -> bool {
    token.starts_with("poor")
}

/// An inspector that fails, takes its time, panics or tells the truth.
struct Moody(Dice);

impl GrantedScopesSource for Moody {
    fn name(&self) -> &str {
        "a moody inspector"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        let known = |scope| Some(GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Custom));
        match self.0.roll(10) {
            0 => return Some(GrantedScopes::unknown("the inspector is down")),
            1 => std::future::pending().await,
            2 => std::panic::resume_unwind(Box::new("a fault of the inspector")),
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

/// FNV-1a: enough to see that a body is another one.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// The server: refuses what lacks the scope, always, and everything else at random, by another gate.
fn serve(request: &Request<Incoming>, dice: &Dice) -> Response<Full<Bytes>> {
    let token =
        request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let size = 1 + dice.roll(40_000) as usize;
    let (status, body) = match dice.roll(8) {
        _ if lacks(token.trim_start_matches("Bearer ")) => (403, SCOPE.to_owned()),
        0 => (403, IAM.to_owned()),
        1 => (403, format!("<html>{}</html>", "no ".repeat(size / 3))),
        2 => (503, "x".repeat(size)),
        3 => (404, String::new()),
        _ => (200, "y".repeat(size)),
    };
    let sum = checksum(body.as_bytes());
    let response = Response::builder().status(status).header("x-sum", sum).body(Full::from(body));
    response.unwrap_or_default()
}

async fn listen(dice: Dice) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let dice = dice.clone();
            let answer = service_fn(move |request| {
                let response = serve(&request, &dice);
                async move {
                    drop(request.into_body().collect().await);
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer),
            );
        }
    });
    Ok(address)
}

#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    passed: AtomicU64,
    refused: AtomicU64,
    explained: AtomicU64,
    not_sent: AtomicU64,
    given_up: AtomicU64,
    wrong: AtomicU64,
    altered: AtomicU64,
}

/// Everything that a caller needs.
struct World {
    guards: Vec<Guard>,
    http: Client<HttpConnector, Full<Bytes>>,
    url: String,
    dice: Dice,
    counts: Arc<Counts>,
    /// Read while a call is under way.
    calling: Arc<RwLock<()>>,
    is_over: AtomicBool,
}

impl World {
    async fn caller(self: Arc<Self>) {
        while !self.is_over.load(Ordering::Relaxed) {
            let _calling = self.calling.read().await;
            let turn = self.counts.calls.fetch_add(1, Ordering::Relaxed) / ROTATION;
            let kind = ["good", "good", "dark", "poor"][self.dice.roll(4) as usize];
            let token = format!("{kind}-{turn}");
            if self.dice.roll(50) == 0 {
                self.give_up(&token).await;
            } else if let Err(error) = self.call(&token).await {
                self.counts.altered.fetch_add(1, Ordering::Relaxed);
                eprintln!("a call was lost: {error}");
            }
        }
    }

    /// Begins a call and lets go of it.
    async fn give_up(&self, token: &str) {
        let call = self.call(token);
        let moment = async {
            for _ in 0..self.dice.roll(4) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { _ = call => {}, () = moment => {} }
        self.counts.given_up.fetch_add(1, Ordering::Relaxed);
    }

    async fn call(&self, token: &str) -> Result<(), BoxError> {
        let request =
            Request::post(&self.url).header(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?);
        let guard = &self.guards[self.dice.roll(self.guards.len() as u64) as usize];
        let service = tower::ServiceBuilder::new().layer(guard.layer()).service(self.http.clone());
        match service.oneshot(request.body(Full::from("{}"))?).await {
            Ok(response) => {
                let denied = response.extensions().get::<Denial>().is_some();
                let (status, sum) = (response.status(), response.headers().get("x-sum").cloned());
                self.judge(token, status, denied);
                let body = response.into_body().collect().await?.to_bytes();
                let is_same = sum.is_some_and(|sum| sum == checksum(&body).to_string());
                self.counts.altered.fetch_add(u64::from(!is_same), Ordering::Relaxed);
            }
            Err(error) => {
                let denial = Denial::find(&*error).ok_or_else(|| error.to_string())?;
                self.judge(token, StatusCode::FORBIDDEN, true);
                self.counts
                    .not_sent
                    .fetch_add(u64::from(denial.kind() != DenialKind::Refused), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// A denial is right for a token that lacks the scope, and only there; the server refuses all of those.
    fn judge(&self, token: &str, status: StatusCode, denied: bool) {
        let is_wrong = denied != lacks(token) || (denied && status != StatusCode::FORBIDDEN);
        let is_refused = status == StatusCode::FORBIDDEN && !denied;
        let counts = [
            (&self.counts.wrong, is_wrong),
            (&self.counts.explained, denied),
            (&self.counts.refused, is_refused),
            (&self.counts.passed, !denied && !is_refused),
        ];
        counts.iter().for_each(|(count, is)| _ = count.fetch_add(u64::from(*is), Ordering::Relaxed));
    }
}

/// Every allocation of the process, because a guard's own thread frees what callers allocate.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What is allocated while no call is under way, in bytes, look by look; and after the end.
struct Memory {
    looks: Vec<AtomicI64>,
    left: AtomicI64,
    resident: Vec<AtomicU64>,
}

impl Memory {
    /// For a run of so many seconds: each look waits until a thousand calls are answered, which takes seconds
    /// without optimisation.
    fn looked_at(seconds: u64) -> Self {
        let looks = usize::try_from(seconds / 10 * 3).map_or(LOOKS, |looks| looks.clamp(3, LOOKS));
        Self {
            looks: (0..looks).map(|_| AtomicI64::default()).collect(),
            left: AtomicI64::default(),
            resident: (0..looks).map(|_| AtomicU64::default()).collect(),
        }
    }

    /// The mean of a third of the looks, in KiB.
    fn third(&self, third: usize) -> i64 {
        let all = self.looks.len();
        let looks = &self.looks[third * all / 3..(third + 1) * all / 3];
        looks.iter().map(|look| look.load(Ordering::Relaxed)).sum::<i64>() / looks.len() as i64 / 1024
    }
}

/// Resident memory in KiB, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn allocated() -> i64 {
    i64::try_from(ALLOCATED.current_usage()).unwrap_or(i64::MAX)
}

/// What is left of what was allocated since, once the guards' threads have ended and the server has seen
/// that its connections are closed.
fn left_since(before: i64) -> i64 {
    let begin = Instant::now();
    while allocated() - before > LEFT * 1024 && begin.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(20));
    }
    allocated() - before
}

/// One thread with its share of the callers. It goes on until those of the others are done, too: they use
/// connections that this one drives.
fn work(world: Arc<World>, memory: &Memory, all: &Barrier, length: Duration) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let callers = runtime.block_on(warmed_up(&world, all, length));
    let mut quiet = None;
    for (look, resident_now) in memory.looks.iter().zip(&memory.resident) {
        let time = length / u32::try_from(memory.looks.len()).expect("few");
        let still = runtime.block_on(calls(&world, all, quiet.take(), time));
        look.store(allocated(), Ordering::Relaxed);
        resident_now.store(resident(), Ordering::Relaxed);
        quiet = Some(still);
    }
    drop(quiet);
    world.is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        callers.join_all().await;
        all.wait().await;
    });
    drop((world, runtime));
}

/// The callers, once the guards have seen enough; on a slow machine after as long as the rest takes.
async fn warmed_up(world: &Arc<World>, all: &Barrier, length: Duration) -> JoinSet<()> {
    let (begin, mut callers) = (Instant::now(), JoinSet::new());
    (0..CALLERS / THREADS as u64).for_each(|_| drop(callers.spawn(Arc::clone(world).caller())));
    while world.counts.calls.load(Ordering::Relaxed) < WARM_UP && begin.elapsed() < length {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    all.wait().await;
    callers
}

/// Lets the callers call for a while, and gives what holds them back once no call is under way.
async fn calls(world: &World, all: &Barrier, quiet: Option<Quiet>, time: Duration) -> Quiet {
    // The other threads have counted, too.
    all.wait().await;
    drop(quiet);
    tokio::time::sleep(time).await;
    let is_first = all.wait().await.is_leader();
    let calling = Arc::clone(&world.calling);
    let quiet = if is_first { Some(calling.write_owned().await) } else { None };
    all.wait().await;
    Quiet(quiet)
}

/// While one of them is there, no call begins.
struct Quiet(#[allow(dead_code, reason = "it is there to be dropped")] Option<OwnedRwLockWriteGuard<()>>);

fn world(url: &str, dice: Dice) -> Result<World, gcp_scopes::Error> {
    let mut guards = Vec::new();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        for delivery in [DenialDelivery::Error, DenialDelivery::Extension] {
            let guard = Guard::builder().endpoint(url, "pubsub.googleapis.com")?.preflight(preflight);
            let guard = guard.denial_delivery(delivery).source(Moody(dice.clone())).without_tokeninfo();
            guards.push(guard.source_timeout(Duration::from_millis(100)).build());
        }
    }
    Ok(World {
        guards,
        // Of one size: the buffers that fit themselves to what comes grow for minutes, each on its own.
        http: Client::builder(TokioExecutor::new()).http1_read_buf_exact_size(READ_BYTES).build_http(),
        url: format!("{url}/v1/projects/p/topics/t:publish"),
        dice,
        counts: Arc::default(),
        calling: Arc::default(),
        is_over: AtomicBool::new(false),
    })
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let seconds = arguments.next().transpose()?.unwrap_or(10);
    let now = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos().into());
    let seed = arguments.next().transpose()?.unwrap_or_else(now);
    println!("soak: {CALLERS} callers, {seconds} s, seed {seed}");
    let dice = Dice(Arc::new(AtomicU64::new(seed)));
    // On threads of its own, which nobody counts.
    let server = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let url = format!("http://{}", server.block_on(listen(dice.clone()))?);
    let before = allocated();
    let (world, memory, all) =
        (Arc::new(world(&url, dice)?), &Memory::looked_at(seconds), &Barrier::new(THREADS));
    let (counts, length, begin) = (Arc::clone(&world.counts), Duration::from_secs(seconds), Instant::now());
    thread::scope(|scope| {
        for world in vec![world; THREADS] {
            scope.spawn(move || work(world, memory, all, length));
        }
    });
    let took = begin.elapsed();
    memory.left.store(left_since(before), Ordering::Relaxed);
    report(&counts, took, memory)
}

fn report(counts: &Counts, took: Duration, memory: &Memory) -> Result<(), Box<dyn Error + Send + Sync>> {
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!("calls      {:>9}  ({:.0} s)", of(&counts.calls), took.as_secs_f64());
    println!("passed     {:>9}  as the server answered them", of(&counts.passed));
    println!("refused    {:>9}  by another gate, passed on", of(&counts.refused));
    println!(
        "explained  {:>9}  for lack of scope, {} of them not sent",
        of(&counts.explained),
        of(&counts.not_sent)
    );
    println!("given up   {:>9}  by their callers", of(&counts.given_up));
    println!("wrong      {:>9}  verdicts", of(&counts.wrong));
    println!("altered    {:>9}  answers lost or changed", of(&counts.altered));
    let [first, second, third] = [0, 1, 2].map(|number| memory.third(number));
    let left = memory.left.load(Ordering::Relaxed) / 1024;
    println!("allocated  {first:>9}  KiB in the first third, {second} in the second, {third} in the last");
    println!("left       {left:>9}  KiB after the end");
    let [begin, end] = [memory.resident.first(), memory.resident.last()].map(|look| look.map_or(0, of));
    println!("resident   {begin:>9}  KiB at first, {end} at last, with the server");
    if of(&counts.wrong) + of(&counts.altered) > 0 {
        return Err("a promise was broken".into());
    }
    if third - first > MARGIN || left > LEFT {
        return Err(format!("memory grows: more than {MARGIN} KiB, or more than {LEFT} left").into());
    }
    Ok(())
}
