//! Adds tokens to calls without a token, so that a service needs no other layer for authorization.
//!
//! A token is sent only to Google APIs over TLS, and to hosts that the user mapped to a Google API.
//! An existing `Authorization` header is kept, and a call with an API key gets no token.
//!
//! ```
//! use gcp_scopes::{BoxError, Guard};
//! use gcp_scopes::token_source::TokenSource;
//!
//! /// A source that gets tokens from a broker of our own.
//! struct Broker;
//!
//! impl TokenSource for Broker {
//!     async fn token_for(&self, scope: &str) -> Result<String, BoxError> {
//!         Ok(format!("ya29.for-{scope}"))
//!     }
//! }
//!
//! let guard = Guard::builder().build();
//! # #[cfg(feature = "tower")]
//! let layer = guard.layer().with_token(Broker); // no other layer has to set `Authorization`
//! ```

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use gcp_scopes_catalog::{least_scope, widest_scope};
use http::HeaderValue;
use http::header::InvalidHeaderValue;

use crate::call::{AbstainReason, Call};
use crate::catalog::{self, Endpoints, Lookup};
use crate::error::{BoxError, Error};
use crate::guard::Guard;
use crate::scope::Scope;

/// A source of the tokens that a middleware adds: the result of [`Guard::gcp_auth`], or your own
/// type.
///
/// ```
/// use gcp_scopes::BoxError;
/// use gcp_scopes::token_source::TokenSource;
///
/// // A source may wrap another source: this one prints the requested scopes.
/// struct Loud<S>(S);
///
/// impl<S: TokenSource> TokenSource for Loud<S> {
///     async fn token_for(&self, scope: &str) -> Result<String, BoxError> {
///         eprintln!("a token for {scope}");
///         self.0.token_for(scope).await
///     }
/// }
/// ```
///
/// [`Guard::gcp_auth`]:
///   https://docs.rs/gcp-scopes/latest/gcp_scopes/struct.Guard.html#method.gcp_auth
pub trait TokenSource: Send + Sync {
    /// Returns a bearer token for this scope, which is a full URI. The source may return a token
    /// with other scopes; if it knows the scopes of the token, it should
    /// [declare](crate::Guard::declare) them.
    ///
    /// # Errors
    /// The reason why there is no token. The call then fails with an error whose `source()` is this
    /// error.
    fn token_for(&self, scope: &str) -> impl Future<Output = Result<String, BoxError>> + Send;
}

/// A [`TokenSource`] as a trait object.
pub(crate) trait DynTokenSource: Send + Sync {
    /// Returns the `Authorization` header value with a token for this scope. `source()` of the
    /// error is the source's own error.
    fn authorization<'a>(&'a self, scope: &'a Scope) -> BoxedAuthorization<'a>;
}

/// The type of a source that does not exist. An adapter whose field is an `Option<S>` uses it for
/// `S` if the user gives no source.
impl TokenSource for Infallible {
    async fn token_for(&self, _: &str) -> Result<String, BoxError> {
        match *self {}
    }
}

type BoxedAuthorization<'a> = Pin<Box<dyn Future<Output = Result<HeaderValue, Error>> + Send + 'a>>;

impl<S: TokenSource> DynTokenSource for S {
    fn authorization<'a>(&'a self, scope: &'a Scope) -> BoxedAuthorization<'a> {
        Box::pin(async move {
            let token = self.token_for(scope.as_str()).await;
            let token = token.map_err(|error| Error::unreachable(NO_TOKEN).with_source(error))?;
            bearer(&token).map_err(|error| Error::unreachable(NO_TOKEN).with_source(error))
        })
    }
}

impl fmt::Debug for dyn DynTokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynTokenSource")
    }
}

/// Returns the `Authorization` header value of a token, marked as sensitive.
///
/// # Errors
/// An error if the token contains characters that a header value cannot contain.
pub fn bearer(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    // `Debug` prints no sensitive value, and HTTP/2 does not keep it for compression:
    // <https://docs.rs/http/latest/http/header/struct.HeaderValue.html#method.is_sensitive>
    value.set_sensitive(true);
    Ok(value)
}

impl Guard {
    /// Returns the value of the header `Authorization` for this call, with a token from `source`,
    /// or `None` if the call must not get a token. A call gets a token if it has no credentials and
    /// goes to a Google API over TLS, or to a host that the user mapped. A host that only an
    /// environment variable such as `STORAGE_EMULATOR_HOST` maps gets no token, unless the host is
    /// this machine.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes::token_source::TokenSource;
    /// use gcp_scopes::{BoxError, Guard, call::Call};
    ///
    /// struct Fixed;
    ///
    /// impl TokenSource for Fixed {
    ///     async fn token_for(&self, _scope: &str) -> Result<String, BoxError> {
    ///         Ok("ya29.a0AfH6SM".to_owned())
    ///     }
    /// }
    ///
    /// let guard = Guard::builder().build();
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let value = guard.authorization(&Call::new(&http::Method::GET, &uri), &Fixed).await?;
    /// // `Debug` does not print the token.
    /// assert!(value.is_some_and(|value| value.is_sensitive()));
    ///
    /// let uri = "http://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let value = guard.authorization(&Call::new(&http::Method::GET, &uri), &Fixed).await?;
    /// assert_eq!(value, None); // not over TLS
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An error if the source has no token; `source()` is the source's own error.
    pub async fn authorization(
        &self,
        call: &Call<'_>,
        source: &impl TokenSource,
    ) -> Result<Option<HeaderValue>, Error> {
        match self.scope_to_request(call) {
            Some(scope) => source.authorization(&scope).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the scope for which a token for this call is requested, or `None` if the call must
    /// not get a token.
    pub(crate) fn scope_to_request(&self, call: &Call<'_>) -> Option<Scope> {
        if call.has_credentials() {
            return None;
        }
        let endpoints = &self.state().token_endpoints;
        // Stated scopes are ignored, because they do not prove that the host belongs to Google.
        let call = &call.with_needed_scopes(None);
        let lookup = catalog::lookup(call, endpoints);
        // A mapping of one of Google's own hosts does not count: without TLS, the token would cross
        // the network unencrypted.
        let is_mapped_by_user =
            || endpoints.is_mapped(call) && !catalog::lookup(call, &Endpoints::new()).is_google();
        if !lookup.is_google()
            || lookup.abstain_reason() == Some(AbstainReason::Signed)
            || !(call.is_over_tls() || is_mapped_by_user())
        {
            return None;
        }
        Some(scope_for(&lookup))
    }
}

/// Returns the scope for which a token for this call is requested: the narrowest scope that the
/// method accepts. If that is not known, the scope is `cloud-platform`, or the widest scope of an
/// API that does not accept `cloud-platform`.
pub(crate) fn scope_for(call: &Lookup) -> Scope {
    let accepted = call.method().map(|method| method.accepted());
    accepted.as_ref().and_then(least_scope).unwrap_or_else(|| {
        let (accepted, platform) = (call.accepted_by_service(), Scope::cloud_platform());
        let has_platform = accepted.contains(&platform);
        widest_scope(&accepted).filter(|_| !has_platform).unwrap_or(platform)
    })
}

const NO_TOKEN: &str = "there is no token for this call";

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::header::AUTHORIZATION;
    use http::{HeaderMap, HeaderName};

    use super::*;

    #[test]
    fn only_google_apis_over_tls_and_mapped_hosts_get_a_token() {
        let guard =
            Guard::builder().endpoint("http://127.0.0.1:4443", "storage.googleapis.com").unwrap();
        let guard = guard.universe("s3nsapis.fr").unwrap().build();
        let rows = [
            // Google APIs over TLS, the mapped host, and the universe.
            ("https://storage.googleapis.com/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("https://storage.googleapis.com:443/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("http://127.0.0.1:4443/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("https://storage.s3nsapis.fr/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            // Calls without a method: the API accepts `cloud-platform`, or does not, or is unknown.
            ("https://pubsub.googleapis.com/v1/no/such/method/at/all", Some("cloud-platform")),
            ("https://sheets.googleapis.com/v9/no/such/method", Some("drive")),
            ("https://www.googleapis.com/calendar/v9/no/such/method", Some("calendar")),
            ("https://www.googleapis.com/compute/v9/no/such/method", Some("cloud-platform")),
            ("https://www.googleapis.com/unknown/v1", Some("cloud-platform")),
            // No TLS.
            ("http://storage.googleapis.com/storage/v1/b/b/o/x", None),
            ("http://storage.s3nsapis.fr/storage/v1/b/b/o/x", None),
            // Calls with and without credentials in the query.
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?access_token=mine", None),
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?a=b&oauth_token=mine", None),
            (
                "https://storage.googleapis.com/storage/v1/b/b/o?page_token=2",
                Some("devstorage.read_only"),
            ),
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?alt=media&key=mine", None),
            (
                "https://storage.googleapis.com/storage/v1/b/b/o?prefix=key",
                Some("devstorage.read_only"),
            ),
            // Other ports, a signed URL, and hosts that are no Google APIs.
            ("https://storage.googleapis.com:8443/storage/v1/b/b/o/x", None),
            ("http://127.0.0.1:4444/storage/v1/b/b/o/x", None),
            ("https://storage.googleapis.com/b/x?X-Goog-Signature=0&X-Goog-Credential=0", None),
            ("https://storage.googleapis.com.evil.example/storage/v1/b/b/o/x", None),
            ("https://storage.googleapis.com@evil.example/storage/v1/b/b/o/x", None),
            ("https://oauth2.googleapis.com/token", None),
            ("https://mine-abc.run.app/", None),
            ("http://metadata.google.internal/computeMetadata/v1/", None),
            ("https://example.com/", None),
            ("/storage/v1/b/b/o/x", None),
        ];
        for (url, expected) in rows {
            let (verb, uri) = (http::Method::GET, url.parse().unwrap());
            let headers = HeaderMap::new();
            let scope = guard.scope_to_request(&Call::new(&verb, &uri).with_headers(&headers));
            assert_eq!(scope.as_ref().map(Scope::short), expected, "{url}");
            for (name, value) in [
                (AUTHORIZATION, "Bearer mine"),
                (HeaderName::from_static("x-goog-api-key"), "mine"),
            ] {
                let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
                assert_eq!(
                    guard.scope_to_request(&Call::new(&verb, &uri).with_headers(&headers)),
                    None,
                    "{url}"
                );
            }
        }
    }
}
