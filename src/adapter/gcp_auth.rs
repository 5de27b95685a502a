//! A [`gcp_auth::TokenProvider`] that declares the scopes of its tokens to the guard.
//!
//! ```no_run
//! # #[cfg(feature = "reqwest-middleware")]
//! # async fn build() -> Result<reqwest_middleware::ClientWithMiddleware, gcp_auth::Error> {
//! let guard = gcp_scopes::Guard::detect().await;
//! let tokens = guard.gcp_auth(gcp_auth::provider().await?);
//! let middleware = guard.middleware().with_token(tokens); // every call to Google gets a token
//! let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new());
//! let client = client.with(middleware).build();
//! # Ok(client)
//! # }
//! ```
//!
//! Only one provider of gcp_auth, `CustomServiceAccount`, creates tokens with exactly the scopes of
//! its argument `scopes`. The other providers ignore the argument
//! (<https://docs.rs/gcp_auth/latest/src/gcp_auth/metadata_service_account.rs.html>), and the type
//! that `gcp_auth::provider()` returns does not reveal which provider it is. Therefore the guard
//! trusts the argument only for a provider of the type `CustomServiceAccount`. The guard finds out
//! the scopes of all other tokens from the metadata server or tokeninfo.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gcp_auth::{Error, Token, TokenProvider};

use crate::error::BoxError;
use crate::granted::{AccessToken, GrantSource, GrantedScopes};
use crate::guard::Guard;
use crate::scope::Scope;
use crate::token_source::TokenSource;

/// A token provider of gcp_auth that declares its tokens to a guard. Created by
/// [`Guard::gcp_auth`].
///
/// ```no_run
/// use std::sync::Arc;
///
/// # #[cfg(feature = "tower")] {
/// let guard = gcp_scopes::Guard::builder().build();
/// let tokens = guard.gcp_auth(Arc::new(gcp_auth::CustomServiceAccount::from_file("key.json")?));
/// let layer = guard.layer().with_token(tokens.clone()); // `tokens` can also serve other clients
/// # }
/// # Ok::<(), gcp_auth::Error>(())
/// ```
pub struct GuardTokenProvider<P: ?Sized> {
    guard: Guard,
    provider: Arc<P>,
}

impl Guard {
    /// Wraps a token provider of gcp_auth: see [`adapter::gcp_auth`](crate::adapter::gcp_auth).
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let key = gcp_auth::CustomServiceAccount::from_file("key.json")?;
    /// let tokens = guard.gcp_auth(Arc::new(key)); // a `TokenProvider`, like `key`
    /// # Ok::<(), gcp_auth::Error>(())
    /// ```
    #[must_use]
    pub fn gcp_auth<P: TokenProvider + ?Sized>(&self, provider: Arc<P>) -> GuardTokenProvider<P> {
        GuardTokenProvider { guard: self.clone(), provider }
    }
}

impl<P: TokenProvider + ?Sized> GuardTokenProvider<P> {
    /// Declares the scopes of a token to the guard, if the provider's tokens have exactly the
    /// requested scopes.
    fn declare(&self, token: &Token, scopes: &[&str]) {
        let Some(access) =
            AccessToken::new(token.as_str()).filter(|_| grants_requested_scopes::<P>())
        else {
            return;
        };
        let scopes = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
        let granted = GrantedScopes::known(scopes, GrantSource::Declared);
        self.guard.declare(access, granted.with_expiry(token.expires_at().into()));
    }
}

/// Checks whether tokens of the provider `P` have exactly the requested scopes.
///
/// The check compares the type's name, because `CustomServiceAccount` exists only with one of
/// gcp_auth's TLS features, which the user chooses. For an unrecognized name the requested scopes
/// are not trusted, which is safe.
fn grants_requested_scopes<P: ?Sized>() -> bool {
    let name = type_name::<P>();
    name.starts_with("gcp_auth::") && name.ends_with("::CustomServiceAccount")
}

#[async_trait]
impl<P: TokenProvider + ?Sized> TokenProvider for GuardTokenProvider<P> {
    async fn token(&self, scopes: &[&str]) -> Result<Arc<Token>, Error> {
        let token = self.provider.token(scopes).await?;
        self.declare(&token, scopes);
        Ok(token)
    }

    async fn project_id(&self) -> Result<Arc<str>, Error> {
        self.provider.project_id().await
    }
}

impl<P: TokenProvider + ?Sized> TokenSource for GuardTokenProvider<P> {
    async fn token_for(&self, scope: &str) -> Result<String, BoxError> {
        Ok(TokenProvider::token(self, &[scope]).await?.as_str().to_owned())
    }
}

impl<P: ?Sized> Clone for GuardTokenProvider<P> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone(), provider: Arc::clone(&self.provider) }
    }
}

impl<P: ?Sized> fmt::Debug for GuardTokenProvider<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardTokenProvider").finish_non_exhaustive()
    }
}
