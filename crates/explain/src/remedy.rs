//! What a person can do about a refusal for lack of scope, here.
//!
//! Pure: facts and environment in, ordered [`Step`]s out. Keyed on the credential first and on the
//! place second, because a user's ADC file on a VM makes the VM's scopes irrelevant. A value enters
//! a command only if it has the syntax Google documents for it; otherwise a placeholder in capitals
//! stays, so that pasting a command never runs what somebody put into a VM's name.
//!
//! The words stand in the files of `advice/`; code decides which section of them fits and which of
//! their conditions hold.
//!
//! ```
//! use gcp_scopes_explain::environment::{Credential, Environment, Platform};
//! use gcp_scopes_explain::{refusal, remedy};
//!
//! let refusal = refusal::classify_text("Request had insufficient authentication scopes.").expect("a refusal");
//! let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
//!     .with_instance("web-1")?
//!     .with_zone("us-central1-a")?
//!     .with_project("shop-prod")?;
//! let steps = remedy::for_refusal(&refusal, &vm);
//! // Nothing is known of the VM's scopes, so that they are looked up before the VM is stopped.
//! let commands: Vec<&str> = steps.iter().filter_map(|step| step.command_line()).collect();
//! assert!(commands[0].starts_with("gcloud compute instances describe web-1 --zone=us-central1-a"));
//! assert_eq!(commands[1], "gcloud compute instances stop web-1 --zone=us-central1-a --project=shop-prod");
//! # Ok::<(), gcp_scopes_explain::Error>(())
//! ```

mod advice;
mod asked;
mod book;
mod case;
mod facts;
mod gates;
mod grant;
mod plan;
mod step;

pub use asked::for_requested_scopes;
pub(crate) use case::Case;
pub use case::scopes_flag;
pub use gates::{for_refusal, for_refused_call};
pub use grant::for_permissions;
pub use plan::for_calls;
pub(crate) use plan::remedy;
pub use step::{Remedy, Step};
