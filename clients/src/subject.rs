//! Implements [`Subject`], the trait that the scenarios of gcp-scopes-testing work with, for every
//! [`Kind`] of client.

use std::sync::Arc;

use gcp_scopes::DenialDelivery;
use gcp_scopes_testing::FakeGoogle;
use gcp_scopes_testing::scenarios::{
    DenialPlace, Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient,
    TestedApi,
};

use crate::kind::{BoxError, Client, Kind, Shows};
use crate::scene;

/// A kind of client that the scenarios run with.
pub(crate) struct KindSubject(pub(crate) Arc<dyn Kind>);

/// A client of any kind. A clone of this value contains a clone of the client.
pub(crate) struct AnyClient(Box<dyn Client>);

impl Subject for KindSubject {
    type Client = AnyClient;

    fn api(&self) -> TestedApi {
        self.0.api()
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        self.0.skip_reason(scenario)
    }

    fn denial_place(&self) -> DenialPlace {
        match (self.0.shows(), self.0.delivery()) {
            (Shows::Text, _) => DenialPlace::Text,
            (Shows::Denial, DenialDelivery::Extension) => DenialPlace::Value,
            (Shows::Denial, _) => DenialPlace::ValueAndText,
        }
    }

    fn prepare(&self, google: &FakeGoogle) {
        self.0.prepare(google);
        // The test `tests/table` reads the tokens from these log lines. If any other line contains
        // a part of a token, that test fails.
        tracing::trace!(target: "clients::token", token = %google.token());
    }

    async fn build_client(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> Result<AnyClient, BoxError> {
        let guard = match mode {
            Some(mode) => Some(scene::guard(scene, mode, self.0.delivery()).await?),
            None => None,
        };
        Ok(AnyClient(self.0.new_client(scene, guard).await?))
    }
}

impl SubjectClient for AnyClient {
    async fn perform(&self, operation: Operation) -> Result<Received, Failure> {
        match operation {
            Operation::Call => self.0.call().await,
            Operation::Upload(bytes) => self.0.upload(bytes).await,
            Operation::Download => self.0.download().await,
            Operation::Resumable(bytes) => self.0.resumable(bytes).await,
            other => unimplemented!("no client performs the operation {other:?}"),
        }
    }
}

impl Clone for AnyClient {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}
