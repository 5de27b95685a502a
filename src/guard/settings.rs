//! The settings that decide what a guard does with a call whose token lacks a scope.

/// What a guard does before a call whose token is known to lack the scope.
///
/// The environment variable `GCP_SCOPES_PREFLIGHT` takes precedence over the program, so that the
/// setting can be changed without a new build. Its values are `off`, `warn`, `confirm` and `deny`.
/// With any other value a guard logs one event and keeps the program's setting.
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// // A nightly job that should not start if it cannot finish.
/// let guard = Guard::builder().preflight(Preflight::Deny).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preflight {
    /// The call is sent. Refusals are still explained.
    Off,
    /// A warning is logged, and the call is sent.
    Warn,
    /// A warning is logged, and the call is sent. If Google refuses the call for lack of scopes,
    /// later calls of the same method with the same token are not sent: they fail with a
    /// [`Denial`](crate::Denial). Ten minutes after the refusal one call is sent again, and its
    /// response decides whether the next calls are sent. An hour after the last refusal all calls
    /// are sent. If Google accepts a call after the warning, the catalog is wrong about the method,
    /// and the guard makes no more predictions for the method.
    #[default]
    Confirm,
    /// The call is not sent: it fails with a [`Denial`](crate::Denial). The first call with a token
    /// may wait up to 500 ms ([`GuardBuilder::deny_wait`](crate::GuardBuilder::deny_wait)) for the
    /// token's scopes. If the scopes are still unknown then, this call and later calls are sent.
    Deny,
}

impl Preflight {
    /// The environment variable that takes precedence over the program's setting.
    pub(crate) const VARIABLE: &str = "GCP_SCOPES_PREFLIGHT";

    /// Parses the value of [`VARIABLE`](Self::VARIABLE), in any case. Returns `None` for a value
    /// that is not documented.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        match value.trim().to_ascii_lowercase().as_str() {
            "off" => Some(Self::Off),
            "warn" => Some(Self::Warn),
            "confirm" => Some(Self::Confirm),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// How a refusal for lack of scopes reaches the caller.
///
/// ```
/// use gcp_scopes::{Guard, DenialDelivery};
///
/// // gcloud-storage shows its users only the message of Google's response.
/// let guard = Guard::builder().denial_delivery(DenialDelivery::Message).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DenialDelivery {
    /// As an error of the client's own type, in which [`Denial::find`](crate::Denial::find) finds
    /// the denial.
    #[default]
    Error,
    /// As Google's unchanged response, with the [`Denial`](crate::Denial) in the extensions of the
    /// response. A call that [`Preflight`] stops has no response, and fails with an error.
    Extension,
    /// As Google's response, with the first line of the denial added to the error message. This is
    /// for clients that show only the message to their users. Status, headers, reason and details
    /// stay unchanged. A call that [`Preflight`] stops gets a 403 response of the same form. The
    /// [`Denial`](crate::Denial) is in the extensions of the response in both cases.
    ///
    /// A body that is too long to be read completely is replaced by a short body.
    Message,
}
