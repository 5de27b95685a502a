//! The first half of a lookup: the host of a call, before any method is looked for.

use std::fmt;

use crate::blob::Host;
use crate::call::Call;
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::lookup::Lookup;
use crate::matching;
use crate::scope::ScopeSet;

/// A host that the catalog has by the name in the request.
///
/// The first half of a [lookup](crate::lookup()), for programs that look up many calls with one token: where
/// the token [opens](Self::is_open_to) the whole host, no method need be looked for.
///
/// ```
/// # #[cfg(feature = "full")] {
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
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct KnownHost {
    catalog: Catalog,
    host: Host,
}

impl KnownHost {
    /// The host of a call; none if more than the request line is needed to find the method.
    #[inline]
    #[must_use]
    pub fn find(call: &Call<'_>, endpoints: &Endpoints) -> Option<Self> {
        let host = endpoints.exact(endpoints.catalog(), call).filter(|_| call.is_plain())?;
        Some(Self { catalog: endpoints.catalog(), host })
    }

    /// Whether a token with these scopes lacks none for any method of the host. `None` is a token that is not
    /// limited by scopes.
    ///
    /// True only for hosts of which every method shares a scope; on such hosts no user's program answers.
    #[inline]
    #[must_use]
    pub fn is_open_to(self, held: Option<&ScopeSet>) -> bool {
        let shared = self.catalog.shared(self.host);
        shared != 0 && held.is_none_or(|held| self.catalog.set_accepts(shared, held))
    }

    /// What [`lookup`](crate::lookup()) gives for the call that goes to this host, the scopes aside that its
    /// caller needs.
    #[must_use]
    pub fn lookup(self, call: &Call<'_>) -> Lookup {
        let name = self.catalog.blob().host_name(self.host);
        Lookup::from_found(matching::find_at(self.catalog, call, name, Some(self.host)))
    }

    /// The host's name, as in the catalog.
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
