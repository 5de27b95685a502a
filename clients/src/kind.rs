//! What a column of the table is: a kind of client, and the client it makes.

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

/// A kind of client: one column.
#[async_trait]
pub(crate) trait Kind: Send + Sync {
    /// The head of the column.
    fn name(&self) -> &'static str;

    /// The API that its calls go to. Default: Cloud Storage's JSON API.
    fn api(&self) -> TestedApi {
        TestedApi::STORAGE
    }

    /// Why this client has no way to show a scenario: one sentence for the table's footnote.
    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        let _ = scenario;
        None
    }

    /// How the guard answers. It is built with this.
    fn delivery(&self) -> DenialDelivery {
        DenialDelivery::Error
    }

    /// Where a user finds the denial.
    fn shows(&self) -> Shows {
        Shows::Denial
    }

    /// Tells the fake what the API answers, where it is not Cloud Storage: see
    /// [`Script::serve`](gcp_scopes_testing::Script::serve).
    fn prepare(&self, google: &FakeGoogle) {
        let _ = google;
    }

    /// Builds the client as its users do, for the address and the token of `scene`. Without a guard it
    /// is the client as published.
    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError>;
}

/// A client, ready to call. Every operation is one that the token in the scene may or may not do.
#[async_trait]
pub(crate) trait Client: Send + Sync {
    /// A small read that is answered at once.
    async fn call(&self) -> Reply;

    /// Writes `bytes` to [`Scene::NEW`], streamed if the client can.
    async fn upload(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("say in `cannot` why there is no upload")
    }

    /// Reads [`Scene::LARGE`], streamed if the client can. The answer's
    /// bytes are the object's.
    async fn download(&self) -> Reply {
        unimplemented!("say in `cannot` why there is no download")
    }

    /// Writes `bytes` to [`Scene::NEW`] in several requests.
    async fn resumable(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("say in `cannot` why there is no resumable upload")
    }

    /// The client's own clone.
    fn another(&self) -> Box<dyn Client>;
}

/// What a user of the client gets.
pub(crate) type Reply = Result<Received, Failure>;

/// An error of the client's. The denial is looked for as its users would.
pub(crate) fn failed(kind: impl fmt::Display, error: &(dyn Error + 'static)) -> Failure {
    with_denial(Failure::new(kind, error), Denial::find(error))
}

/// An answer that a user of the client takes for a failure: its status, and all else it shows.
pub(crate) fn answered(status: http::StatusCode, text: String, denial: Option<&Denial>) -> Failure {
    with_denial(Failure::from_response(status, text), denial)
}

/// The failure with the denial, where a user has to look elsewhere than on the chain of sources.
pub(crate) fn with_denial(failure: Failure, denial: Option<&Denial>) -> Failure {
    log(&failure, denial);
    failure.with_denial(denial.and_then(found))
}

/// Logs all that a user's program may print of it, for the test that reads every line.
fn log(failure: &Failure, denial: Option<&Denial>) {
    let report = denial.map(Denial::report).unwrap_or_default();
    let json = denial.and_then(|denial| serde_json::to_string(denial).ok()).unwrap_or_default();
    tracing::error!(text = %failure.text, debug = %failure.debug, ?denial, %report, %json, "a call failed");
}

fn found(denial: &Denial) -> Option<FoundDenial> {
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

/// Where a user of a guarded client finds why a call was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// The `Denial` itself: on the error's chain, or in the extensions of the answer.
    Denial,
    /// Its line, in the error's text: the client keeps nothing else.
    Text,
}

/// A call of a client that shows its requests to nobody: inside the guard's check, where there is one.
pub(crate) async fn called<T, C, E: ClientError<C>>(
    calling: Option<&Calling>,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match calling {
        Some(calling) => calling.run(call).await,
        None => call.await,
    }
}
