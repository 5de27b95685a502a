//! The scopes that a token holds, and the source that reports them.
//!
//! There are three cases: the scopes are known, scopes do not limit the token, or the scopes are
//! unknown for a given reason. Two rules apply:
//!
//! 1. Scopes are never guessed. If a source sends an unreadable response or an empty list, or is
//!    not reachable, the scopes are [unknown](GrantedScopes::is_unknown). They never count as "no
//!    scopes".
//! 2. The scopes that a program *requests* may differ from the *granted* scopes: the metadata
//!    server of a VM ignores `?scopes=`
//!    (<https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>).
//!
//! ```
//! use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes_catalog::scope::ScopeSet;
//!
//! let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
//! let granted = GrantedScopes::known(scopes, GrantSource::Declared);
//! assert_eq!(granted.scopes().map(ScopeSet::len), Some(1));
//! ```

mod jwt;

use std::borrow::Cow;
use std::time::SystemTime;

use gcp_scopes_catalog::scope::ScopeSet;

use crate::escape::escaped;

/// The scopes of a token, as far as they are known.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
///
/// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
/// let known = GrantedScopes::known(scopes, GrantSource::Declared);
/// let unrestricted = GrantedScopes::unrestricted(GrantSource::Jwt);
/// let unknown = GrantedScopes::unknown("the token broker is down");
/// assert!(known.scopes().is_some());
/// assert!(unrestricted.scopes().is_none() && unknown.scopes().is_none());
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
    Unrestricted,
    Unknown(Cow<'static, str>),
}

impl GrantedScopes {
    /// Creates the granted scopes of a token that holds exactly `scopes`. An empty set counts as
    /// [unknown](Self::unknown): every token holds a scope, so an empty list must be wrong. A set
    /// with a word that is not a `scope-token` of RFC 6749, section 3.3, counts as unknown too: the
    /// list was not understood.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// let pubsub = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
    /// assert!(!GrantedScopes::known(pubsub, GrantSource::Custom).is_unknown());
    /// assert!(GrantedScopes::known(ScopeSet::new(), GrantSource::Custom).is_unknown());
    /// let no_list = ScopeSet::from_scope_text("{\"error\":\"try later\"}");
    /// assert!(GrantedScopes::known(no_list, GrantSource::Custom).is_unknown());
    /// ```
    #[must_use]
    pub fn known(scopes: ScopeSet, source: GrantSource) -> Self {
        if scopes.is_empty() {
            return Self::unknown(format!("an empty list of scopes ({})", source.as_str()));
        }
        if !scopes.iter().all(|scope| scope.is_known() || is_scope_token(scope.as_str())) {
            let source = source.as_str();
            let why = "a list with a word that is not a scope";
            return Self::unknown(format!("{why} ({source})"));
        }
        Self::new(Held::Known(scopes), Some(source))
    }

    /// Creates the granted scopes of a VM that has no service account, or one without scopes: its
    /// metadata server issues no token.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantedScopes;
    ///
    /// assert!(GrantedScopes::without_account().scopes().is_some_and(|scopes| scopes.is_empty()));
    /// ```
    #[must_use]
    pub fn without_account() -> Self {
        Self::new(Held::Known(ScopeSet::new()), Some(GrantSource::Metadata))
    }

    /// Creates the granted scopes of a token that scopes do not limit, such as a self-signed JWT
    /// with an audience (<https://google.aip.dev/auth/4111>).
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// assert!(GrantedScopes::unrestricted(GrantSource::Jwt).is_unrestricted());
    /// ```
    #[must_use]
    pub fn unrestricted(source: GrantSource) -> Self {
        Self::new(Held::Unrestricted, Some(source))
    }

    /// Creates the granted scopes of a token whose scopes are unknown. `why` is the reason: a short
    /// text for a person, without secrets. Control characters and invisible characters in the text
    /// are escaped.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantedScopes;
    ///
    /// let granted = GrantedScopes::unknown("the token broker is down");
    /// assert_eq!(granted.why_unknown(), Some("the token broker is down"));
    /// ```
    #[must_use]
    pub fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Held::Unknown(escaped(why.into())), None)
    }

    const fn new(held: Held, source: Option<GrantSource>) -> Self {
        Self { held, source, expires_at: None, is_from_other_identity: false }
    }

    /// Marks the token as one that does not belong to the machine's service account. Use this
    /// function for a token that differs from the tokens that the metadata server issues.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantedScopes;
    ///
    /// let granted = GrantedScopes::unknown("not the machine's token").with_other_identity();
    /// assert!(granted.is_from_other_identity());
    /// ```
    #[must_use]
    pub fn with_other_identity(self) -> Self {
        Self { is_from_other_identity: true, ..self }
    }

    /// Returns whether the token is known to belong to another identity than the machine's service
    /// account. A change to the machine does not change such a token.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// assert!(!GrantedScopes::unrestricted(GrantSource::Jwt).is_from_other_identity());
    /// ```
    #[must_use]
    pub fn is_from_other_identity(&self) -> bool {
        self.is_from_other_identity
    }

    /// Sets the time at which the token expires.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let at = SystemTime::now() + Duration::from_secs(3599); // `expires_in` of an OAuth response
    /// let granted = GrantedScopes::unrestricted(GrantSource::Declared).with_expiry(at);
    /// assert_eq!(granted.expires_at(), Some(at));
    /// ```
    #[must_use]
    pub fn with_expiry(mut self, at: SystemTime) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Returns the scopes; `None` if they are unknown or do not limit the token.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// let held = ScopeSet::from_scope_text("openid email");
    /// let granted = GrantedScopes::known(held, GrantSource::Tokeninfo);
    /// assert_eq!(granted.scopes().map(ScopeSet::len), Some(2));
    /// ```
    #[must_use]
    #[inline]
    pub fn scopes(&self) -> Option<&ScopeSet> {
        match &self.held {
            Held::Known(scopes) => Some(scopes),
            Held::Unrestricted | Held::Unknown(_) => None,
        }
    }

    /// Returns whether the token is known to be one that scopes do not limit.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantedScopes;
    ///
    /// assert!(!GrantedScopes::unknown("no source was queried").is_unrestricted());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_unrestricted(&self) -> bool {
        matches!(self.held, Held::Unrestricted)
    }

    /// Returns whether the scopes are unknown.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// assert!(GrantedScopes::unknown("no source was queried").is_unknown());
    /// assert!(!GrantedScopes::unrestricted(GrantSource::Jwt).is_unknown());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_unknown(&self) -> bool {
        matches!(self.held, Held::Unknown(_))
    }

    /// Returns the reason why the scopes are unknown, for a person; `None` if they are known or do
    /// not limit the token.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// let empty = GrantedScopes::known(ScopeSet::new(), GrantSource::Metadata);
    /// assert_eq!(empty.why_unknown(), Some("an empty list of scopes (metadata)"));
    /// ```
    #[must_use]
    pub fn why_unknown(&self) -> Option<&str> {
        match &self.held {
            Held::Unknown(why) => Some(why),
            Held::Known(_) | Held::Unrestricted => None,
        }
    }

    /// Returns the source of the scopes; `None` if the scopes are unknown.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// assert_eq!(GrantedScopes::unrestricted(GrantSource::Jwt).source(), Some(GrantSource::Jwt));
    /// assert_eq!(GrantedScopes::unknown("no source was queried").source(), None);
    /// ```
    #[must_use]
    pub fn source(&self) -> Option<GrantSource> {
        self.source
    }

    /// Returns the time at which the token expires, if it is known.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// assert_eq!(GrantedScopes::unrestricted(GrantSource::Jwt).expires_at(), None);
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

/// Returns whether a word has the syntax of a scope.
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-3.3>
fn is_scope_token(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

/// The source that reports the scopes of a token.
///
/// ```
/// use gcp_scopes_explain::granted::GrantSource;
///
/// // A program may declare the wrong scopes; Google knows which scopes it granted.
/// assert!(GrantSource::Declared.is_unverified() && !GrantSource::Tokeninfo.is_unverified());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantSource {
    /// The claims of a self-signed JWT.
    Jwt,
    /// The token provider, which declares the scopes that its token was granted.
    Declared,
    /// The metadata server that issued the token.
    Metadata,
    /// Google's tokeninfo endpoint.
    Tokeninfo,
    /// A source that the program implements.
    Custom,
}

impl GrantSource {
    /// Returns the source as one word, for events and JSON.
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

    /// Returns whether the reported scopes may be wrong, because neither Google nor the token
    /// itself confirms them.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantSource;
    ///
    /// assert!(GrantSource::Custom.is_unverified() && !GrantSource::Jwt.is_unverified());
    /// ```
    #[must_use]
    pub fn is_unverified(self) -> bool {
        matches!(self, Self::Declared | Self::Custom)
    }

    /// Returns the words with which a report names the source.
    ///
    /// ```
    /// use gcp_scopes_explain::granted::GrantSource;
    ///
    /// assert_eq!(GrantSource::Tokeninfo.describe(), "from Google's tokeninfo");
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Jwt => "from the token's claims",
            Self::Declared => "as declared",
            Self::Metadata => "from the VM's metadata server",
            Self::Tokeninfo => "from Google's tokeninfo",
            Self::Custom => "from the program's own source",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_counts_as_unknown() {
        let granted = GrantedScopes::known(ScopeSet::new(), GrantSource::Metadata);
        assert!(granted.is_unknown() && granted.source().is_none());
        assert!(granted.why_unknown().unwrap().contains("metadata"));
    }

    #[test]
    fn a_list_with_a_word_that_is_no_scope_counts_as_unknown() {
        let granted = |word: &str| {
            let text = format!("https://www.googleapis.com/auth/pubsub {word}");
            GrantedScopes::known(ScopeSet::from_scope_text(&text), GrantSource::Jwt)
        };
        for word in ["openid", "https://example.com/auth/new", "a", "!#$%&'()*+,-./[]^_`{|}~"] {
            assert!(granted(word).scopes().is_some_and(|scopes| scopes.len() == 2), "{word}");
        }
        let outside = [
            '"',
            '\\',
            '\u{0}',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{a0}',
            '\u{e9}',
            '\u{202e}',
            '\u{e0041}',
        ];
        for character in outside {
            let granted = granted(&format!("https://example.com/{character}x"));
            assert!(granted.why_unknown().is_some_and(|why| why.contains("jwt")), "{character:?}");
        }
    }

    #[test]
    fn a_reason_has_no_control_and_no_invisible_character() {
        let why = "down:\u{1b}[31m\n\u{9b}\u{ad}\u{61c}\u{180e}\u{202e}\u{2060}\u{feff}\u{fff9}\
            \u{e0041} caf\u{e9}";
        let shown = GrantedScopes::unknown(why);
        assert_eq!(
            shown.why_unknown(),
            Some(concat!(
                r"down:\u{1b}[31m\u{a}\u{9b}\u{ad}\u{61c}\u{180e}\u{202e}\u{2060}\u{feff}",
                r"\u{fff9}\u{e0041} café"
            ))
        );
    }
}
