//! The quick check before a lookup: is the token certainly sufficient for the call?
//!
//! Most calls are allowed. For most of these the check needs only the host of the call, its verb,
//! and one bit, and not the method. If the check does not succeed, a [lookup](crate::lookup()) has
//! to decide. A failed check never means that the token is insufficient.

use std::fmt;

use crate::blob::{Host, VERBS, verb_code};
use crate::call::{Call, host};
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::path::equal;
use crate::scope::ScopeSet;
use crate::{matching, walk};

/// The sets of accepted scopes of which a token holds at least one scope: the token *opens* these
/// sets. A set contains the scopes that one method accepts, or that all methods of a host and a
/// verb accept.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::Endpoints;
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::raw::{CallPlace, OpenedSets};
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
///
/// let endpoints = Endpoints::new();
/// let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
/// let call = Call::new(&http::Method::POST, &uri);
/// let place = CallPlace::new(&call, &endpoints).ok_or("not a host of the catalog")?;
/// assert_eq!((place.host(), place.verb()), ("pubsub.googleapis.com", "POST"));
/// let allows = |held| OpenedSets::new(endpoints.catalog(), Some(&held)).allow(place, &call);
/// assert!(allows(ScopeSet::from_iter([Scope::cloud_platform()])));
/// assert!(!allows(ScopeSet::from_scope_text("openid")));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OpenedSets {
    /// One bit for each set, by its number.
    bits: Box<[u64]>,
}

impl OpenedSets {
    /// Returns the sets of a catalog that a token with these scopes opens. `None` stands for a
    /// token that is never judged insufficient, because no scope limits it or its scopes are not
    /// known: such a token opens every set, also the empty one.
    #[must_use]
    pub fn new(catalog: Catalog, held: Option<&ScopeSet>) -> Self {
        let opens = |set| held.is_none_or(|held| catalog.set_intersects(set, held));
        let word = |word: usize| {
            let bit = |bit| u16::try_from(word * 64 + bit).is_ok_and(opens);
            (0..64).fold(0, |bits, at| bits | u64::from(bit(at)) << at)
        };
        let words = catalog.blob().set_count().div_ceil(64);
        Self { bits: (0..words).map(word).collect() }
    }

    /// Checks whether the token is certainly sufficient for a call, whatever a lookup finds. If
    /// not, a lookup has to decide.
    ///
    /// The call must be [plain](Call::plain_token), and `place` its place in the catalog of these
    /// sets. The scopes that the caller [states](Call::with_needed_scopes) are ignored.
    #[inline]
    #[must_use]
    pub fn allow(&self, place: CallPlace, call: &Call<'_>) -> bool {
        self.opens(place.shared) || self.opens_method(place, call)
    }

    /// Checks whether the token opens the set of the call's method. At `www.googleapis.com`, checks
    /// first whether it opens the set that all methods of the API in the path share.
    #[inline(never)]
    fn opens_method(&self, place: CallPlace, call: &Call<'_>) -> bool {
        let (blob, host) = (place.catalog.blob(), place.host);
        let name = blob.host_name(host);
        let is_opened = |api| self.opens(blob.shared(api, u16::from(place.verb)));
        (equal(name, walk::WWW.as_bytes())
            && walk::api_at(blob, host, call.path()).is_some_and(is_opened))
            || matching::set_at(place.catalog, call, name, host).is_some_and(|set| self.opens(set))
    }

    #[inline]
    fn opens(&self, set: u16) -> bool {
        let word = self.bits.get(usize::from(set) / 64);
        word.is_some_and(|word| word >> (set % 64) & 1 != 0)
    }
}

/// The host and the verb of a call in the catalog.
#[derive(Clone, Copy)]
pub struct CallPlace {
    catalog: Catalog,
    host: Host,
    verb: u8,
    /// The number of the set of the scopes that all methods of the host with the verb accept.
    shared: u16,
}

impl CallPlace {
    /// Returns the place of a call. Returns `None` if the user mapped a host, which may have the
    /// name of a host of Google, or if the request does not contain exactly the name of a host and
    /// a verb of the catalog.
    #[inline]
    #[must_use]
    pub fn new(call: &Call<'_>, endpoints: &Endpoints) -> Option<Self> {
        let catalog = endpoints.catalog();
        let (host, verb) = (endpoints.exact_host(catalog, call)?, verb_code(call.verb())?);
        Some(Self { catalog, host, verb: verb as u8, shared: catalog.blob().shared(host, verb) })
    }

    /// Returns the name of the host.
    #[must_use]
    pub fn host(self) -> &'static str {
        matching::host_text(self.catalog.blob().host_name(self.host))
    }

    /// Returns the HTTP verb.
    #[must_use]
    pub fn verb(self) -> &'static str {
        VERBS.get(usize::from(self.verb).wrapping_sub(1)).copied().unwrap_or_default()
    }
}

/// Returns the host of a call that certainly serves no API of Google, with its user and its port.
/// For a call to it [`lookup`](crate::lookup()) returns
/// [`AbstainReason::Host`](crate::call::AbstainReason::Host).
#[inline]
#[must_use]
pub fn foreign_host<'a>(call: &Call<'a>, endpoints: &Endpoints) -> Option<&'a str> {
    let is_foreign = |host: &&str| host::is_foreign(host) && endpoints.has_only_googles_hosts();
    call.authority().filter(is_foreign)
}

impl fmt::Debug for CallPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallPlace({})", self.host())
    }
}

impl fmt::Debug for OpenedSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedSets").finish_non_exhaustive()
    }
}
