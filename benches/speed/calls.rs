//! The requests, tokens and guards of the timed calls.

use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Guard, ScopeSet};
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::Empty;

/// The body type of the timed requests, which are all without a body.
pub(crate) type NoBody = Empty<Bytes>;

/// The URLs of eight common GET requests. For four of these requests the guard has to find the
/// method of the path, because no scope of [`READ_SCOPES`] is accepted by every GET method of the
/// host.
pub(crate) const READS: [&str; 8] = [
    "https://storage.googleapis.com/storage/v1/b/my-bucket-name/o/logs%2F2026%2F01%2Fpart-0000.gz",
    "https://bigquery.googleapis.com/bigquery/v2/projects/my-project-123456/datasets/analytics/tables/events/data",
    "https://compute.googleapis.com/compute/v1/projects/my-project-123456/zones/us-central1-a/instances/web-frontend-0042",
    "https://logging.googleapis.com/v2/projects/my-project-123456/logs",
    "https://www.googleapis.com/drive/v3/files/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
    "https://sheets.googleapis.com/v4/spreadsheets/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/values/Sheet1!A1:D5",
    "https://gmail.googleapis.com/gmail/v1/users/me/messages/18c2f0d3a4b5c6d7",
    "https://monitoring.googleapis.com/v3/projects/my-project-123456/timeSeries?pageSize=100",
];

/// The requests of [`READS`] whose method the guard has to find.
pub(crate) const WALKED: [&str; 4] = [READS[0], READS[2], READS[4], READS[5]];

/// One accepted scope for each request of [`READS`], in the same order.
const READ_SCOPES: &str = "devstorage.read_only bigquery.readonly compute.readonly logging.read \
                           drive.readonly spreadsheets.readonly gmail.readonly monitoring.read";

/// The URLs of eight common GET requests to hosts on which every method accepts `cloud-platform`.
pub(crate) const CLOUD: [&str; 8] = [
    READS[0],
    READS[2],
    READS[3],
    "https://pubsub.googleapis.com/v1/projects/my-project-123456/topics/orders",
    "https://secretmanager.googleapis.com/v1/projects/my-project-123456/secrets/db-password/versions/latest:access",
    "https://cloudkms.googleapis.com/v1/projects/my-project-123456/locations/global/keyRings/ring/cryptoKeys/key",
    "https://run.googleapis.com/v2/projects/my-project-123456/locations/europe-west1/services/frontend",
    "https://spanner.googleapis.com/v1/projects/my-project-123456/instances/main/databases/orders",
];

/// Returns a token, different for each `number`, that is as long as the tokens of a VM's metadata
/// server (1,024 bytes).
pub(crate) fn token(number: usize) -> String {
    format!("ya29.c.{number:0>1017}")
}

/// Parses scopes that are given by their short names, separated by spaces.
fn scopes(shorts: &str) -> ScopeSet {
    shorts.split(' ').map(|short| short.parse().unwrap()).collect()
}

/// Returns the scopes of [`READ_SCOPES`].
pub(crate) fn read_scopes() -> ScopeSet {
    scopes(READ_SCOPES)
}

pub(crate) fn cloud_platform() -> ScopeSet {
    scopes("cloud-platform")
}

/// Creates a guard that knows that each of these tokens holds the scopes `held`.
pub(crate) fn guard(tokens: impl IntoIterator<Item = usize>, held: &ScopeSet) -> Guard {
    let guard = Guard::builder().build();
    for number in tokens {
        let granted = GrantedScopes::known(held.clone(), GrantSource::Declared);
        guard.declare(AccessToken::new(&token(number)).unwrap(), granted);
    }
    guard
}

/// Creates a GET request with its own `authorization` header value, as most clients do.
pub(crate) fn request(url: &str, token: &str) -> Request<NoBody> {
    with_authorization(url, format!("Bearer {token}").parse().unwrap())
}

/// Creates a GET request with a given `authorization` header value, which may be shared.
pub(crate) fn with_authorization(url: &str, value: HeaderValue) -> Request<NoBody> {
    let request = Request::builder().method(Method::GET).uri(url).header(AUTHORIZATION, value);
    request
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "bench/1")
        .body(NoBody::new())
        .unwrap()
}
