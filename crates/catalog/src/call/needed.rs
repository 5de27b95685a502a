//! The scopes that the caller states for a call.

use std::sync::Arc;

use crate::scope::{Scope, ScopeSet};

/// The scopes that a call needs, stated by the caller. Any one of the scopes is enough.
///
/// Insert the value into the extensions of a request (`RequestBuilder::with_extension` of
/// reqwest-middleware, `http::Request::extensions_mut` for tower). For this request the scopes
/// replace those of the catalog. This is useful for an API that the catalog does not contain, for a
/// method whose scopes Google does not list, and for a gRPC call, which is otherwise not judged
/// before it is sent.
///
/// The scopes apply only to a call to a host below `googleapis.com`, to a universe that the user
/// added, or to a host that the user mapped. If the set is empty, the call is not judged.
///
/// ```
/// use gcp_scopes_catalog::call::NeededScopes;
///
/// let needed = NeededScopes::any_of(["cloud-platform".parse()?, "pubsub".parse()?]);
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(needed);
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NeededScopes(Arc<ScopeSet>);

impl NeededScopes {
    /// Creates the value from scopes of which any one is enough.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::NeededScopes;
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert!(
    ///     NeededScopes::any_of([Scope::cloud_platform()])
    ///         .scopes()
    ///         .contains(&Scope::cloud_platform())
    /// );
    /// ```
    #[must_use]
    pub fn any_of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(Arc::new(scopes.into_iter().collect()))
    }

    /// Returns the scopes of which any one is enough.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::NeededScopes;
    ///
    /// let needed = NeededScopes::any_of(["pubsub".parse()?, "cloud-platform".parse()?]);
    /// assert_eq!(needed.scopes().len(), 2);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn scopes(&self) -> &ScopeSet {
        &self.0
    }
}
