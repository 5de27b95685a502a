//! The error for an input that does not have the expected syntax.

/// The error for an input that does not have the expected syntax. The message shows the input and
/// names what was expected.
///
/// ```
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
///
/// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
/// let error = vm.with_zone("us-central1-a; reboot").unwrap_err();
/// assert!(error.to_string().contains("a zone such as us-central1-a"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self { message }
    }
}
