//! Checks `Preflight::Confirm`, the default, over real sockets: which calls are sent, which are
//! denied without being sent, and which responses change later predictions. A call is denied
//! without being sent (`DenialKind::Confirmed`) only after Google has refused a call of that
//! method for lack of scope.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

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
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::GrantSource;
use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::sync::Semaphore;
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt};

/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// Starts a fake Google whose VM has only the scope `logging.write`. IAM allows the VM's account to
/// read and write the objects of the bucket.
async fn google() -> FakeGoogle {
    plain::provider();
    FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(["logging.write"]))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await
        .unwrap()
}

/// A program with a guarded client and a token. A test may replace the token.
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

    /// Starts a program and makes one call, which is refused. After that call the guard knows the
    /// scopes of the token, so the guard can predict refusals of later calls.
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

    /// Returns how many requests `service` has received.
    fn requests_to(&self, service: Service) -> usize {
        requests_to(&self.google, service)
    }
}

fn upload_url(google: &FakeGoogle) -> String {
    format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url())
}

fn publish_url(google: &FakeGoogle) -> String {
    format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi))
}

/// Returns how many requests `service` has received.
fn requests_to(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

/// Returns the kind of the denial, or `None` if the call got a response.
fn kind<T, E: Into<BoxError>>(result: Result<T, E>) -> Option<DenialKind> {
    let error = result.err()?.into();
    Some(Denial::find(&*error).unwrap_or_else(|| panic!("{error:?}")).kind())
}

#[tokio::test]
async fn after_the_first_refusal_ten_thousand_calls_cause_no_request() {
    let program = Program::start().await;
    assert_eq!(kind(program.upload().await), Some(DenialKind::Refused));
    let before = program.google.requests().len();
    for _ in 0..10_000 {
        assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
    }
    assert_eq!(program.google.requests().len(), before);
    assert_eq!(program.requests_to(Service::Storage), 1);
}

#[tokio::test]
async fn a_confirmed_denial_reports_the_unsent_call_and_the_fix() {
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

/// Makes a guarded call over a socket. The response reaches the guard only when `responses` has a
/// permit.
async fn send(
    guard: &Guard,
    http: &Http,
    responses: &Arc<Semaphore>,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, BoxError> {
    let (http, responses) = (http.clone(), Arc::clone(responses));
    let inner = tower::service_fn(move |request| {
        let (http, responses) = (http.clone(), Arc::clone(&responses));
        async move {
            let response = http.request(request).await?;
            responses.acquire().await?.forget();
            Ok::<Response<hyper::body::Incoming>, BoxError>(response)
        }
    });
    let mut service = ServiceBuilder::new().layer(guard.layer()).service(inner);
    Ok(service.ready().await?.call(request).await?.status())
}

fn upload(google: &FakeGoogle, token: &str) -> Request<Full<Bytes>> {
    let request =
        Request::post(upload_url(google)).header(AUTHORIZATION, format!("Bearer {token}"));
    request.body(Full::new(Bytes::from("meow"))).unwrap()
}

/// A program whose calls do not get their responses until [`DelayedProgram::responses`] has
/// permits.
struct DelayedProgram {
    guard: Guard,
    http: Http,
    responses: Arc<Semaphore>,
}

impl DelayedProgram {
    async fn new(google: &FakeGoogle) -> Self {
        let guard = builder(google).detect().await;
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { guard, http, responses: Arc::new(Semaphore::new(0)) }
    }

    fn call(
        &self,
        request: Request<Full<Bytes>>,
    ) -> tokio::task::JoinHandle<Result<StatusCode, BoxError>> {
        let (guard, http, responses) =
            (self.guard.clone(), self.http.clone(), Arc::clone(&self.responses));
        tokio::spawn(async move { send(&guard, &http, &responses, request).await })
    }
}

#[tokio::test]
async fn calls_started_before_the_first_refusal_are_sent_without_waiting() {
    let google = google().await;
    let delayed = DelayedProgram::new(&google).await;
    let token = google.token();
    let early: Vec<_> = (0..50).map(|_| delayed.call(upload(&google, &token))).collect();
    google
        .wait_for(|requests| {
            requests.iter().filter(|r| r.service() == Service::Storage).count() == 50
        })
        .await;
    delayed.responses.add_permits(50);
    for call in early {
        assert_eq!(kind(call.await.unwrap()), Some(DenialKind::Refused));
    }
    assert_eq!(
        kind(delayed.call(upload(&google, &token)).await.unwrap()),
        Some(DenialKind::Confirmed)
    );
    assert_eq!(requests_to(&google, Service::Storage), 50);
}

#[tokio::test]
async fn a_refusal_of_the_old_token_does_not_affect_the_rotated_token() {
    let google = google().await;
    let delayed = DelayedProgram::new(&google).await;
    let (old, new) = (google.token(), google.mint(ACCOUNT, ["devstorage.read_write"]));
    let slow = delayed.call(upload(&google, &old));
    google.wait_for(|requests| requests.iter().any(|r| r.service() == Service::Storage)).await;
    delayed.responses.add_permits(1);
    assert_eq!(kind(slow.await.unwrap()), Some(DenialKind::Refused));
    delayed.responses.add_permits(10);
    for _ in 0..2 {
        assert_eq!(delayed.call(upload(&google, &new)).await.unwrap().unwrap(), StatusCode::OK);
        assert_eq!(
            kind(delayed.call(upload(&google, &old)).await.unwrap()),
            Some(DenialKind::Confirmed)
        );
    }
}

#[tokio::test]
async fn calls_with_a_new_token_with_more_scopes_are_sent() {
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
async fn a_refusal_confirms_only_the_refused_method() {
    // Google has refused one upload.
    let program = Program::with_known_token().await;
    // That refusal does not stop the list, which is sent and refused, too.
    assert_eq!(kind(program.list().await), Some(DenialKind::Refused));
    assert_eq!(program.requests_to(Service::Storage), 2);
    // Now both methods are stopped.
    assert_eq!(kind(program.list().await), Some(DenialKind::Confirmed));
    assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
    assert_eq!(program.requests_to(Service::Storage), 2);
}

#[tokio::test]
async fn a_contradicted_prediction_is_logged_once_and_not_repeated() {
    let program = Program::with_known_token().await;
    let log = Log::default();
    let capturing = log.capture();
    for _ in 0..5 {
        assert_eq!(program.publish().await.unwrap().status(), StatusCode::OK);
    }
    drop(capturing);
    let text = log.text();
    assert_eq!(text.matches("but the call is sent").count(), 1, "{text}");
    assert_eq!(text.matches("makes no more predictions").count(), 1, "{text}");
    // A later refusal does not make the guard predict refusals of the method again.
    for _ in 0..3 {
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    }
    // All calls were sent: the five that succeeded and the three that were refused.
    assert_eq!(program.requests_to(Service::OtherApi), 8);
}

#[tokio::test]
async fn a_call_sent_with_unknown_scopes_can_still_contradict_the_prediction() {
    let google = google().await;
    let delayed = DelayedProgram::new(&google).await;
    let token = google.token();
    let publish = || {
        let request =
            Request::post(publish_url(&google)).header(AUTHORIZATION, format!("Bearer {token}"));
        request.body(Full::new(Bytes::from("{}"))).unwrap()
    };
    // The first call is sent while the scopes of the token are unknown. Its response is delayed.
    let early = delayed.call(publish());
    google.wait_for(|requests| requests.iter().any(|r| r.service() == Service::OtherApi)).await;
    // A second program with the same guard makes a call, whose response is not delayed. To
    // explain the refusal of that call, the guard gets the scopes of the token from the metadata
    // server.
    let program = DelayedProgram {
        responses: Arc::new(Semaphore::new(1)),
        guard: delayed.guard.clone(),
        http: delayed.http.clone(),
    };
    assert_eq!(
        kind(program.call(upload(&google, &token)).await.unwrap()),
        Some(DenialKind::Refused)
    );
    delayed.responses.add_permits(3);
    // The first call succeeds although the token lacks the scope. So the guard does not deny later
    // calls of the method, even after a refusal.
    assert_eq!(early.await.unwrap().unwrap(), StatusCode::OK);
    google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!(kind(delayed.call(publish()).await.unwrap()), Some(DenialKind::Refused));
    assert_eq!(delayed.call(publish()).await.unwrap().unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn an_iam_refusal_contradicts_the_prediction() {
    let program = Program::with_known_token().await;
    program.google.other_api().respond_with(RefusalForm::IamDenied);
    assert_eq!(program.publish().await.unwrap().status(), StatusCode::FORBIDDEN);
    // The guard sends all later calls of the method.
    for _ in 0..2 {
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    }
}

#[tokio::test]
async fn responses_without_evidence_on_scopes_change_no_prediction() {
    let program = Program::with_known_token().await;
    for status in [302, 400, 401, 403, 404, 409, 412, 429, 500, 503] {
        let response = Response::builder().status(status).body("{}").unwrap();
        program.google.other_api().respond(response);
        assert_eq!(program.publish().await.unwrap().status(), status);
    }
    let refusals = [
        RefusalForm::ServiceDisabled,
        RefusalForm::VpcSc,
        RefusalForm::Billing,
        RefusalForm::RateLimit,
        RefusalForm::QuotaProject,
    ];
    for form in refusals {
        program.google.other_api().respond_with(form);
        assert!(!program.publish().await.unwrap().status().is_success(), "{form:?}");
    }
    program.google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!(kind(program.publish().await), Some(DenialKind::Refused));
    let before = program.requests_to(Service::OtherApi);
    assert_eq!(kind(program.publish().await), Some(DenialKind::Confirmed));
    assert_eq!(program.requests_to(Service::OtherApi), before);
}

#[tokio::test]
async fn after_a_dropped_call_the_next_call_works() {
    for polls in 0..30 {
        let google = google().await;
        let delayed = DelayedProgram::new(&google).await;
        delayed.responses.add_permits(100);
        let token = google.token();
        // The first call is dropped after `polls` polls: before, during and after the exchange with
        // the fake.
        let mut dropped = Box::pin(send(
            &delayed.guard,
            &delayed.http,
            &delayed.responses,
            upload(&google, &token),
        ));
        for _ in 0..polls {
            let is_ready = poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_ready())).await;
            if is_ready {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(dropped);
        // The next call is sent, unless the dropped call has already confirmed the method.
        let next = kind(delayed.call(upload(&google, &token)).await.unwrap());
        assert!(
            matches!(next, Some(DenialKind::Refused | DenialKind::Confirmed)),
            "{polls}: {next:?}"
        );
        let last = kind(delayed.call(upload(&google, &token)).await.unwrap());
        assert_eq!(last, Some(DenialKind::Confirmed), "{polls}");
    }
}

#[tokio::test]
async fn tokeninfo_is_queried_once_per_unknown_token_after_a_refusal() {
    let mut program = Program::start().await;
    for _ in 0..3 {
        program.token = program.google.mint(ACCOUNT, ["devstorage.read_only"]);
        assert_eq!(program.list().await.unwrap().status(), StatusCode::OK);
        let before = program.requests_to(Service::OAuth);
        let error = program.upload().await.unwrap_err();
        assert_eq!(Denial::find(&error).unwrap().granted().source(), Some(GrantSource::Tokeninfo));
        for _ in 0..10 {
            assert_eq!(kind(program.upload().await), Some(DenialKind::Confirmed));
        }
        assert_eq!(program.requests_to(Service::OAuth), before + 1);
    }
    let requests = program.google.requests();
    // No request has the token in the URL.
    let mut tokeninfo = requests.iter().filter(|request| request.service() == Service::OAuth);
    assert!(tokeninfo.all(|request| request.query().is_empty() && request.path() == "/tokeninfo"));
}

#[tokio::test]
async fn with_preflight_off_tokeninfo_still_explains_refusals() {
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
    assert_eq!(requests_to(&google, Service::OAuth), 1);
}
