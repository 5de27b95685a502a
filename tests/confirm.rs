//! `Preflight::Confirm`, the default, over real sockets: what goes out, what does not, what is learnt.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use builder::builder;
use bytes::Bytes;
use gcp_scopes::call::Call;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::judge::Decision;
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::sync::Semaphore;
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

async fn google() -> FakeGoogle {
    // Installs the crypto provider that reqwest may need, before the guard asks anybody.
    drop(plain::client());
    FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(["logging.write"]))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await
        .unwrap()
}

/// A service whose client is guarded, with a token that it keeps until it takes another.
struct Program {
    client: ClientWithMiddleware,
    google: FakeGoogle,
    token: String,
}

impl Program {
    async fn start() -> Self {
        let google = google().await;
        let guard = builder(&google).detect().await;
        let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
        let token = google.token();
        Self { client, google, token }
    }

    /// One whose token is known already, so that its next call is judged before it is sent.
    async fn with_known_token() -> Self {
        let program = Self::start().await;
        assert_eq!(kind(program.upload().await), Some(DenialKind::Refused));
        program
    }

    async fn upload(&self) -> reqwest_middleware::Result<reqwest::Response> {
        let url = upload_url(&self.google);
        self.client.post(url).bearer_auth(&self.token).body("meow").send().await
    }

    async fn list(&self) -> reqwest_middleware::Result<reqwest::Response> {
        let url = format!("{}/storage/v1/b/photos/o", self.google.storage_url());
        self.client.get(url).bearer_auth(&self.token).send().await
    }

    async fn publish(&self) -> reqwest_middleware::Result<reqwest::Response> {
        let url = publish_url(&self.google);
        self.client.post(url).bearer_auth(&self.token).body("{}").send().await
    }

    fn sent(&self, service: Service) -> usize {
        sent(&self.google, service)
    }
}

fn upload_url(google: &FakeGoogle) -> String {
    format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url())
}

fn publish_url(google: &FakeGoogle) -> String {
    format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi))
}

fn sent(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

/// How a call was denied, if it was.
fn kind<T, E: Into<BoxError>>(result: Result<T, E>) -> Option<DenialKind> {
    let error = result.err()?.into();
    Some(Denial::find(&*error).unwrap_or_else(|| panic!("{error:?}")).kind())
}

#[tokio::test]
async fn ten_thousand_calls_begun_after_the_first_refusal_cause_no_request() {
    let program = Program::start().await;
    assert_eq!(kind(program.upload().await), Some(DenialKind::Refused));
    let before = program.google.requests().len();
    for _ in 0..10_000 {
        assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
    }
    assert_eq!(program.google.requests().len(), before);
    assert_eq!(program.sent(Service::Storage), 1);
}

#[tokio::test]
async fn a_confirmed_denial_says_that_nothing_was_sent_and_what_to_do() {
    let program = Program::with_known_token().await;
    let error = program.upload().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert!(denial.to_string().contains("was not sent"), "{denial}");
    let report = denial.report();
    let words: Vec<&str> = report.split_whitespace().collect();
    assert!(words.join(" ").contains("refused it with this token before"), "{report}");
    assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    assert!(!denial.steps().is_empty());
}

type Http = Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>;

/// Sends a call over a socket, and keeps its answer until there is a permit for it.
async fn send(
    guard: &Guard,
    http: &Http,
    gate: &Arc<Semaphore>,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, BoxError> {
    let (http, gate) = (http.clone(), Arc::clone(gate));
    let inner = tower::service_fn(move |request| {
        let (http, gate) = (http.clone(), Arc::clone(&gate));
        async move {
            let answer = http.request(request).await?;
            gate.acquire().await?.forget();
            Ok::<Response<hyper::body::Incoming>, BoxError>(answer)
        }
    });
    let mut service = ServiceBuilder::new().layer(guard.layer()).service(inner);
    Ok(service.ready().await?.call(request).await?.status())
}

fn upload(google: &FakeGoogle, token: &str) -> Request<Full<Bytes>> {
    let request = Request::post(upload_url(google)).header(AUTHORIZATION, format!("Bearer {token}"));
    request.body(Full::new(Bytes::from("meow"))).unwrap()
}

/// Calls of one program whose answers wait for [`Held::gate`].
struct Held {
    guard: Guard,
    http: Http,
    gate: Arc<Semaphore>,
}

impl Held {
    async fn new(google: &FakeGoogle) -> Self {
        let guard = builder(google).detect().await;
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { guard, http, gate: Arc::new(Semaphore::new(0)) }
    }

    fn call(&self, request: Request<Full<Bytes>>) -> tokio::task::JoinHandle<Result<StatusCode, BoxError>> {
        let (guard, http, gate) = (self.guard.clone(), self.http.clone(), Arc::clone(&self.gate));
        tokio::spawn(async move { send(&guard, &http, &gate, request).await })
    }
}

#[tokio::test]
async fn calls_begun_before_the_first_refusal_go_out_and_none_waits_for_another() {
    let google = google().await;
    let held = Held::new(&google).await;
    let token = google.token();
    let early: Vec<_> = (0..50).map(|_| held.call(upload(&google, &token))).collect();
    google
        .wait_for(|requests| requests.iter().filter(|r| r.service() == Service::Storage).count() == 50)
        .await;
    held.gate.add_permits(50);
    for call in early {
        assert_eq!(kind(call.await.unwrap()), Some(DenialKind::Refused));
    }
    assert_eq!(kind(held.call(upload(&google, &token)).await.unwrap()), Some(DenialKind::Confirmed));
    assert_eq!(sent(&google, Service::Storage), 50);
}

#[tokio::test]
async fn a_token_rotated_while_a_call_is_under_way_is_not_blamed_for_the_old_one() {
    let google = google().await;
    let held = Held::new(&google).await;
    let (old, new) = (google.token(), google.mint(ACCOUNT, ["devstorage.read_write"]));
    let slow = held.call(upload(&google, &old));
    google.wait_for(|requests| requests.iter().any(|r| r.service() == Service::Storage)).await;
    held.gate.add_permits(1);
    assert_eq!(kind(slow.await.unwrap()), Some(DenialKind::Refused));
    held.gate.add_permits(10);
    for _ in 0..2 {
        assert_eq!(held.call(upload(&google, &new)).await.unwrap().unwrap(), StatusCode::OK);
        assert_eq!(kind(held.call(upload(&google, &old)).await.unwrap()), Some(DenialKind::Confirmed));
    }
}

#[tokio::test]
async fn scopes_changed_with_the_next_token_let_its_calls_out() {
    let mut program = Program::with_known_token().await;
    assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
    let vm = program.google.vm("web-1");
    vm.stop().unwrap();
    vm.set_scopes(["devstorage.read_write"]).unwrap();
    vm.start().unwrap();
    program.token = program.google.token();
    assert_eq!(program.upload().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn each_method_of_an_api_is_asked_for_itself() {
    let program = Program::with_known_token().await;
    assert_eq!(kind(program.list().await), Some(DenialKind::Refused));
    assert_eq!(program.sent(Service::Storage), 2);
    assert_eq!(kind(program.list().await), Some(DenialKind::Confirmed));
    assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
    assert_eq!(program.sent(Service::Storage), 2);
}

#[tokio::test]
async fn a_prediction_that_google_contradicts_is_dropped_for_its_method_and_logged_once() {
    let program = Program::with_known_token().await;
    let log = Log::default();
    let capturing = log.capture();
    for _ in 0..5 {
        assert_eq!(program.publish().await.unwrap().status(), StatusCode::OK);
    }
    drop(capturing);
    let text = log.text();
    assert_eq!(text.matches("which is sent all the same").count(), 1, "{text}");
    assert_eq!(text.matches("no more is predicted of it").count(), 1, "{text}");
    // Not even a later refusal makes the method predictable again.
    for _ in 0..3 {
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    }
    assert_eq!(program.sent(Service::OtherApi), 8);
}

#[tokio::test]
async fn an_answer_to_a_call_of_an_unknown_token_counts_once_its_scopes_are_known() {
    let google = google().await;
    let held = Held::new(&google).await;
    let token = google.token();
    let publish = || {
        let request = Request::post(publish_url(&google)).header(AUTHORIZATION, format!("Bearer {token}"));
        request.body(Full::new(Bytes::from("{}"))).unwrap()
    };
    let early = held.call(publish());
    google.wait_for(|requests| requests.iter().any(|r| r.service() == Service::OtherApi)).await;
    // The explanation of another refusal waits for what the metadata server says.
    let refused =
        Held { gate: Arc::new(Semaphore::new(1)), guard: held.guard.clone(), http: held.http.clone() };
    assert_eq!(kind(refused.call(upload(&google, &token)).await.unwrap()), Some(DenialKind::Refused));
    held.gate.add_permits(3);
    assert_eq!(early.await.unwrap().unwrap(), StatusCode::OK);
    google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!(kind(held.call(publish()).await.unwrap()), Some(DenialKind::Refused));
    assert_eq!(held.call(publish()).await.unwrap().unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn a_refusal_by_a_gate_behind_the_scopes_contradicts_the_prediction() {
    let program = Program::with_known_token().await;
    program.google.other_api().respond_with(RefusalForm::IamDenied);
    assert_eq!(program.publish().await.unwrap().status(), StatusCode::FORBIDDEN);
    for _ in 0..2 {
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_of_scopes_teaches_nothing() {
    let program = Program::with_known_token().await;
    for status in [302, 400, 401, 403, 404, 409, 412, 429, 500, 503] {
        let answer = Response::builder().status(status).body("{}").unwrap();
        program.google.other_api().respond(answer);
        assert_eq!(program.publish().await.unwrap().status(), status);
    }
    let other_gates = [
        RefusalForm::ServiceDisabled,
        RefusalForm::VpcSc,
        RefusalForm::Billing,
        RefusalForm::RateLimit,
        RefusalForm::QuotaProject,
    ];
    for wire in other_gates {
        program.google.other_api().respond_with(wire);
        assert!(!program.publish().await.unwrap().status().is_success(), "{wire:?}");
    }
    program.google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    let before = program.sent(Service::OtherApi);
    assert_eq!(kind(program.publish().await), Some(DenialKind::Confirmed));
    assert_eq!(program.sent(Service::OtherApi), before);
}

#[tokio::test]
async fn a_call_given_up_at_any_point_leaves_the_next_one_well() {
    for polls in 0..30 {
        let google = google().await;
        let held = Held::new(&google).await;
        held.gate.add_permits(100);
        let token = google.token();
        let mut given_up = Box::pin(send(&held.guard, &held.http, &held.gate, upload(&google, &token)));
        for _ in 0..polls {
            let over = poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_ready())).await;
            if over {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(given_up);
        let next = kind(held.call(upload(&google, &token)).await.unwrap());
        assert!(matches!(next, Some(DenialKind::Refused | DenialKind::Confirmed)), "{polls}: {next:?}");
        let last = kind(held.call(upload(&google, &token)).await.unwrap());
        assert_eq!(last, Some(DenialKind::Confirmed), "{polls}");
    }
}

#[tokio::test]
async fn tokeninfo_is_asked_after_a_refusal_once_for_each_token_that_nobody_knows() {
    let mut program = Program::start().await;
    for _ in 0..3 {
        program.token = program.google.mint(ACCOUNT, ["devstorage.read_only"]);
        assert_eq!(program.list().await.unwrap().status(), StatusCode::OK);
        let asked = program.sent(Service::OAuth);
        let error = program.upload().await.unwrap_err();
        assert_eq!(Denial::find(&error).unwrap().granted().source(), Some(GrantSource::Tokeninfo));
        for _ in 0..10 {
            assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
        }
        assert_eq!(program.sent(Service::OAuth), asked + 1);
    }
    let asked = program.google.requests();
    let mut tokeninfo = asked.iter().filter(|request| request.service() == Service::OAuth);
    assert!(tokeninfo.all(|request| request.query().is_empty() && request.path() == "/tokeninfo"));
}

#[tokio::test]
async fn a_guard_that_predicts_nothing_explains_by_tokeninfo_all_the_same() {
    let google = google().await;
    let guard = builder(&google).preflight(gcp_scopes::Preflight::Off).detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
    for _ in 0..3 {
        let error = client.post(upload_url(&google)).bearer_auth(&token).send().await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        assert_eq!(denial.kind(), DenialKind::Refused);
        assert_eq!(denial.granted().source(), Some(GrantSource::Tokeninfo));
    }
    assert_eq!(sent(&google, Service::OAuth), 1);
}

fn declared(scopes: &str) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
}

#[tokio::test]
async fn scopes_that_google_names_in_a_refusal_open_the_method_from_then_on() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let publish = |token: &str| client.post(publish_url(&google)).bearer_auth(token.to_owned()).send();
    let uri: Uri = publish_url(&google).parse().unwrap();
    let drive = "https://www.googleapis.com/auth/drive";
    let holds_drive = || guard.decide(&Call::new(&Method::POST, &uri), &declared(drive));
    assert!(matches!(holds_drive(), Decision::Lacking(_)));

    let refuse = |scopes: &str| {
        let answer = Response::builder().status(403).header(
            "www-authenticate",
            format!(
                r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{scopes}""#
            ),
        );
        let body = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.",
            "status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
            "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"}]}}"#;
        google.other_api().respond(answer.body(body).unwrap());
    };
    refuse(&format!("{drive} https://www.googleapis.com/auth/pubsub"));
    assert_eq!(kind(publish(&google.token()).await), Some(DenialKind::Refused));
    assert!(matches!(holds_drive(), Decision::Allow), "{:?}", holds_drive());

    // A shorter list later takes nothing away: not what was learnt, and not what the catalog has.
    refuse("https://www.googleapis.com/auth/gmail.send");
    assert_eq!(kind(publish(&google.mint("somebody", ["calendar"])).await), Some(DenialKind::Refused));
    assert!(matches!(holds_drive(), Decision::Allow));
    let platform = declared("https://www.googleapis.com/auth/cloud-platform");
    assert!(matches!(guard.decide(&Call::new(&Method::POST, &uri), &platform), Decision::Allow));

    // A token that holds the scope goes out, whoever refused it before.
    let token = google.mint("somebody", ["drive"]);
    guard.declare(AccessToken::new(&token).unwrap(), declared(drive));
    for _ in 0..3 {
        refuse(drive);
        assert_eq!(kind(publish(&token).await), Some(DenialKind::Refused));
    }
}
