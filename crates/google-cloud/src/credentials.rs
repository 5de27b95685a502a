//! Credentials that report their tokens to a guard.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue};

use gcp_scopes::denial::Denial;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{BoxError, Guard, ScopeSet};

/// Credentials of google-cloud-auth that report each token to a [`Guard`]. Created by
/// [`GuardGoogleCloudExt::credentials`](crate::GuardGoogleCloudExt::credentials).
///
/// ```
/// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
/// use gcp_scopes_google_cloud::gcp_scopes::Guard;
/// use google_cloud_auth::credentials::{Credentials, anonymous};
///
/// let guard = Guard::builder().build();
/// let guarded = guard.credentials(anonymous::Builder::new().build());
/// let credentials = Credentials::from(guarded); // the type that the builders of the clients take
/// ```
#[derive(Clone)]
pub struct GuardCredentials {
    guard: Guard,
    inner: Credentials,
    granted: Option<ScopeSet>,
    handed_out: Arc<ArcSwapOption<HandedOut>>,
}

/// The latest `Authorization` value that was handed out to a client, and the time at which this
/// value replaced an earlier value. The time is `None` for the first value.
struct HandedOut {
    authorization: HeaderValue,
    since: Option<Instant>,
}

impl GuardCredentials {
    /// Creates credentials that wrap `inner` and report each token to the guard.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::GuardCredentials;
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use google_cloud_auth::credentials::anonymous;
    ///
    /// let guard = Guard::builder().build();
    /// let credentials = GuardCredentials::new(&guard, anonymous::Builder::new().build());
    /// ```
    #[must_use]
    pub fn new(guard: &Guard, inner: impl Into<Credentials>) -> Self {
        Self {
            guard: guard.clone(),
            inner: inner.into(),
            granted: None,
            handed_out: Arc::default(),
        }
    }

    /// Declares that every token of these credentials holds exactly these scopes.
    ///
    /// This is true where Google grants the scopes that are requested: for impersonated service
    /// accounts and on Cloud Run. It is not true on a VM, whose metadata server ignores the
    /// requested scopes, nor for a user's credentials.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::{GuardGoogleCloudExt as _, gcp_scopes::{Guard, Scope}};
    /// use google_cloud_auth::credentials::anonymous;
    ///
    /// let guard = Guard::builder().build();
    /// let impersonated = anonymous::Builder::new().build();
    /// // `impersonated` was built with exactly this scope, so its tokens hold exactly this scope.
    /// let scopes = [Scope::cloud_platform()].into_iter().collect();
    /// let credentials = guard.credentials(impersonated).with_granted(scopes);
    /// ```
    #[must_use]
    pub fn with_granted(self, scopes: ScopeSet) -> Self {
        Self { granted: Some(scopes), ..self }
    }

    /// Records the value that is handed out, and declares the scopes of the token to the guard if
    /// [`with_granted`](Self::with_granted) has set them.
    fn record_handed_out(&self, authorization: &HeaderValue) {
        let is_same = |last: &Arc<HandedOut>| last.authorization == *authorization;
        if !self.handed_out.load().as_ref().is_some_and(is_same) {
            let mut value = authorization.clone();
            value.set_sensitive(true);
            self.handed_out.rcu(|last| {
                let since = last.is_some().then(Instant::now);
                Some(Arc::new(HandedOut { authorization: value.clone(), since }))
            });
        }
        if let Some((scopes, token)) =
            self.granted.clone().zip(AccessToken::from_authorization(authorization))
        {
            self.guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
        }
    }

    /// Returns the value that was handed out last; `None` if there was none yet.
    fn last_handed_out(&self) -> Option<HeaderValue> {
        self.handed_out.load().as_ref().map(|last| last.authorization.clone())
    }

    /// Returns the `Authorization` value of a call that began at `start`. Returns `None` if the
    /// value was replaced after `start`, because the call may then have sent the earlier or the
    /// later value.
    pub(crate) fn authorization_of_call(&self, start: Instant) -> Option<HeaderValue> {
        let last = self.handed_out.load();
        let candidate =
            last.as_ref().filter(|last| last.since.is_none_or(|since| since < start))?;
        Some(candidate.authorization.clone())
    }

    /// Returns the `Authorization` value that the wrapped credentials give now.
    async fn current_authorization(&self) -> Result<HeaderValue, BoxError> {
        // Without an `EntityTag` the result is never `NotModified`: `CredentialsProvider` in
        // <https://docs.rs/google-cloud-auth/latest/google_cloud_auth/credentials/>
        let CacheableResource::New { data, .. } = self.inner.headers(Extensions::new()).await?
        else {
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
            // The client has these headers already, so its token is the one that was handed out
            // before.
            CacheableResource::NotModified => self.last_handed_out(),
        };
        if let Some(authorization) = authorization {
            self.record_handed_out(&authorization);
            self.guard
                .check_handed_out_token(&authorization)
                .await
                .map_err(to_credentials_error)?;
        }
        Ok(headers)
    }

    async fn universe_domain(&self) -> Option<String> {
        self.inner.universe_domain().await
    }
}

/// Converts a denial into a permanent error of the credentials.
///
/// `CredentialsError::new` is public but hidden from the documentation, as all constructors of the
/// type are. An implementation of `CredentialsProvider` has no other way to return an error. If a
/// release removes the constructor, this function does not compile, and calls can no longer be
/// denied before they are sent.
fn to_credentials_error(denial: Denial) -> CredentialsError {
    CredentialsError::new(false, denial.to_string(), denial.into_error())
}

const NO_TOKEN: &str = "the credentials gave no bearer token";

impl TokenSource for GuardCredentials {
    // google-cloud-auth takes the scopes when credentials are built, and not for each token.
    async fn token_for(&self, _scope: &str) -> Result<String, BoxError> {
        let authorization = self.current_authorization().await?;
        self.record_handed_out(&authorization);
        let token = AccessToken::from_authorization(&authorization);
        Ok(token.ok_or(NO_TOKEN)?.secret().to_owned())
    }
}

impl fmt::Debug for GuardCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardCredentials").finish_non_exhaustive()
    }
}
