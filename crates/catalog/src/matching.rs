//! Which method a call is: by its host, verb and path, or by its gRPC path.

use crate::blob::Host;
use crate::call::host::{self, STORAGE};
use crate::call::{AbstainReason, Call, query, storage};
use crate::catalog::Catalog;
use crate::endpoints::{Endpoints, is_known};
use crate::found::Found;
use crate::method::ApiMethod;
use crate::path::same;

/// The method of a call, or the reason for which none can be named.
pub(crate) fn find(call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, AbstainReason> {
    match find_in(endpoints.catalog(), call, endpoints) {
        Err(AbstainReason::Host) if endpoints.catalog().blob().set_count() == 0 => {
            Err(AbstainReason::Catalog)
        }
        found => found,
    }
}

#[inline(always)]
fn find_in(catalog: Catalog, call: &Call<'_>, endpoints: &Endpoints) -> Result<Found, AbstainReason> {
    if call.is_grpc() {
        return grpc(catalog, call, endpoints);
    }
    if let Some(host) = endpoints.exact(catalog, call) {
        return find_at(catalog, call, catalog.blob().host_name(host), Some(host));
    }
    let place = endpoints.place(call, |host| is_known(catalog, host))?;
    match place.bucket {
        true if call.is_signed() => Err(AbstainReason::Signed),
        true => xml(catalog, call, true),
        false => find_at(catalog, call, place.host.as_bytes(), catalog.host(&place.host)),
    }
}

/// The method of a call to this host. Not every host that has a name has a record.
pub(crate) fn find_at(
    catalog: Catalog,
    call: &Call<'_>,
    name: &[u8],
    host: Option<Host>,
) -> Result<Found, AbstainReason> {
    // Twice, because the compiler makes faster code where it knows the catalog: see `Catalog::read`.
    match catalog == Catalog::built_in() {
        true => at(Catalog::built_in(), call, name, host),
        false => at(catalog, call, name, host),
    }
}

#[inline(always)]
fn at(catalog: Catalog, call: &Call<'_>, name: &[u8], host: Option<Host>) -> Result<Found, AbstainReason> {
    if call.is_signed() {
        return Err(AbstainReason::Signed);
    }
    if same(name, STORAGE.as_bytes()) && !storage::is_json(call.path()) {
        return xml(catalog, call, false);
    }
    let session = if call.query().is_empty() { None } else { session(catalog, call, name) };
    if let Some(method) = session {
        return Ok(Found::new(catalog, method, call.query()).doubted(AbstainReason::Session));
    }
    let read = |host: Host| catalog.find_at(host, call.verb(), call.path());
    let row = host::twin(name).and_then(|name| catalog.host(name)).and_then(read).or_else(|| read(host?));
    let found = match row {
        Some(row) => Found::new(catalog, ApiMethod::of_row(catalog, row), call.query()),
        None => without_slash(catalog, call, text(name)).ok_or_else(|| missed(call, text(name)))?,
    };
    Ok(if call.verb() == "POST" && query::hides_verb(call.query()) {
        found.doubted(AbstainReason::Request)
    } else {
        found
    })
}

/// The name of a host: it was text before.
pub(crate) fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// The method of a path with one slash too many at its end. Servers let it pass and clients rely on
/// that, but no page of Google's says so: <https://github.com/cloudyr/googleCloudStorageR/pull/182>,
/// <https://github.com/googleapis/google-cloud-node/blob/main/packages/google-cloud-translate/src/v2/index.ts>.
fn without_slash(catalog: Catalog, call: &Call<'_>, host: &str) -> Option<Found> {
    let path = call.path().strip_suffix('/')?;
    let row = catalog.find(host, call.verb(), path)?;
    Some(Found::new(catalog, ApiMethod::of_row(catalog, row), call.query()).doubted(AbstainReason::Inferred))
}

/// A gRPC path names its service in full, so the host only shows whether the call is Google's. The inner
/// layers of a gRPC client see no host: there the package of the service shows it.
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

fn xml(catalog: Catalog, call: &Call<'_>, bucket_in_host: bool) -> Result<Found, AbstainReason> {
    let same = storage::equivalent(call, bucket_in_host).ok_or(AbstainReason::Method)?;
    let row = catalog.find(STORAGE, same.verb, same.path).ok_or(AbstainReason::Method)?;
    let method = ApiMethod::of_row(catalog, row);
    let method = if same.documented { method } else { method.inferred() };
    let found = Found::new(catalog, method, call.query());
    let session = query::has(call.query(), query::UPLOAD_ID);
    Ok(if session { found.doubted(AbstainReason::Session) } else { found })
}
