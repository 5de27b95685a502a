use super::overrides::{Effect, Query};
use super::{ApiMethod, Basis, Endpoints, reader};
use crate::call::host::{self, STORAGE};
use crate::call::{Call, Why, query, storage};

/// The method that a call is, and what keeps us from judging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    method: ApiMethod,
    doubt: Option<Why>,
    restricting: Option<&'static str>,
}

impl Found {
    fn new(method: ApiMethod, query: &str) -> Self {
        let (whole, restricting) = match method.special().map(|row| &row.effect) {
            Some(Effect::NoVerdict(_)) => (true, None),
            Some(Effect::NoVerdictWhen(condition, _)) => (applies(condition, query), None),
            Some(Effect::NoVerdictWith(scope, condition, _)) if applies(condition, query) => {
                (false, Some(*scope))
            }
            _ => (false, None),
        };
        let doubt = match method.basis() {
            _ if method.set_index() == 0 => Some(Why::Empty),
            _ if whole => Some(Why::Override),
            Basis::Protos => Some(Why::Coarse),
            Basis::Inferred => Some(Why::Inferred),
            Basis::Discovery => None,
        };
        Self { method, doubt, restricting }
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

    /// A scope that narrows what its holder may ask for in this very call, by name after Google's
    /// prefix. A token that holds it gets no verdict.
    pub(crate) fn restricting(&self) -> Option<&'static str> {
        self.restricting
    }
}

/// The method that a call is.
///
/// # Errors
/// The reason for which no method of a Google API can be named.
///
/// ```
/// # #[cfg(feature = "catalog-full")] {
/// use gcp_scopes::call::{Call, Why};
/// use gcp_scopes::catalog::{Endpoints, lookup};
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

pub(super) fn is_known(host: &str) -> bool {
    reader::is_host(host) || host::AUTH.contains(&host)
}

fn find(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.is_grpc() {
        return grpc(call, endpoints);
    }
    let place = endpoints.place(call, is_known)?;
    if call.is_signed() {
        return Err(Why::Signed);
    }
    if place.bucket {
        return xml(call, true);
    }
    if let Some(method) = session(call, &place.host) {
        return Ok(Found::new(method, call.query()).doubted(Why::Session));
    }
    match reader::find(&place.host, call.verb(), call.path()) {
        Some(method) => Ok(Found::new(method, call.query())),
        None => missed(call, &place.host),
    }
}

/// A gRPC path names its service in full, so a host is only asked whether it is one of Google's;
/// the inner layers of a gRPC client do not see any.
fn grpc(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.authority().is_some() {
        endpoints.place(call, is_known)?;
    }
    let method = grpc_method(call.path()).ok_or(Why::Method)?;
    Ok(Found::new(method, "").doubted(Why::Grpc))
}

/// The catalog holds no gRPC methods yet.
fn grpc_method(_path: &str) -> Option<ApiMethod> {
    None
}

/// The method that began the resumable upload which this request continues, asks about or ends.
fn session(call: &Call<'_>, host: &str) -> Option<ApiMethod> {
    let path = call.path();
    let upload = path.starts_with("/upload/") || path.starts_with("/resumable/upload/");
    if !upload || !query::has(call.query(), query::UPLOAD_ID) {
        return None;
    }
    [call.verb(), "POST", "PUT", "PATCH"].into_iter().find_map(|verb| reader::find(host, verb, path))
}

/// A request to a Google API that none of its REST methods is.
fn missed(call: &Call<'_>, host: &str) -> Result<Found, Why> {
    if call.is_batch() {
        return Err(Why::Batch);
    }
    if host::is_auth(host, call.path()) {
        return Err(Why::Auth);
    }
    if let ("POST", Some(method)) = (call.verb(), grpc_method(call.path())) {
        return Ok(Found::new(method, "").doubted(Why::Grpc));
    }
    if host == STORAGE { xml(call, false) } else { Err(Why::Method) }
}

fn xml(call: &Call<'_>, bucket_in_host: bool) -> Result<Found, Why> {
    let same = storage::equivalent(call, bucket_in_host).ok_or(Why::Method)?;
    let method = reader::find(STORAGE, same.verb, same.path).ok_or(Why::Method)?;
    let method = if same.documented { method } else { method.inferred() };
    let found = Found::new(method, call.query());
    let session = query::has(call.query(), query::UPLOAD_ID);
    Ok(if session { found.doubted(Why::Session) } else { found })
}

fn applies(condition: &Query, query: &str) -> bool {
    match condition {
        Query::Has(name) => query::has(query, name),
        Query::IsNot(name, values) => {
            let is = |(key, value): (&str, Option<&str>)| {
                key == *name && value.is_some_and(|v| values.contains(&v))
            };
            !query::pairs(query).any(is)
        }
    }
}
