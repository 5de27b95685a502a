//! The error for an input that cannot be used.

/// The error for a needs file, a plan or an inventory that cannot be used. The message names the
/// place in the input and what was expected.
///
/// ```
/// let error = gcp_scopes_needs::NeedsFile::parse(r#"{"needs": [{}]}"#).unwrap_err();
/// assert!(error.to_string().contains("needs[0]"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct NeedsError {
    message: String,
}

impl NeedsError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// Creates the error for a text that is not the expected JSON.
    pub(crate) fn json(what: &str, error: &serde_json::Error, expected: &str) -> Self {
        Self::new(format!("the {what} is not usable JSON: {error}; expected {expected}"))
    }
}
