//! What a guard is built to do with a call that lacks a scope.

/// What happens before a call whose token is known to lack the scope.
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// // A nightly job that should not begin what it cannot end.
/// let guard = Guard::builder().preflight(Preflight::Deny).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preflight {
    /// Nothing. Refusals are still explained.
    Off,
    /// A warning event; the call is sent.
    Warn,
    /// A warning event, and the call is sent. If Google refuses it for lack of scope, repeats of
    /// that method with that token are not sent: they fail with a [`Denial`](crate::Denial). If Google lets it
    /// through, the catalog is wrong about that method, and nothing more is predicted of it.
    #[default]
    Confirm,
    /// The call is not sent: it fails with a [`Denial`](crate::Denial). The first calls with a token may wait up to
    /// 500 ms for its scopes; if they are still unknown then, this call and later ones are sent.
    Deny,
}

/// How a refusal for lack of scope reaches the caller.
///
/// ```
/// use gcp_scopes::{Guard, DenialDelivery};
///
/// // gcloud-storage shows its users the message of Google's answer and nothing else.
/// let guard = Guard::builder().denial_delivery(DenialDelivery::Message).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DenialDelivery {
    /// As an error of the client's own kind, in which [`Denial::find`](crate::Denial::find) finds the denial.
    #[default]
    Error,
    /// As Google's answer, byte for byte, with the [`Denial`](crate::Denial) among the response's extensions. A
    /// call that [`Preflight`] does not send has no answer, and is an error all the same.
    Extension,
    /// As Google's answer, with the denial's line added to its error message: for clients that show
    /// their users a message and keep nothing else. Status, headers, reason and details stay. A call
    /// that [`Preflight`] does not send gets a 403 of the same form. The [`Denial`](crate::Denial) is among the
    /// response's extensions in both cases.
    ///
    /// A body that was too large to be looked at as a whole is replaced by a short one.
    Message,
}
