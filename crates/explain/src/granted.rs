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
//! use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes_catalog::scope::ScopeSet;
//!
//! let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
//! let granted = GrantedScopes::known(scopes, GrantSource::Declared);
//! assert_eq!(granted.scopes().map(ScopeSet::len), Some(1));
//! ```

use std::borrow::Cow;
use std::time::SystemTime;

use gcp_scopes_catalog::KnownHost;
use gcp_scopes_catalog::scope::ScopeSet;

/// What a token may do as far as scopes go: the answer of one who knows its tokens.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
///
/// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
/// let known = GrantedScopes::known(scopes, GrantSource::Declared);
/// let open = GrantedScopes::unrestricted(GrantSource::Jwt);
/// let unknown = GrantedScopes::unknown("the token broker is down");
/// assert!(known.scopes().is_some() && open.scopes().is_none() && unknown.scopes().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedScopes {
    held: Held,
    source: Option<GrantSource>,
    expires_at: Option<SystemTime>,
    is_from_other_identity: bool,
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
    /// # use gcp_scopes_catalog::scope::ScopeSet;
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
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
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// assert!(GrantedScopes::unrestricted(GrantSource::Jwt).is_unrestricted());
    /// ```
    #[must_use]
    pub fn unrestricted(source: GrantSource) -> Self {
        Self::of(Held::NotLimited, Some(source))
    }

    /// Nobody could say, and why: a short text for a person, without any secret.
    ///
    /// ```
    /// # use gcp_scopes_explain::granted::GrantedScopes;
    /// let granted = GrantedScopes::unknown("the token broker is down");
    /// assert_eq!(granted.why_unknown(), Some("the token broker is down"));
    /// ```
    #[must_use]
    pub fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Held::Unknown(why.into()), None)
    }

    const fn of(held: Held, source: Option<GrantSource>) -> Self {
        Self { held, source, expires_at: None, is_from_other_identity: false }
    }

    /// The same answer about a token that the machine's metadata server does not know for its own.
    #[must_use]
    pub fn from_other_identity(self) -> Self {
        Self { is_from_other_identity: true, ..self }
    }

    /// Whether the machine's metadata server does not know the token for its own, so that what is done to
    /// the machine need not change what the token holds.
    #[must_use]
    pub fn is_from_other_identity(&self) -> bool {
        self.is_from_other_identity
    }

    /// The same answer about a token that expires then.
    ///
    /// ```
    /// # use gcp_scopes_catalog::scope::ScopeSet;
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
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
    /// # use gcp_scopes_catalog::scope::ScopeSet;
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
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
    /// # use gcp_scopes_explain::granted::GrantedScopes;
    /// assert!(!GrantedScopes::unknown("nobody was asked").is_unrestricted());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_unrestricted(&self) -> bool {
        matches!(self.held, Held::NotLimited)
    }

    /// Whether nobody could say.
    ///
    /// ```
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// assert!(GrantedScopes::unknown("nobody was asked").is_unknown());
    /// assert!(!GrantedScopes::unrestricted(GrantSource::Jwt).is_unknown());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_unknown(&self) -> bool {
        matches!(self.held, Held::Unknown(_))
    }

    /// Whether the token is known to open every method of this host.
    #[must_use]
    #[inline]
    pub fn opens(&self, host: KnownHost) -> bool {
        match &self.held {
            Held::Known(scopes) => host.is_open_to(Some(scopes)),
            Held::NotLimited => host.is_open_to(None),
            Held::Unknown(_) => false,
        }
    }

    /// Why the scopes are unknown, for a person. `None` where they are not.
    ///
    /// ```
    /// # use gcp_scopes_catalog::scope::ScopeSet;
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
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
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// assert_eq!(GrantedScopes::unrestricted(GrantSource::Jwt).source(), Some(GrantSource::Jwt));
    /// assert_eq!(GrantedScopes::unknown("nobody was asked").source(), None);
    /// ```
    #[must_use]
    pub fn source(&self) -> Option<GrantSource> {
        self.source
    }

    /// When the token expires, where that is known.
    ///
    /// ```
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// assert_eq!(GrantedScopes::unrestricted(GrantSource::Jwt).expires_at(), None);
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

/// Where an answer about granted scopes comes from.
///
/// ```
/// use gcp_scopes_explain::granted::GrantSource;
///
/// // The program's own word about a token may be wrong; Google's own is not.
/// assert!(GrantSource::Declared.is_unverified() && !GrantSource::Tokeninfo.is_unverified());
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
    /// A source of the user's own.
    Custom,
}

impl GrantSource {
    /// The name in reports and events.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::granted::GrantSource::Metadata.as_str(), "metadata");
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
    #[must_use]
    pub fn is_unverified(self) -> bool {
        matches!(self, Self::Declared | Self::Custom)
    }

    /// The same for a person.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Jwt => "as the token itself says",
            Self::Declared => "as declared",
            Self::Metadata => "as the VM's metadata server says",
            Self::Tokeninfo => "as Google's tokeninfo says",
            Self::Custom => "as the program's own source says",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_unknown_and_says_who_sent_it() {
        let granted = GrantedScopes::known(ScopeSet::new(), GrantSource::Metadata);
        assert!(granted.is_unknown() && granted.source().is_none());
        assert!(granted.why_unknown().unwrap().contains("metadata"));
    }
}
