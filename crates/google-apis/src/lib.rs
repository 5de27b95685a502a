//! A [`GetToken`] implementation for the generated clients of google-apis-rs (google-storage1,
//! google-drive3, …) that checks and explains their calls.
//!
//! ```no_run
//! use gcp_scopes_google_apis::GuardGoogleApisExt as _;
//! use gcp_scopes_google_apis::gcp_scopes::Guard;
//!
//! # async fn list(authenticator: String) -> Result<(), Box<dyn std::error::Error>> {
//! let guard = Guard::detect().await;
//! let tokens = guard.google_apis(authenticator); // for DriveHub::new(client, tokens)
//! let list = guard.calling("drive.files.list")?;
//! // list.run(hub.files().list().doit()).await
//! # Ok(()) }
//! ```
//!
//! If the program names no scope, a generated client requests a default scope that its generator
//! has chosen, such as `drive.meet.readonly` to list files
//! (<https://github.com/Byron/google-apis-rs/issues/428>). The guard does not assume that the token
//! holds the requested scope. If the method does not accept the requested scope, or the scope gives
//! access to only a part of the data, the guard emits a warning event, and the first step of a
//! denial is to request another scope.
//!
//! # Errors
//! A call that is not sent fails with `Error::MissingToken`. A refused call fails with
//! `Error::BadRequest`, as without the guard, and the denial's message is appended to the message
//! of the error. Neither variant has a source, so [`Denial::find`](gcp_scopes::Denial::find) does
//! not find the denial. Call [`Guard::explain_error`](gcp_scopes::Guard::explain_error) instead.

mod error;
mod tokens;

pub use gcp_scopes;

use gcp_scopes::Guard;
use google_apis_common::GetToken;

pub use error::GoogleApis;
pub use tokens::GuardGetToken;

/// Adds [`GuardGetToken::new`] to [`Guard`] as a method.
///
/// ```
/// use gcp_scopes_google_apis::GuardGoogleApisExt as _;
/// use gcp_scopes_google_apis::gcp_scopes::Guard;
///
/// let tokens = Guard::builder().build().google_apis("ya29.a0AfH6SM".to_owned());
/// ```
pub trait GuardGoogleApisExt {
    /// Returns a source of tokens that wraps `inner` and reports each token to this guard.
    ///
    /// ```
    /// use gcp_scopes_google_apis::GuardGoogleApisExt as _;
    /// use gcp_scopes_google_apis::gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().build();
    /// // The argument is any `GetToken`: a yup-oauth2 `Authenticator`, or a token in a `String`.
    /// let tokens = guard.google_apis("ya29.a0AfH6SM".to_owned());
    /// ```
    #[must_use]
    fn google_apis<T: GetToken + Clone + 'static>(&self, inner: T) -> GuardGetToken<T>;
}

impl GuardGoogleApisExt for Guard {
    fn google_apis<T: GetToken + Clone + 'static>(&self, inner: T) -> GuardGetToken<T> {
        GuardGetToken::new(self, inner)
    }
}
