//! Credentials and a retry policy for Google's own `google-cloud-*` clients.
//!
//! ```no_run
//! # use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = gcp_scopes::Guard::from_env().await;
//! let credentials = guard.credentials(google_cloud_auth::credentials::Builder::default().build()?);
//! let retries = Aip194Strict.with_attempt_limit(10).with_time_limit(std::time::Duration::from_secs(60));
//! let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
//! // Client::builder().with_credentials(credentials).with_retry_policy(retries).build().await?
//! # Ok(()) }
//! ```
//!
//! The clients let nobody see their requests, so there are two hooks, each of use alone:
//!
//! 1. **The retry policy** explains a refusal for lack of scope, HTTP or gRPC, without a change where
//!    calls are made. Code, status, details and headers of the error stay, and
//!    [`Denial::of`](crate::Denial::of) finds the denial behind it. The policy of a single request takes
//!    its place, and streams do not ask it: use [`Guard::explain_error`](crate::Guard::explain_error)
//!    there. What it wraps keeps the word on retries; above is what the generated clients do by default.
//! 2. **The credentials** tell the guard which tokens there are, and check a call before it is sent if
//!    it runs inside [`Guard::calling`](crate::Guard::calling). They also hand tokens to the middlewares
//!    of this crate ([`adapter::attach`](crate::adapter::attach)), but not the quota project.
//!
//! What was asked for is not what a token holds, so nothing is concluded from it. A service account key
//! makes JWTs that say themselves what they hold; for others the metadata server or tokeninfo is asked.
//!
//! # Errors
//! A call that is not sent fails with a [`CredentialsError`] that is not transient, so that nobody
//! retries it.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::{Error, rpc::Code};
use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::throttle_result::ThrottleResult;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};

use super::attach::TokenSource;
use super::calling::sealed::{Refused, Told};
use super::calling::{self, ClientError};
use crate::call::Why;
use crate::denial::Denial;
use crate::error::{BoxError, Error as OwnError};
use crate::granted::{AccessToken, GrantSource, GrantedScopes};
use crate::guard::{Before, Checked, Guard};
use crate::scope::ScopeSet;

/// Credentials of google-cloud-auth, with a guard that listens. Made by [`Guard::credentials`].
#[derive(Clone)]
pub struct GuardCredentials {
    guard: Guard,
    inner: Credentials,
    granted: Option<ScopeSet>,
    handed: Arc<ArcSwapOption<Handed>>,
}

/// The token that was handed out last, and when it took the place of another.
struct Handed {
    authorization: HeaderValue,
    since: Option<Instant>,
}

impl Guard {
    /// Listens to credentials: see [`adapter::google_cloud`](crate::adapter::google_cloud).
    #[must_use]
    pub fn credentials(&self, inner: impl Into<Credentials>) -> GuardCredentials {
        GuardCredentials { guard: self.clone(), inner: inner.into(), granted: None, handed: Arc::default() }
    }

    /// Explains refusals after `inner` has had its say: see
    /// [`adapter::google_cloud`](crate::adapter::google_cloud).
    #[must_use]
    pub fn retry_policy(&self, inner: impl RetryPolicy + 'static) -> GuardRetryPolicy {
        GuardRetryPolicy { guard: self.clone(), inner: Arc::new(inner), credentials: None }
    }
}

impl GuardCredentials {
    /// Takes your word that every token of these credentials holds exactly these scopes. True of those
    /// that Google mints with the scopes asked for: impersonated ones, and those of Cloud Run. Not of a
    /// VM's, whose metadata server ignores what is asked, nor of a user's.
    #[must_use]
    pub fn with_granted(self, scopes: ScopeSet) -> Self {
        Self { granted: Some(scopes), ..self }
    }

    fn take_note(&self, authorization: &HeaderValue) {
        let is_same = |last: &Arc<Handed>| last.authorization == *authorization;
        if !self.handed.load().as_ref().is_some_and(is_same) {
            let mut value = authorization.clone();
            value.set_sensitive(true);
            self.handed.rcu(|last| {
                let since = last.is_some().then(Instant::now);
                Some(Arc::new(Handed { authorization: value.clone(), since }))
            });
        }
        if let Some((scopes, token)) =
            self.granted.clone().zip(AccessToken::from_authorization(authorization))
        {
            self.guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
        }
    }

    fn last(&self) -> Option<HeaderValue> {
        self.handed.load().as_ref().map(|last| last.authorization.clone())
    }

    /// The token of a call that began then: certain if only one was handed out since.
    fn token_since(&self, start: Instant) -> Option<HeaderValue> {
        let last = self.handed.load();
        let only = last.as_ref().filter(|last| last.since.is_none_or(|since| since < start))?;
        Some(only.authorization.clone())
    }

    async fn fresh(&self) -> Result<HeaderValue, BoxError> {
        let CacheableResource::New { data, .. } = self.inner.headers(Extensions::new()).await? else {
            return Err(OwnError::unreachable("the credentials gave no headers").into());
        };
        let authorization = data.get(AUTHORIZATION).cloned();
        authorization.ok_or_else(|| OwnError::unreachable("the credentials gave no bearer token").into())
    }
}

impl CredentialsProvider for GuardCredentials {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let headers = self.inner.headers(extensions).await?;
        let authorization = match &headers {
            CacheableResource::New { data, .. } => data.get(AUTHORIZATION).cloned(),
            CacheableResource::NotModified => self.last(),
        };
        if let Some(authorization) = authorization {
            self.take_note(&authorization);
            calling::check(&self.guard, &authorization).await.map_err(refused)?;
        }
        Ok(headers)
    }

    async fn universe_domain(&self) -> Option<String> {
        self.inner.universe_domain().await
    }
}

/// `CredentialsError::new` is public and not in the documentation, as is every other way to make one;
/// yet who implements `CredentialsProvider` cannot refuse otherwise. If it goes, the check before a call
/// goes, and this does not compile.
fn refused(denial: Denial) -> CredentialsError {
    CredentialsError::new(false, denial.to_string(), denial.into_error())
}

impl TokenSource for GuardCredentials {
    fn token_for<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            let authorization = self.fresh().await?;
            self.take_note(&authorization);
            let token = AccessToken::from_authorization(&authorization);
            let token = token.ok_or_else(|| OwnError::unreachable("the credentials gave no bearer token"))?;
            Ok(token.secret().to_owned())
        })
    }
}

/// A retry policy whose last word is an explained error. Made by [`Guard::retry_policy`].
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
        let Some(told) = error.told().filter(|_| error.denial().is_none() && !calling::is_under_way()) else {
            return error;
        };
        let token = self.credentials.as_ref().and_then(|own| own.token_since(state.start));
        let checked = match token.map(|token| self.guard.before_with(Err(Why::Method), &token)) {
            Some(Before::Go(checked)) => checked,
            _ => Checked::unseen(Err(Why::Method)),
        };
        if !self.guard.looks_at(&checked, told.status) {
            return error;
        }
        match self.guard.after_at_once(&checked, told.status, &told.headers, &told.body) {
            Some(denial) => error.explained(denial),
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

impl ClientError for Error {}

impl Refused for Error {
    fn told(&self) -> Option<Told> {
        let headers = self.http_headers().cloned().unwrap_or_default();
        let refused = self.status().filter(|status| status.code == Code::PermissionDenied);
        let status = self.http_status_code().or_else(|| refused.map(|_| 403))?;
        let body = match (self.status(), self.http_payload()) {
            (Some(status), _) => serde_json::to_vec(status).ok()?,
            (None, payload) => payload.map(|body| body.to_vec()).unwrap_or_default(),
        };
        Some(Told { status: StatusCode::from_u16(status).ok()?, headers, body })
    }

    fn denial(&self) -> Option<&Denial> {
        Denial::of(self.source()?)
    }

    /// `Error::service_full` is public and not in the documentation; nothing else makes an error with
    /// HTTP headers and a source. If it goes, errors are no longer explained in place, this does not
    /// compile, and `Guard::explain_error` takes over.
    fn explained(self, denial: Denial) -> Self {
        let Some(status) = self.status().cloned() else { return self };
        let source = Some(BoxError::from(denial.into_error()));
        Self::service_full(status, self.http_status_code(), self.http_headers().cloned(), source)
    }
}

impl fmt::Debug for GuardCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardCredentials").finish_non_exhaustive()
    }
}
