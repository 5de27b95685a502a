use std::sync::Arc;

use crate::scope::{Scope, ScopeSet};

/// The scopes of which a call needs any one, as its caller knows them.
///
/// Put it among the extensions of a request (`RequestBuilder::with_extension` of reqwest-middleware,
/// `http::Request::extensions_mut` for tower), and it counts for this one call in the place of the
/// catalog: for an API that the catalog does not have, a method whose scopes Google does not list, or a
/// gRPC call, which is otherwise not judged before it is sent. It counts only where the call goes to a
/// host below `googleapis.com`, or to one that the user mapped.
///
/// An empty list says nothing, so that such a call is not judged at all.
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
    /// Any one of these is enough.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::NeededScopes;
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// assert!(NeededScopes::any_of([Scope::cloud_platform()]).scopes().contains(&Scope::cloud_platform()));
    /// ```
    #[must_use]
    pub fn any_of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(Arc::new(scopes.into_iter().collect()))
    }

    /// The scopes of which any one is enough.
    ///
    /// ```
    /// # use gcp_scopes_catalog::call::NeededScopes;
    /// let needed = NeededScopes::any_of(["pubsub".parse()?, "cloud-platform".parse()?]);
    /// assert_eq!(needed.scopes().len(), 2);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn scopes(&self) -> &ScopeSet {
        &self.0
    }
}
