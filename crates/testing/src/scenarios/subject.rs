//! The traits that the author of an adapter implements to run the scenarios.

use std::error::Error;

use bytes::Bytes;

use super::api::TestedApi;
use super::outcome::{Failure, Received};
use super::scenario::Scenario;
use super::scene::Scene;
use crate::fake::FakeGoogle;

/// The adapter under test: describes the API and builds the client.
pub trait Subject: Send + Sync {
    /// The client that [`build_client`](Self::build_client) returns.
    type Client: SubjectClient;

    /// Returns the API that the calls go to. The default is Cloud Storage's JSON API.
    fn api(&self) -> TestedApi {
        TestedApi::STORAGE
    }

    /// Returns the reason if the client cannot run a scenario, for example because the client does
    /// not support HTTP/2. The default is `None` for every scenario.
    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        let _ = scenario;
        None
    }

    /// Returns where the client's user finds the denial. The default is
    /// [`DenialPlace::ValueAndText`].
    fn denial_place(&self) -> DenialPlace {
        DenialPlace::ValueAndText
    }

    /// Scripts the responses of the API with [`Script::serve`](crate::Script::serve). Needed for
    /// every API except Cloud Storage, which the fake implements.
    fn prepare(&self, google: &FakeGoogle) {
        let _ = google;
    }

    /// Builds the client as its users do, with the [URL](Scene::url) and the [token](Scene::token)
    /// of the scene.
    ///
    /// If `mode` is `None`, the client has no guard. Otherwise the client has a guard of this mode.
    /// Declare the [scope of the token](Scene::scope) to the guard, and map the URL of the scene to
    /// the API's host.
    fn build_client(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> impl Future<Output = Result<Self::Client, Box<dyn Error + Send + Sync>>> + Send;
}

/// The client under test. An implementation of `Clone` must call the `clone` of the real client.
pub trait SubjectClient: Clone + Send + Sync {
    /// Performs one operation, and returns the outcome for its caller.
    fn perform(
        &self,
        operation: Operation,
    ) -> impl Future<Output = Result<Received, Failure>> + Send;
}

/// An operation that a client performs. The token of the scene may lack the scopes for the
/// operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Makes a small call that reads, such as [`Scene::OBJECT`]'s metadata.
    Call,
    /// Writes these bytes to [`Scene::NEW`], as a stream if the client supports streams.
    Upload(Bytes),
    /// Reads the content of [`Scene::LARGE`], as a stream if the client supports streams.
    Download,
    /// Writes these bytes to [`Scene::NEW`] in several requests.
    Resumable(Bytes),
}

/// What the guard does before a call for which the token lacks the scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardMode {
    /// Logs a warning, and sends the call: `Preflight::Warn`.
    Warn,
    /// Sends the first call of a method. After a scope refusal, sends no further call of the method
    /// with the same token: `Preflight::Confirm`.
    Confirm,
    /// Does not send the call: `Preflight::Deny`.
    Deny,
}

/// Where the user of a client with a guard finds the denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialPlace {
    /// As a value, in the error's chain of sources or in the response's extensions, and in the
    /// text.
    ValueAndText,
    /// As a value only. The text is the server's.
    Value,
    /// In the error's text only, because the client keeps nothing else.
    Text,
}
