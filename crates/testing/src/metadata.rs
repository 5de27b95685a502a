//! The metadata server, <https://cloud.google.com/compute/docs/metadata/querying-metadata>.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::clock::unix;
use crate::encoding::{base64url, random_hex};
use crate::incoming::IncomingRequest;
use crate::reply::{Reply, empty, html, reply, with};
use crate::state::State;
use crate::vm::{Machine, Project};

const ROOT: &str = "/computeMetadata/v1";

/// "The metadata server caches access tokens until they have 5 minutes of remaining time before
/// they expire", <https://cloud.google.com/compute/docs/access/authenticate-workloads>.
const CACHED_UNTIL: Duration = Duration::from_secs(300);

/// Answers for one machine, given by its place in the state.
pub(crate) fn answer(state: &mut State, machine: usize, request: &IncomingRequest) -> Reply {
    dress(refuse(request).unwrap_or_else(|| route(state, machine, request)))
}

/// Google asks for the header, and for a request that no proxy has passed on.
fn refuse(request: &IncomingRequest) -> Option<Reply> {
    if request.verb != Method::GET && request.verb != Method::HEAD {
        return Some(html(
            StatusCode::METHOD_NOT_ALLOWED,
            "The request method is inappropriate for this URL.",
        ));
    }
    if request.header("x-forwarded-for").is_some() {
        return Some(html(StatusCode::FORBIDDEN, "Your client does not have permission to get this URL."));
    }
    let is_inside = request.path.starts_with("/computeMetadata/");
    if !is_inside || request.header("metadata-flavor") == Some("Google") {
        return None;
    }
    let sentence = format!(
        "Your client does not have permission to get URL <code>{}</code> from this server. \
         Missing Metadata-Flavor:Google header.",
        request.path
    );
    Some(html(StatusCode::FORBIDDEN, &sentence))
}

/// The headers that every answer has.
fn dress(answered: Reply) -> Reply {
    let mut hasher = DefaultHasher::new();
    answered.body().hash(&mut hasher);
    let headers = [
        ("metadata-flavor", "Google"),
        ("server", "Metadata Server for VM"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("etag", &format!("{:016x}", hasher.finish())),
    ];
    headers.into_iter().fold(answered, |reply, (name, value)| with(reply, name, value))
}

fn route(state: &mut State, index: usize, request: &IncomingRequest) -> Reply {
    let Some(path) = request.path.strip_prefix(ROOT) else {
        return if request.path == "/" { text("computeMetadata/\n") } else { not_found(request) };
    };
    let Some(machine) = state.machines.get(index) else { return not_found(request) };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        ["instance", "service-accounts", who, "token"] if is_attached(machine, who) => {
            token(state, index, request)
        }
        ["instance", "service-accounts", who, "identity"] if is_attached(machine, who) => {
            identity(state, machine, request)
        }
        segments => show(&tree(machine), segments, request),
    }
}

/// A part of the tree: a directory, a directory with all below it, or a value.
fn show(tree: &Value, segments: &[&str], request: &IncomingRequest) -> Reply {
    match segments.iter().try_fold(tree, |node, segment| node.get(*segment)) {
        None => not_found(request),
        Some(Value::Object(_)) if !request.path.ends_with('/') => {
            let place = format!("{}{}/", request.base, request.path);
            with(html(StatusCode::MOVED_PERMANENTLY, "The document has moved."), "location", &place)
        }
        Some(node) if request.query.get("recursive") == Some("true") => {
            json_text(&camel(segments.last().copied().unwrap_or_default(), node))
        }
        Some(Value::Object(children)) => text(&listing(children)),
        Some(leaf) => text(&leaf_text(leaf)),
    }
}

fn is_attached(machine: &Machine, who: &str) -> bool {
    machine.account.as_deref().is_some_and(|email| who == "default" || who == email)
}

fn token(state: &mut State, index: usize, request: &IncomingRequest) -> Reply {
    let Some(text) = current_token(state, index, request.query.get("scopes").unwrap_or_default()) else {
        return html(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error.");
    };
    let seconds = state.remaining(&text).as_secs();
    json_text(&json!({"access_token": text, "expires_in": seconds, "token_type": "Bearer"}))
}

/// The token the metadata server hands out now, from its cache while that has one.
///
/// None where the scopes are not separated by commas: Cloud Run answers 500 to spaces, as seen in
/// <https://github.com/googleapis/google-auth-library-ruby/issues/277>.
pub(crate) fn current_token(state: &mut State, index: usize, requested: &str) -> Option<String> {
    let machine = state.machines.get(index)?;
    let account = machine.account.clone()?;
    let honoured = if machine.platform.is_vm() { "" } else { requested };
    if honoured.contains(char::is_whitespace) {
        return None;
    }
    let wanted: Vec<String> =
        honoured.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let scopes = machine.token_scopes(wanted);
    let cached = machine.cache.get(honoured).cloned();
    let fresh = cached.filter(|token| state.remaining(token) > CACHED_UNTIL);
    let token = fresh.unwrap_or_else(|| state.mint(&account, scopes));
    state.machines.get_mut(index)?.cache.insert(honoured.to_owned(), token.clone());
    Some(token)
}

/// A JWT with Google's claims and a signature that means nothing.
fn identity(state: &State, machine: &Machine, request: &IncomingRequest) -> Reply {
    let Some(audience) = request.query.get("audience") else {
        return reply(StatusCode::BAD_REQUEST, "text/html", "non-empty audience parameter required");
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

/// Everything the machine may read, with the names of the paths.
fn tree(machine: &Machine) -> Value {
    let mut instance = json!({
        "attributes": machine.attributes,
        "id": machine.id(),
        "service-accounts": accounts(machine),
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

/// Names of a directory, one per line, directories with a slash.
fn listing(children: &Map<String, Value>) -> String {
    let mut names: Vec<String> = children
        .iter()
        .map(|(name, child)| if child.is_object() { format!("{name}/\n") } else { format!("{name}\n") })
        .collect();
    if children.contains_key("aliases") {
        names.extend(["identity\n".to_owned(), "token\n".to_owned()]);
    }
    names.sort();
    names.concat()
}

fn leaf_text(leaf: &Value) -> String {
    match leaf {
        Value::Array(lines) => {
            lines.iter().filter_map(Value::as_str).map(|line| format!("{line}\n")).collect()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The recursive form writes `service-accounts` as `serviceAccounts`, but leaves alone the names
/// that a user chose: attributes and accounts.
fn camel(name: &str, node: &Value) -> Value {
    let Value::Object(children) = node else { return node.clone() };
    let keeps_names = matches!(name, "attributes" | "service-accounts");
    let shown = |key: &String| if keeps_names { key.clone() } else { camel_name(key) };
    children.iter().map(|(key, child)| (shown(key), camel(key, child))).collect()
}

fn camel_name(kebab: &str) -> String {
    let mut parts = kebab.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at_checked(1).unwrap_or((part, ""));
        name + &head.to_ascii_uppercase() + tail
    })
}

fn text(body: &str) -> Reply {
    reply(StatusCode::OK, "application/text", body.to_owned())
}

fn json_text(body: &Value) -> Reply {
    reply(StatusCode::OK, "application/json", body.to_string())
}

fn not_found(request: &IncomingRequest) -> Reply {
    match request.verb {
        Method::HEAD => empty(StatusCode::NOT_FOUND),
        _ => html(
            StatusCode::NOT_FOUND,
            &format!("The requested URL <code>{}</code> was not found on this server.", request.path),
        ),
    }
}
