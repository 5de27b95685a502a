//! The metadata server of a VM or of a serverless instance:
//! <https://cloud.google.com/compute/docs/metadata/querying-metadata>.

mod tree;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use http::header::ETAG;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::clock::unix;
use crate::encoding::{base64url, random_hex};
use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, empty, html, new_response, with_header};
use crate::shared::SharedState;
use crate::state::FakeState;
use crate::vm::Machine;

/// The remaining lifetime at which the metadata server replaces a cached token. Google documents:
/// "The metadata server caches access tokens until they have 5 minutes of remaining time before
/// they expire", <https://cloud.google.com/compute/docs/access/authenticate-workloads>.
const MIN_CACHED_LIFETIME: Duration = Duration::from_secs(300);

/// Responds to a request to the metadata server of the machine with this index in
/// [`FakeState::machines`].
pub(crate) fn respond(
    state: &mut FakeState,
    machine: usize,
    request: &IncomingRequest,
) -> FullResponse {
    with_common_headers(refuse(request).unwrap_or_else(|| route(state, machine, request)))
}

/// Refuses a request that is neither GET nor HEAD, that a proxy forwarded, or that reads metadata
/// without the header `Metadata-Flavor: Google`. Returns `None` for a valid request.
fn refuse(request: &IncomingRequest) -> Option<FullResponse> {
    if request.verb != Method::GET && request.verb != Method::HEAD {
        let message = "The request method is inappropriate for this URL.";
        return Some(html(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    if request.header("x-forwarded-for").is_some() {
        return Some(html(
            StatusCode::FORBIDDEN,
            "Your client does not have permission to get this URL.",
        ));
    }
    let path = &request.path;
    let needs_flavor = path.starts_with("/computeMetadata/");
    let reason = if LEGACY.iter().any(|root| path.starts_with(root)) {
        format!("Legacy metadata endpoint accessed: {path}")
    } else if needs_flavor && request.header("metadata-flavor") != Some("Google") {
        "Missing Metadata-Flavor:Google header.".to_owned()
    } else {
        return None;
    };
    let message = format!(
        "Your client does not have permission to get URL <code>{path}</code> from this server. \
         {reason}"
    );
    Some(html(StatusCode::FORBIDDEN, &message))
}

/// The paths of the versions that were shut down in 2020. The message is that of 2019 for projects
/// that had disabled them: <https://github.com/firebase/firebase-admin-node/issues/560>.
const LEGACY: [&str; 2] = ["/computeMetadata/v1beta1/", "/0.1/"];

/// Waits until the response differs from the one that the client knows, if the request asks for
/// that: <https://cloud.google.com/compute/docs/metadata/querying-metadata#waitforchange>. Waits at
/// most as long as the request says.
pub(crate) async fn wait_for_change(
    shared: &SharedState,
    machine: usize,
    request: &IncomingRequest,
) {
    if request.query.get("wait_for_change") != Some("true") {
        return;
    }
    let current = || respond(&mut shared.lock(), machine, request).headers().get(ETAG).cloned();
    let known = match request.query.get("last_etag") {
        Some(tag) => HeaderValue::from_str(tag).ok(),
        None => current(),
    };
    let mut changes = shared.changed.subscribe();
    let change = async {
        while current() == known {
            // `changed` fails only if the sender is dropped, and `shared` owns the sender.
            changes.changed().await.ok();
        }
    };
    match request.query.get("timeout_sec").and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => drop(timeout(Duration::from_secs(seconds), change).await),
        None => change.await,
    }
}

/// Adds the headers that every response of the metadata server has.
fn with_common_headers(response: FullResponse) -> FullResponse {
    let mut hasher = DefaultHasher::new();
    response.body().hash(&mut hasher);
    let headers = [
        ("metadata-flavor", "Google"),
        ("server", "Metadata Server for VM"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("etag", &format!("{:016x}", hasher.finish())),
    ];
    headers.into_iter().fold(response, |response, (name, value)| with_header(response, name, value))
}

fn route(state: &mut FakeState, index: usize, request: &IncomingRequest) -> FullResponse {
    let Some(machine) = state.machines.get(index) else { return not_found(request) };
    let segments: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    match segments.as_slice() {
        [.., "service-accounts", name, "token"] if is_attached(machine, name) => {
            token(state, index, request)
        }
        [.., "service-accounts", name, "identity"] if is_attached(machine, name) => {
            identity(state, machine, request)
        }
        segments => respond_with_node(&tree::build(machine), segments, request),
    }
}

/// Responds with the node of the metadata tree at this path: the listing of a directory, everything
/// below a directory, or a value.
fn respond_with_node(root: &Value, segments: &[&str], request: &IncomingRequest) -> FullResponse {
    let Some(node) = segments.iter().try_fold(root, |node, name| tree::child(node, name)) else {
        return not_found(request);
    };
    let name = segments.last().copied().unwrap_or_default();
    let is_recursive = request.query.get("recursive") == Some("true");
    let as_json = |is_default| request.query.get("alt").map_or(is_default, |alt| alt == "json");
    match tree::children(name, node) {
        Some(_) if !request.path.ends_with('/') => moved_to_directory(request),
        Some(_) if is_recursive && as_json(true) => compact_json(&tree::json(name, node)),
        Some(_) if is_recursive => text(&tree::lines(name, node, "")),
        Some(children) => text(&tree::listing(node, &children)),
        // Network tags are the only value that is JSON if the request does not name a format.
        None if as_json(name == "tags") => compact_json(node),
        None => text(&tree::leaf_text(node)),
    }
}

/// Redirects to the path of a directory, which ends with a slash.
fn moved_to_directory(request: &IncomingRequest) -> FullResponse {
    let response = html(StatusCode::MOVED_PERMANENTLY, "The document has moved.");
    with_header(response, "location", &format!("{}{}/", request.base, request.path))
}

/// Checks whether `name` is the email of the machine's service account or its alias `default`.
fn is_attached(machine: &Machine, name: &str) -> bool {
    machine.account.as_deref().is_some_and(|email| name == "default" || name == email)
}

/// Responds with an access token as JSON.
fn token(state: &mut FakeState, index: usize, request: &IncomingRequest) -> FullResponse {
    let Some(text) = current_token(state, index, request.query.get("scopes").unwrap_or_default())
    else {
        return html(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error.");
    };
    let seconds = state.remaining(&text).as_secs();
    compact_json(&json!({"access_token": text, "expires_in": seconds, "token_type": "Bearer"}))
}

/// Returns the token that the metadata server currently returns. The token comes from the cache if
/// the cached token is valid for long enough. `requested` is the value of the query parameter
/// `scopes`, a list separated by commas. VMs ignore this parameter.
///
/// Returns `None` if the machine has no service account, or if `requested` contains spaces. Cloud
/// Run responds with status 500 to spaces, as reported in
/// <https://github.com/googleapis/google-auth-library-ruby/issues/277>.
pub(crate) fn current_token(
    state: &mut FakeState,
    index: usize,
    requested: &str,
) -> Option<String> {
    let machine = state.machines.get(index)?;
    let account = machine.account.clone()?;
    let honored = if machine.platform.is_vm() { "" } else { requested };
    if honored.contains(char::is_whitespace) {
        return None;
    }
    let requested =
        honored.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let scopes = machine.token_scopes(requested);
    let cached = machine.token_cache.get(honored).cloned();
    let fresh = cached.filter(|token| state.remaining(token) > MIN_CACHED_LIFETIME);
    let token = fresh.unwrap_or_else(|| state.mint(&account, scopes));
    state.machines.get_mut(index)?.token_cache.insert(honored.to_owned(), token.clone());
    Some(token)
}

/// Responds with an identity token: a JWT with the claims of Google's tokens and an invalid
/// signature.
fn identity(state: &FakeState, machine: &Machine, request: &IncomingRequest) -> FullResponse {
    let Some(audience) = request.query.get("audience") else {
        return new_response(
            StatusCode::BAD_REQUEST,
            "text/html",
            "non-empty audience parameter required",
        );
    };
    let now = unix(state.clock.now());
    let mut claims = json!({
        "aud": audience, "azp": machine.id().to_string(), "sub": machine.id().to_string(),
        "exp": now + 3600, "iat": now, "iss": "https://accounts.google.com",
        "email": machine.account, "email_verified": true,
    });
    if request.query.get("format") == Some("full") && machine.platform.is_vm() {
        claims["google"]["compute_engine"] = json!({
            "instance_id": machine.id().to_string(), "instance_name": machine.name,
            "project_id": machine.project.id, "project_number": machine.project.number,
            "zone": machine.zone,
        });
    }
    let header = json!({"alg": "RS256", "kid": "fake", "typ": "JWT"});
    let parts = [header.to_string(), claims.to_string(), random_hex()];
    text(&parts.map(base64url).join("."))
}

/// Creates a response with plain text. The metadata server uses this content type.
fn text(body: &str) -> FullResponse {
    new_response(StatusCode::OK, "application/text", body.to_owned())
}

/// Creates a response with compact JSON, as the metadata server sends it.
fn compact_json(body: &Value) -> FullResponse {
    new_response(StatusCode::OK, "application/json", body.to_string())
}

fn not_found(request: &IncomingRequest) -> FullResponse {
    let message =
        format!("The requested URL <code>{}</code> was not found on this server.", request.path);
    match request.verb {
        Method::HEAD => empty(StatusCode::NOT_FOUND),
        _ => html(StatusCode::NOT_FOUND, &message),
    }
}
