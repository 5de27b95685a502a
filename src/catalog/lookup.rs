use super::overrides::{self, Reason, Silence};
use super::{ApiMethod, Basis, Endpoints, reader};
use crate::call::host::{self, STORAGE};
use crate::call::{Call, Why, query, storage};
use crate::scope::{Scope, ScopeSet};

/// The method that a call is, and what keeps us from judging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    method: ApiMethod,
    doubt: Option<Why>,
    silence: Option<Silence>,
}

impl Found {
    fn new(method: ApiMethod, query: &str) -> Self {
        let silence = method.silenced(query);
        let doubt = match method.basis() {
            _ if method.set_index() == 0 => Some(Why::Empty),
            _ if method.is_unlisted() => Some(Why::Inferred),
            Basis::Protos => Some(Why::Coarse),
            Basis::Inferred => Some(Why::Inferred),
            Basis::Discovery => None,
        };
        let always = silence.filter(|silence| silence.only_with.is_none()).map(|silence| why(silence.reason));
        Self { method, doubt: always.or(doubt), silence }
    }

    /// A call of which the method is known and the request is not.
    pub(crate) fn named(method: ApiMethod) -> Self {
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

    /// Why the hand table keeps the verdict back for a token with these scopes.
    pub(crate) fn silenced(&self, granted: &ScopeSet) -> Option<Why> {
        let silence = self.silence?;
        let holds = |short| granted.contains(&Scope::from_uri(&overrides::uri(short)));
        silence.only_with.is_none_or(holds).then(|| why(silence.reason))
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
    reader::is_host(host) || host::AUTH.contains(&host) || host::twin(host).is_some()
}

fn find(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.is_grpc() {
        return grpc(call, endpoints);
    }
    let place = endpoints.place(call, is_known)?;
    if call.is_signed() {
        return Err(Why::Signed);
    }
    if place.bucket || (place.host == STORAGE && !storage::is_json(call.path())) {
        return xml(call, place.bucket);
    }
    if let Some(method) = session(call, &place.host) {
        return Ok(Found::new(method, call.query()).doubted(Why::Session));
    }
    let read = |host: &str| reader::find(host, call.verb(), call.path());
    let method = host::twin(&place.host).and_then(read).or_else(|| read(&place.host));
    let found = method.map(|method| Found::new(method, call.query()));
    let found =
        found.or_else(|| without_slash(call, &place.host)).ok_or_else(|| missed(call, &place.host))?;
    Ok(if call.verb() == "POST" && query::hides_verb(call.query()) {
        found.doubted(Why::Request)
    } else {
        found
    })
}

/// The method of a path with one slash too many at its end. Servers let it pass and clients rely on
/// that, but no page of Google's says so: <https://github.com/cloudyr/googleCloudStorageR/pull/182>,
/// <https://github.com/googleapis/google-cloud-node/blob/main/packages/google-cloud-translate/src/v2/index.ts>.
fn without_slash(call: &Call<'_>, host: &str) -> Option<Found> {
    let path = call.path().strip_suffix('/')?;
    let method = reader::find(host, call.verb(), path)?;
    Some(Found::new(method, call.query()).doubted(Why::Inferred))
}

/// A gRPC path names its service in full, so a host is only asked whether it is one of Google's. The
/// inner layers of a gRPC client do not see any: there the package of the service tells.
fn grpc(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, Why> {
    if call.authority().is_some() {
        endpoints.place(call, is_known)?;
    }
    let is_google = call.authority().is_some() || call.path().starts_with("/google.");
    let method = reader::grpc(call.path()).ok_or(if is_google { Why::Method } else { Why::Host })?;
    Ok(Found::new(method, "").doubted(Why::Grpc))
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
    let method = reader::find(STORAGE, same.verb, same.path).ok_or(Why::Method)?;
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
