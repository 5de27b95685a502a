//! What the catalog knows of one call.

use crate::call::{AbstainReason, Call, NeededScopes};
use crate::endpoints::Endpoints;
use crate::found::Found;
use crate::matching;
use crate::method::ApiMethod;
use crate::scope::ScopeSet;

/// What is known of a call: its method, the scopes it accepts, or the reason for having no opinion.
///
/// Made by [`lookup`] from a request, or from an [`ApiMethod`] where no request is seen.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{AbstainReason, Call};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // A later chunk of a resumable upload: its session URL authorises it, so a missing scope proves nothing.
/// let url = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=resumable&upload_id=x";
/// let found = lookup(&Call::new(&http::Method::PUT, &url.parse()?), &Endpoints::new());
/// assert_eq!(found.method().map(|method| method.id()), Some("storage.objects.insert"));
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Session));
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    found: Result<Found, AbstainReason>,
    needed: Option<NeededScopes>,
}

/// Finds the method that a call is.
///
/// The scopes that its caller [needs](Call::needing) count if the call goes to an API of Google's, be it one
/// that the catalog has never heard of.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{AbstainReason, Call};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/b/o?name=x".parse()?;
/// let found = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
/// assert_eq!(found.method().map(|method| method.id()), Some("storage.objects.insert"));
///
/// let uri = "https://example.com/".parse()?;
/// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Host));
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[must_use]
#[inline]
pub fn lookup(call: &Call<'_>, endpoints: &Endpoints) -> Lookup {
    let lookup = Lookup::from_found(matching::find(call, endpoints));
    match call.needed() {
        None => lookup,
        Some(needed) => lookup.with_needed(needed, endpoints.is_googles(call)),
    }
}

impl Lookup {
    #[inline]
    pub(crate) const fn from_found(found: Result<Found, AbstainReason>) -> Self {
        Self { found, needed: None }
    }

    fn with_needed(self, needed: &NeededScopes, is_googles: bool) -> Self {
        let found = match self.found {
            Err(AbstainReason::Host | AbstainReason::Catalog) if is_googles => Err(AbstainReason::Method),
            found => found,
        };
        // A signed request has no token whose scopes could be too few.
        let counts =
            found.map_or_else(|reason| reason.is_google() && reason != AbstainReason::Signed, |_| true);
        Self { found, needed: counts.then(|| needed.clone()) }
    }

    /// A call of which no method is known, for this reason.
    ///
    /// ```
    /// use gcp_scopes_catalog::Lookup;
    /// use gcp_scopes_catalog::call::AbstainReason;
    ///
    /// assert!(Lookup::without_method(AbstainReason::Batch).method().is_none());
    /// ```
    #[must_use]
    #[inline]
    pub const fn without_method(reason: AbstainReason) -> Self {
        Self::from_found(Err(reason))
    }

    /// The method, where one can be named.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup};
    /// let uri = http::Uri::from_static("https://storage.googleapis.com/storage/v1/b");
    /// let method = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).method();
    /// assert_eq!(method.map(|method| method.id()), Some("storage.buckets.list"));
    /// # }
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.found.as_ref().ok().map(|found| found.method)
    }

    /// Why the call cannot be judged by what Google lists: no method can be named, or it is not certain that
    /// the listed scopes are the ones that count. `None` if it can.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::AbstainReason;
    /// use gcp_scopes_catalog::{ApiMethod, Lookup};
    ///
    /// # #[cfg(feature = "full")] {
    /// let rpc = ApiMethod::by_id("google.pubsub.v1.Publisher.Publish")?;
    /// assert_eq!(Lookup::from(rpc).abstain_reason(), Some(AbstainReason::Grpc));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn abstain_reason(&self) -> Option<AbstainReason> {
        self.found.as_ref().map_or_else(|reason| Some(*reason), |found| found.doubt)
    }

    /// The scopes that the call [needs](Call::needing) as its caller states them; `None` where that does not
    /// count, because the call does not go to Google or is signed.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::{Call, NeededScopes};
    /// use gcp_scopes_catalog::scope::Scope;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let needed = NeededScopes::any_of([Scope::cloud_platform()]);
    /// let uri = http::Uri::from_static("https://brandnew.googleapis.com/v1/things");
    /// let call = Call::new(&http::Method::GET, &uri).needing(Some(&needed));
    /// assert_eq!(lookup(&call, &Endpoints::new()).needed(), Some(&needed));
    /// ```
    #[must_use]
    pub fn needed(&self) -> Option<&NeededScopes> {
        self.needed.as_ref()
    }

    /// Whether it goes to an API of Google's, so that its refusal is worth a look.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let uri = "https://example.com/".parse()?;
    /// assert!(!lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).is_google());
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn is_google(&self) -> bool {
        self.found.as_ref().map_or_else(|reason| reason.is_google(), |_| true)
    }

    /// The scopes of which any one is enough: those that its caller needs, else those that Google lists.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::{ApiMethod, Lookup};
    ///
    /// let method = ApiMethod::by_id("storage.objects.get")?;
    /// assert_eq!(Lookup::from(method).accepted(), method.accepted());
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn accepted(&self) -> ScopeSet {
        match &self.needed {
            Some(needed) => needed.scopes().clone(),
            None => self.method().map(|method| method.accepted()).unwrap_or_default(),
        }
    }

    /// Whether Google accepts the call with a token that holds these scopes and no others. IAM is another
    /// question.
    ///
    /// It is `false` only if nothing speaks against that: the method is certain and lists scopes, no special
    /// case applies, Google's documents list methods for every scope of the token, and neither the method nor
    /// another version of it accepts one of them. An empty set is a token that is known to hold no scope, and
    /// so lacks every one; a token of which nothing is known must not be judged at all.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::call::{AbstainReason, Call};
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let found = lookup(&Call::new(&http::Method::DELETE, &uri), &Endpoints::new());
    /// let held = |name| ScopeSet::from_scope_text(&format!("https://www.googleapis.com/auth/{name}"));
    /// assert_eq!(found.accepts(&held("devstorage.full_control")), Ok(true));
    /// assert_eq!(found.accepts(&held("devstorage.read_only")), Ok(false));
    /// assert_eq!(found.accepts(&held("brand.new")), Err(AbstainReason::Unheard));
    /// # }
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    ///
    /// # Errors
    /// The reason for having no opinion.
    pub fn accepts(&self, held: &ScopeSet) -> Result<bool, AbstainReason> {
        match (&self.needed, &self.found) {
            (Some(needed), _) if needed.scopes().is_empty() => Err(AbstainReason::Empty),
            (Some(needed), _) => Ok(needed.scopes().intersects(held)),
            (None, Ok(found)) => found.accepts(held),
            (None, Err(reason)) => Err(*reason),
        }
    }

    /// Whether Google lists one of these scopes for the method, which is quick to see: then
    /// [`accepts`](Self::accepts) is not `Ok(false)`. False where the caller says what the call needs.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
    /// use gcp_scopes_catalog::{ApiMethod, Lookup};
    ///
    /// let call = Lookup::from(ApiMethod::by_id("storage.objects.get")?);
    /// assert!(call.lists_any_of(&ScopeSet::from_iter([Scope::cloud_platform()])));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn lists_any_of(&self, held: &ScopeSet) -> bool {
        self.needed.is_none() && self.found.as_ref().is_ok_and(|found| found.lists_any_of(held))
    }
}

/// A call of which the method is known and the request is not.
impl From<ApiMethod> for Lookup {
    fn from(method: ApiMethod) -> Self {
        Self::from_found(Ok(Found::named(method)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn without_a_catalog_that_is_the_reason_for_every_api() {
        let uri = "https://storage.googleapis.com/storage/v1/b".parse().unwrap();
        let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        match Catalog::built_in().blob().set_count() {
            0 => assert_eq!(found.abstain_reason(), Some(AbstainReason::Catalog)),
            _ => assert_eq!(found.method().unwrap().id(), "storage.buckets.list"),
        }
    }
}
