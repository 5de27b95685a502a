//! Checks over sockets how long a refusal stops later calls, with a clock that the tests advance.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;
use tower::{BoxError, ServiceBuilder, ServiceExt};

use crate::call::NeededScopes;
use crate::denial::{Denial, DenialKind};
use crate::granted::clock::tests::ManualClock;
use crate::granted::{AccessToken, GrantSource, GrantedScopes};
use crate::guard::Guard;
use crate::scope::ScopeSet;

const TEN_MINUTES: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);
const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";

/// The status of the response, or the kind of the denial.
type TrialResult = Result<u16, DenialKind>;
const REFUSED: TrialResult = Err(DenialKind::Refused);
const STOPPED: TrialResult = Err(DenialKind::Confirmed);
const OK: TrialResult = Ok(200);

/// A guarded program with a token that lacks every scope for Pub/Sub.
#[derive(Clone)]
struct TrialProgram {
    google: Arc<FakeGoogle>,
    clock: Arc<ManualClock>,
    guard: Guard,
    http: Client<HttpConnector, Full<Bytes>>,
    /// Has one permit for each response that may reach the guard.
    responses: Arc<Semaphore>,
}

impl TrialProgram {
    async fn start() -> Self {
        let (google, clock) =
            (FakeGoogle::builder().start().await.unwrap(), Arc::new(ManualClock::new()));
        let guard = Guard::builder().with_clock(Arc::clone(&clock) as _).without_tokeninfo();
        let guard = guard
            .endpoint(google.url_of(Service::OtherApi), "pubsub.googleapis.com")
            .unwrap()
            .build();
        let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
        let held = GrantedScopes::known(held, GrantSource::Tokeninfo);
        guard.declare(AccessToken::new("ya29.logger").unwrap(), held);
        let http = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let responses = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { google: google.into(), clock, guard, http, responses }
    }

    /// Starts a program, and makes a call that Google refuses for lack of scope.
    async fn refused() -> Self {
        let program = Self::start().await;
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(program.publish().await, REFUSED);
        program
    }

    async fn publish(&self) -> TrialResult {
        self.send(Request::post(self.url("v1/projects/my-project/topics/orders:publish"))).await
    }

    /// Publishes over gRPC, and states the scopes of the call, because the guard does not judge
    /// gRPC calls otherwise.
    async fn publish_by_grpc(&self) -> TrialResult {
        let request = Request::post(self.url("google.pubsub.v1.Publisher/Publish"));
        let needed = NeededScopes::any_of(ScopeSet::from_scope_text(PUBSUB).iter());
        self.send(request.header(CONTENT_TYPE, "application/grpc").extension(needed)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.google.url_of(Service::OtherApi))
    }

    async fn send(&self, request: http::request::Builder) -> TrialResult {
        let request =
            request.header(AUTHORIZATION, "Bearer ya29.logger").body(Full::default()).unwrap();
        let (http, responses) = (self.http.clone(), Arc::clone(&self.responses));
        let delayed = tower::service_fn(move |request| {
            let (http, responses) = (http.clone(), Arc::clone(&responses));
            async move {
                let response = http.request(request).await?;
                responses.acquire().await?.forget();
                Ok::<_, BoxError>(response)
            }
        });
        let service = ServiceBuilder::new().layer(self.guard.layer()).service(delayed);
        match service.oneshot(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let denial = head.extensions.get::<Denial>().map(Denial::kind);
                // The guard sees the trailers of a gRPC response only if the body is read to its
                // end.
                body.collect().await.expect("the body of a response");
                denial.map_or(Ok(head.status.as_u16()), Err)
            }
            Err(error) => Err(Denial::find(&*error).unwrap_or_else(|| panic!("{error:?}")).kind()),
        }
    }

    /// Returns how many requests the API has received.
    fn requests(&self) -> usize {
        self.google
            .requests()
            .iter()
            .filter(|request| request.service() == Service::OtherApi)
            .count()
    }
}

#[tokio::test]
async fn after_ten_minutes_one_call_is_sent_again() {
    let program = TrialProgram::refused().await;
    program.clock.advance(TEN_MINUTES - SECOND);
    assert_eq!((program.publish().await, program.requests()), (STOPPED, 1));
    program.clock.advance(SECOND);
    // The response to this call does not reach the guard yet.
    let delayed = TrialProgram { responses: Arc::new(Semaphore::new(0)), ..program.clone() };
    program.google.other_api().respond_with(RefusalForm::Scope);
    let meanwhile = async {
        program.google.wait_for(|requests| requests.len() == 2).await;
        for _ in 0..50 {
            assert_eq!(program.publish().await, STOPPED);
        }
        delayed.responses.add_permits(1);
    };
    let (trial, ()) = tokio::join!(delayed.publish(), meanwhile);
    assert_eq!((trial, program.requests()), (REFUSED, 2));
    // The refusal stops calls for ten more minutes.
    program.clock.advance(TEN_MINUTES - SECOND);
    assert_eq!((program.publish().await, program.requests()), (STOPPED, 2));
    program.clock.advance(SECOND);
    assert_eq!((program.publish().await, program.requests()), (OK, 3));
    // The success contradicts the catalog, so no later call is stopped.
    program.google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!((program.publish().await, program.publish().await), (REFUSED, OK));
}

#[tokio::test]
async fn any_response_but_a_scope_refusal_ends_the_stop() {
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let program = TrialProgram::refused().await;
        program.clock.advance(TEN_MINUTES);
        program.google.other_api().respond(Response::builder().status(status).body("{}").unwrap());
        assert_eq!(program.publish().await, Ok(status));
        program.google.other_api().respond_with(RefusalForm::Scope);
        assert_eq!(program.publish().await, REFUSED, "{status}");
        assert_eq!((program.publish().await, program.requests()), (STOPPED, 3), "{status}");
    }
}

#[tokio::test]
async fn a_cancelled_trial_does_not_release_all_calls() {
    let program = TrialProgram::refused().await;
    program.clock.advance(TEN_MINUTES);
    let delayed = TrialProgram { responses: Arc::new(Semaphore::new(0)), ..program.clone() };
    tokio::select! {
        outcome = delayed.publish() => panic!("{outcome:?}"),
        _ = program.google.wait_for(|requests| requests.len() == 2) => {}
    }
    program.clock.advance(TEN_MINUTES - SECOND);
    assert_eq!((program.publish().await, program.requests()), (STOPPED, 2));
    program.clock.advance(SECOND);
    assert_eq!((program.publish().await, program.requests()), (OK, 3));
}

#[tokio::test]
async fn a_stop_ends_after_an_hour() {
    let program = TrialProgram::refused().await;
    program.clock.advance(6 * TEN_MINUTES);
    let held = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Tokeninfo);
    program.guard.declare(AccessToken::new("ya29.logger").unwrap(), held);
    // Both calls begin before the first response.
    let (first, second) = tokio::join!(program.publish(), program.publish());
    assert_eq!((first, second, program.requests()), (OK, OK, 3));
}

/// Scripts a gRPC response with this status in the trailers.
fn respond_in_trailers(google: &FakeGoogle, status: &str) {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().unwrap());
    let response = Response::builder().header(CONTENT_TYPE, "application/grpc").body("").unwrap();
    google.other_api().with_trailers(trailers).respond(response);
}

#[tokio::test]
async fn the_trailers_of_a_grpc_call_renew_or_end_the_stop() {
    let program = TrialProgram::start().await;
    let refuse = || program.google.other_api().respond_with(RefusalForm::GrpcScopeInTrailers);
    refuse();
    program.publish_by_grpc().await.unwrap();
    assert_eq!((program.publish_by_grpc().await, program.requests()), (STOPPED, 1));
    program.clock.advance(TEN_MINUTES);
    refuse();
    program.publish_by_grpc().await.unwrap();
    assert_eq!((program.publish_by_grpc().await, program.requests()), (STOPPED, 2));
    program.clock.advance(TEN_MINUTES);
    // 14 is `UNAVAILABLE`, which is no evidence on scopes.
    respond_in_trailers(&program.google, "14");
    program.publish_by_grpc().await.unwrap();
    refuse();
    program.publish_by_grpc().await.unwrap();
    assert_eq!((program.publish_by_grpc().await, program.requests()), (STOPPED, 4));
    program.clock.advance(TEN_MINUTES);
    respond_in_trailers(&program.google, "0");
    program.publish_by_grpc().await.unwrap();
    // The success contradicts the scopes that the caller stated, so no later call is stopped.
    for _ in 0..2 {
        refuse();
        program.publish_by_grpc().await.unwrap();
    }
    assert_eq!(program.requests(), 7);
}
