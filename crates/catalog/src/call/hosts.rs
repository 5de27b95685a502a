//! Data: hosts and domains of Google that serve no API of the catalog, and other names of API
//! hosts.

/// Other names of hosts, each with the name in the Discovery document of the API. Sources:
/// <https://cloud.google.com/translate/docs/advanced/endpoints>,
/// <https://cloud.google.com/translate/docs/reference/rest>. Google's API console and error
/// messages name the services `calendar-json.googleapis.com` and `siteverification.googleapis.com`,
/// whose documents list `www.googleapis.com`
/// (<https://developers.google.com/workspace/calendar/api/guides/quota>,
/// <https://developers.google.com/site-verification/v1/getting_started>).
pub(super) static ALIASES: [(&str, &str); 5] = [
    ("translate.googleapis.com", "translation.googleapis.com"),
    ("translate-eu.googleapis.com", "translation.googleapis.com"),
    ("translate-us.googleapis.com", "translation.googleapis.com"),
    ("calendar-json.googleapis.com", "www.googleapis.com"),
    ("siteverification.googleapis.com", "www.googleapis.com"),
];

/// Other names of the host of Cloud Storage, without `googleapis.com`: the name of the service
/// before it was called Cloud Storage, and the host of authenticated downloads in a browser.
/// Sources: <https://cloud.google.com/storage/docs/request-endpoints>,
/// <https://cloud.google.com/storage/docs/xml-api/reference-uris>.
pub(super) static STORAGE_NAMES: [&str; 2] = ["commondatastorage", "storage-download"];

/// Domains outside `googleapis.com` below which one API has hosts of its users' resources: the
/// databases of Firebase, and the dedicated endpoints of Vertex AI. The catalog has the API under
/// the second name. Sources: <https://firebase.google.com/docs/database/rest/start>,
/// <https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type>,
/// <https://cloud.google.com/vertex-ai/docs/vector-search/query-index-public-endpoint>.
pub(super) static RESOURCES: [(&str, &str); 4] = [
    ("firebaseio.com", "firebaseio.com"),
    ("firebasedatabase.app", "firebaseio.com"),
    ("prediction.vertexai.goog", "aiplatform.googleapis.com"),
    ("vdb.vertexai.goog", "aiplatform.googleapis.com"),
];

/// Hosts of Google that only issue or describe tokens.
/// Sources: <https://developers.google.com/identity/protocols/oauth2/web-server>,
/// <https://accounts.google.com/.well-known/openid-configuration>,
/// <https://cloud.google.com/iam/docs/reference/sts/rest>,
/// <https://firebase.google.com/docs/reference/rest/auth>.
pub(crate) static AUTH: [&str; 4] = [
    "oauth2.googleapis.com",
    "openidconnect.googleapis.com",
    "sts.googleapis.com",
    "securetoken.googleapis.com",
];

/// The names and addresses of the metadata server. Source:
/// <https://cloud.google.com/compute/docs/metadata/querying-metadata>. The IPv6 address is from
/// <https://cloud.google.com/compute/docs/metadata/overview>, and has not been tried.
pub(super) static METADATA: [&str; 4] =
    ["metadata.google.internal", "169.254.169.254", "metadata", "fd20:ce::254"];

/// Domains below which Google serves the programs and sites of its users. Sources:
/// <https://cloud.google.com/run/docs/triggering/https-request>,
/// <https://cloud.google.com/functions/docs/calling/http>,
/// <https://cloud.google.com/appengine/docs/standard/how-requests-are-routed>,
/// <https://cloud.google.com/endpoints/docs/openapi/cloud-goog-dns-configure>,
/// <https://cloud.google.com/api-gateway/docs/quickstart>,
/// <https://cloud.google.com/workstations/docs> and <https://firebase.google.com/docs/hosting>.
pub(super) static WORKLOADS: [&str; 9] = [
    "run.app",
    "cloudfunctions.net",
    "appspot.com",
    "googleusercontent.com",
    "cloudworkstations.dev",
    "gateway.dev",
    "cloud.goog",
    "web.app",
    "firebaseapp.com",
];

/// The areas with which the names of Google's regions begin
/// (<https://cloud.google.com/compute/docs/regions-zones>).
pub(super) static AREAS: [&str; 8] =
    ["africa", "asia", "australia", "europe", "me", "northamerica", "southamerica", "us"];

/// Locations that consist of more than one region: the locations in the `endpoints` of Google's
/// Discovery documents, and `asia` (<https://cloud.google.com/storage/docs/locations#location-mr>).
pub(super) static MULTI_REGIONS: [&str; 7] = ["asia", "ca", "ch", "eu", "in", "sa", "us"];
