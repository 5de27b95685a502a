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

pub use gcp_scopes;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use google_apis_common::{Error, GetToken};
use http::{Response, StatusCode};
use serde_json::Value;

use gcp_scopes::calling::ClientError;
use gcp_scopes::denial::Denial;
use gcp_scopes::token_source::bearer;
use gcp_scopes::{BoxError, Guard, Scope, ScopeSet};

/// A source of tokens that reports each token to a [`Guard`]. Created by
/// [`GuardGoogleApisExt::google_apis`].
///
/// ```
/// use gcp_scopes_google_apis::GuardGoogleApisExt as _;
/// use gcp_scopes_google_apis::gcp_scopes::Guard;
/// use google_apis_common::GetToken;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), String> {
/// let guard = Guard::builder().build();
/// let tokens = guard.google_apis("ya29.a0AfH6SM".to_owned());
/// let token = tokens.get_token(&["https://www.googleapis.com/auth/drive.readonly"]).await.map_err(|e| e.to_string())?;
/// assert_eq!(token.as_deref(), Some("ya29.a0AfH6SM"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct GuardGetToken<T> {
    guard: Guard,
    inner: T,
}

/// Adds [`GuardGetToken::new`] to [`Guard`] as a method.
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

impl<T: GetToken + Clone + 'static> GuardGetToken<T> {
    /// Creates a source of tokens that wraps `inner` and reports each token to the guard.
    #[must_use]
    pub fn new(guard: &Guard, inner: T) -> Self {
        Self { guard: guard.clone(), inner }
    }
}

impl<T: GetToken + Clone + 'static> GetToken for GuardGetToken<T> {
    fn get_token<'a>(
        &'a self,
        scopes: &'a [&str],
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            let requested: ScopeSet = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
            self.guard.check_requested_scopes(&requested);
            let token = self.inner.get_token(scopes).await?;
            if let Some(Ok(value)) = token.as_deref().map(bearer) {
                self.guard.check_handed_out_token(&value).await.map_err(Denial::into_error)?;
            }
            Ok(token)
        })
    }
}

/// The marker type that selects this crate's [`ClientError`] implementation for [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub struct GoogleApis;

impl ClientError<GoogleApis> for Error {
    fn response(&self) -> Option<Response<Vec<u8>>> {
        match self {
            Self::BadRequest(body) => {
                let code = body.pointer("/error/code").and_then(Value::as_u64)?;
                let mut response = Response::new(serde_json::to_vec(body).ok()?);
                *response.status_mut() = StatusCode::from_u16(u16::try_from(code).ok()?).ok()?;
                Some(response)
            }
            Self::Failure(failure) => {
                let mut response = Response::new(Vec::new());
                *response.status_mut() = failure.status();
                *response.headers_mut() = failure.headers().clone();
                Some(response)
            }
            _ => None,
        }
    }

    fn denial(&self) -> Option<&Denial> {
        match self {
            Self::MissingToken(error) => Denial::find(error.as_ref()),
            _ => None,
        }
    }

    fn with_denial(mut self, denial: Denial) -> Self {
        if let Self::BadRequest(body) = &mut self {
            if let Some(Value::String(message)) = body.pointer_mut("/error/message") {
                *message = format!("{message} ({denial})");
            }
        }
        self
    }
}

impl<T> fmt::Debug for GuardGetToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardGetToken").finish_non_exhaustive()
    }
}
