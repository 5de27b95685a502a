//! Scenarios that test a client with a guard. Any adapter can run them.
//!
//! A guard, such as that of [gcp-scopes](https://docs.rs/gcp-scopes), explains calls that Google
//! refuses because the token lacks a scope, and can deny such calls before they are sent. The
//! explanation is called a denial. An adapter puts a guard inside a client.
//!
//! Each [`Scenario`] starts its own fake Google and calls it with the client, with and without the
//! guard. The scenario then compares the two: requests, responses and errors must be the same,
//! except for a scope refusal, which the guard must explain. This module does not depend on a guard
//! crate. Two traits describe the adapter under test:
//!
//! 1. [`Subject`] names the API that is called, and builds the client with or without a guard.
//! 2. [`SubjectClient`] performs one [`Operation`] and returns the outcome for the caller:
//!    [`Received`], or a [`Failure`] with the [`FoundDenial`], if any.
//!
//! ```
//! use gcp_scopes_testing::scenarios::{
//!     Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient,
//!     run_scenario,
//! };
//!
//! /// The client ureq. This example has no guard; a real test builds a guard of `mode`.
//! struct Ureq;
//!
//! #[derive(Clone)]
//! struct Objects {
//!     agent: ureq::Agent,
//!     url: String,
//!     bearer: String,
//! }
//!
//! impl Subject for Ureq {
//!     type Client = Objects;
//!
//!     async fn build_client(
//!         &self,
//!         scene: &Scene,
//!         _mode: Option<GuardMode>,
//!     ) -> Result<Objects, Box<dyn std::error::Error + Send + Sync>> {
//!         let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
//!         let url = format!("{}/storage/v1/b/{}/o/{}", scene.url(), Scene::BUCKET, Scene::OBJECT);
//!         let bearer = format!("Bearer {}", scene.token());
//!         Ok(Objects { agent: agent.build().new_agent(), url, bearer })
//!     }
//! }
//!
//! impl SubjectClient for Objects {
//!     async fn perform(&self, _read: Operation) -> Result<Received, Failure> {
//!         let result = self.agent.get(&self.url).header("authorization", &self.bearer).call();
//!         let mut response = result.map_err(|error| Failure::new("ureq", &error))?;
//!         let text = response
//!             .body_mut()
//!             .read_to_string()
//!             .map_err(|error| Failure::new("body", &error))?;
//!         match response.status().is_success() {
//!             true => Ok(Received::new(text)),
//!             false => Err(Failure::from_response(response.status(), text)),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! assert!(run_scenario(&Ureq, Scenario::Allowed).await.is_ok());
//! let unmet = run_scenario(&Ureq, Scenario::Refused).await.unwrap_err(); // without a guard
//! assert!(unmet.to_string().contains("expected a denial"));
//! # }
//! ```
//!
//! A test runs [all scenarios](Scenario::ALL) except those for which [`Subject::skip_reason`]
//! returns a reason. A blocking client must perform its operations on another thread, for example
//! with `tokio::task::spawn_blocking`, because some scenarios cancel a call.

mod api;
mod check;
mod outcome;
mod plan;
mod runner;
mod scenario;
mod scene;
mod scripted_refusal;
mod subject;

pub use api::{ApiFormat, TestedApi};
pub use outcome::{DenialStage, Failure, FoundDenial, Received};
pub use runner::{UnmetExpectation, run_scenario};
pub use scenario::Scenario;
pub use scene::Scene;
pub use subject::{DenialPlace, GuardMode, Operation, Subject, SubjectClient};
