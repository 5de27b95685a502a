//! What a guarded client must still do, and now do: scenarios that any adapter can run.
//!
//! An adapter puts a guard, such as the one of [gcp-scopes](https://docs.rs/gcp-scopes), inside a
//! client. Each [`Scenario`] starts a fake Google of its own, lets the client call it with and
//! without the guard, and compares: requests, answers and errors are the same, but for a lack of
//! scope, which is explained. Nothing here knows the guard. The adapter under test is described by
//! two small traits, which send calls and report plain values:
//!
//! 1. [`Subject`] says which API is called and makes the client, with a guard or without.
//! 2. [`SubjectClient`] performs one [`Operation`] and returns what its caller gets: [`Received`], or
//!    a [`Failure`] with the [`FoundDenial`], if there is one.
//!
//! ```
//! use gcp_scopes_testing::scenarios::{
//!     Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient, play,
//! };
//!
//! /// ureq, which has no guard here: a real test makes one of `mode`.
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
//!     async fn make(
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
//!         let call = self.agent.get(&self.url).header("authorization", &self.bearer).call();
//!         let mut answer = call.map_err(|error| Failure::new("ureq", &error))?;
//!         let text = answer.body_mut().read_to_string().map_err(|error| Failure::new("body", &error))?;
//!         match answer.status().is_success() {
//!             true => Ok(Received::new(text)),
//!             false => Err(Failure::of_answer(answer.status(), text)),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! assert!(play(&Ureq, Scenario::Allowed).await.is_ok());
//! let unmet = play(&Ureq, Scenario::Refused).await.unwrap_err(); // there is no guard
//! assert!(unmet.to_string().contains("there is a denial"));
//! # }
//! ```
//!
//! A test plays [all scenarios](Scenario::ALL) but those of which [`Subject::cannot`] gives the
//! reason. A client that blocks performs its operations on a thread of its own, as
//! `tokio::task::spawn_blocking` gives it, because some scenarios give a call up.

mod api;
mod check;
mod gates;
mod outcome;
mod plan;
mod player;
mod scenario;
mod scene;
mod subject;

pub use api::{ApiFormat, TestedApi};
pub use outcome::{DenialStage, Failure, FoundDenial, Received};
pub use player::{Unmet, play};
pub use scenario::Scenario;
pub use scene::Scene;
pub use subject::{DenialPlace, GuardMode, Operation, Subject, SubjectClient};
