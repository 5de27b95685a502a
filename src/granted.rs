//! Which scopes a token was granted, how we know, and for how long.
//!
//! A verdict is worth no more than this answer, so there are three of them: the scopes are known,
//! the token is not limited by scopes at all, or nobody could say, and why.
//!
//! 1. Nothing is ever guessed. Garbage, an empty list and a server that is down are all
//!    [unknown](GrantedScopes::is_unknown), never "no scopes".
//! 2. The scopes that were *asked for* are not what was *granted*: the metadata server of a VM
//!    ignores `?scopes=` (<https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>).
//! 3. A token is looked at only by the sources the user chose. It is never part of a URL, an error
//!    or a log line.
//!
//! ```
//! use gcp_scopes::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes::ScopeSet;
//!
//! let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
//! let granted = GrantedScopes::known(scopes, GrantSource::Declared);
//! assert_eq!(granted.scopes().map(ScopeSet::len), Some(1));
//! ```

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use http::HeaderValue;

use crate::scope::ScopeSet;

pub(crate) mod cache;
pub(crate) mod clock;
pub(crate) mod fetch;
pub(crate) mod inspection;
pub(crate) mod jwt;
pub(crate) mod metadata;
#[cfg(all(test, shuttle))]
mod models;
#[cfg(feature = "metadata")]
pub(crate) mod own_client;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest_fetch;
pub(crate) mod source;
#[cfg(feature = "metadata")]
mod stream;
pub(crate) mod sync;
#[cfg(feature = "tls")]
mod tls;
#[cfg(all(feature = "metadata", not(feature = "tls")))]
#[path = "granted/no_tls.rs"]
mod tls;
pub(crate) mod tokeninfo;

#[doc(inline)]
pub use fetch::Fetch;
#[cfg(feature = "reqwest")]
#[doc(inline)]
pub use reqwest_fetch::ReqwestFetch;
#[doc(inline)]
pub use source::GrantedScopesSource;

/// What a token may do as far as scopes go: the answer of a [`GrantedScopesSource`].
///
/// ```
/// use gcp_scopes::ScopeSet;
/// use gcp_scopes::granted::{GrantSource, GrantedScopes};
///
/// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
/// let known = GrantedScopes::known(scopes, GrantSource::Declared);
/// let open = GrantedScopes::not_limited(GrantSource::Jwt);
/// let unknown = GrantedScopes::unknown("the token broker is down");
/// assert!(known.scopes().is_some() && open.scopes().is_none() && unknown.scopes().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedScopes {
    held: Held,
    source: Option<GrantSource>,
    expires_at: Option<SystemTime>,
    is_anothers: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Known(ScopeSet),
    NotLimited,
    Unknown(Cow<'static, str>),
}

impl GrantedScopes {
    /// Exactly these scopes, as `source` says. No scopes at all is [unknown](Self::unknown): every
    /// token has one, so an empty list is a list that was not understood.
    ///
    /// ```
    /// # use gcp_scopes::{ScopeSet, granted::{GrantSource, GrantedScopes}};
    /// let pubsub = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
    /// assert!(!GrantedScopes::known(pubsub, GrantSource::Custom).is_unknown());
    /// assert!(GrantedScopes::known(ScopeSet::new(), GrantSource::Custom).is_unknown());
    /// ```
    #[must_use]
    pub fn known(scopes: ScopeSet, source: GrantSource) -> Self {
        if scopes.is_empty() {
            return Self::unknown(format!("an empty list of scopes ({})", source.as_str()));
        }
        Self::of(Held::Known(scopes), Some(source))
    }

    /// A token that scopes do not limit, such as a self-signed JWT with an audience
    /// (<https://google.aip.dev/auth/4111>).
    ///
    /// ```
    /// # use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// assert!(GrantedScopes::not_limited(GrantSource::Jwt).is_not_limited());
    /// ```
    #[must_use]
    pub fn not_limited(source: GrantSource) -> Self {
        Self::of(Held::NotLimited, Some(source))
    }

    /// Nobody could say, and why: a short text for a person, without any secret.
    ///
    /// ```
    /// # use gcp_scopes::granted::GrantedScopes;
    /// let granted = GrantedScopes::unknown("the token broker is down");
    /// assert_eq!(granted.why_unknown(), Some("the token broker is down"));
    /// ```
    #[must_use]
    pub fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Held::Unknown(why.into()), None)
    }

    const fn of(held: Held, source: Option<GrantSource>) -> Self {
        Self { held, source, expires_at: None, is_anothers: false }
    }

    /// The same answer about a token that the machine's metadata server does not know for its own.
    pub(crate) fn of_another(self) -> Self {
        Self { is_anothers: true, ..self }
    }

    /// Whether the machine's metadata server does not know the token for its own, so that what is done to
    /// the machine need not change what the token holds.
    pub(crate) fn is_anothers(&self) -> bool {
        self.is_anothers
    }

    /// The same answer about a token that expires then.
    ///
    /// ```
    /// # use gcp_scopes::{ScopeSet, granted::{GrantSource, GrantedScopes}};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let at = SystemTime::now() + Duration::from_secs(3599); // `expires_in` of an OAuth answer
    /// let granted = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Declared).with_expiry(at);
    /// assert_eq!(granted.expires_at(), Some(at));
    /// ```
    #[must_use]
    pub fn with_expiry(mut self, at: SystemTime) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// The granted scopes, where they are known and do limit the token.
    ///
    /// ```
    /// # use gcp_scopes::{ScopeSet, granted::{GrantSource, GrantedScopes}};
    /// let granted = GrantedScopes::known(ScopeSet::from_scope_text("openid email"), GrantSource::Tokeninfo);
    /// assert_eq!(granted.scopes().map(ScopeSet::len), Some(2));
    /// ```
    #[must_use]
    #[inline]
    pub fn scopes(&self) -> Option<&ScopeSet> {
        match &self.held {
            Held::Known(scopes) => Some(scopes),
            Held::NotLimited | Held::Unknown(_) => None,
        }
    }

    /// Whether scopes do not limit this token.
    ///
    /// ```
    /// # use gcp_scopes::granted::GrantedScopes;
    /// assert!(!GrantedScopes::unknown("nobody was asked").is_not_limited());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_not_limited(&self) -> bool {
        matches!(self.held, Held::NotLimited)
    }

    /// Whether nobody could say.
    ///
    /// ```
    /// # use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// assert!(GrantedScopes::unknown("nobody was asked").is_unknown());
    /// assert!(!GrantedScopes::not_limited(GrantSource::Jwt).is_unknown());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_unknown(&self) -> bool {
        matches!(self.held, Held::Unknown(_))
    }

    /// Why the scopes are unknown, for a person. `None` where they are not.
    ///
    /// ```
    /// # use gcp_scopes::{ScopeSet, granted::{GrantSource, GrantedScopes}};
    /// let empty = GrantedScopes::known(ScopeSet::new(), GrantSource::Metadata);
    /// assert_eq!(empty.why_unknown(), Some("an empty list of scopes (metadata)"));
    /// ```
    #[must_use]
    pub fn why_unknown(&self) -> Option<&str> {
        match &self.held {
            Held::Unknown(why) => Some(why),
            Held::Known(_) | Held::NotLimited => None,
        }
    }

    /// Who said so. `None` where the scopes are unknown.
    ///
    /// ```
    /// # use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// assert_eq!(GrantedScopes::not_limited(GrantSource::Jwt).source(), Some(GrantSource::Jwt));
    /// assert_eq!(GrantedScopes::unknown("nobody was asked").source(), None);
    /// ```
    #[must_use]
    pub fn source(&self) -> Option<GrantSource> {
        self.source
    }

    /// When the token expires, where that is known.
    ///
    /// ```
    /// # use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// assert_eq!(GrantedScopes::not_limited(GrantSource::Jwt).expires_at(), None);
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

/// Where an answer about granted scopes comes from.
///
/// ```
/// use gcp_scopes::Guard;
/// use gcp_scopes::granted::GrantSource;
///
/// // In a company whose tokens are not the metadata server's, tokeninfo knows more of them.
/// let guard = Guard::builder().ask_in_order([GrantSource::Tokeninfo, GrantSource::Metadata]).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantSource {
    /// The claims of a self-signed JWT, which is its own proof.
    Jwt,
    /// The provider of the token said what it was granted.
    Declared,
    /// The metadata server of the VM that minted the token.
    Metadata,
    /// Google's tokeninfo endpoint.
    Tokeninfo,
    /// A [`GrantedScopesSource`] of the user's own.
    Custom,
}

impl GrantSource {
    /// The name in reports and events.
    ///
    /// ```
    /// assert_eq!(gcp_scopes::granted::GrantSource::Metadata.as_str(), "metadata");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Declared => "declared",
            Self::Metadata => "metadata",
            Self::Tokeninfo => "tokeninfo",
            Self::Custom => "custom",
        }
    }

    /// Whether this is the word of somebody who could be mistaken about a token.
    pub(crate) fn is_hearsay(self) -> bool {
        matches!(self, Self::Declared | Self::Custom)
    }

    /// The same for a person.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Jwt => "as the token itself says",
            Self::Declared => "as declared",
            Self::Metadata => "as the VM's metadata server says",
            Self::Tokeninfo => "as Google's tokeninfo says",
            Self::Custom => "as the program's own source says",
        }
    }
}

/// A bearer token, borrowed from where the caller keeps it. `Debug` does not print it.
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
    /// The token of an `Authorization` header value; `None` for another scheme than `Bearer`, and
    /// for a value that cannot be a token.
    ///
    /// ```
    /// # use gcp_scopes::granted::AccessToken;
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

    /// A token on its own; `None` if it is empty or holds white space.
    ///
    /// ```
    /// # use gcp_scopes::granted::AccessToken;
    /// assert!(AccessToken::new("ya29.a0AfH6SM").is_some());
    /// assert!(AccessToken::new("two words").is_none());
    /// ```
    #[must_use]
    pub fn new(token: &'a str) -> Option<Self> {
        let token = token.trim_matches(' ');
        // All bytes and no early end, which a compiler turns into a few wide instructions.
        let odd = token.bytes().fold(false, |odd, byte| odd | !byte.is_ascii_graphic());
        (!token.is_empty() && !odd).then_some(Self(token))
    }

    /// The token itself. Never print it, and never put it into a URL.
    ///
    /// ```
    /// # use gcp_scopes::granted::AccessToken;
    /// // A source that knows its own tokens by their form.
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
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
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
    fn a_token_is_not_printed() {
        let token = AccessToken::new("ya29.SECRET").unwrap();
        assert!(!format!("{token:?} {token:#?}").contains("SECRET"));
    }

    #[test]
    fn an_empty_list_is_unknown_and_says_who_sent_it() {
        let granted = GrantedScopes::known(ScopeSet::new(), GrantSource::Metadata);
        assert!(granted.is_unknown() && granted.source().is_none());
        assert!(granted.why_unknown().unwrap().contains("metadata"));
    }
}
