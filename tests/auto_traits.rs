//! Checks at compile time that the public types are `Send`, `Sync` and `Unpin`, and that the public
//! futures are `Send`. A private field could remove such a trait, which would be a breaking change
//! that no other test detects.

use std::error::Error as StdError;
use std::future::Future;
use std::io;

use gcp_scopes::adapter::gcp_auth::GuardTokenProvider;
use gcp_scopes::adapter::reqwest_middleware::GuardMiddleware;
use gcp_scopes::adapter::tower;
use gcp_scopes::call::{AbstainReason, Call, NeededScopes};
use gcp_scopes::calling::Calling;
use gcp_scopes::catalog::{ApiMethod, Endpoints, Lookup};
use gcp_scopes::environment::{Environment, Snapshot};
use gcp_scopes::flight::Flight;
use gcp_scopes::granted::{AccessToken, GrantedScopes};
use gcp_scopes::recorder::Recorder;
use gcp_scopes::refusal::{ErrorResponse, Refusal};
use gcp_scopes::remedy::Step;
use gcp_scopes::response::GuardBody;
use gcp_scopes::self_check::{Finding, Report, SelfCheck, SelfCheckError};
use gcp_scopes::{Denial, Error, Guard, GuardBuilder, Scope, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, RecordedRequest};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tower_service::Service as _;

type Bytes = Full<bytes::Bytes>;
type Body = GuardBody<Bytes>;
type Sent = std::future::Ready<Result<Response<Bytes>, io::Error>>;
type Client = ::tower::util::ServiceFn<fn(Request<()>) -> Sent>;

/// Compiles only if `T` is `Send`, `Sync`, `Unpin` and owned.
fn assert_send<T: Send + Sync + Unpin + 'static>() {}
/// Compiles only if `T`, which may borrow, is `Send`, `Sync` and `Unpin`.
fn assert_borrowed<T: Send + Sync + Unpin>() {}
/// Compiles only if `T` is an error that `Box<dyn Error + Send + Sync>` can hold.
fn assert_error<T: StdError + Send + Sync + 'static>() {}
/// Compiles only if a runtime with several threads can spawn the future.
fn assert_spawnable<F: Future + Send + 'static>(_: F) {}

#[test]
fn public_types_are_send_and_sync() {
    assert_send::<(Guard, GuardBuilder, Denial, Error)>();
    assert_send::<(Scope, ScopeSet, GrantedScopes, ApiMethod)>();
    assert_send::<(Lookup, Endpoints, NeededScopes, AbstainReason)>();
    assert_send::<(Environment, Snapshot, Refusal, Step, Recorder)>();
    assert_send::<(SelfCheck, Report, Finding, SelfCheckError)>();
    assert_send::<(FakeGoogle, FakeGoogleBuilder, RecordedRequest)>();
    assert_borrowed::<(Call<'_>, ErrorResponse<'_>, AccessToken<'_>)>();
    assert_error::<Denial>();
    assert_error::<Error>();
    assert_error::<SelfCheckError>();
}

#[test]
fn adapter_types_are_send_and_sync() {
    assert_send::<(
        tower::GuardLayer,
        tower::GuardService<Client>,
        Body,
        GuardBody<Empty<bytes::Bytes>>,
    )>();
    assert_send::<(GuardMiddleware, Calling, Flight)>();
    assert_send::<GuardTokenProvider<dyn gcp_auth::TokenProvider>>();
}

#[test]
fn futures_of_calls_and_checks_are_send() {
    let client: Client =
        ::tower::service_fn(|_| std::future::ready(Ok(Response::new(Bytes::default()))));
    let guard = Guard::builder().build();
    let mut service = ::tower::Layer::layer(&guard.layer(), client);
    assert_spawnable(service.call(Request::new(())));
    assert_spawnable(Guard::detect());
    assert_spawnable(Guard::builder().detect());
    assert_spawnable(guard.self_check().run());
    assert_spawnable(FakeGoogle::builder().start());
}
