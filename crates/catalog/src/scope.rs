//! OAuth scopes and sets of them.
//!
//! A [`Scope`] is one scope URI, such as `https://www.googleapis.com/auth/devstorage.read_only`. A
//! [`ScopeSet`] contains the scopes that a token was granted, or the scopes that a method accepts.
//! The scopes that the catalog knows are stored as bits, so that two sets are compared by a few AND
//! instructions. Other scopes are stored by name, because a token with an unknown scope is never
//! judged insufficient and so must be recognized.
//!
//! ```
//! use gcp_scopes_catalog::scope::{Scope, ScopeSet};
//!
//! let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
//! let accepted: ScopeSet = ["storage-rw", "cloud-platform"]
//!     .map(str::parse::<Scope>)
//!     .into_iter()
//!     .collect::<Result<_, _>>()?;
//! assert!(!held.intersects(&accepted)); // this token cannot write, even if IAM permits it
//! # Ok::<(), gcp_scopes_catalog::Error>(())
//! ```

mod aliases;
mod known;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::error::{CatalogErrorKind, Error};
use crate::typo::nearest;
use aliases::{ALIASES, UNLISTED};
use known::{REACH, SCOPES};

/// The prefix of almost every Google scope. [`Scope::short`] omits the prefix.
const PREFIX: &str = "https://www.googleapis.com/auth/";
/// How many words of 64 bits have a bit for every known scope.
const WORDS: usize = SCOPES.len().div_ceil(64);

/// One OAuth 2.0 scope of a Google API.
///
/// ```
/// use gcp_scopes_catalog::scope::Scope;
///
/// let scope: Scope = "devstorage.read_only".parse()?;
/// assert_eq!(scope.as_str(), "https://www.googleapis.com/auth/devstorage.read_only");
/// assert_eq!(scope.short(), "devstorage.read_only");
/// assert_eq!("storage-ro".parse::<Scope>()?, scope); // the alias of gcloud
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Name);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Name {
    Known(u16),
    Other(Arc<str>),
}

impl Scope {
    /// Returns the scope that most Google Cloud methods accept, and that Google recommends for VMs.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert_eq!(Scope::cloud_platform().short(), "cloud-platform");
    /// ```
    #[must_use]
    pub fn cloud_platform() -> Self {
        Self::from_uri("https://www.googleapis.com/auth/cloud-platform")
    }

    /// Returns the scope with exactly this name. The catalog need not know the scope: use this
    /// function for the scopes of a token, and for scopes that a server reports.
    ///
    /// The OpenID names `email` and `profile` become the `userinfo` scopes that Google's endpoints
    /// report for these names (<https://developers.google.com/identity/protocols/oauth2/scopes>).
    /// Characters outside of printable ASCII, which no scope contains, are escaped.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// let known = Scope::from_uri("https://www.googleapis.com/auth/pubsub");
    /// let new = Scope::from_uri("https://www.googleapis.com/auth/brand.new");
    /// assert!(known.is_known() && !new.is_known());
    /// assert_eq!(
    ///     Scope::from_uri("email"),
    ///     Scope::from_uri("https://www.googleapis.com/auth/userinfo.email")
    /// );
    /// ```
    #[must_use]
    pub fn from_uri(uri: &str) -> Self {
        let uri = match uri {
            "email" => "https://www.googleapis.com/auth/userinfo.email",
            "profile" => "https://www.googleapis.com/auth/userinfo.profile",
            "https://mail.google.com" => "https://mail.google.com/",
            other => other,
        };
        match SCOPES.binary_search(&uri) {
            Ok(index) => Self::numbered(index),
            Err(_) if uri.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
                Self(Name::Other(uri.into()))
            }
            // The name may come from a server, and is shown on terminals and in logs.
            Err(_) => Self(Name::Other(uri.escape_default().to_string().into())),
        }
    }

    /// Returns every scope that the catalog knows.
    #[cfg(all(test, feature = "full"))]
    pub(crate) fn all_known() -> impl Iterator<Item = Self> {
        (0..SCOPES.len()).map(Self::numbered)
    }

    /// Returns the known scope with this number.
    pub(crate) fn numbered(index: usize) -> Self {
        Self(Name::Known(u16::try_from(index).expect("more than 65,535 scopes")))
    }

    /// Returns the number of a known scope.
    pub(crate) fn number(&self) -> Option<u16> {
        match self.0 {
            Name::Known(number) => Some(number),
            Name::Other(_) => None,
        }
    }

    /// Returns how many methods of the full catalog accept the scope: a measure of how much the
    /// scope permits. An unknown scope may permit anything.
    pub(crate) fn reach(&self) -> u16 {
        let place = self.number().map(usize::from);
        place.and_then(|place| REACH.get(place)).copied().unwrap_or(u16::MAX)
    }

    /// Returns the number of known scopes.
    pub(crate) const fn known_count() -> usize {
        SCOPES.len()
    }

    /// Returns the full URI.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert_eq!(
    ///     Scope::cloud_platform().as_str(),
    ///     "https://www.googleapis.com/auth/cloud-platform"
    /// );
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Known(index) => SCOPES[usize::from(*index)],
            Name::Other(uri) => uri,
        }
    }

    /// Returns the URI without `https://www.googleapis.com/auth/`. A URI with another prefix is
    /// returned unchanged.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert_eq!(
    ///     Scope::from_uri("https://www.googleapis.com/auth/drive.file").short(),
    ///     "drive.file"
    /// );
    /// assert_eq!(Scope::from_uri("https://mail.google.com/").short(), "https://mail.google.com/");
    /// ```
    #[must_use]
    pub fn short(&self) -> &str {
        self.as_str().strip_prefix(PREFIX).unwrap_or_else(|| self.as_str())
    }

    /// Returns the alias of the scope in gcloud, as in `--scopes=storage-ro`; `None` if it has
    /// none.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// let scope: Scope = "devstorage.read_only".parse()?;
    /// assert_eq!(scope.gcloud_alias(), Some("storage-ro"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn gcloud_alias(&self) -> Option<&'static str> {
        ALIASES.iter().find(|(_, short)| *short == self.short()).map(|(alias, _)| *alias)
    }

    /// Checks whether the catalog knows this scope.
    ///
    /// A token that holds an unknown scope is never judged insufficient, because the scope may be
    /// newer than the catalog.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert!(Scope::from_uri("https://www.googleapis.com/auth/pubsub").is_known());
    /// assert!(!Scope::from_uri("https://example.com/auth/ours").is_known());
    /// ```
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.0, Name::Known(_))
    }
}

/// Reads a scope that a person wrote: a full URI, a short name, or an alias of gcloud.
///
/// # Errors
/// Returns an error if the text is none of these; the message contains the nearest name.
impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.contains("://") && !text.contains(char::is_whitespace) {
            return Ok(Self::from_uri(text));
        }
        let alias =
            ALIASES.iter().find(|(alias, _)| *alias == text).map_or(text, |(_, short)| *short);
        let uris = [text, &format!("{PREFIX}{text}"), &format!("{PREFIX}{alias}")];
        uris.map(Self::from_uri).into_iter().find(Self::is_known).ok_or_else(|| unknown_scope(text))
    }
}

fn unknown_scope(text: &str) -> Error {
    let shorts = SCOPES.iter().map(|uri| uri.rsplit("/auth/").next().unwrap_or(uri));
    let near = nearest(text, shorts.chain(ALIASES.iter().map(|(alias, _)| *alias)));
    Error::unknown(CatalogErrorKind::UnknownScope, "scope", text, near.as_slice(), HINT)
}

const HINT: &str = "; write its full URI, or a short name such as `devstorage.read_only`, as in \
     https://developers.google.com/identity/protocols/oauth2/scopes";

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// Serializes the scope as its full URI.
impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Serializes the set as a list of full URIs.
impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// A set of scopes. The default is the empty set.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
///
/// let held = ScopeSet::from_scope_text("openid https://www.googleapis.com/auth/pubsub");
/// let accepted: ScopeSet = ["pubsub".parse()?, "cloud-platform".parse()?].into_iter().collect();
/// assert!(held.intersects(&accepted)); // one of the accepted scopes is enough
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet {
    bits: [u64; WORDS],
    others: Vec<Arc<str>>,
}

impl ScopeSet {
    /// Creates an empty set.
    ///
    /// ```
    /// assert!(gcp_scopes_catalog::scope::ScopeSet::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { bits: [0; WORDS], others: Vec::new() }
    }

    /// Reads the scopes in the `scope` field of an OAuth response or of a token, where white space
    /// separates the scopes.
    ///
    /// ```
    /// let set = gcp_scopes_catalog::scope::ScopeSet::from_scope_text(
    ///     "openid https://www.googleapis.com/auth/pubsub",
    /// );
    /// assert_eq!(set.len(), 2);
    /// ```
    #[must_use]
    pub fn from_scope_text(text: &str) -> Self {
        text.split_ascii_whitespace().map(Scope::from_uri).collect()
    }

    /// Adds a scope.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
    ///
    /// let mut wanted = ScopeSet::new();
    /// wanted.insert(Scope::cloud_platform());
    /// wanted.insert(Scope::cloud_platform());
    /// assert_eq!(wanted.len(), 1);
    /// ```
    pub fn insert(&mut self, scope: Scope) {
        match scope.0 {
            Name::Known(index) => self.bits[usize::from(index) / 64] |= 1 << (index % 64),
            Name::Other(uri) => {
                if let Err(place) = self.others.binary_search(&uri) {
                    self.others.insert(place, uri);
                }
            }
        }
    }

    /// Checks whether the set contains exactly this scope.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
    ///
    /// // `cloud-platform` does not contain other scopes: each method lists what it accepts.
    /// let held: ScopeSet = [Scope::cloud_platform()].into_iter().collect();
    /// assert!(held.contains(&Scope::cloud_platform()));
    /// assert!(!held.contains(&"pubsub".parse()?));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        match &scope.0 {
            Name::Known(index) => self.contains_numbered(usize::from(*index)),
            Name::Other(uri) => self.others.binary_search(uri).is_ok(),
        }
    }

    /// Checks whether the set contains the known scope with this number.
    #[inline]
    pub(crate) fn contains_numbered(&self, index: usize) -> bool {
        self.bits.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// Checks whether the two sets have a scope in common. A token is sufficient for a method if
    /// its scopes intersect the accepted scopes.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// let held = ScopeSet::from_scope_text("openid email");
    /// assert!(held.intersects(&ScopeSet::from_scope_text("email profile")));
    /// assert!(!held.intersects(&ScopeSet::new()));
    /// ```
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.bits.iter().zip(&other.bits).any(|(a, b)| a & b != 0)
            || self.others.iter().any(|uri| other.others.binary_search(uri).is_ok())
    }

    /// Returns the scopes that are in one of the two sets or in both.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// let (held, lacking) =
    ///     (ScopeSet::from_scope_text("openid email"), ScopeSet::from_scope_text("email profile"));
    /// assert_eq!(held.union(&lacking).len(), 3);
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// Checks whether the catalog knows every scope in the set.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// assert!(ScopeSet::from_scope_text("openid email").is_all_known());
    /// assert!(!ScopeSet::from_scope_text("openid https://example.com/auth/ours").is_all_known());
    /// ```
    #[must_use]
    pub fn is_all_known(&self) -> bool {
        self.others.is_empty()
    }

    /// Checks whether the set contains a scope that permits methods for which Google does not list
    /// the scope.
    pub(crate) fn holds_unlisted(&self) -> bool {
        UNLISTED.into_iter().any(|uri| self.contains(&Scope::from_uri(uri)))
    }

    /// Checks whether the set is empty.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// assert!(ScopeSet::from_scope_text(" ").is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.others.is_empty() && self.bits.iter().all(|word| *word == 0)
    }

    /// Returns the number of scopes in the set.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// assert_eq!(ScopeSet::from_scope_text("openid email openid").len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum::<usize>() + self.others.len()
    }

    /// Returns the scopes of the set. Known scopes come before unknown ones, and both are sorted by
    /// URI.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    ///
    /// let held = ScopeSet::from_scope_text(
    ///     "https://www.googleapis.com/auth/pubsub https://www.googleapis.com/auth/drive",
    /// );
    /// let names: Vec<String> = held.iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["drive", "pubsub"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        let of_word = |(word, bits): (usize, &u64)| {
            set_bits(*bits).map(move |bit| Scope::numbered(word * 64 + bit))
        };
        let known = self.bits.iter().enumerate().flat_map(of_word);
        known.chain(self.others.iter().map(|uri| Scope(Name::Other(uri.clone()))))
    }
}

/// Returns the positions of the bits that are set, the lowest first.
fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(bit)
    })
}

impl Extend<Scope> for ScopeSet {
    fn extend<I: IntoIterator<Item = Scope>>(&mut self, scopes: I) {
        for scope in scopes {
            self.insert(scope);
        }
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::new();
        set.extend(scopes);
        set
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_of_scopes_is_sorted_and_without_duplicates() {
        assert!(SCOPES.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_alias_stands_for_a_known_scope() {
        for (alias, short) in ALIASES {
            let scope: Scope = alias.parse().expect(alias);
            assert!(scope.is_known(), "{alias}");
            assert_eq!(scope.short(), short);
        }
    }

    #[test]
    fn the_error_for_an_unknown_scope_contains_the_nearest_name() {
        let error = "devstorage.read_onyl".parse::<Scope>().unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("devstorage.read_onyl") && text.contains("devstorage.read_only"),
            "{text}"
        );
    }

    #[test]
    fn a_set_stores_unknown_scopes_by_name() {
        let set = ScopeSet::from_scope_text(
            "https://example.com/auth/new openid https://example.com/auth/new",
        );
        assert_eq!(set.len(), 2);
        assert!(!set.is_all_known());
        assert!(set.contains(&Scope::from_uri("https://example.com/auth/new")));
        assert_eq!(
            set.iter().map(|s| s.to_string()).collect::<Vec<_>>(),
            ["openid", "https://example.com/auth/new"]
        );
    }

    #[test]
    fn sets_with_a_common_known_or_unknown_scope_intersect() {
        let a = ScopeSet::from_scope_text("openid https://example.com/x");
        assert!(a.intersects(&ScopeSet::from_scope_text("openid")));
        assert!(a.intersects(&ScopeSet::from_scope_text("https://example.com/x")));
        assert!(!a.intersects(&ScopeSet::from_scope_text("email https://example.com/y")));
        assert_eq!(a.union(&ScopeSet::from_scope_text("email openid")).len(), 3);
    }

    #[test]
    fn other_names_of_a_scope_give_the_same_scope() {
        for (name, uri) in [
            ("email", "https://www.googleapis.com/auth/userinfo.email"),
            ("profile", "https://www.googleapis.com/auth/userinfo.profile"),
            ("https://mail.google.com", "https://mail.google.com/"),
            ("openid", "openid"),
        ] {
            let scope = Scope::from_uri(name);
            assert_eq!((scope.as_str(), &scope), (uri, &Scope::from_uri(uri)));
            assert!(scope.is_known() && scope.to_string() == uri);
        }
        assert!(!Scope::from_uri("https://example.com/email").is_known());
    }

    #[test]
    fn debug_prints_the_short_names_of_a_set() {
        let set = ScopeSet::from_scope_text(
            "https://www.googleapis.com/auth/pubsub https://example.com/x",
        );
        assert_eq!(format!("{set:?}"), "{pubsub, https://example.com/x}");
    }

    #[test]
    fn characters_that_no_scope_contains_are_escaped() {
        let name = "https://example.com/\u{1b}[31m\u{202e}\u{e9}";
        let scope = Scope::from_uri(name);
        assert_eq!(scope.as_str(), r"https://example.com/\u{1b}[31m\u{202e}\u{e9}");
        assert_eq!(Scope::from_uri(name), scope);
        assert!(!scope.is_known());
    }

    /// Generates names of known and unknown scopes from small ranges, so that two generated sets
    /// often intersect.
    fn scopes() -> impl Strategy<Value = BTreeSet<String>> {
        let known = (0..SCOPES.len()).prop_map(|place| SCOPES[place].to_owned());
        let usual = (0..8_usize).prop_map(|place| SCOPES[place * SCOPES.len() / 8].to_owned());
        let unknown = r"https://example\.com/[a-e]";
        proptest::collection::btree_set(prop_oneof![known, usual, unknown.boxed()], 0..6)
    }

    fn set_of(scopes: &BTreeSet<String>) -> ScopeSet {
        scopes.iter().map(|uri| Scope::from_uri(uri)).collect()
    }

    proptest! {
        #[test]
        fn a_scope_set_behaves_like_a_set_of_names(first in scopes(), second in scopes()) {
            let names = |set: &ScopeSet| -> Vec<String> {
                set.iter().map(|scope| scope.to_string()).collect()
            };
            let sorted = |names: &BTreeSet<String>| {
                let (known, unknown): (Vec<_>, Vec<_>) =
                    names.iter().cloned().partition(|uri| SCOPES.contains(&uri.as_str()));
                [known, unknown].concat()
            };
            let (set, second_set) = (set_of(&first), set_of(&second));
            prop_assert_eq!(names(&set), sorted(&first));
            prop_assert_eq!(names(&set.union(&second_set)), sorted(&(&first | &second)));
            prop_assert_eq!(set.intersects(&second_set), !first.is_disjoint(&second));
            prop_assert_eq!((set.len(), set.is_empty()), (first.len(), first.is_empty()));
            prop_assert_eq!(set == second_set, first == second);
            let is_known = |uri: &String| SCOPES.contains(&uri.as_str());
            prop_assert_eq!(set.is_all_known(), first.iter().all(is_known));
            for uri in &second {
                prop_assert_eq!(set.contains(&Scope::from_uri(uri)), first.contains(uri));
            }
        }
    }
}
