//! Gives calls a token that carry none, so that a service needs no other layer for it.
//!
//! A token goes to an API of Google's over TLS, or to a host that the user mapped to one, and
//! nowhere else. An `Authorization` that is there already stays, and a call with an API key goes out
//! with nothing but its key.
//!
//! ```
//! # use std::{future::Future, pin::Pin};
//! use gcp_scopes::Guard;
//! use gcp_scopes::adapter::attach::TokenSource;
//!
//! /// Tokens from a broker of our own.
//! struct Broker;
//!
//! impl TokenSource for Broker {
//!     fn token_for<'a>(
//!         &'a self,
//!         scope: &'a str,
//!     ) -> Pin<Box<dyn Future<Output = Result<String, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>> {
//!         Box::pin(async move { Ok(format!("ya29.for-{scope}")) })
//!     }
//! }
//!
//! let guard = Guard::builder().build();
//! # #[cfg(feature = "tower")]
//! let layer = guard.layer().with_token(Broker); // no other layer has to set `Authorization`
//! ```

use std::future::Future;
use std::pin::Pin;

use http::HeaderValue;
use http::header::InvalidHeaderValue;

use crate::error::{BoxError, Error};
use crate::scope::Scope;

/// Where a middleware gets tokens: what [`Guard::gcp_auth`](crate::Guard::gcp_auth) makes, or one of
/// your own.
///
/// ```
/// use std::error::Error;
/// use std::pin::Pin;
///
/// use gcp_scopes::adapter::attach::TokenSource;
///
/// // A source may be another one, wrapped: here it names what it asks for.
/// struct Loud<S>(S);
///
/// impl<S: TokenSource> TokenSource for Loud<S> {
///     fn token_for<'a>(
///         &'a self,
///         scope: &'a str,
///     ) -> Pin<Box<dyn Future<Output = Result<String, Box<dyn Error + Send + Sync>>> + Send + 'a>> {
///         eprintln!("a token for {scope}");
///         self.0.token_for(scope)
///     }
/// }
/// ```
pub trait TokenSource: Send + Sync {
    /// A bearer token, for which this scope is asked: a full URI. The source may answer with another
    /// one that it has; what is known of its scopes is for it to [declare](crate::Guard::declare).
    ///
    /// # Errors
    /// No token is to be had. The call then fails with this error as the source of its own.
    fn token_for<'a>(
        &'a self,
        scope: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send + 'a>>;
}

/// The header for a call that is to be given a token.
///
/// # Errors
/// The source had no token; its own error is the error's source.
pub(crate) async fn authorization(source: &dyn TokenSource, scope: &Scope) -> Result<HeaderValue, Error> {
    let token = source.token_for(scope.as_str()).await;
    let token = token.map_err(|error| Error::unreachable(NO_TOKEN).with_source(error))?;
    bearer(&token).map_err(|error| Error::unreachable(NO_TOKEN).with_source(error))
}

/// The header value that carries a token, marked so that nobody prints it.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

const NO_TOKEN: &str = "there is no token for this call";
