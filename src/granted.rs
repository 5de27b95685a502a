//! The scopes that a token was granted, the source of that knowledge, and how long the knowledge is
//! valid.
//!
//! The guard knows one of three facts about each token: the scopes of the token, that scopes do not
//! limit the token, or why the scopes are unknown.
//!
//! 1. Nothing is guessed. An unreadable response, an empty list and a server that is down all make
//!    the scopes [unknown](GrantedScopes::is_unknown), never "no scopes".
//! 2. *Requested* scopes are not *granted* scopes: the metadata server of a VM ignores `?scopes=`
//!    (<https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>).
//! 3. A token is sent only to the sources that the user configured. It is never part of a URL, an
//!    error or a log line.
//!
//! ```
//! use gcp_scopes::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes::ScopeSet;
//!
//! let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
//! let granted = GrantedScopes::known(scopes, GrantSource::Declared);
//! assert_eq!(granted.scopes().map(ScopeSet::len), Some(1));
//! ```

use std::fmt;

use http::HeaderValue;

pub(crate) mod clock;
pub(crate) mod fetch;
pub(crate) mod metadata;
#[cfg(all(test, shuttle))]
#[path = "granted/tests/models.rs"]
mod models;
#[cfg(all(feature = "metadata", not(feature = "tls")))]
mod no_tls;
#[cfg(feature = "metadata")]
pub(crate) mod own_client;
pub(crate) mod own_fetch;
pub(crate) mod source;
#[cfg(feature = "metadata")]
mod stream;
pub(crate) mod sync;
#[cfg(feature = "tls")]
mod tls;
pub(crate) mod token_cache;
pub(crate) mod token_table;
pub(crate) mod tokeninfo;

#[doc(inline)]
#[doc(inline)]
pub use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
#[doc(inline)]
pub use source::GrantedScopesSource;

/// A bearer token, borrowed from its owner. `Debug` does not print the token.
///
/// ```
/// use gcp_scopes::granted::AccessToken;
///
/// let header = http::HeaderValue::from_static("Bearer ya29.a0AfH6SM");
/// let token = AccessToken::from_authorization(&header).expect("a bearer token");
/// assert_eq!(format!("{token:?}"), "AccessToken(..)");
/// ```
#[derive(Clone, Copy)]
pub struct AccessToken<'a>(&'a str);

impl<'a> AccessToken<'a> {
    /// Returns the token of an `Authorization` header value. Returns `None` if the scheme is not
    /// `Bearer` or the rest of the value cannot be a token.
    ///
    /// ```
    /// use gcp_scopes::granted::AccessToken;
    ///
    /// let basic = http::HeaderValue::from_static("Basic dXNlcjpwYXNz");
    /// assert!(AccessToken::from_authorization(&basic).is_none());
    /// ```
    #[must_use]
    pub fn from_authorization(value: &'a HeaderValue) -> Option<Self> {
        let (scheme, token) = std::str::from_utf8(value.as_bytes()).ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return None;
        }
        Self::new(token)
    }

    /// Wraps a token without a scheme. Returns `None` if the token is empty or contains white
    /// space.
    ///
    /// ```
    /// use gcp_scopes::granted::AccessToken;
    ///
    /// assert!(AccessToken::new("ya29.a0AfH6SM").is_some());
    /// assert!(AccessToken::new("two words").is_none());
    /// ```
    #[must_use]
    pub fn new(token: &'a str) -> Option<Self> {
        let token = token.trim_matches(' ');
        // `fold` instead of `any`: without an early exit the compiler uses SIMD instructions.
        let is_invalid =
            token.bytes().fold(false, |is_invalid, byte| is_invalid | !byte.is_ascii_graphic());
        (!token.is_empty() && !is_invalid).then_some(Self(token))
    }

    /// Returns the token itself. Never print the token, and never put it into a URL.
    ///
    /// ```
    /// use gcp_scopes::granted::AccessToken;
    ///
    /// // A source of granted scopes may recognize its own tokens by their prefix.
    /// let token = AccessToken::new("broker-7f3a").expect("a token");
    /// assert!(token.secret().starts_with("broker-"));
    /// ```
    #[must_use]
    pub fn secret(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_scheme_is_case_insensitive() {
        let rows = [
            ("Bearer ya29.abc", Some("ya29.abc")),
            ("bearer ya29.abc", Some("ya29.abc")),
            ("BEARER   ya29.abc ", Some("ya29.abc")),
            ("Basic dXNlcjpwYXNz", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer two words", None),
            ("ya29.abc", None),
            ("", None),
        ];
        for (value, expected) in rows {
            let header = HeaderValue::from_static(value);
            assert_eq!(
                AccessToken::from_authorization(&header).map(AccessToken::secret),
                expected,
                "{value}"
            );
        }
        let binary = HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
        assert!(AccessToken::from_authorization(&binary).is_none());
    }

    #[test]
    fn debug_does_not_print_the_token() {
        let token = AccessToken::new("ya29.SECRET").unwrap();
        assert!(!format!("{token:?} {token:#?}").contains("SECRET"));
    }
}
