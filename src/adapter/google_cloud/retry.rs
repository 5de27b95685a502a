use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_gax::error::{Error, rpc::Code};
use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::throttle_result::ThrottleResult;
use http::StatusCode;

use super::GuardCredentials;
use crate::calling::{self, ClientError, ErrorAnswer};
use crate::denial::Denial;
use crate::error::BoxError;
use crate::guard::Guard;

impl Guard {
    /// Explains refusals after `inner` has had its say: see
    /// [`adapter::google_cloud`](crate::adapter::google_cloud).
    ///
    /// ```
    /// use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
    ///
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let retries = guard.retry_policy(Aip194Strict.with_attempt_limit(10));
    /// ```
    #[must_use]
    pub fn retry_policy(&self, inner: impl RetryPolicy + 'static) -> GuardRetryPolicy {
        GuardRetryPolicy { guard: self.clone(), inner: Arc::new(inner), credentials: None }
    }
}

/// A retry policy whose last word is an explained error. Made by [`Guard::retry_policy`].
///
/// ```
/// use google_cloud_auth::credentials::anonymous;
/// use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let credentials = guard.credentials(anonymous::Builder::new().build());
/// let retries = guard.retry_policy(Aip194Strict.with_attempt_limit(10)).with_tokens_of(&credentials);
/// // Client::builder().with_credentials(credentials).with_retry_policy(retries)
/// ```
#[derive(Debug, Clone)]
pub struct GuardRetryPolicy {
    guard: Guard,
    inner: Arc<dyn RetryPolicy>,
    credentials: Option<GuardCredentials>,
}

impl GuardRetryPolicy {
    /// Tells it whose tokens its client sends, so that an explanation says what they hold.
    #[must_use]
    pub fn with_tokens_of(self, credentials: &GuardCredentials) -> Self {
        Self { credentials: Some(credentials.clone()), ..self }
    }

    fn explain(&self, state: &RetryState, error: Error) -> Error {
        let is_open = error.denial().is_none() && !calling::is_under_way();
        let Some(answer) = error.answer().filter(|_| is_open) else { return error };
        let token = self.credentials.as_ref().and_then(|own| own.token_since(state.start));
        match answer.explain_now(self.guard.begin_unseen(token.as_ref())) {
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

/// google-cloud-rust, as a client whose errors are read.
#[derive(Debug)]
#[non_exhaustive]
pub struct GoogleCloud;

impl ClientError<GoogleCloud> for Error {
    fn answer(&self) -> Option<ErrorAnswer> {
        let headers = self.http_headers().cloned().unwrap_or_default();
        let refused = self.status().filter(|status| status.code == Code::PermissionDenied);
        let status = self.http_status_code().or_else(|| refused.map(|_| 403))?;
        let body = match (self.status(), self.http_payload()) {
            (Some(status), _) => serde_json::to_vec(status).ok()?,
            (None, payload) => payload.map(|body| body.to_vec()).unwrap_or_default(),
        };
        Some(ErrorAnswer::new(StatusCode::from_u16(status).ok()?, headers, body))
    }

    fn denial(&self) -> Option<&Denial> {
        Denial::of(self.source()?)
    }

    /// `Error::service_full` is public and not in the documentation; nothing else makes an error with
    /// HTTP headers and a source. If it goes, errors are no longer explained in place, this does not
    /// compile, and `Guard::explain_error` takes over.
    fn with_denial(self, denial: Denial) -> Self {
        let Some(status) = self.status().cloned() else { return self };
        let source = Some(BoxError::from(denial.into_error()));
        Self::service_full(status, self.http_status_code(), self.http_headers().cloned(), source)
    }
}
