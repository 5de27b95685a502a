//! Why a VM could not be changed.

use crate::platform::Platform;

/// A VM that could not be stopped, changed or started. The message names the VM and says what to do.
///
/// ```
#[doc = a_fake!()]
/// let error = google.vm("web-2").stop().unwrap_err();
/// assert_eq!(error.to_string(), "the fake Google has no VM `web-2`; add it with `.vm(Vm::new(..))`");
#[doc = done!()]
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
