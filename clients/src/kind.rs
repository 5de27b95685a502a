//! The traits that each client implements: [`Kind`], a column of the table, and [`Client`], which
//! performs the operations of the scenarios.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::calling::{Calling, ClientError};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::{Denial, DenialDelivery, Guard};
use gcp_scopes_testing::FakeGoogle;
use gcp_scopes_testing::scenarios::{
    DenialStage, Failure, FoundDenial, Received, Scenario, Scene, TestedApi,
};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A kind of client: one column of the table.
#[async_trait]
pub(crate) trait Kind: Send + Sync {
    /// Returns the heading of the column.
    fn name(&self) -> &'static str;

    /// Returns the API that the client calls. The default is Cloud Storage's JSON API.
    fn api(&self) -> TestedApi {
        TestedApi::STORAGE
    }

    /// Returns why `scenario` cannot run with this client, as a sentence for a footnote of
    /// the table. Returns `None` if the scenario can run.
    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        let _ = scenario;
        None
    }

    /// Returns how the guard delivers a denial to the client. The guard is built with this value.
    fn delivery(&self) -> DenialDelivery {
        DenialDelivery::Error
    }

    /// Returns the form in which the user of the client gets a denial.
    fn shows(&self) -> Shows {
        Shows::Denial
    }

    /// Scripts the responses of an API other than Cloud Storage, with
    /// [`Script::serve`](gcp_scopes_testing::Script::serve). The fake Google implements Cloud
    /// Storage itself.
    fn prepare(&self, google: &FakeGoogle) {
        let _ = google;
    }

    /// Builds the client as its users do, for the URL and the token of `scene`. If `guard` is
    /// `None`, the client is used as published.
    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError>;
}

/// A client that performs the operations of the scenarios. The scope of the scene's token decides
/// whether an operation is allowed.
#[async_trait]
pub(crate) trait Client: Send + Sync {
    /// Reads something small with one request. For an object, this is [`Scene::OBJECT`].
    async fn call(&self) -> Reply;

    /// Writes `bytes` to [`Scene::NEW`], streamed if the client can.
    async fn upload(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("implement `upload`, or return a reason from `skip_reason`")
    }

    /// Reads [`Scene::LARGE`], streamed if the client can, and returns the bytes of the object.
    async fn download(&self) -> Reply {
        unimplemented!("implement `download`, or return a reason from `skip_reason`")
    }

    /// Writes `bytes` to [`Scene::NEW`] in several requests.
    async fn resumable(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("implement `resumable`, or return a reason from `skip_reason`")
    }

    /// Clones the client, with the `Clone` of the client itself.
    fn clone_box(&self) -> Box<dyn Client>;
}

/// The result of an operation, as the user of the client gets it.
pub(crate) type Reply = Result<Received, Failure>;

/// Converts an error of the client to a failure. Searches for the denial as users do, with
/// [`Denial::find`].
pub(crate) fn failure_of_error(kind: impl fmt::Display, error: &(dyn Error + 'static)) -> Failure {
    with_denial(Failure::new(kind, error), Denial::find(error))
}

/// Converts a response with an error status to a failure. `text` is the part of the response that
/// the client shows.
pub(crate) fn failure_of_response(
    status: http::StatusCode,
    text: String,
    denial: Option<&Denial>,
) -> Failure {
    with_denial(Failure::from_response(status, text), denial)
}

/// Sets the denial of a failure, and logs the failure and the denial. Clients whose users cannot
/// find the denial among the sources of the error call this function directly.
pub(crate) fn with_denial(failure: Failure, denial: Option<&Denial>) -> Failure {
    log_failure(&failure, denial);
    failure.with_denial(denial.and_then(found_denial))
}

/// Logs everything that a user's program may print of a failure. The test `tests/table` searches
/// the log for parts of tokens.
fn log_failure(failure: &Failure, denial: Option<&Denial>) {
    let report = denial.map(Denial::report).unwrap_or_default();
    let json = denial.and_then(|denial| serde_json::to_string(denial).ok()).unwrap_or_default();
    let (line, chain) = (&failure.text, &failure.debug);
    tracing::error!(text = %line, debug = %chain, ?denial, %report, %json, "a call failed");
}

fn found_denial(denial: &Denial) -> Option<FoundDenial> {
    let stage = match denial.kind() {
        DenialKind::Refused => DenialStage::Refused,
        DenialKind::Predicted => DenialStage::Predicted,
        DenialKind::Confirmed => DenialStage::Confirmed,
        _ => return None,
    };
    let accepted = denial.accepted().iter().map(|scope| scope.as_str().to_owned());
    let found = FoundDenial::new(stage, denial.report()).with_accepted(accepted);
    Some(match denial.method() {
        Some(method) => found.with_method(method.id()),
        None => found,
    })
}

/// The form in which the user of a client with a guard gets a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// The [`Denial`] itself, among the sources of the error or in the extensions of the response.
    Denial,
    /// The denial's message, within the text of the error. The client keeps no more of the denial.
    Text,
}

/// Runs a call of a client whose requests no middleware can see. With a guard, the call runs inside
/// [`Calling::run`], which checks and explains the call.
pub(crate) async fn run_call<T, C, E: ClientError<C>>(
    calling: Option<&Calling>,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match calling {
        Some(calling) => calling.run(call).await,
        None => call.await,
    }
}
