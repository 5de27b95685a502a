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
//!    there. What it wraps keeps the word on retries and takes the place of the client's own: above is
//!    what generated clients do by themselves. Cloud Storage and a Pub/Sub `Publisher` do something else:
//!    see [the recipe](https://docs.rs/crate/gcp-scopes/latest/source/docs/recipes.md).
//! 2. **The credentials** tell the guard which tokens there are, and check a call before it is sent if
//!    it runs inside [`Guard::calling`](crate::Guard::calling). They also hand tokens to the middlewares
//!    of this crate ([`token_source`](crate::token_source)), but not the quota project.
//!
//! What was asked for is not what a token holds, so nothing is concluded from it. A service account key
//! makes JWTs that say themselves what they hold; for others the metadata server or tokeninfo is asked.
//!
//! # Errors
//! A call that is not sent fails with a [`CredentialsError`] that is not transient, so that nobody
//! retries it.

mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue};

use crate::denial::Denial;
use crate::error::BoxError;
use crate::granted::{AccessToken, GrantSource, GrantedScopes};
use crate::guard::Guard;
use crate::scope::ScopeSet;
use crate::token_source::TokenSource;

pub use retry::{GoogleCloud, GuardRetryPolicy};

/// Credentials of google-cloud-auth, with a guard that listens. Made by [`Guard::credentials`].
///
/// ```
/// use google_cloud_auth::credentials::{Credentials, anonymous};
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let guarded = guard.credentials(anonymous::Builder::new().build());
/// let credentials = Credentials::from(guarded); // what the builders of the clients take
/// ```
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
    ///
    /// ```
    /// use google_cloud_auth::credentials::anonymous;
    ///
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let credentials = guard.credentials(anonymous::Builder::new().build()); // an emulator asks for none
    /// ```
    #[must_use]
    pub fn credentials(&self, inner: impl Into<Credentials>) -> GuardCredentials {
        GuardCredentials { guard: self.clone(), inner: inner.into(), granted: None, handed: Arc::default() }
    }
}

impl GuardCredentials {
    /// Takes your word that every token of these credentials holds exactly these scopes. True of those
    /// that Google mints with the scopes asked for: impersonated ones, and those of Cloud Run. Not of a
    /// VM's, whose metadata server ignores what is asked, nor of a user's.
    ///
    /// ```
    /// # use google_cloud_auth::credentials::anonymous;
    /// let guard = gcp_scopes::Guard::builder().build();
    /// # let impersonated = anonymous::Builder::new().build();
    /// // `impersonated` was built with exactly this scope, and Google minted its tokens so.
    /// let scopes = [gcp_scopes::Scope::cloud_platform()].into_iter().collect();
    /// let credentials = guard.credentials(impersonated).with_granted(scopes);
    /// ```
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
            return Err("the credentials gave no headers".into());
        };
        let authorization = data.get(AUTHORIZATION).cloned();
        authorization.ok_or_else(|| NO_TOKEN.into())
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
            self.guard.token_handed_out(&authorization).await.map_err(refused)?;
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

const NO_TOKEN: &str = "the credentials gave no bearer token";

impl TokenSource for GuardCredentials {
    async fn token_for(&self, _: &str) -> Result<String, BoxError> {
        let authorization = self.fresh().await?;
        self.take_note(&authorization);
        let token = AccessToken::from_authorization(&authorization);
        Ok(token.ok_or(NO_TOKEN)?.secret().to_owned())
    }
}

impl fmt::Debug for GuardCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardCredentials").finish_non_exhaustive()
    }
}
