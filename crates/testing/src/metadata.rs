//! The metadata server of a VM or of a serverless instance:
//! <https://cloud.google.com/compute/docs/metadata/querying-metadata>.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::clock::unix;
use crate::encoding::{base64url, random_hex};
use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, empty, html, new_response, with_header};
use crate::state::FakeState;
use crate::vm::{Machine, Project};

const ROOT: &str = "/computeMetadata/v1";

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
    let needs_flavor = request.path.starts_with("/computeMetadata/");
    if !needs_flavor || request.header("metadata-flavor") == Some("Google") {
        return None;
    }
    let message = format!(
        "Your client does not have permission to get URL <code>{}</code> from this server. \
         Missing Metadata-Flavor:Google header.",
        request.path
    );
    Some(html(StatusCode::FORBIDDEN, &message))
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
    let Some(path) = request.path.strip_prefix(ROOT) else {
        return if request.path == "/" { text("computeMetadata/\n") } else { not_found(request) };
    };
    let Some(machine) = state.machines.get(index) else { return not_found(request) };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        ["instance", "service-accounts", name, "token"] if is_attached(machine, name) => {
            token(state, index, request)
        }
        ["instance", "service-accounts", name, "identity"] if is_attached(machine, name) => {
            identity(state, machine, request)
        }
        segments => respond_with_node(&metadata_tree(machine), segments, request),
    }
}

/// Responds with the node of the metadata tree at this path: the listing of a directory, a
/// directory with everything below it as JSON, or a value.
fn respond_with_node(tree: &Value, segments: &[&str], request: &IncomingRequest) -> FullResponse {
    match segments.iter().try_fold(tree, |node, segment| node.get(*segment)) {
        None => not_found(request),
        Some(Value::Object(_)) if !request.path.ends_with('/') => {
            let location = format!("{}{}/", request.base, request.path);
            with_header(
                html(StatusCode::MOVED_PERMANENTLY, "The document has moved."),
                "location",
                &location,
            )
        }
        Some(node) if request.query.get("recursive") == Some("true") => {
            compact_json(&with_camel_case_names(segments.last().copied().unwrap_or_default(), node))
        }
        Some(Value::Object(children)) => text(&listing(children)),
        Some(leaf) => text(&leaf_text(leaf)),
    }
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

/// Builds the whole metadata tree of a machine. The names are those of the paths.
fn metadata_tree(machine: &Machine) -> Value {
    let mut instance = json!({
        "attributes": machine.attributes, "id": machine.id(), "service-accounts": accounts(machine),
    });
    for (name, value) in machine.filled(machine.platform.metadata()) {
        instance[name] = value.into();
    }
    let Project { id, number } = &machine.project;
    let project = json!({"attributes": {}, "numeric-project-id": number, "project-id": id});
    json!({"instance": instance, "project": project})
}

fn accounts(machine: &Machine) -> Value {
    let Some(email) = &machine.account else { return json!({}) };
    let scopes = machine.listed_scopes();
    let account = json!({"aliases": ["default"], "email": email, "scopes": scopes});
    json!({"default": account, email.as_str(): account})
}

/// Lists the names in a directory, one per line. Names of subdirectories end with a slash.
fn listing(children: &Map<String, Value>) -> String {
    let end = |child: &Value| if child.is_object() { "/\n" } else { "\n" };
    let mut names: Vec<String> =
        children.iter().map(|(name, child)| name.clone() + end(child)).collect();
    // `aliases` marks the directory of a service account. Its `identity` and `token` are not nodes
    // of the tree, because they are generated for each request.
    if children.contains_key("aliases") {
        names.extend(["identity\n".to_owned(), "token\n".to_owned()]);
    }
    names.sort();
    names.concat()
}

/// Formats a value as text: a list has one line per item.
fn leaf_text(leaf: &Value) -> String {
    match leaf {
        Value::Array(list) => {
            list.iter().filter_map(Value::as_str).map(|line| format!("{line}\n")).collect()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Converts names such as `service-accounts` to `serviceAccounts`, as in the JSON of
/// `?recursive=true`. `name` is the name of `node`. The names of attributes and of accounts stay
/// unchanged, because users choose them.
fn with_camel_case_names(name: &str, node: &Value) -> Value {
    let Value::Object(children) = node else { return node.clone() };
    let keeps_names = matches!(name, "attributes" | "service-accounts");
    let converted = |key: &String| if keeps_names { key.clone() } else { camel_case(key) };
    children
        .iter()
        .map(|(key, child)| (converted(key), with_camel_case_names(key, child)))
        .collect()
}

fn camel_case(kebab: &str) -> String {
    let mut parts = kebab.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at_checked(1).unwrap_or((part, ""));
        name + &head.to_ascii_uppercase() + tail
    })
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
