//! Credentials that a guard observes.

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

/// Credentials of google-cloud-auth, with a guard that listens. Made by
/// [`GuardGoogleCloudExt::credentials`](crate::GuardGoogleCloudExt::credentials).
///
/// ```
/// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
/// use gcp_scopes_google_cloud::gcp_scopes::Guard;
/// use google_cloud_auth::credentials::{Credentials, anonymous};
///
/// let guard = Guard::builder().build();
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

impl GuardCredentials {
    /// Credentials that the guard observes.
    #[must_use]
    pub fn new(guard: &Guard, inner: impl Into<Credentials>) -> Self {
        Self { guard: guard.clone(), inner: inner.into(), granted: None, handed: Arc::default() }
    }

    /// Takes your word that every token of these credentials holds exactly these scopes. True of those
    /// that Google mints with the scopes asked for: impersonated ones, and those of Cloud Run. Not of a
    /// VM's, whose metadata server ignores what is asked, nor of a user's.
    ///
    /// ```
    /// # use gcp_scopes_google_cloud::{GuardGoogleCloudExt as _, gcp_scopes::{Guard, Scope}};
    /// # use google_cloud_auth::credentials::anonymous;
    /// let guard = Guard::builder().build();
    /// # let impersonated = anonymous::Builder::new().build();
    /// // `impersonated` was built with exactly this scope, and Google minted its tokens so.
    /// let scopes = [Scope::cloud_platform()].into_iter().collect();
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
    pub(crate) fn token_since(&self, start: Instant) -> Option<HeaderValue> {
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
