//! With every inspector down, slow or talking nonsense, calls end as they would without the guard.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/builder.rs"]
mod usual;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, Fetch, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::guard::{DenialDelivery, GuardBuilder};
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, Fault, Service, Vm};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{BoxError, ServiceExt};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
const PREFLIGHTS: [Preflight; 4] = [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny];
/// How long a source may take in these tests. Nothing sleeps: a source that hangs is left then.
const SHORT: Duration = Duration::from_millis(50);
/// More than any answer takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

async fn google() -> FakeGoogle {
    let builder = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

fn builder(google: &FakeGoogle) -> GuardBuilder {
    usual::builder(google).source_timeout(SHORT)
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Status and body of a call that is allowed, of one that lacks a scope, and of one without object; of one
/// that is not sent, nothing.
async fn calls(
    client: &ClientWithMiddleware,
    google: &FakeGoogle,
    token: &str,
) -> Vec<Option<(StatusCode, Bytes)>> {
    let base = google.storage_url();
    let upload = format!("{base}/upload/storage/v1/b/photos/o?uploadType=media&name=x");
    let requests = [
        client.get(format!("{base}/storage/v1/b/photos/o")),
        client.post(upload).body("meow"),
        client.get(format!("{base}/storage/v1/b/photos/o/nothing")),
    ];
    let mut seen = Vec::new();
    for request in requests {
        match request.bearer_auth(token).send().await {
            Ok(answer) => seen.push(Some((answer.status(), answer.bytes().await.unwrap()))),
            Err(error) if Denial::find(&error).is_some() => seen.push(None),
            Err(error) => panic!("{error}"),
        }
    }
    seen
}

#[tokio::test]
async fn with_every_inspector_down_slow_or_lying_calls_end_as_without_the_guard() {
    let faults = [
        Fault::Hang,
        Fault::Drop,
        Fault::NotHttp,
        Fault::Garbage,
        Fault::EndlessBody,
        Fault::BigRefusal(1 << 30),
        Fault::ChunkSize(1),
        Fault::Gzip,
        Fault::Latency(Duration::from_millis(20)),
        Fault::Flaky { failures: 1, group: 2 },
        Fault::Status(StatusCode::OK),
        Fault::Status(StatusCode::FOUND),
        Fault::Status(StatusCode::FORBIDDEN),
        Fault::Status(StatusCode::NOT_FOUND),
        Fault::Status(StatusCode::TOO_MANY_REQUESTS),
        Fault::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::Status(StatusCode::SERVICE_UNAVAILABLE),
    ];
    // To make one takes longer than all the calls of a world.
    let http = plain::client();
    let mut worlds = tokio::task::JoinSet::new();
    for (preflight, setup) in
        PREFLIGHTS.into_iter().flat_map(|preflight| SETUPS.map(|setup| (preflight, setup)))
    {
        let http = http.clone();
        worlds.spawn(async move {
            for fault in faults {
                calls_end_as_without_the_guard(&http, preflight, setup, fault).await;
            }
        });
    }
    while let Some(world) = worlds.join_next().await {
        world.unwrap();
    }
}

async fn calls_end_as_without_the_guard(
    http: &reqwest::Client,
    preflight: Preflight,
    setup: fn(GuardBuilder) -> GuardBuilder,
    fault: Fault,
) {
    let google = google().await;
    // Where it runs was found out while all was well: what is down is what tells scopes.
    let builder = setup(builder(&google)).preflight(preflight).denial_delivery(DenialDelivery::Extension);
    let guard = builder.deny_wait(SHORT).detect().await;
    google.set_fault(Service::Metadata, fault);
    google.set_fault(Service::OAuth, fault);
    let bare = ClientBuilder::new(http.clone()).build();
    let client = ClientBuilder::new(http.clone()).with(guard.middleware()).build();
    let tokens = [google.mint(ACCOUNT, ["devstorage.read_only"]), google.token()];
    for token in tokens {
        let expected = calls(&bare, &google, &token).await;
        let guarded = calls(&client, &google, &token).await;
        for (guarded, expected) in guarded.into_iter().zip(expected) {
            // An inspector that is slow, or down at times, may still tell the truth.
            let is_held_back = guarded.is_none() && preflight == Preflight::Deny;
            let is_refused = expected.as_ref().is_some_and(|(status, _)| *status == StatusCode::FORBIDDEN);
            let is_right = guarded == expected || is_held_back && is_refused;
            assert!(is_right, "{preflight:?} {fault:?}: {guarded:?} in the place of {expected:?}");
        }
    }
}

/// Who is asked what tokens hold: the usual ones; or all of them before calls, after a source of the
/// program's own that panics, or hangs, or lets nobody know anything.
const SETUPS: [fn(GuardBuilder) -> GuardBuilder; 4] = [
    |usual| usual,
    |usual| usual.tokeninfo_ahead().source(Broken::default()),
    |usual| usual.tokeninfo_ahead().source(Idle(true)),
    |usual| usual.tokeninfo_ahead().source(Idle(false)),
];

/// A source that never answers, or answers with nothing.
struct Idle(bool);

impl GrantedScopesSource for Idle {
    fn name(&self) -> &str {
        "an idle source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        if self.0 {
            std::future::pending::<()>().await;
        }
        Some(GrantedScopes::known(gcp_scopes::ScopeSet::new(), GrantSource::Custom))
    }
}

#[tokio::test]
async fn googles_own_refusal_is_explained_with_every_inspector_down() {
    for preflight in PREFLIGHTS {
        let google = google().await;
        let guard = builder(&google).preflight(preflight).detect().await;
        google.set_fault(Service::Metadata, Fault::Hang);
        google.set_fault(Service::OAuth, Fault::Hang);
        let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
        let send = client(&guard).post(url).bearer_auth(google.token()).body("meow").send();
        let error = send.await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        assert!(denial.granted().is_unknown(), "{preflight:?}");
        let report = denial.report();
        assert!(report.contains("did not answer in time"), "{preflight:?}: {report}");
    }
}

/// A guarded service that answers at once, for what only the inspectors are slow in.
async fn call(guard: &Guard, token: &str) -> Result<StatusCode, BoxError> {
    let inner = tower::service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x";
    let request = Request::post(uri).header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap();
    let service = tower::ServiceBuilder::new().layer(guard.layer()).service(inner);
    Ok(service.oneshot(request).await?.status())
}

fn asked(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

#[tokio::test]
async fn ten_thousand_callers_of_one_token_cause_one_question_also_when_it_fails_or_hangs() {
    for fault in [None, Some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE)), Some(Fault::Hang)] {
        let google = google().await;
        // Long enough for a busy machine; only what hangs is not waited for.
        let wait = if fault == Some(Fault::Hang) { SHORT } else { LONG };
        let builder = builder(&google).tokeninfo_ahead().source_timeout(LONG).deny_wait(wait);
        let guard = builder.preflight(Preflight::Deny).detect().await;
        let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
        google.set_fault(Service::Metadata, Fault::Status(StatusCode::NOT_FOUND));
        fault.into_iter().for_each(|fault| google.set_fault(Service::OAuth, fault));
        let before = asked(&google, Service::Metadata);
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..10_000 {
            let (guard, token) = (guard.clone(), token.clone());
            callers.spawn(async move { call(&guard, &token).await.is_ok() });
        }
        let passed = callers.join_all().await.into_iter().filter(|passed| *passed).count();
        assert_eq!(passed, if fault.is_none() { 0 } else { 10_000 }, "{fault:?}");
        google.wait_for(|requests| requests.iter().any(|request| request.service() == Service::OAuth)).await;
        assert_eq!(asked(&google, Service::OAuth), 1, "{fault:?}");
        assert_eq!(asked(&google, Service::Metadata), before + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn only_deny_waits_and_no_longer_than_it_was_told() {
    for preflight in PREFLIGHTS {
        let google = google().await;
        let builder = builder(&google).preflight(preflight).source_timeout(LONG);
        let guard = builder.deny_wait(SHORT).detect().await;
        google.set_fault(Service::Metadata, Fault::Hang);
        let begin = Instant::now();
        assert_eq!(call(&guard, &google.mint(ACCOUNT, ["pubsub"])).await.unwrap(), StatusCode::OK);
        let waited = begin.elapsed();
        assert_eq!(waited >= SHORT, preflight == Preflight::Deny, "{preflight:?}: {waited:?}");
        assert!(waited < Duration::from_secs(30), "{preflight:?}: {waited:?}");
    }
}

/// A tokeninfo that reads a question and then does `serve` with the connection.
async fn tokeninfo<F: Future<Output = ()> + Send>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tokeninfo", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 4096];
        assert!(stream.read(&mut question).await.unwrap() > 0);
        serve(stream).await;
    });
    (url, server)
}

/// Writes `head`, and what follows it a byte at a time for as long as anybody listens.
async fn drip(mut stream: TcpStream, head: &[u8]) {
    stream.write_all(head).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let gone = async {
        let mut rest = [0; 64];
        while reader.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let drips = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = gone => {}, () = drips => {} }
}

#[tokio::test]
async fn an_answer_that_drips_ends_at_its_deadline_and_its_connection_with_it() {
    let heads: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\nx-slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n{\"scope\":\"",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n",
    ];
    for head in heads {
        let (url, server) = tokeninfo(move |stream| drip(stream, head)).await;
        let guard = Guard::builder().tokeninfo_endpoint(&url).unwrap().tokeninfo_ahead();
        // Long enough for a busy machine to put its question.
        let guard = guard.source_timeout(Duration::from_secs(1)).preflight(Preflight::Deny).build();
        assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK);
        // The server sees that the other side hung up: the test would not end otherwise.
        server.await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_unknown_and_never_no_scopes() {
    let rows: [&[u8]; 9] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"scope\":\"openid\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{\"scope\":\"openid\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"scope\":\"\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"scope\":[]}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 34\r\n\r\n{\"scope\":\"openid\",\"scope\":\"email\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"scope\":\"\xff\xfe\"",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 37\r\n\r\n{\"error_description\":\"Invalid Value\"}",
        b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    ];
    for row in rows {
        let serve = move |mut stream: TcpStream| async move { stream.write_all(row).await.unwrap() };
        let (url, server) = tokeninfo(serve).await;
        let guard = Guard::builder().tokeninfo_endpoint(&url).unwrap().tokeninfo_ahead();
        let guard = guard.preflight(Preflight::Deny).deny_wait(Duration::from_secs(20)).build();
        assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK, "{:?}", row.escape_ascii());
        server.await.unwrap();
    }
}

/// A user's own source with a fault.
#[derive(Clone, Default)]
struct Broken(Arc<AtomicUsize>);

impl GrantedScopesSource for Broken {
    fn name(&self) -> &str {
        "a broken source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a fault in the user's source")
    }
}

/// How often somebody was asked, who is asked beside the calls: that may be a moment later.
async fn asked_of(count: &AtomicUsize, preflight: Preflight) -> usize {
    let is_asked = preflight != Preflight::Off;
    for _ in 0..10_000 {
        if !is_asked || count.load(Ordering::SeqCst) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    count.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_source_that_panics_harms_no_call() {
    for preflight in PREFLIGHTS {
        let broken = Broken::default();
        let guard = Guard::builder().source(broken.clone()).preflight(preflight).build();
        for _ in 0..3 {
            assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK, "{preflight:?}");
            tokio::task::yield_now().await;
        }
        assert_eq!(asked_of(&broken.0, preflight).await, usize::from(preflight != Preflight::Off));
    }
}

/// A user's own HTTP client with a fault, which shows at once or when it is waited for.
struct Faulty(bool, Arc<AtomicUsize>);

impl Fetch for Faulty {
    fn fetch(&self, _: Request<Bytes>) -> impl Future<Output = Result<Response<Bytes>, BoxError>> + Send {
        self.1.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0, "a fault in the user's client");
        async { panic!("a fault in the user's client") }
    }
}

#[tokio::test]
async fn a_fetch_that_panics_harms_no_call() {
    for (preflight, at_once) in PREFLIGHTS.into_iter().flat_map(|it| [(it, true), (it, false)]) {
        let asked = Arc::new(AtomicUsize::new(0));
        let builder = Guard::builder().fetch(Faulty(at_once, Arc::clone(&asked))).tokeninfo_ahead();
        // An endpoint of its own: all guards of a process together ask Google's a few times only.
        let builder = builder.tokeninfo_endpoint("http://127.0.0.1:1/tokeninfo").unwrap();
        let guard = builder.preflight(preflight).build();
        for _ in 0..3 {
            assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK, "{preflight:?}");
            tokio::task::yield_now().await;
        }
        let asked = asked_of(&asked, preflight).await;
        assert_eq!(asked, usize::from(preflight != Preflight::Off), "{preflight:?}");
    }
}
