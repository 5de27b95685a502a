//! What threads and tasks may do with the public types, checked by the compiler: a field that took one of
//! these traits away would be a breaking change that no other test sees.

use std::error::Error as StdError;
use std::future::Future;
use std::io;

use gcp_scopes::adapter::gcp_auth::GuardTokenProvider;
use gcp_scopes::adapter::reqwest::ReqwestFetch;
use gcp_scopes::adapter::reqwest_middleware::GuardMiddleware;
use gcp_scopes::adapter::tower;
use gcp_scopes::call::{AbstainReason, Call, NeededScopes};
use gcp_scopes::calling::Calling;
use gcp_scopes::catalog::{ApiMethod, Endpoints, Lookup};
use gcp_scopes::environment::{Environment, Snapshot};
use gcp_scopes::flight::Flight;
use gcp_scopes::granted::{AccessToken, GrantedScopes};
use gcp_scopes::judge::Decision;
use gcp_scopes::recorder::Recorder;
use gcp_scopes::refusal::{Answer, Refusal};
use gcp_scopes::remedy::Step;
use gcp_scopes::response::GuardBody;
use gcp_scopes::self_check::{ClosedGates, Finding, Report, SelfCheck};
use gcp_scopes::token_source::SharedTokenSource;
use gcp_scopes::{Denial, Error, Guard, GuardBuilder, Scope, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, RecordedRequest};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tower_service::Service as _;

type Bytes = Full<bytes::Bytes>;
type Body = GuardBody<Bytes>;
type Sent = std::future::Ready<Result<Response<Bytes>, io::Error>>;
type Client = ::tower::util::ServiceFn<fn(Request<()>) -> Sent>;

fn anywhere<T: Send + Sync + Unpin + 'static>() {}
fn borrowed<T: Send + Sync + Unpin>() {}
fn an_error<T: StdError + Send + Sync + 'static>() {}
fn in_a_task<F: Future + Send + 'static>(_: F) {}

#[test]
fn guards_and_what_they_say_go_to_any_thread() {
    anywhere::<(Guard, GuardBuilder, Decision, Denial, Error)>();
    anywhere::<(Scope, ScopeSet, GrantedScopes, ApiMethod, Lookup, Endpoints, NeededScopes, AbstainReason)>();
    anywhere::<(Environment, Snapshot, Refusal, Step, Recorder)>();
    anywhere::<(SelfCheck, Report, Finding, ClosedGates)>();
    anywhere::<(FakeGoogle, FakeGoogleBuilder, RecordedRequest)>();
    borrowed::<(Call<'_>, Answer<'_>, AccessToken<'_>)>();
    an_error::<Denial>();
    an_error::<Error>();
    an_error::<ClosedGates>();
}

#[test]
fn adapters_go_wherever_their_clients_go() {
    anywhere::<(tower::GuardLayer, tower::GuardService<Client>, Body, GuardBody<Empty<bytes::Bytes>>)>();
    anywhere::<(GuardMiddleware, Calling, Flight)>();
    anywhere::<GuardTokenProvider<dyn gcp_auth::TokenProvider>>();
    anywhere::<(ReqwestFetch, SharedTokenSource)>();
}

#[test]
fn calls_and_checks_can_be_spawned() {
    let client: Client = ::tower::service_fn(|_| std::future::ready(Ok(Response::new(Bytes::default()))));
    let guard = Guard::builder().build();
    let mut service = ::tower::Layer::layer(&guard.layer(), client);
    in_a_task(service.call(Request::new(())));
    in_a_task(Guard::detect());
    in_a_task(Guard::builder().detect());
    in_a_task(guard.self_check().run());
    in_a_task(FakeGoogle::builder().start());
}
