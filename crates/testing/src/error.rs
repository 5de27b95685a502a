//! Errors for invalid configurations and for invalid changes of a VM.

use std::io;

use crate::platform::FakePlatform;
use crate::policy;

/// An error for a VM that could not be stopped, changed or started. The message names the VM and
/// the reason.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::{FakeGoogle, Vm};
///
/// let google = FakeGoogle::builder().bucket("photos").start().await?;
/// let error = google.vm("web-2").stop().unwrap_err();
/// let message = "the fake Google has no VM `web-2`; add it with `.vm(Vm::new(..))`";
/// assert_eq!(error.to_string(), message);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] VmProblem);

/// The reason for an [`Error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum VmProblem {
    #[error("the fake Google has no VM `{0}`; add it with `.vm(Vm::new(..))`")]
    Unknown(String),
    #[error(
        "`{0}` runs on {1:?}, where instances cannot be stopped or started and have no access \
         scopes"
    )]
    Serverless(String, FakePlatform),
    #[error("VM `{0}`: {1}")]
    Refused(String, &'static str),
}

/// A reason for which [`FakeGoogleBuilder::start`](crate::FakeGoogleBuilder::start) fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidConfig {
    #[error(
        "the fake Google does not know the role `{0}`; the known roles are {known}",
        known = policy::role_names()
    )]
    Role(String),
    #[error(
        "the fake Google has no bucket or project `{0}`; add it with `.bucket(..)` or \
         `.project(..)`"
    )]
    Resource(String),
    #[error("two VMs have the name `{0}`; give every VM its own name")]
    SameName(String),
    #[error("VM `{0}` belongs to an unknown project; add the project with `.project(..)`")]
    NoProject(String),
    #[error(
        "cannot forward to {0:?}; expected the URL of a server on this machine, such as \
         `http://127.0.0.1:9023`"
    )]
    Forward(String),
}

impl From<InvalidConfig> for io::Error {
    fn from(error: InvalidConfig) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
