//! Finding the method of a call by its host, verb and path, or by its gRPC path.

use crate::blob::Host;
use crate::call::host::{self, STORAGE};
use crate::call::{AbstainReason, Call, query, storage};
use crate::catalog::Catalog;
use crate::endpoints::{Endpoints, is_known_host};
use crate::found::{Match, MatchResult};
use crate::method::ApiMethod;
use crate::path::equal;

/// Finds the method of a call.
pub(crate) fn find(call: &Call<'_>, endpoints: &Endpoints) -> MatchResult {
    let catalog = endpoints.catalog();
    match find_in(catalog, call, endpoints) {
        Err(AbstainReason::Host) if catalog.is_empty() => Err(AbstainReason::Catalog),
        result => result,
    }
}

/// Finds the method of a call in a catalog.
#[inline(always)]
fn find_in(catalog: Catalog, call: &Call<'_>, endpoints: &Endpoints) -> MatchResult {
    if call.is_grpc() {
        return find_grpc(catalog, call, endpoints);
    }
    if let Some(host) = endpoints.exact_host(catalog, call) {
        return find_at(catalog, call, catalog.blob().host_name(host), Some(host));
    }
    let api_host = endpoints.api_host(call, |host| is_known_host(catalog, host))?;
    match api_host.is_bucket {
        true if call.is_signed() => Err(AbstainReason::Signed),
        true => find_xml(catalog, call, true),
        false => find_at(catalog, call, api_host.host.as_bytes(), catalog.host(&api_host.host)),
    }
}

/// Returns the host of a call, if it is a host of the catalog.
#[cold]
pub(crate) fn host_of(call: &Call<'_>, endpoints: &Endpoints) -> Option<(Catalog, Host)> {
    let catalog = endpoints.catalog();
    let named = || {
        let api_host = endpoints.api_host(call, |host| is_known_host(catalog, host)).ok()?;
        catalog.host(&api_host.host)
    };
    Some((catalog, endpoints.exact_host(catalog, call).or_else(named)?))
}

/// Finds the method of a call to the host with this name. `host` is `None` for a host that is known
/// by name and has no methods of its own in the catalog.
pub(crate) fn find_at(
    catalog: Catalog,
    call: &Call<'_>,
    name: &[u8],
    host: Option<Host>,
) -> MatchResult {
    // In the first arm the catalog is a constant, for which the compiler generates faster code: see
    // `walk::find_at`.
    match catalog == Catalog::built_in() {
        true => find_on_host(Catalog::built_in(), call, name, host),
        false => find_on_host(catalog, call, name, host),
    }
}

/// Finds the method of a call to a host, as [`find_at`] documents it.
#[inline(always)]
fn find_on_host(catalog: Catalog, call: &Call<'_>, name: &[u8], host: Option<Host>) -> MatchResult {
    if call.is_signed() {
        return Err(AbstainReason::Signed);
    }
    if equal(name, STORAGE.as_bytes()) && !storage::is_json_path(call.path()) {
        return find_xml(catalog, call, false);
    }
    let upload = if call.query().is_empty() { None } else { upload_method(catalog, call, name) };
    if let Some(method) = upload {
        return Ok(Match::new(catalog, method, call.query()).or_abstain(AbstainReason::Session));
    }
    let found = match row_at(catalog, call, name, host) {
        Some(row) => Match::new(catalog, ApiMethod::from_row(catalog, row), call.query()),
        None => find_without_slash(catalog, call, name)
            .ok_or_else(|| reason_for_no_method(call, name))?,
    };
    Ok(if call.verb() == "POST" && query::may_replace_verb(call.query()) {
        found.or_abstain(AbstainReason::Request)
    } else {
        found
    })
}

/// Returns the row of the method that a call to this host has, if no rule of Cloud Storage or of
/// uploads applies.
#[inline(always)]
fn row_at(catalog: Catalog, call: &Call<'_>, name: &[u8], host: Option<Host>) -> Option<u32> {
    // The catalog may have methods under both names of a host; those of the documented name are
    // preferred.
    let documented = host::unalias(name).and_then(|name| catalog.host(name));
    let mut hosts = documented.into_iter().chain(host);
    hosts.find_map(|host| catalog.find_row_at(host, call.verb(), call.path()))
}

/// Returns the number of the set of scopes that the method of a [plain](Call::plain_token) call to
/// this host accepts. Returns `None` if the path alone does not determine the method.
#[inline(always)]
pub(crate) fn set_at(catalog: Catalog, call: &Call<'_>, name: &[u8], host: Host) -> Option<u16> {
    let is_xml = equal(name, STORAGE.as_bytes()) && !storage::is_json_path(call.path());
    if is_xml || host::unalias(name).is_some() {
        return None;
    }
    let row = catalog.find_row_at(host, call.verb(), call.path())?;
    Some(catalog.blob().row(row).set)
}

/// Returns the name of a host as text. Names of hosts are always UTF-8.
pub(crate) fn host_text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// Finds the method of a path that ends in a superfluous slash. Servers ignore the slash and
/// clients send such paths, although no page of Google documents it:
/// <https://github.com/cloudyr/googleCloudStorageR/pull/182>,
/// <https://github.com/googleapis/google-cloud-node/blob/main/packages/google-cloud-translate/src/v2/index.ts>.
fn find_without_slash(catalog: Catalog, call: &Call<'_>, host: &[u8]) -> Option<Match> {
    let path = call.path().strip_suffix('/')?;
    let row = catalog.find_row(host_text(host), call.verb(), path)?;
    let found = Match::new(catalog, ApiMethod::from_row(catalog, row), call.query());
    Some(found.or_abstain(AbstainReason::Inferred))
}

/// Finds the method of a gRPC call. The path alone determines the method; the host determines
/// whether the call goes to Google, and the row of a service that several hosts include. Inside a
/// gRPC client a request has no host yet: there a call goes to Google if the package of its service
/// begins with `google.`.
fn find_grpc(catalog: Catalog, call: &Call<'_>, endpoints: &Endpoints) -> MatchResult {
    let is_google = call.authority().is_some() || call.path().starts_with("/google.");
    // The collectors of OpenTelemetry that are not Google's have the services of Google's
    // collector.
    if !is_google && call.path().starts_with("/opentelemetry.") {
        return Err(AbstainReason::Host);
    }
    let exact = endpoints.exact_host(catalog, call);
    let host = match call.authority() {
        Some(_) if exact.is_none() => {
            Some(endpoints.api_host(call, |host| is_known_host(catalog, host))?.host)
        }
        _ => exact.map(|host| host_text(catalog.blob().host_name(host)).into()),
    };
    let first = catalog.rpc_row(call.path()).ok_or(if is_google {
        AbstainReason::Method
    } else {
        AbstainReason::Host
    })?;
    let is_of_host = |row: &u32| Some(ApiMethod::from_row(catalog, *row).host()) == host.as_deref();
    let row = catalog.rows_of_rpc(first).find(is_of_host).unwrap_or(first);
    Ok(Match::new(catalog, ApiMethod::from_row(catalog, row), "").over_grpc())
}

/// Finds the method that started a resumable upload, for a request to the session URL of the
/// upload. The session URL has the path of the method, but the request may have another verb.
fn upload_method(catalog: Catalog, call: &Call<'_>, host: &[u8]) -> Option<ApiMethod> {
    let path = call.path();
    let upload = || path.starts_with("/upload/") || path.starts_with("/resumable/upload/");
    if !upload() || !query::has_key(call.query(), query::UPLOAD_ID) {
        return None;
    }
    let find = |verb| catalog.find_row(host_text(host), verb, path);
    // The verbs of Google's upload methods, the most frequent one first: the Discovery documents in
    // google-api-python-client 2.202.0 have 102 such routes with POST, 9 with PUT and 2 with PATCH.
    let row = [call.verb(), "POST", "PUT", "PATCH"].into_iter().find_map(find)?;
    Some(ApiMethod::from_row(catalog, row))
}

/// Returns why no method can be named for a request to an API of Google.
fn reason_for_no_method(call: &Call<'_>, host: &[u8]) -> AbstainReason {
    match call {
        _ if call.is_batch() => AbstainReason::Batch,
        _ if host::is_auth(host_text(host), call.path()) => AbstainReason::Auth,
        _ => AbstainReason::Method,
    }
}

/// Finds the JSON method that is equivalent to a call of Cloud Storage's XML API.
fn find_xml(catalog: Catalog, call: &Call<'_>, bucket_in_host: bool) -> MatchResult {
    let json = storage::equivalent(call, bucket_in_host).ok_or(AbstainReason::Method)?;
    let row = catalog.find_row(STORAGE, json.verb, json.path).ok_or(AbstainReason::Method)?;
    let method = ApiMethod::from_row(catalog, row);
    let method = if json.documented { method } else { method.into_inferred() };
    let found = Match::new(catalog, method, call.query());
    let is_session = query::has_key(call.query(), query::UPLOAD_ID);
    Ok(if is_session { found.or_abstain(AbstainReason::Session) } else { found })
}
