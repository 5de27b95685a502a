//! A small Cloud Storage: the JSON API, <https://cloud.google.com/storage/docs/json_api>, and
//! objects over the XML API, <https://cloud.google.com/storage/docs/xml-api/overview>.
//!
//! A call passes the gates in Google's order: is there a live token, do its scopes cover the
//! method, does its account have the permission, and only then does the resource exist.

mod buckets;
mod methods;
pub(super) mod objects;
mod parts;
mod problem;
mod upload;
mod xml;

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::exchange::{Asked, Reply, html, random_hex, with};
use super::state::{State, Token};
use methods::Access;
use problem::Problem;

type Answer = Result<Reply, Problem>;

/// Buckets, and uploads that have begun.
pub(super) struct Store {
    pub(super) buckets: BTreeMap<String, Bucket>,
    uploads: HashMap<String, upload::Upload>,
    parts: HashMap<String, parts::Parts>,
    /// The last generation given to an object.
    generation: u64,
}

impl Store {
    pub(super) fn new(buckets: BTreeMap<String, Bucket>) -> Self {
        Self { buckets, uploads: HashMap::new(), parts: HashMap::new(), generation: 0 }
    }
}

pub(super) struct Bucket {
    project: String,
    created: SystemTime,
    metageneration: u64,
    /// What was said about it when it was made or patched.
    fields: Map<String, Value>,
    pub(super) objects: BTreeMap<String, Object>,
}

impl Bucket {
    pub(super) fn new(project: &str, created: SystemTime) -> Self {
        Self {
            project: project.to_owned(),
            created,
            metageneration: 1,
            fields: Map::new(),
            objects: BTreeMap::new(),
        }
    }
}

pub(super) struct Object {
    pub(super) bytes: Bytes,
    /// Checksums in the base64 that Cloud Storage shows them in.
    crc32c: String,
    md5: String,
    content_type: String,
    generation: u64,
    metageneration: u64,
    created: SystemTime,
    metadata: Value,
}

/// Whose call it is, and what it is about.
struct Call<'a> {
    asked: &'a Asked,
    caller: Token,
    bucket: String,
    object: String,
}

pub(super) fn answer(state: &mut State, asked: &Asked) -> Reply {
    // Discovery has a path of its own for resumable uploads, which generated clients take.
    if let Some(rest) = asked.path.strip_prefix("/resumable/upload/") {
        let same = Asked { path: format!("/upload/{rest}"), ..asked.clone() };
        return answer(state, &same);
    }
    let reply = match asked.path.as_str() {
        _ if is_session(asked) => upload::resume(state, asked).unwrap_or_else(|problem| problem.json()),
        path if is_json(path) => json_api(state, asked).unwrap_or_else(|problem| problem.json()),
        "/" | "/storage/v1" => html(StatusCode::NOT_FOUND, "The requested URL was not found on this server."),
        _ => xml::answer(state, asked).unwrap_or_else(|problem| problem.xml(asked.verb == Method::HEAD)),
    };
    with(reply, "x-guploader-uploadid", &random_hex())
}

/// The refusal of the first two gates, before another server that has none.
pub(super) fn refuse(state: &State, asked: &Asked) -> Option<Reply> {
    // The URL of a session that has begun opens the gate.
    if is_session(asked) {
        return None;
    }
    if !is_json(&asked.path) {
        let (access, permission) = xml::access(asked).ok()?;
        let refused = admit(state, asked, access, permission).err()?;
        return Some(refused.xml(asked.verb == Method::HEAD));
    }
    let method = methods::find(&asked.verb, &asked.segments())?.method;
    Some(admit(state, asked, method.access, method.permission).err()?.json())
}

fn is_session(asked: &Asked) -> bool {
    asked.path.starts_with("/upload/storage/v1/") && asked.query.get("upload_id").is_some()
}

fn is_json(path: &str) -> bool {
    ["/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/"].iter().any(|api| path.starts_with(api))
}

fn json_api(state: &mut State, asked: &Asked) -> Answer {
    let segments = asked.segments();
    let found = methods::find(&asked.verb, &segments).ok_or(Problem::NotFound)?;
    let caller = admit(state, asked, found.method.access, found.method.permission)?;
    let call = Call { asked, caller, bucket: found.bucket, object: found.object };
    match found.method.id {
        id if id.starts_with("storage.buckets.") => buckets::answer(state, &call, id),
        "storage.objects.insert" => upload::begin(state, &call),
        id if id.starts_with("storage.objects.") => objects::answer(state, &call, id, &found.rest),
        id => buckets::access_controls(state, &call, id, found.method.permission),
    }
}

/// The first two gates: a live token, and scopes of which one is enough.
fn admit(state: &State, asked: &Asked, access: Access, permission: &'static str) -> Result<Token, Problem> {
    if asked.header("authorization").is_none() {
        return Err(Problem::Anonymous(permission));
    }
    let token = asked.bearer().and_then(|text| state.live_token(text)).ok_or(Problem::BadToken)?;
    let accepted = access.scopes();
    match token.scopes.iter().any(|held| accepted.contains(held)) {
        true => Ok(token),
        false => Err(Problem::Scope(accepted)),
    }
}

/// The third gate, and then whether the bucket is there.
///
/// Google does not say whether a bucket exists to somebody who may not use it.
fn permit(state: &State, call: &Call<'_>, permission: &str) -> Result<(), Problem> {
    permit_on(state, call, &call.bucket, permission)
}

fn permit_on(state: &State, call: &Call<'_>, bucket: &str, permission: &str) -> Result<(), Problem> {
    let found = state.store.buckets.get(bucket);
    let first = state.projects.first().map_or("", |project| project.id.as_str());
    let project = found.map_or(first, |bucket| bucket.project.as_str());
    if !state.policy.allows(&call.caller.account, permission, &[bucket, project]) {
        return Err(Problem::iam(&call.caller.account, permission));
    }
    found.map(|_| ()).ok_or(Problem::NoBucket)
}
