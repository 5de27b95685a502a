//! Looking up a call in the catalog.

use std::num::NonZeroU16;

use crate::blob::Host;
use crate::call::{AbstainReason, Call, NeededScopes};
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::found::{Match, MatchResult};
use crate::matching;
use crate::method::ApiMethod;
use crate::scope::ScopeSet;
use crate::walk::{self, WWW};

/// The result of looking up a call: the method, the accepted scopes, or the reason why the call
/// cannot be judged.
///
/// [`lookup`] returns a `Lookup` for a request. `Lookup::from` converts an [`ApiMethod`], for
/// callers that know the method and not the request.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{AbstainReason, Call};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // A later chunk of a resumable upload. The session URL authorizes the request, so the scopes of
/// // the token do not decide.
/// let session = "uploadType=resumable&upload_id=x";
/// let url = format!("https://storage.googleapis.com/upload/storage/v1/b/photos/o?{session}");
/// let found = lookup(&Call::new(&http::Method::PUT, &url.parse()?), &Endpoints::new());
/// assert_eq!(found.method().map(|method| method.id()), Some("storage.objects.insert"));
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Session));
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    found: Result<Match, NoMatch>,
    needed: Option<NeededScopes>,
}

/// A call of which no method is known.
///
/// The struct has four bytes, so that it does not enlarge a [`Lookup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NoMatch {
    reason: AbstainReason,
    catalog: Catalog,
    /// The number plus one of the host in the catalog, or of the API that a path at
    /// `www.googleapis.com` names; `None` if the catalog does not have the host.
    host: Option<NonZeroU16>,
}

impl NoMatch {
    fn host(self) -> Option<Host> {
        self.host.map(|host| Host(host.get() - 1))
    }
}

/// Looks up a call: finds its API method and the scopes that the method accepts.
///
/// If the caller [states](Call::with_needed_scopes) which scopes the call needs, the stated scopes
/// replace the scopes of the catalog, also for an API of Google that the catalog does not contain.
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
    let lookup = match matching::find(call, endpoints) {
        Err(reason @ (AbstainReason::Method | AbstainReason::Batch)) => {
            Lookup::without_method(reason).at_host(matching::host_of(call, endpoints), call)
        }
        found => Lookup::from_found(found),
    };
    match call.needed_scopes() {
        None => lookup,
        Some(needed) => lookup.with_needed(needed, endpoints.is_google_host(call)),
    }
}

impl Lookup {
    #[inline]
    pub(crate) fn from_found(found: MatchResult) -> Self {
        match found {
            Ok(found) => Self { found: Ok(found), needed: None },
            Err(reason) => Self::without_method(reason),
        }
    }

    /// Sets the host of a call of which no method is known.
    pub(crate) fn at_host(self, host: Option<(Catalog, Host)>, call: &Call<'_>) -> Self {
        let with_host = |no_match| {
            let Some((catalog, host)) = host else { return no_match };
            let api = walk::api_at(catalog.blob(), host, call.path());
            NoMatch { catalog, host: api.unwrap_or(host).plus_one(), ..no_match }
        };
        Self { found: self.found.map_err(with_host), ..self }
    }

    /// Replaces the scopes of the catalog by the scopes that the caller states, if the stated
    /// scopes apply to the call.
    fn with_needed(self, needed: &NeededScopes, is_google_host: bool) -> Self {
        let found = self.found.map_err(|no_match| match no_match.reason {
            // These reasons count as a host that is not Google's, to which no scopes apply.
            AbstainReason::Host | AbstainReason::Catalog if is_google_host => {
                NoMatch { reason: AbstainReason::Method, ..no_match }
            }
            _ => no_match,
        });
        // A signed request has no token, so that no scope can be missing.
        let may_lack =
            |reason: AbstainReason| reason.is_google() && reason != AbstainReason::Signed;
        let applies = found.map_or_else(|no_match| may_lack(no_match.reason), |_| true);
        Self { found, needed: applies.then(|| needed.clone()) }
    }

    /// Creates the result for a call of which no method is known, for this reason.
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
        let no_match = NoMatch { reason, catalog: Catalog::built_in(), host: None };
        Self { found: Err(no_match), needed: None }
    }

    /// Returns the method of the call; `None` if no method of the catalog matches the call.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::{Endpoints, call::Call, lookup};
    ///
    /// let uri = http::Uri::from_static("https://storage.googleapis.com/storage/v1/b");
    /// let method = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).method();
    /// assert_eq!(method.map(|method| method.id()), Some("storage.buckets.list"));
    /// # }
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.found.as_ref().ok().map(|found| found.method)
    }

    /// Returns the host of the API, such as `storage.googleapis.com`, also for a call of which no
    /// method is known. Returns `None` if the call does not go to a host of the catalog.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup};
    /// let uri = http::Uri::from_static("https://sheets.googleapis.com/v9/no/such/method");
    /// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
    /// assert_eq!((found.method(), found.host()), (None, Some("sheets.googleapis.com")));
    /// # }
    /// ```
    #[must_use]
    pub fn host(&self) -> Option<&'static str> {
        match &self.found {
            Ok(found) => Some(found.method.host()),
            Err(no_match) => {
                let name = no_match.catalog.blob().host_name(no_match.host()?);
                Some(if name.starts_with(b"/") { WWW } else { matching::host_text(name) })
            }
        }
    }

    /// Returns every scope that at least one method of the call's API accepts. The set is empty if
    /// the API is not known. `www.googleapis.com` serves several APIs; there the path determines
    /// the API.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup};
    /// let uri = http::Uri::from_static("https://www.googleapis.com/batch/drive/v3");
    /// let found = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// assert!(found.accepted_by_service().contains(&"drive".parse()?));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn accepted_by_service(&self) -> ScopeSet {
        let (catalog, host) = match &self.found {
            Ok(Match { method, .. }) => (method.catalog(), method.catalog().host(method.host())),
            Err(no_match) => (no_match.catalog, no_match.host()),
        };
        host.map(|host| catalog.documented_scopes(catalog.blob().any(host))).unwrap_or_default()
    }

    /// Returns the reason why Google's lists of scopes do not decide whether the call is accepted,
    /// such as [`AbstainReason::Method`] (no method matches the call) or [`AbstainReason::Session`]
    /// (a session URL authorizes the call). Returns `None` if the lists decide.
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
        self.found
            .as_ref()
            .map_or_else(|no_match| Some(no_match.reason), |found| found.abstain_reason)
    }

    /// Returns the scopes that the call needs, as the caller [states](Call::with_needed_scopes)
    /// them. Returns `None` if the caller states no scopes, if the call does not go to Google, or
    /// if the call is signed.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::{Call, NeededScopes};
    /// use gcp_scopes_catalog::scope::Scope;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let needed = NeededScopes::any_of([Scope::cloud_platform()]);
    /// let uri = http::Uri::from_static("https://brandnew.googleapis.com/v1/things");
    /// let call = Call::new(&http::Method::GET, &uri).with_needed_scopes(Some(&needed));
    /// assert_eq!(lookup(&call, &Endpoints::new()).needed_scopes(), Some(&needed));
    /// ```
    #[must_use]
    pub fn needed_scopes(&self) -> Option<&NeededScopes> {
        self.needed.as_ref()
    }

    /// Checks whether the call goes to an API of Google. If such a call is refused, its token may
    /// lack a scope.
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
        self.found.as_ref().map_or_else(|no_match| no_match.reason.is_google(), |_| true)
    }

    /// Returns the scopes of which any one is enough: the scopes that the caller states, otherwise
    /// the scopes that Google lists.
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

    /// Checks whether a token that holds exactly these scopes is sufficient for the call. A
    /// sufficient token does not imply that IAM permits the call.
    ///
    /// Returns `Ok(false)` only if all of these conditions hold:
    /// - The method is certain, and Google lists scopes for the method.
    /// - [`abstain_reason`](Self::abstain_reason) is `None`, and no special rule of Google covers
    ///   the token.
    /// - Google's documents list methods for every scope of the token.
    /// - Neither the method nor the same method of another API version accepts a scope of the
    ///   token.
    ///
    /// If Google lists scopes only for the whole service ([`AbstainReason::Coarse`]), `Ok(false)`
    /// is returned only for a REST call and for a token of which no method of the host accepts any
    /// scope.
    ///
    /// An empty set stands for a token that is known to hold no scope: such a token lacks every
    /// scope. Do not call this function for a token whose scopes are not known.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::call::{AbstainReason, Call};
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let found = lookup(&Call::new(&http::Method::DELETE, &uri), &Endpoints::new());
    /// let held =
    ///     |name| ScopeSet::from_scope_text(&format!("https://www.googleapis.com/auth/{name}"));
    /// assert_eq!(found.accepts(&held("devstorage.full_control")), Ok(true));
    /// assert_eq!(found.accepts(&held("devstorage.read_only")), Ok(false));
    /// assert_eq!(found.accepts(&held("brand.new")), Err(AbstainReason::UnlistedScope));
    /// # }
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    ///
    /// # Errors
    /// Returns the reason why the call cannot be judged.
    pub fn accepts(&self, held: &ScopeSet) -> Result<bool, AbstainReason> {
        match (&self.needed, &self.found) {
            (Some(needed), _) if needed.scopes().is_empty() => Err(AbstainReason::Empty),
            (Some(needed), _) => Ok(needed.scopes().intersects(held)),
            (None, Ok(found)) => found.accepts(held),
            (None, Err(no_match)) => Err(no_match.reason),
        }
    }

    /// Checks whether Google lists one of these scopes for the method. The check is faster than
    /// [`accepts`](Self::accepts). If the check returns `true`, `accepts` does not return
    /// `Ok(false)`.
    ///
    /// Returns `false` if the caller [states](Call::with_needed_scopes) which scopes the call
    /// needs.
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

/// Creates the result for a call of which the method is known and the request is not.
impl From<ApiMethod> for Lookup {
    fn from(method: ApiMethod) -> Self {
        Self::from_found(Ok(Match::without_request(method)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every call copies a `Lookup`.
    #[test]
    fn a_call_without_a_method_does_not_enlarge_a_lookup() {
        assert_eq!(size_of::<Result<Match, NoMatch>>(), size_of::<Match>());
    }

    #[test]
    fn without_a_catalog_the_reason_is_catalog() {
        let uri = "https://storage.googleapis.com/storage/v1/b".parse().unwrap();
        let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        // The enabled features determine whether a catalog is compiled in.
        match Catalog::built_in().blob().set_count() {
            0 => assert_eq!(found.abstain_reason(), Some(AbstainReason::Catalog)),
            _ => assert_eq!(found.method().unwrap().id(), "storage.buckets.list"),
        }
    }
}
