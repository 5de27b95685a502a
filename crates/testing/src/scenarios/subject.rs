//! The adapter under test: what its author writes.

use std::error::Error;

use bytes::Bytes;

use super::api::TestedApi;
use super::outcome::{Failure, Received};
use super::scenario::Scenario;
use super::scene::Scene;
use crate::fake::FakeGoogle;

/// An adapter inside a client: what is called, and how the client is made.
pub trait Subject: Send + Sync {
    /// The client that [`make`](Self::make) makes.
    type Client: SubjectClient;

    /// The API that the calls go to. Default: Cloud Storage's JSON API.
    fn api(&self) -> TestedApi {
        TestedApi::STORAGE
    }

    /// Why this client has no way to show a scenario.
    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        let _ = scenario;
        None
    }

    /// Where the client's user finds the denial.
    fn denial_place(&self) -> DenialPlace {
        DenialPlace::ValueAndText
    }

    /// Scripts what the API answers, where it is not Cloud Storage: see
    /// [`Script::serve`](crate::Script::serve).
    fn prepare(&self, google: &FakeGoogle) {
        let _ = google;
    }

    /// Makes the client as its users do, for the address and the token of the scene. Without a mode
    /// it is the client as published; with one, a guard of this mode is inside, which knows the
    /// [scopes of the token](Scene::scope) and that the scene's address stands for the API's host.
    fn make(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> impl Future<Output = Result<Self::Client, Box<dyn Error + Send + Sync>>> + Send;
}

/// A client, ready to call. A clone is the client's own clone.
pub trait SubjectClient: Clone + Send + Sync {
    /// Performs one operation, and reports what its caller gets.
    fn perform(&self, operation: Operation) -> impl Future<Output = Result<Received, Failure>> + Send;
}

/// What a client is to do. The token of the scene may or may not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// A small read that is answered at once.
    Call,
    /// Writes these bytes to [`Scene::NEW`], streamed if the client can.
    Upload(Bytes),
    /// Reads [`Scene::LARGE`], streamed if the client can. What is received are the object's bytes.
    Download,
    /// Writes these bytes to [`Scene::NEW`] in several requests.
    Resumable(Bytes),
}

/// What the guard does before a call that it takes for doomed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardMode {
    /// It sends the call.
    Warn,
    /// It sends the first such call, and no further one once that was refused.
    Confirm,
    /// It does not send the call.
    Deny,
}

/// Where the user of a guarded client finds why a call was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialPlace {
    /// As a value, on the error's chain or in the extensions of the answer; and in the text.
    ValueAndText,
    /// As a value alone: the text is the server's.
    Value,
    /// In the error's text alone: the client keeps nothing else.
    Text,
}
