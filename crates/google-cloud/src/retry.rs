//! A retry policy that explains the errors that the wrapped policy does not retry.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_gax::error::{Error, rpc::Code};
use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::throttle_result::ThrottleResult;
use http::{Response, StatusCode};

use super::credentials::GuardCredentials;
use gcp_scopes::calling::{self, ClientError};
use gcp_scopes::denial::Denial;
use gcp_scopes::{BoxError, Guard};

/// A retry policy that explains the error of the last attempt. Created by
/// [`GuardGoogleCloudExt::retry_policy`](crate::GuardGoogleCloudExt::retry_policy).
///
/// ```
/// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
/// use gcp_scopes_google_cloud::gcp_scopes::Guard;
/// use google_cloud_auth::credentials::anonymous;
/// use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
///
/// let guard = Guard::builder().build();
/// let credentials = guard.credentials(anonymous::Builder::new().build());
/// let retries =
///     guard.retry_policy(Aip194Strict.with_attempt_limit(10)).with_tokens_of(&credentials);
/// // Client::builder().with_credentials(credentials).with_retry_policy(retries)
/// ```
#[derive(Debug, Clone)]
pub struct GuardRetryPolicy {
    guard: Guard,
    inner: Arc<dyn RetryPolicy>,
    credentials: Option<GuardCredentials>,
}

impl GuardRetryPolicy {
    /// Creates a retry policy that wraps `inner` and explains the refusals that `inner` does not
    /// retry.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::GuardRetryPolicy;
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use google_cloud_gax::retry_policy::Aip194Strict;
    ///
    /// let retries = GuardRetryPolicy::new(&Guard::builder().build(), Aip194Strict);
    /// ```
    #[must_use]
    pub fn new(guard: &Guard, inner: impl RetryPolicy + 'static) -> Self {
        Self { guard: guard.clone(), inner: Arc::new(inner), credentials: None }
    }

    /// Sets the credentials of the client, so that denials contain the scopes of the token that was
    /// sent.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use gcp_scopes_google_cloud::{GuardCredentials, GuardGoogleCloudExt as _, GuardRetryPolicy};
    /// use google_cloud_gax::retry_policy::Aip194Strict;
    ///
    /// fn retries(guard: &Guard, credentials: &GuardCredentials) -> GuardRetryPolicy {
    ///     guard.retry_policy(Aip194Strict).with_tokens_of(credentials)
    /// }
    /// ```
    #[must_use]
    pub fn with_tokens_of(self, credentials: &GuardCredentials) -> Self {
        Self { credentials: Some(credentials.clone()), ..self }
    }

    /// Adds a denial to a refusal for lack of scope. Does not change an error inside of
    /// [`Calling::run`](gcp_scopes::calling::Calling::run), which explains the error itself.
    fn explain(&self, state: &RetryState, error: Error) -> Error {
        let is_unexplained = error.denial().is_none() && !calling::is_active();
        let Some(response) = error.response().filter(|_| is_unexplained) else { return error };
        let token =
            self.credentials.as_ref().and_then(|own| own.authorization_of_call(state.start));
        let flight = self.guard.begin_unseen(token.as_ref());
        let (status, headers) = (response.status(), response.headers());
        if !flight.answered(status, headers) {
            return error;
        }
        // Must not wait for the scopes of the token, because `RetryPolicy::on_error` is not async.
        match flight.explain_now(status, headers, response.body()) {
            Some(denial) => error.with_denial(denial),
            None => error,
        }
    }
}

impl RetryPolicy for GuardRetryPolicy {
    fn on_error(&self, state: &RetryState, error: Error) -> RetryResult {
        match self.inner.on_error(state, error) {
            RetryResult::Permanent(error) => RetryResult::Permanent(self.explain(state, error)),
            RetryResult::Exhausted(error) => RetryResult::Exhausted(self.explain(state, error)),
            RetryResult::Continue(error) => RetryResult::Continue(error),
        }
    }

    fn on_throttle(&self, state: &RetryState, error: Error) -> ThrottleResult {
        self.inner.on_throttle(state, error)
    }

    fn remaining_time(&self, state: &RetryState) -> Option<Duration> {
        self.inner.remaining_time(state)
    }
}

/// The marker type that selects this crate's [`ClientError`] implementation for [`Error`].
///
/// ```
/// use gcp_scopes_google_cloud::GoogleCloud;
/// use gcp_scopes_google_cloud::gcp_scopes::calling::ClientError;
///
/// /// Returns the status of the response that an error contains.
/// fn status(error: &google_cloud_gax::error::Error) -> Option<u16> {
///     let response = ClientError::<GoogleCloud>::response(error)?;
///     Some(response.status().as_u16())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct GoogleCloud;

impl ClientError<GoogleCloud> for Error {
    fn response(&self) -> Option<Response<Vec<u8>>> {
        // An error of a gRPC call has no HTTP status.
        let permission_denied =
            self.status().filter(|status| status.code == Code::PermissionDenied);
        let status = self.http_status_code().or_else(|| permission_denied.map(|_| 403))?;
        let body = match (self.status(), self.http_payload()) {
            (Some(status), _) => serde_json::to_vec(status).ok()?,
            (None, payload) => payload.map(|body| body.to_vec()).unwrap_or_default(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).ok()?;
        *response.headers_mut() = self.http_headers().cloned().unwrap_or_default();
        Some(response)
    }

    fn denial(&self) -> Option<&Denial> {
        Denial::find(self.source()?)
    }

    // `Error::service_full` is public but hidden from the documentation. No other constructor
    // accepts HTTP headers and a source. If a release removes the constructor, this function does
    // not compile. A program can then still call `Guard::explain_error` with the error.
    fn with_denial(self, denial: Denial) -> Self {
        let Some(status) = self.status().cloned() else { return self };
        let source = Some(BoxError::from(denial.into_error()));
        Self::service_full(status, self.http_status_code(), self.http_headers().cloned(), source)
    }
}
