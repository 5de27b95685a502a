//! Checks that calls end as they would without a guard when the sources of granted scopes are down,
//! slow or broken, or send invalid responses. The sources are the metadata server, tokeninfo, and
//! the program's own source.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod default_builder;
#[path = "support/plain.rs"]
mod plain;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gcp_scopes::call::Call;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Denial, DenialDelivery, Guard, GuardBuilder, Preflight};
use gcp_scopes_testing::{FakeGoogle, Fault, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{BoxError, ServiceExt};

/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
const PREFLIGHTS: [Preflight; 4] =
    [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny];
/// The time limit of a source that hangs. The source never responds, so a longer limit would only
/// make the tests slower.
const SHORT: Duration = Duration::from_millis(50);
/// A time limit that no response exceeds, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// Starts a fake Google with a VM, and a bucket whose objects the VM's account may read and write.
async fn google() -> FakeGoogle {
    let builder = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

/// Returns the builder of a guard for the fake Google whose sources have the time limit [`SHORT`].
fn builder(google: &FakeGoogle) -> GuardBuilder {
    default_builder::builder(google).source_timeout(SHORT)
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Makes three calls: a list, an upload, and a download of an object that does not exist. Returns
/// the status and the body of each response, or `None` for a call that was denied without being
/// sent.
async fn make_calls(
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
    let mut responses = Vec::new();
    for request in requests {
        match request.bearer_auth(token).send().await {
            Ok(response) => {
                responses.push(Some((response.status(), response.bytes().await.unwrap())))
            }
            Err(error) if Denial::find(&error).is_some() => responses.push(None),
            Err(error) => panic!("{error}"),
        }
    }
    responses
}

#[tokio::test]
async fn calls_end_as_without_the_guard_when_every_source_fails() {
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
    // One client for all cases, because building a client takes longer than all calls of a case.
    let http = plain::client();
    let mut cases = tokio::task::JoinSet::new();
    for (preflight, setup) in
        PREFLIGHTS.into_iter().flat_map(|preflight| SETUPS.map(|setup| (preflight, setup)))
    {
        let http = http.clone();
        cases.spawn(async move {
            for fault in faults {
                assert_calls_end_as_without_the_guard(&http, preflight, setup, fault).await;
            }
        });
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

/// Makes the same calls with and without a guard while the metadata server and tokeninfo have
/// `fault`, and compares the responses.
async fn assert_calls_end_as_without_the_guard(
    http: &reqwest::Client,
    preflight: Preflight,
    setup: fn(GuardBuilder) -> GuardBuilder,
    fault: Fault,
) {
    let google = google().await;
    // The environment is detected before the servers have the fault, because this test is about the
    // requests for the scopes of a token.
    let builder =
        setup(builder(&google)).preflight(preflight).denial_delivery(DenialDelivery::Extension);
    let guard = builder.deny_wait(SHORT).detect().await;
    google.set_fault(Service::Metadata, fault);
    google.set_fault(Service::OAuth, fault);
    let unguarded = ClientBuilder::new(http.clone()).build();
    let client = ClientBuilder::new(http.clone()).with(guard.middleware()).build();
    let tokens = [google.mint(ACCOUNT, ["devstorage.read_only"]), google.token()];
    for token in tokens {
        let expected = make_calls(&unguarded, &google, &token).await;
        let guarded = make_calls(&client, &google, &token).await;
        for (guarded, expected) in guarded.into_iter().zip(expected) {
            // A source with a mild fault may still report the scopes, so `Deny` may deny a call
            // that Google would refuse.
            let is_unsent = guarded.is_none() && preflight == Preflight::Deny;
            let is_refused =
                expected.as_ref().is_some_and(|(status, _)| *status == StatusCode::FORBIDDEN);
            let is_right = guarded == expected || is_unsent && is_refused;
            assert!(is_right, "{preflight:?} {fault:?}: {guarded:?} instead of {expected:?}");
        }
    }
}

/// The sources of the guard in each setup. The first setup has the default sources. The other
/// setups query a custom source and tokeninfo before a call. Their custom source panics, hangs, or
/// returns an empty set of scopes, which the guard treats as unknown.
const SETUPS: [fn(GuardBuilder) -> GuardBuilder; 4] = [
    |builder| builder,
    |builder| builder.tokeninfo_before_calls().source(PanickingSource::default()),
    |builder| builder.tokeninfo_before_calls().source(Idle(true)),
    |builder| builder.tokeninfo_before_calls().source(Idle(false)),
];

/// A source that hangs if the field is `true`, and otherwise returns an empty set of scopes.
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
async fn scope_refusals_are_explained_when_every_source_hangs() {
    for preflight in PREFLIGHTS {
        let google = google().await;
        let guard = builder(&google).preflight(preflight).detect().await;
        google.set_fault(Service::Metadata, Fault::Hang);
        google.set_fault(Service::OAuth, Fault::Hang);
        let url = format!(
            "{}/upload/storage/v1/b/photos/o?uploadType=media&name=x",
            google.storage_url()
        );
        let send = client(&guard).post(url).bearer_auth(google.token()).body("meow").send();
        let error = send.await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        assert!(denial.granted().is_unknown(), "{preflight:?}");
        let report = denial.report();
        assert!(report.contains("did not answer in time"), "{preflight:?}: {report}");
    }
}

/// Explains a refused call with this token. The future is ready immediately unless it waits for the
/// scopes of the token.
async fn explanation(guard: &Guard, token: &str) -> Denial {
    let headers =
        HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
    let uri = Uri::from_static("https://storage.googleapis.com/storage/v1/b/photos");
    let flight = guard.begin(&Call::new(&Method::GET, &uri).with_headers(&headers)).unwrap();
    let body =
        br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
    flight.explain(StatusCode::FORBIDDEN, &HeaderMap::new(), body).await.unwrap()
}

/// Returns the output of a future that is ready when it is polled for the first time.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_tokeninfo_that_hangs_delays_one_explanation_of_each_token() {
    let google = google().await;
    let builder = || builder(&google).source_timeout(LONG);
    let with_metadata = builder().detect().await;
    google.set_fault(Service::OAuth, Fault::Hang);
    let reason =
        "the token is not the metadata server's current token; tokeninfo has not answered yet";
    for (guard, scope, reason) in [
        (with_metadata.clone(), "pubsub", reason),
        (with_metadata, "drive", reason),
        (builder().build(), "gmail", "tokeninfo has not answered yet"),
    ] {
        let token = google.mint(ACCOUNT, [scope]);
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(explanation(&guard, &token))).collect();
        waiting.retain_mut(|explanation| match poll_once(explanation.as_mut()) {
            Some(denial) => {
                // The metadata server is queried first.
                let why = denial.granted().why_unknown().unwrap_or_default();
                assert!(why.ends_with("has not answered yet"), "{why}");
                false
            }
            None => true,
        });
        assert_eq!(waiting.len(), 1);
        let explained = waiting.remove(0).await;
        assert_eq!(explained.granted().why_unknown(), Some(reason));
        let words = explained.report().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(reason) && !words.contains("feature"), "{words}");
        let later =
            poll_once(pin!(explanation(&guard, &token))).expect("a later explanation waits");
        assert_eq!(later.granted().why_unknown(), Some(reason));
    }
}

/// Makes a guarded call that succeeds. The service responds immediately, so only the sources can
/// delay the call.
async fn call(guard: &Guard, token: &str) -> Result<StatusCode, BoxError> {
    let inner = tower::service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=x";
    let request =
        Request::post(uri).header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap();
    let service = tower::ServiceBuilder::new().layer(guard.layer()).service(inner);
    Ok(service.oneshot(request).await?.status())
}

/// Returns how many requests `service` has received.
fn request_count(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

#[tokio::test]
async fn ten_thousand_callers_of_one_token_cause_one_tokeninfo_request() {
    for fault in [None, Some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE)), Some(Fault::Hang)] {
        let google = google().await;
        // How long a call waits for the scopes: long enough for a busy machine, but short for a
        // source that never responds.
        let wait = if fault == Some(Fault::Hang) { SHORT } else { LONG };
        let builder =
            builder(&google).tokeninfo_before_calls().source_timeout(LONG).deny_wait(wait);
        let guard = builder.preflight(Preflight::Deny).detect().await;
        let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
        google.set_fault(Service::Metadata, Fault::Status(StatusCode::NOT_FOUND));
        fault.into_iter().for_each(|fault| google.set_fault(Service::OAuth, fault));
        let (before, start) = (request_count(&google, Service::Metadata), Instant::now());
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..10_000 {
            let (guard, token) = (guard.clone(), token.clone());
            callers.spawn(async move { call(&guard, &token).await.is_ok() });
        }
        let passed = callers.join_all().await.into_iter().filter(|passed| *passed).count();
        // Without a fault, the scopes are known and the guard denies each call. With a fault, the
        // scopes are unknown and the guard sends each call.
        assert_eq!(passed, if fault.is_none() { 0 } else { 10_000 }, "{fault:?}");
        google
            .wait_for(|requests| requests.iter().any(|request| request.service() == Service::OAuth))
            .await;
        // A query that failed is repeated after a second at the earliest, and on a busy machine the
        // calls take longer.
        let is_repeated = matches!(fault, Some(Fault::Status(_)));
        let (tokeninfo, metadata) =
            (request_count(&google, Service::OAuth), request_count(&google, Service::Metadata));
        let most = if is_repeated { 1 + start.elapsed().as_secs() as usize } else { 1 };
        assert!(tokeninfo <= most, "{fault:?}: {tokeninfo}");
        // One query of the metadata server requests the server's token and the scopes of the token.
        assert!(metadata <= before + 2 * most, "{fault:?}: {metadata}");
    }
}

#[tokio::test]
async fn only_deny_waits_for_scopes_and_at_most_for_deny_wait() {
    for preflight in PREFLIGHTS {
        let google = google().await;
        let builder = builder(&google).preflight(preflight).source_timeout(LONG);
        let guard = builder.deny_wait(SHORT).detect().await;
        google.set_fault(Service::Metadata, Fault::Hang);
        let start = Instant::now();
        assert_eq!(call(&guard, &google.mint(ACCOUNT, ["pubsub"])).await.unwrap(), StatusCode::OK);
        let waited = start.elapsed();
        assert_eq!(waited >= SHORT, preflight == Preflight::Deny, "{preflight:?}: {waited:?}");
        assert!(waited < Duration::from_secs(30), "{preflight:?}: {waited:?}");
    }
}

/// Starts a tokeninfo server that reads one request and passes the connection to `serve`. Returns
/// the URL of the server, and the task in which the server runs.
async fn tokeninfo<F: Future<Output = ()> + Send>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tokeninfo", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        serve(stream).await;
    });
    (url, server)
}

/// Writes `head`, and then single bytes until the client closes the connection.
async fn drip(mut stream: TcpStream, head: &[u8]) {
    stream.write_all(head).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let client_closes = async {
        let mut rest = [0; 64];
        while reader.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let write_bytes = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = client_closes => {}, () = write_bytes => {} }
}

#[tokio::test]
async fn a_slow_tokeninfo_response_is_cut_off_at_the_deadline() {
    let heads: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\nx-slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n{\"scope\":\"",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n",
    ];
    for head in heads {
        let (url, server) = tokeninfo(move |stream| drip(stream, head)).await;
        let guard = Guard::builder().tokeninfo_endpoint(&url).unwrap().tokeninfo_before_calls();
        // Long enough to send the request on a busy machine.
        let guard = guard.source_timeout(Duration::from_secs(1)).preflight(Preflight::Deny).build();
        assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK);
        // The server's task ends only when the guard closes the connection.
        server.await.unwrap();
    }
}

#[tokio::test]
async fn an_invalid_tokeninfo_response_means_unknown_scopes() {
    // The responses are bodies that are empty, too short, too long, without scopes, ambiguous or
    // not UTF-8, then an error, and a redirect.
    let rows: [&[u8]; 9] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"scope\":\"openid\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{\"scope\":\"openid\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"scope\":\"\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"scope\":[]}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 34\r\n\r\n{\"scope\":\"openid\",\"scope\":\"email\"}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"scope\":\"\xff\xfe\"",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 37\r\n\r\n\
         {\"error_description\":\"Invalid Value\"}",
        b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    ];
    for row in rows {
        let serve =
            move |mut stream: TcpStream| async move { stream.write_all(row).await.unwrap() };
        let (url, server) = tokeninfo(serve).await;
        let guard = Guard::builder().tokeninfo_endpoint(&url).unwrap().tokeninfo_before_calls();
        let guard = guard.preflight(Preflight::Deny).deny_wait(Duration::from_secs(20)).build();
        assert_eq!(
            call(&guard, "ya29.x").await.unwrap(),
            StatusCode::OK,
            "{:?}",
            row.escape_ascii()
        );
        server.await.unwrap();
    }
}

/// A custom source that panics. Counts its requests.
#[derive(Clone, Default)]
struct PanickingSource(Arc<AtomicUsize>);

impl GrantedScopesSource for PanickingSource {
    fn name(&self) -> &str {
        "a broken source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a fault in the user's source")
    }
}

/// Returns the number of requests in `count`. With any preflight except `Preflight::Off`, the guard
/// makes a request, possibly a moment after the call. The function waits at most ten seconds for
/// that request.
async fn eventual_count(count: &AtomicUsize, preflight: Preflight) -> usize {
    let is_expected = preflight != Preflight::Off;
    for _ in 0..10_000 {
        if !is_expected || count.load(Ordering::SeqCst) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    count.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_panicking_source_fails_no_call() {
    for preflight in PREFLIGHTS {
        let broken = PanickingSource::default();
        let guard = Guard::builder().source(broken.clone()).preflight(preflight).build();
        for _ in 0..3 {
            assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK, "{preflight:?}");
            tokio::task::yield_now().await;
        }
        // The guard caches the failure, so three calls cause one request.
        assert_eq!(
            eventual_count(&broken.0, preflight).await,
            usize::from(preflight != Preflight::Off)
        );
    }
}

impl TokenSource for PanickingSource {
    async fn token_for(&self, _: &str) -> Result<String, BoxError> {
        panic!("a fault in the user's source")
    }
}

#[tokio::test]
async fn a_panicking_token_source_ends_only_its_own_call() {
    let guard = Guard::builder().build();
    let google = tower::service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let layer = guard.layer().with_token(PanickingSource::default());
    let service = tower::ServiceBuilder::new().layer(layer).service(google);
    let request = Request::get("https://storage.googleapis.com/storage/v1/b/photos/o/cat.jpg");
    let call_without_token = tokio::spawn(service.oneshot(request.body(()).unwrap()));
    assert!(call_without_token.await.unwrap_err().is_panic());
    assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK);
    let check =
        guard.self_check().needs("storage.objects.get").with_token(PanickingSource::default());
    let report = check.run().await;
    assert_eq!(report.granted().why_unknown(), Some("a panic ended the request"));
}

#[tokio::test]
async fn a_panicking_fetch_fails_no_call() {
    for (preflight, at_once) in
        PREFLIGHTS.into_iter().flat_map(|preflight| [(preflight, true), (preflight, false)])
    {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        // Panics when it is called, or when the future is polled.
        let faulty = move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            assert!(!at_once, "a fault in the user's client");
            async { panic!("a fault in the user's client") }
        };
        let builder = Guard::builder().fetch(faulty).tokeninfo_before_calls();
        // The test does not use Google's endpoint, because all guards of a process together send
        // only a few requests to that endpoint.
        let builder = builder.tokeninfo_endpoint("http://127.0.0.1:1/tokeninfo").unwrap();
        let guard = builder.preflight(preflight).build();
        for _ in 0..3 {
            assert_eq!(call(&guard, "ya29.x").await.unwrap(), StatusCode::OK, "{preflight:?}");
            tokio::task::yield_now().await;
        }
        // The guard caches the failure, so three calls cause one request.
        let count = eventual_count(&count, preflight).await;
        assert_eq!(count, usize::from(preflight != Preflight::Off), "{preflight:?}");
    }
}
