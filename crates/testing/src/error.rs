//! What a test asks for and the fake cannot do.

use std::io;

use crate::platform::Platform;
use crate::policy;

/// A VM that could not be stopped, changed or started. The message names the VM and says what to
/// do.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_testing::{FakeGoogle, Vm};
/// # let google = FakeGoogle::builder().bucket("photos").start().await?;
/// let error = google.vm("web-2").stop().unwrap_err();
/// let words = "the fake Google has no VM `web-2`; add it with `.vm(Vm::new(..))`";
/// assert_eq!(error.to_string(), words);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] VmProblem);

/// The cases of [`Error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum VmProblem {
    #[error("the fake Google has no VM `{0}`; add it with `.vm(Vm::new(..))`")]
    Unknown(String),
    #[error("`{0}` runs on {1:?}, which has neither a power switch nor access scopes to set")]
    Serverless(String, Platform),
    #[error("VM `{0}`: {1}")]
    Refused(String, &'static str),
}

/// A description of which no fake can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDescription {
    #[error("the fake Google does not know the role `{0}`; it knows {known}", known = policy::role_names())]
    Role(String),
    #[error("`{0}` is neither a bucket nor a project of this fake Google")]
    Resource(String),
    #[error("two VMs are called `{0}`")]
    SameName(String),
    #[error("VM `{0}` is in a project that is not there")]
    NoProject(String),
    #[error("cannot forward to {0:?}: expected a URL such as `http://127.0.0.1:9023`")]
    Forward(String),
}

impl From<BadDescription> for io::Error {
    fn from(problem: BadDescription) -> Self {
        Self::new(io::ErrorKind::InvalidInput, problem)
    }
}
