//! The first half of a lookup: finding the host of a call, without searching for the method.

use std::fmt;

use crate::blob::Host;
use crate::call::{Call, host};
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::lookup::Lookup;
use crate::matching;
use crate::scope::ScopeSet;

/// A host of the catalog, found by the name that the request contains.
///
/// Finding the host is the first half of a [lookup](crate::lookup()). Programs that look up many
/// calls with one token can often skip the second half: if the token is [sufficient for every
/// method of the host with the call's verb](Self::accepts_by_verb), the method does not matter.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
/// use gcp_scopes_catalog::Endpoints;
/// use gcp_scopes_catalog::raw::KnownHost;
///
/// let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
/// let call = Call::new(&http::Method::POST, &uri);
/// let host = KnownHost::find(&call, &Endpoints::new()).ok_or("no host of the catalog")?;
/// assert!(host.accepts_by_verb(&call, Some(&ScopeSet::from_iter([Scope::cloud_platform()]))));
/// assert!(!host.accepts_by_verb(&call, Some(&ScopeSet::from_scope_text("openid"))));
/// let method = host.lookup(&call).method();
/// assert_eq!(method.map(|method| method.id()), Some("pubsub.projects.topics.publish"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct KnownHost {
    catalog: Catalog,
    host: Host,
}

impl KnownHost {
    /// Returns the host of a call; `None` if the host name in the request is not a name in the
    /// catalog, or if the request line alone does not determine the method (gRPC, batch and copy
    /// requests).
    #[inline]
    #[must_use]
    pub fn find(call: &Call<'_>, endpoints: &Endpoints) -> Option<Self> {
        let host = endpoints.exact_host(endpoints.catalog(), call).filter(|_| call.is_plain())?;
        Some(Self { catalog: endpoints.catalog(), host })
    }

    /// Checks whether a token with these scopes is sufficient for every method of the host that has
    /// the verb of this call. `None` stands for a token that is not limited by scopes.
    ///
    /// At `www.googleapis.com` only the methods of the API in the path count. Returns `false` for
    /// every token if the methods share no scope.
    #[inline]
    #[must_use]
    pub fn accepts_by_verb(self, call: &Call<'_>, held: Option<&ScopeSet>) -> bool {
        let shared = self.catalog.shared_set(self.host, call);
        shared != 0 && held.is_none_or(|held| self.catalog.set_intersects(shared, held))
    }

    /// Returns what [`lookup`](crate::lookup()) returns for a call to this host, except that the
    /// scopes which the caller [states](Call::with_needed_scopes) are ignored.
    #[must_use]
    pub fn lookup(self, call: &Call<'_>) -> Lookup {
        let name = self.catalog.blob().host_name(self.host);
        let found = matching::find_at(self.catalog, call, name, Some(self.host));
        Lookup::from_found(found).at_host(Some((self.catalog, self.host)), call)
    }

    /// Returns the name of the host.
    #[must_use]
    pub fn name(self) -> &'static str {
        matching::host_text(self.catalog.blob().host_name(self.host))
    }
}

/// Checks by the name of its host alone whether a call certainly goes to no API of Google. For such
/// a call [`lookup`](crate::lookup()) returns
/// [`AbstainReason::Host`](crate::call::AbstainReason::Host).
#[inline]
#[must_use]
pub fn is_foreign(call: &Call<'_>, endpoints: &Endpoints) -> bool {
    endpoints.has_only_googles_hosts()
        && call.is_http()
        && call.authority().is_some_and(host::is_foreign)
}

impl fmt::Debug for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownHost({})", self.name())
    }
}
