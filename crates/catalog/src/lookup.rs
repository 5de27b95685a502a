//! The method that a call is.

use std::fmt;

use crate::blob::{Host, PROTOS, TWIN};
use crate::call::host::{self, STORAGE};
use crate::call::{Call, Why, query, storage};
use crate::endpoints::{Endpoints, is_known};
use crate::method::ApiMethod;
use crate::overrides::{self, Override, Reason};
use crate::path::same;
use crate::reader::{self, BLOB};
use crate::scope::ScopeSet;

/// The method that a call is, and what keeps us from judging it.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_catalog::call::{Call, Why};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // A later chunk of a resumable upload: its session URL authorises it, so a missing scope proves nothing.
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=resumable&upload_id=x".parse()?;
/// let found = lookup(&Call::new(&http::Method::PUT, &uri), &Endpoints::new()).unwrap();
/// assert_eq!(found.method().id(), "storage.objects.insert");
/// assert_eq!(found.doubt(), Some(Why::Session));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    method: ApiMethod,
    /// The number of the set of scopes that the method accepts.
    set: u16,
    doubt: Option<Why>,
    /// Place in the hand table plus one of the row that keeps a verdict back, or 0.
    silent: u8,
}

impl Found {
    /// What is said of a method and a query.
    #[inline]
    pub(crate) fn new(method: ApiMethod, query: &str) -> Self {
        let row = BLOB.row(method.row());
        let special = overrides::at(row.special);
        let silence = special.and_then(|row| row.effect.silences(query));
        let always = silence.filter(|silence| silence.only_with.is_none()).map(|silence| why(silence.reason));
        let doubt = match row.basis {
            _ if row.set == 0 => Some(Why::Empty),
            _ if special.is_some_and(Override::is_unlisted) => Some(Why::Inferred),
            PROTOS if !method.is_inferred() => Some(Why::Coarse),
            basis => (method.is_inferred() || basis == TWIN).then_some(Why::Inferred),
        };
        let silent = silence.map_or(0, |_| row.special);
        Self { method, set: row.set, doubt: always.or(doubt), silent }
    }

    /// A call of which the method is known and the request is not.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_catalog::call::Why;
    /// use gcp_scopes_catalog::{ApiMethod, Found};
    ///
    /// let rpc = ApiMethod::by_id("google.pubsub.v1.Publisher.Publish")?;
    /// assert_eq!(Found::named(rpc).doubt(), Some(Why::Grpc));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn named(method: ApiMethod) -> Self {
        let found = Self::new(method, "");
        let found = if method.is_rpc() { found.doubted(Why::Grpc) } else { found };
        if method.depends_on_query() { found.doubted(Why::Request) } else { found }
    }

    /// The same method, judged less: an earlier doubt stays.
    fn doubted(self, why: Why) -> Self {
        Self { doubt: self.doubt.or(Some(why)), ..self }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> ApiMethod {
        self.method
    }

    /// Why the call cannot be judged although its method is known; none if it can.
    #[must_use]
    pub fn doubt(&self) -> Option<Why> {
        self.doubt
    }

    /// Whether a token with these scopes holds one that the method accepts.
    #[inline]
    #[must_use]
    pub fn accepts(&self, granted: &ScopeSet) -> bool {
        reader::set_accepts(self.set, granted)
    }

    /// Whether a token with these scopes holds one that another version of the method accepts: one of the two
    /// documents may be older than the scope.
    pub(crate) fn is_accepted_elsewhere(&self, granted: &ScopeSet) -> bool {
        self.method.other_versions().any(|method| reader::set_accepts(BLOB.row(method.row()).set, granted))
    }

    /// Why the hand table keeps the verdict back for a token with these scopes.
    pub(crate) fn silenced(&self, granted: &ScopeSet) -> Option<Why> {
        let silence = overrides::at(self.silent)?.effect.silence()?;
        let holds = |short| granted.iter().any(|scope| scope.short() == short);
        silence.only_with.is_none_or(holds).then(|| why(silence.reason))
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
/// let host = KnownHost::of(&call, &Endpoints::new()).ok_or("a host of the catalog")?;
/// assert!(host.is_open_to(Some(&ScopeSet::from_iter([Scope::cloud_platform()]))));
/// assert!(!host.is_open_to(Some(&ScopeSet::from_scope_text("openid"))));
/// assert_eq!(host.lookup(&call).unwrap().method().id(), "pubsub.projects.topics.publish");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct KnownHost(Host);

impl KnownHost {
    /// The host of a call, if the request line alone tells the method.
    #[inline]
    #[must_use]
    pub fn of(call: &Call<'_>, endpoints: &Endpoints) -> Option<Self> {
        endpoints.exact(call).filter(|_| call.is_plain()).map(Self)
    }

    /// Whether a call with a token that holds these scopes cannot lack one here, whatever its path; `None`
    /// for a token that no scopes limit. Where some scopes open all of a host, all its answers are Google's.
    #[inline]
    #[must_use]
    pub fn is_open_to(self, held: Option<&ScopeSet>) -> bool {
        let shared = BLOB.shared(self.0);
        shared != 0 && held.is_none_or(|held| reader::set_accepts(shared, held))
    }

    /// What [`lookup`] gives for the call that goes to this host.
    ///
    /// # Errors
    /// The reason for which no method of a Google API can be named.
    pub fn lookup(self, call: &Call<'_>) -> Result<Found, Why> {
        at(call, BLOB.host_name(self.0), Some(self.0))
    }

    /// The name, as in the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        text(BLOB.host_name(self.0))
    }
}

impl fmt::Debug for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownHost({})", self.name())
    }
}

fn why(reason: Reason) -> Why {
    match reason {
        Reason::NeedsSeveral => Why::Several,
        Reason::DependsOnRequest => Why::Request,
        Reason::Restricted => Why::Restricted,
        Reason::Ambiguous => Why::Ambiguous,
    }
}

/// The method that a call is.
///
/// # Errors
/// The reason for which no method of a Google API can be named.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{Call, Why};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/b/o?name=x".parse().unwrap();
/// let found = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new()).unwrap();
/// assert_eq!(found.method().id(), "storage.objects.insert");
///
/// let uri = "https://example.com/".parse().unwrap();
/// assert_eq!(lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()), Err(Why::Host));
/// # }
/// ```
pub fn lookup(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    find(call, endpoints).map_err(|why| match why {
        Why::Host if reader::set_count() == 0 => Why::Catalog,
        why => why,
    })
}

fn find(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.is_grpc() {
        return grpc(call, endpoints);
    }
    if let Some(host) = endpoints.exact(call) {
        return at(call, BLOB.host_name(host), Some(host));
    }
    let place = endpoints.place(call, is_known)?;
    match place.bucket {
        true if call.is_signed() => Err(Why::Signed),
        true => xml(call, true),
        false => at(call, place.host.as_bytes(), reader::host(&place.host)),
    }
}

/// The method of a call to this host. Not every host that has a name has a record.
fn at(call: &Call<'_>, name: &[u8], host: Option<Host>) -> Result<Found, Why> {
    if call.is_signed() {
        return Err(Why::Signed);
    }
    if same(name, STORAGE.as_bytes()) && !storage::is_json(call.path()) {
        return xml(call, false);
    }
    if let Some(method) = session(call, name) {
        return Ok(Found::new(method, call.query()).doubted(Why::Session));
    }
    let read = |host: Host| reader::find_at(host, call.verb(), call.path());
    let row = host::twin(name).and_then(reader::host).and_then(read).or_else(|| read(host?));
    let found = row.map(|row| Found::new(ApiMethod::of_row(row), call.query()));
    let found = found.or_else(|| without_slash(call, text(name))).ok_or_else(|| missed(call, text(name)))?;
    Ok(if call.verb() == "POST" && query::hides_verb(call.query()) {
        found.doubted(Why::Request)
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
fn without_slash(call: &Call<'_>, host: &str) -> Option<Found> {
    let path = call.path().strip_suffix('/')?;
    let row = reader::find(host, call.verb(), path)?;
    Some(Found::new(ApiMethod::of_row(row), call.query()).doubted(Why::Inferred))
}

/// A gRPC path names its service in full, so a host is only asked whether it is one of Google's. The
/// inner layers of a gRPC client do not see any: there the package of the service tells.
fn grpc(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.authority().is_some() && endpoints.exact(call).is_none() {
        endpoints.place(call, is_known)?;
    }
    let is_google = call.authority().is_some() || call.path().starts_with("/google.");
    let row = reader::grpc(call.path()).ok_or(if is_google { Why::Method } else { Why::Host })?;
    Ok(Found::new(ApiMethod::of_row(row), "").doubted(Why::Grpc))
}

/// The method that began the resumable upload which this request continues, asks about or ends.
fn session(call: &Call<'_>, host: &[u8]) -> Option<ApiMethod> {
    let path = call.path();
    let upload = || path.starts_with("/upload/") || path.starts_with("/resumable/upload/");
    if call.query().is_empty() || !upload() || !query::has(call.query(), query::UPLOAD_ID) {
        return None;
    }
    let find = |verb| reader::find(text(host), verb, path).map(ApiMethod::of_row);
    [call.verb(), "POST", "PUT", "PATCH"].into_iter().find_map(find)
}

/// What a request to a Google API is that none of its methods is.
fn missed(call: &Call<'_>, host: &str) -> Why {
    match call {
        _ if call.is_batch() => Why::Batch,
        _ if host::is_auth(host, call.path()) => Why::Auth,
        _ => Why::Method,
    }
}

fn xml(call: &Call<'_>, bucket_in_host: bool) -> Result<Found, Why> {
    let same = storage::equivalent(call, bucket_in_host).ok_or(Why::Method)?;
    let method = reader::find(STORAGE, same.verb, same.path).map(ApiMethod::of_row).ok_or(Why::Method)?;
    let method = if same.documented { method } else { method.inferred() };
    let found = Found::new(method, call.query());
    let session = query::has(call.query(), query::UPLOAD_ID);
    Ok(if session { found.doubted(Why::Session) } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_catalog_that_is_the_reason_for_every_api() {
        let uri = "https://storage.googleapis.com/storage/v1/b".parse().unwrap();
        let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        match reader::set_count() {
            0 => assert_eq!(found.unwrap_err(), Why::Catalog),
            _ => assert_eq!(found.unwrap().method().id(), "storage.buckets.list"),
        }
    }
}
