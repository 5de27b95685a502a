//! Returns what a person can do after a refusal, in the environment of the program.
//!
//! The functions return [`RemedyOption`]s. They are alternatives, the recommended one first; the
//! [`Step`]s of an option are in the order in which to take them. The credential determines the
//! options first, and the platform second: if a program uses the credential file of a person's
//! login, the scopes of its VM do not matter.
//!
//! A command contains a name only if the name has the syntax that Google documents for it.
//! Otherwise the command contains a placeholder in capitals. So a pasted command never runs a shell
//! command that a user wrote into the name of a VM.
//!
//! The sentences are in the text files of `advice/`. The code selects a section of these files, and
//! supplies the words and conditions in its sentences.
//!
//! ```
//! use gcp_scopes_explain::environment::{Credential, Environment, Platform};
//! use gcp_scopes_explain::{refusal, remedy};
//!
//! let text = "HTTP/1.1 403 Forbidden\n\
//!     www-authenticate: Bearer error=\"insufficient_scope\", \
//!     scope=\"https://www.googleapis.com/auth/pubsub\"\n\n\
//!     Request had insufficient authentication scopes.";
//! let refusal = refusal::classify_text(text).expect("no refusal");
//! let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
//!     .with_instance("web-1")?
//!     .with_zone("us-central1-a")?;
//! let options = remedy::for_refusal(&refusal, &vm);
//! assert!(options[0].is_recommended());
//! let commands = options[0].steps().iter().filter_map(|step| step.command_line());
//! let stop = commands.filter(|command| command.contains("instances stop web-1")).last();
//! // The project is unknown, so the command has a placeholder.
//! assert!(stop.is_some_and(|command| command.contains("--project=PROJECT")));
//! # Ok::<(), gcp_scopes_explain::Error>(())
//! ```

mod advice;
mod case;
mod context;
mod gates;
mod member;
mod option;
mod permissions;
mod requested_scopes;
mod scope_gate;
mod sections;
mod step;

pub use case::scopes_flag;
pub(crate) use case::{Case, KnownCall};
pub use gates::{for_refusal, for_refused_call};
pub(crate) use option::Remedy;
pub use option::RemedyOption;
pub use permissions::{for_permissions, smallest_role};
pub use requested_scopes::for_requested_scopes;
pub use scope_gate::for_calls;
pub(crate) use scope_gate::for_case;
pub use step::Step;
