//! The first half of a lookup: the host of a call, before any method is looked for.

use std::fmt;

use crate::blob::Host;
use crate::call::Call;
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::lookup::Lookup;
use crate::matching;
use crate::scope::ScopeSet;

/// A host of the catalog to which a call goes by its own name, so that the request line alone tells the
/// method.
///
/// Whoever looks up many calls with one token need not look for a method where the token opens all of a
/// host.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
/// use gcp_scopes_catalog::{Endpoints, KnownHost};
///
/// let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
/// let call = Call::new(&http::Method::POST, &uri);
/// let host = KnownHost::find(&call, &Endpoints::new()).ok_or("a host of the catalog")?;
/// assert!(host.is_open_to(Some(&ScopeSet::from_iter([Scope::cloud_platform()]))));
/// assert!(!host.is_open_to(Some(&ScopeSet::from_scope_text("openid"))));
/// let method = host.lookup(&call).method();
/// assert_eq!(method.map(|method| method.id()), Some("pubsub.projects.topics.publish"));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct KnownHost {
    catalog: Catalog,
    host: Host,
}

impl KnownHost {
    /// The host of a call, if the request line alone tells the method.
    #[inline]
    #[must_use]
    pub fn find(call: &Call<'_>, endpoints: &Endpoints) -> Option<Self> {
        let host = endpoints.exact(endpoints.catalog(), call).filter(|_| call.is_plain())?;
        Some(Self { catalog: endpoints.catalog(), host })
    }

    /// Whether a call with a token that holds these scopes cannot lack one here, whatever its path; `None`
    /// for a token that no scopes limit. Where some scopes open all of a host, all its answers are Google's.
    #[inline]
    #[must_use]
    pub fn is_open_to(self, held: Option<&ScopeSet>) -> bool {
        let shared = self.catalog.shared(self.host);
        shared != 0 && held.is_none_or(|held| self.catalog.set_accepts(shared, held))
    }

    /// What [`lookup`](crate::lookup()) gives for the call that goes to this host, the scopes aside that its
    /// caller needs.
    #[inline]
    #[must_use]
    pub fn lookup(self, call: &Call<'_>) -> Lookup {
        Lookup::from_found(matching::find_at(self.catalog, call, self.host))
    }

    /// The name, as in the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        matching::text(self.catalog.blob().host_name(self.host))
    }
}

impl fmt::Debug for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownHost({})", self.name())
    }
}
