//! The method that a call is.

use std::fmt;

use crate::blob::{Host, PROTOS, TWIN};
use crate::call::host::{self, STORAGE};
use crate::call::{AbstainReason, Call, query, storage};
use crate::catalog::{BuiltIn, Catalog, Source};
use crate::endpoints::{Endpoints, is_known};
use crate::method::ApiMethod;
use crate::overrides::{self, Override, Reason};
use crate::path::same;
use crate::scope::ScopeSet;

/// The method that a call is, and what keeps us from judging it.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_catalog::call::{Call, AbstainReason};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // A later chunk of a resumable upload: its session URL authorises it, so a missing scope proves nothing.
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=resumable&upload_id=x".parse()?;
/// let found = lookup(&Call::new(&http::Method::PUT, &uri), &Endpoints::new()).unwrap();
/// assert_eq!(found.method().id(), "storage.objects.insert");
/// assert_eq!(found.doubt(), Some(AbstainReason::Session));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Found {
    method: ApiMethod,
    /// The number of the set of scopes that the method accepts.
    set: u16,
    doubt: Option<AbstainReason>,
    /// Place in the table of overrides plus one of the row that keeps a verdict back, or 0.
    silent: u8,
}

impl Found {
    /// What is said of a method and a query.
    #[inline]
    pub(crate) fn new(source: impl Source, method: ApiMethod, query: &str) -> Self {
        let row = source.catalog().blob().row(method.row());
        let found = Self { method, set: row.set, doubt: None, silent: 0 };
        let doubt = match row.basis {
            _ if row.set == 0 => Some(AbstainReason::Empty),
            PROTOS if !method.is_inferred() => Some(AbstainReason::Coarse),
            basis => (method.is_inferred() || basis == TWIN).then_some(AbstainReason::Inferred),
        };
        match row.special {
            0 => Self { doubt, ..found },
            special => found.marked(special, doubt, query),
        }
    }

    /// The same method, about which the overrides say something.
    fn marked(self, special: u8, doubt: Option<AbstainReason>, query: &str) -> Self {
        if !self.method.catalog().data().knows_overrides {
            return Self { doubt: doubt.or(Some(AbstainReason::Request)), ..self };
        }
        let special_row = overrides::at(special);
        let doubt = match special_row.is_some_and(Override::is_unlisted) {
            true if self.set != 0 => Some(AbstainReason::Inferred),
            _ => doubt,
        };
        let Some(silence) = special_row.and_then(|row| row.effect.silences(query)) else {
            return Self { doubt, ..self };
        };
        let always = silence.only_with.is_none().then(|| why(silence.reason));
        Self { doubt: always.or(doubt), silent: special, ..self }
    }

    /// A call of which the method is known and the request is not.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_catalog::call::AbstainReason;
    /// use gcp_scopes_catalog::{ApiMethod, Found};
    ///
    /// let rpc = ApiMethod::by_id("google.pubsub.v1.Publisher.Publish")?;
    /// assert_eq!(Found::named(rpc).doubt(), Some(AbstainReason::Grpc));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn named(method: ApiMethod) -> Self {
        let found = Self::new(method.catalog(), method, "");
        let found = if method.is_rpc() { found.doubted(AbstainReason::Grpc) } else { found };
        if method.depends_on_query() { found.doubted(AbstainReason::Request) } else { found }
    }

    /// The same method, judged less: an earlier doubt stays.
    fn doubted(self, why: AbstainReason) -> Self {
        Self { doubt: self.doubt.or(Some(why)), ..self }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> ApiMethod {
        self.method
    }

    /// Why the call cannot be judged although its method is known; none if it can.
    #[must_use]
    pub fn doubt(&self) -> Option<AbstainReason> {
        self.doubt
    }

    /// Whether a token with these scopes holds one that the method accepts.
    #[inline]
    #[must_use]
    pub fn accepts(&self, granted: &ScopeSet) -> bool {
        self.method.catalog().set_accepts(self.set, granted)
    }

    /// Whether a token with these scopes holds one that another version of the method accepts: one of the two
    /// documents may be older than the scope.
    pub(crate) fn is_accepted_elsewhere(&self, granted: &ScopeSet) -> bool {
        self.method.other_versions().any(|method| method.catalog().set_accepts(method.set_index(), granted))
    }

    /// Why the table of overrides keeps the verdict back for a token with these scopes.
    pub(crate) fn silenced(&self, granted: &ScopeSet) -> Option<AbstainReason> {
        let silence = overrides::at(self.silent)?.effect.silence()?;
        let holds = |short| granted.iter().any(|scope| scope.short() == short);
        silence.only_with.is_none_or(holds).then(|| why(silence.reason))
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut found = f.debug_struct("Found");
        found.field("method", &self.method()).field("doubt", &self.doubt).finish_non_exhaustive()
    }
}

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
/// assert_eq!(host.lookup(&call).unwrap().method().id(), "pubsub.projects.topics.publish");
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

    /// What [`lookup`] gives for the call that goes to this host.
    ///
    /// # Errors
    /// The reason for which no method of a Google API can be named.
    pub fn lookup(self, call: &Call<'_>) -> Result<Found, AbstainReason> {
        let name = self.catalog.blob().host_name(self.host);
        match self.catalog == Catalog::built_in() {
            true => at(BuiltIn, call, name, Some(self.host)),
            false => at(self.catalog, call, name, Some(self.host)),
        }
    }

    /// The name, as in the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        text(self.catalog.blob().host_name(self.host))
    }
}

impl fmt::Debug for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownHost({})", self.name())
    }
}

fn why(reason: Reason) -> AbstainReason {
    match reason {
        Reason::NeedsSeveral => AbstainReason::Several,
        Reason::DependsOnRequest => AbstainReason::Request,
        Reason::Restricted => AbstainReason::Restricted,
        Reason::Ambiguous => AbstainReason::Ambiguous,
    }
}

/// The method that a call is.
///
/// # Errors
/// The reason for which no method of a Google API can be named.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{Call, AbstainReason};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/b/o?name=x".parse().unwrap();
/// let found = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new()).unwrap();
/// assert_eq!(found.method().id(), "storage.objects.insert");
///
/// let uri = "https://example.com/".parse().unwrap();
/// assert_eq!(lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()), Err(AbstainReason::Host));
/// # }
/// ```
pub fn lookup(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, AbstainReason> {
    let found = match endpoints.catalog() == Catalog::built_in() {
        true => find(BuiltIn, call, endpoints),
        false => find(endpoints.catalog(), call, endpoints),
    };
    found.map_err(|why| match why {
        AbstainReason::Host if endpoints.catalog().blob().set_count() == 0 => AbstainReason::Catalog,
        why => why,
    })
}

fn find(source: impl Source, call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, AbstainReason> {
    let catalog = source.catalog();
    if call.is_grpc() {
        return grpc(catalog, call, endpoints);
    }
    if let Some(host) = endpoints.exact(catalog, call) {
        return at(source, call, catalog.blob().host_name(host), Some(host));
    }
    let place = endpoints.place(call, |host| is_known(catalog, host))?;
    match place.bucket {
        true if call.is_signed() => Err(AbstainReason::Signed),
        true => xml(source, call, true),
        false => at(source, call, place.host.as_bytes(), catalog.host(&place.host)),
    }
}

/// The method of a call to this host. Not every host that has a name has a record.
fn at(source: impl Source, call: &Call<'_>, name: &[u8], host: Option<Host>) -> Result<Found, AbstainReason> {
    let catalog = source.catalog();
    if call.is_signed() {
        return Err(AbstainReason::Signed);
    }
    if same(name, STORAGE.as_bytes()) && !storage::is_json(call.path()) {
        return xml(source, call, false);
    }
    // Almost no call gets further than to this question.
    if let Some(method) =
        Some(call).filter(|call| !call.query().is_empty()).and_then(|call| session(catalog, call, name))
    {
        return Ok(Found::new(source, method, call.query()).doubted(AbstainReason::Session));
    }
    let read = |host: Host| catalog.find_at(host, call.verb(), call.path());
    let row = host::twin(name).and_then(|name| catalog.host(name)).and_then(read).or_else(|| read(host?));
    let found = row.map(|row| Found::new(source, ApiMethod::of_row(catalog, row), call.query()));
    let found =
        found.or_else(|| without_slash(source, call, text(name))).ok_or_else(|| missed(call, text(name)))?;
    Ok(if call.verb() == "POST" && query::hides_verb(call.query()) {
        found.doubted(AbstainReason::Request)
    } else {
        found
    })
}

/// The name of a host: it was text before.
fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// The method of a path with one slash too many at its end. Servers let it pass and clients rely on
/// that, but no page of Google's says so: <https://github.com/cloudyr/googleCloudStorageR/pull/182>,
/// <https://github.com/googleapis/google-cloud-node/blob/main/packages/google-cloud-translate/src/v2/index.ts>.
fn without_slash(source: impl Source, call: &Call<'_>, host: &str) -> Option<Found> {
    let path = call.path().strip_suffix('/')?;
    let catalog = source.catalog();
    let row = catalog.find(host, call.verb(), path)?;
    Some(Found::new(source, ApiMethod::of_row(catalog, row), call.query()).doubted(AbstainReason::Inferred))
}

/// A gRPC path names its service in full, so a host is only asked whether it is one of Google's. The
/// inner layers of a gRPC client do not see any: there the package of the service tells.
fn grpc(catalog: Catalog, call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, AbstainReason> {
    if call.authority().is_some() && endpoints.exact(catalog, call).is_none() {
        endpoints.place(call, |host| is_known(catalog, host))?;
    }
    let is_google = call.authority().is_some() || call.path().starts_with("/google.");
    let row = catalog.grpc(call.path()).ok_or(if is_google {
        AbstainReason::Method
    } else {
        AbstainReason::Host
    })?;
    Ok(Found::new(catalog, ApiMethod::of_row(catalog, row), "").doubted(AbstainReason::Grpc))
}

/// The method that began the resumable upload which this request continues, asks about or ends.
fn session(catalog: Catalog, call: &Call<'_>, host: &[u8]) -> Option<ApiMethod> {
    let path = call.path();
    let upload = || path.starts_with("/upload/") || path.starts_with("/resumable/upload/");
    if !upload() || !query::has(call.query(), query::UPLOAD_ID) {
        return None;
    }
    let find = |verb| catalog.find(text(host), verb, path).map(|row| ApiMethod::of_row(catalog, row));
    [call.verb(), "POST", "PUT", "PATCH"].into_iter().find_map(find)
}

/// What a request to a Google API is that none of its methods is.
fn missed(call: &Call<'_>, host: &str) -> AbstainReason {
    match call {
        _ if call.is_batch() => AbstainReason::Batch,
        _ if host::is_auth(host, call.path()) => AbstainReason::Auth,
        _ => AbstainReason::Method,
    }
}

fn xml(source: impl Source, call: &Call<'_>, bucket_in_host: bool) -> Result<Found, AbstainReason> {
    let same = storage::equivalent(call, bucket_in_host).ok_or(AbstainReason::Method)?;
    let catalog = source.catalog();
    let row = catalog.find(STORAGE, same.verb, same.path).ok_or(AbstainReason::Method)?;
    let method = ApiMethod::of_row(catalog, row);
    let method = if same.documented { method } else { method.inferred() };
    let found = Found::new(source, method, call.query());
    let session = query::has(call.query(), query::UPLOAD_ID);
    Ok(if session { found.doubted(AbstainReason::Session) } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_catalog_that_is_the_reason_for_every_api() {
        let uri = "https://storage.googleapis.com/storage/v1/b".parse().unwrap();
        let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        match Catalog::built_in().blob().set_count() {
            0 => assert_eq!(found.unwrap_err(), AbstainReason::Catalog),
            _ => assert_eq!(found.unwrap().method().id(), "storage.buckets.list"),
        }
    }
}
