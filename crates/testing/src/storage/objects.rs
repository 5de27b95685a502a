//! Objects: metadata, content, lists, copies.

use std::collections::BTreeSet;
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Call, Object, buckets, permit, permit_on};
use crate::checksum::{CASTAGNOLI, crc32, md5};
use crate::exchange::{Asked, Reply, empty, encode, http_date, json, reply, rfc3339, with};
use crate::state::State;
use crate::storage::problem::Problem;

pub(super) fn answer(state: &mut State, call: &Call<'_>, id: &str, rest: &[String]) -> Answer {
    match (id, rest) {
        ("storage.objects.list", _) => list(state, call),
        ("storage.objects.get", _) => get(state, call),
        ("storage.objects.delete", _) => delete(state, call),
        ("storage.objects.patch" | "storage.objects.update", _) => patch(state, call),
        ("storage.objects.copy", [bucket, object]) => {
            copy(state, call, bucket, object).map(|shown| json(StatusCode::OK, &shown))
        }
        ("storage.objects.rewrite", [bucket, object]) => rewrite(state, call, bucket, object),
        ("storage.objects.testIamPermissions", _) => buckets::test_permissions(state, call),
        (other, _) => Err(Problem::NotImplemented(other.to_owned())),
    }
}

/// What an upload says of the object it makes.
pub(crate) struct NewObject {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    pub(crate) metadata: Value,
}

/// Stores an object and shows it. Writing over one also takes the permission to delete.
pub(super) fn store(
    state: &mut State,
    call: &Call<'_>,
    bucket: &str,
    new: NewObject,
) -> Result<Value, Problem> {
    may_store(state, call, bucket, &new.name)?;
    let found = state.store.buckets.get(bucket).and_then(|bucket| bucket.objects.get(&new.name));
    check_generation(call.asked, found)?;
    let name = new.name.clone();
    let object = put(state, bucket, new).ok_or(Problem::NoBucket)?;
    Ok(resource(&call.asked.base, bucket, &name, object))
}

/// Stores an object, whoever asks. None if there is no such bucket.
pub(crate) fn put<'a>(state: &'a mut State, bucket: &str, new: NewObject) -> Option<&'a Object> {
    let created = state.clock.now();
    state.store.generation += 1;
    let object = Object {
        crc32c: STANDARD.encode(crc32(CASTAGNOLI, &new.bytes).to_be_bytes()),
        md5: STANDARD.encode(md5(&new.bytes)),
        bytes: new.bytes,
        content_type: new.content_type,
        generation: state.store.generation,
        metageneration: 1,
        created,
        metadata: new.metadata,
    };
    let objects = &mut state.store.buckets.get_mut(bucket)?.objects;
    objects.insert(new.name.clone(), object);
    objects.get(&new.name)
}

pub(super) fn may_store(state: &State, call: &Call<'_>, bucket: &str, name: &str) -> Result<(), Problem> {
    permit_on(state, call, bucket, "storage.objects.create")?;
    let objects = state.store.buckets.get(bucket).map(|bucket| &bucket.objects);
    match objects.is_some_and(|objects| objects.contains_key(name)) {
        true => permit_on(state, call, bucket, "storage.objects.delete"),
        false => Ok(()),
    }
}

/// The condition of the JSON API is in the query, that of the XML API in a header.
fn check_generation(asked: &Asked, found: Option<&Object>) -> Result<(), Problem> {
    let wanted = asked.query.get("ifGenerationMatch").or_else(|| asked.header("x-goog-if-generation-match"));
    let Some(wanted) = wanted else { return Ok(()) };
    let generation = found.map_or(0, |object| object.generation).to_string();
    if wanted == generation { Ok(()) } else { Err(Problem::Precondition) }
}

fn find<'a>(state: &'a State, call: &Call<'_>) -> Result<&'a Object, Problem> {
    let bucket = state.store.buckets.get(&call.bucket).ok_or(Problem::NoBucket)?;
    let missing = || Problem::NoObject(format!("{}/{}", call.bucket, call.object));
    bucket.objects.get(&call.object).ok_or_else(missing)
}

pub(super) fn get(state: &State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.objects.get")?;
    let object = find(state, call)?;
    check_generation(call.asked, Some(object))?;
    let media = call.asked.query.get("alt") == Some("media") || call.asked.path.starts_with("/download/");
    match media {
        true => Ok(content(object, call.asked.header("range"))),
        false => Ok(json(StatusCode::OK, &resource(&call.asked.base, &call.bucket, &call.object, object))),
    }
}

/// The bytes, or the part of them that a single range asks for.
pub(super) fn content(object: &Object, range: Option<&str>) -> Reply {
    let whole = reply(StatusCode::OK, &object.content_type, object.bytes.clone());
    let answer = match range.and_then(|range| part(range, object.bytes.len())) {
        Some((first, last)) => {
            let mut answer = whole;
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            *answer.body_mut() = object.bytes.slice(first..=last);
            with(answer, "content-range", &format!("bytes {first}-{last}/{}", object.bytes.len()))
        }
        None => whole,
    };
    let headers = [
        ("x-goog-hash", format!("crc32c={},md5={}", object.crc32c, object.md5)),
        ("etag", format!("\"{}\"", object.generation)),
        ("last-modified", http_date(object.created)),
        ("x-goog-generation", object.generation.to_string()),
        ("x-goog-metageneration", object.metageneration.to_string()),
        ("x-goog-storage-class", "STANDARD".to_owned()),
    ];
    headers.iter().fold(answer, |answer, (name, value)| with(answer, name, value))
}

/// First and last byte of `bytes=A-B`, `bytes=A-` or `bytes=-N`, if they are in the object.
fn part(range: &str, len: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = len.checked_sub(1)?;
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, last.min(end)),
        (Ok(first), Err(_)) => (first, end),
        (Err(_), Ok(tail)) => (len.saturating_sub(tail), end),
        _ => return None,
    };
    (first <= last).then_some((first, last))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.objects.delete")?;
    check_generation(call.asked, Some(find(state, call)?))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    bucket.objects.remove(&call.object);
    Ok(empty(StatusCode::NO_CONTENT))
}

fn patch(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.objects.update")?;
    find(state, call)?;
    let body = call.asked.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    if let Some(object) = bucket.objects.get_mut(&call.object) {
        object.metageneration += 1;
        if let Some(metadata) = body.get("metadata") {
            object.metadata = metadata.clone();
        }
        if let Some(content_type) = body.get("contentType").and_then(Value::as_str) {
            object.content_type = content_type.to_owned();
        }
    }
    let object = find(state, call)?;
    Ok(json(StatusCode::OK, &resource(&call.asked.base, &call.bucket, &call.object, object)))
}

pub(super) fn copy(state: &mut State, call: &Call<'_>, bucket: &str, name: &str) -> Result<Value, Problem> {
    permit(state, call, "storage.objects.get")?;
    let source = find(state, call)?;
    let new = NewObject {
        name: name.to_owned(),
        bytes: source.bytes.clone(),
        content_type: source.content_type.clone(),
        metadata: source.metadata.clone(),
    };
    store(state, call, bucket, new)
}

/// A rewrite is always done in one go here.
fn rewrite(state: &mut State, call: &Call<'_>, bucket: &str, name: &str) -> Answer {
    let shown = copy(state, call, bucket, name)?;
    let size = shown.get("size").cloned().unwrap_or_default();
    let answer = json!({
        "kind": "storage#rewriteResponse", "done": true, "resource": shown,
        "objectSize": size, "totalBytesRewritten": size,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// One page of names: objects, and what they have in common before a delimiter.
pub(super) struct Page<'a> {
    pub(super) objects: Vec<(&'a String, &'a Object)>,
    pub(super) prefixes: BTreeSet<String>,
    /// The last name looked at, if there are more.
    pub(super) next: Option<&'a String>,
}

pub(super) fn page<'a>(
    state: &'a State,
    call: &Call<'_>,
    size: &str,
    after: &str,
) -> Result<Page<'a>, Problem> {
    permit(state, call, "storage.objects.list")?;
    let bucket = state.store.buckets.get(&call.bucket).ok_or(Problem::NoBucket)?;
    let query = &call.asked.query;
    let prefix = query.get("prefix").unwrap_or_default();
    let delimiter = query.get("delimiter").filter(|delimiter| !delimiter.is_empty());
    let limit = query.get(size).and_then(|text| text.parse().ok()).unwrap_or(1000).clamp(1, 1000);
    let start = query.get(after).map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_owned()));
    let mut page = Page { objects: Vec::new(), prefixes: BTreeSet::new(), next: None };
    let mut last = None;
    for (name, object) in bucket.objects.range((start, Bound::Unbounded)) {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        let common = delimiter.and_then(|end| Some(format!("{prefix}{}{end}", rest.split_once(end)?.0)));
        let is_new = common.as_ref().is_none_or(|common| !page.prefixes.contains(common));
        if is_new && page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        last = Some(name);
        match common {
            Some(common) => drop(page.prefixes.insert(common)),
            None => page.objects.push((name, object)),
        }
    }
    Ok(page)
}

fn list(state: &State, call: &Call<'_>) -> Answer {
    let page = page(state, call, "maxResults", "pageToken")?;
    let show = |(name, object): &(&String, &Object)| resource(&call.asked.base, &call.bucket, name, object);
    let mut answer = json!({"kind": "storage#objects"});
    if !page.objects.is_empty() {
        answer["items"] = page.objects.iter().map(show).collect();
    }
    if !page.prefixes.is_empty() {
        answer["prefixes"] = json!(page.prefixes);
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(json(StatusCode::OK, &answer))
}

fn resource(base: &str, bucket: &str, name: &str, object: &Object) -> Value {
    let place = format!("storage/v1/b/{bucket}/o/{}", encode(name));
    let mut shown = json!({
        "kind": "storage#object",
        "id": format!("{bucket}/{name}/{}", object.generation),
        "selfLink": format!("{base}/{place}"),
        "mediaLink": format!("{base}/download/{place}?generation={}&alt=media", object.generation),
        "name": name,
        "bucket": bucket,
        "generation": object.generation.to_string(),
        "metageneration": object.metageneration.to_string(),
        "contentType": object.content_type,
        "storageClass": "STANDARD",
        "size": object.bytes.len().to_string(),
        "crc32c": object.crc32c,
        "md5Hash": object.md5,
        "etag": format!("CA{}=", object.generation),
        "timeCreated": rfc3339(object.created),
        "updated": rfc3339(object.created),
    });
    if !object.metadata.is_null() {
        shown["metadata"] = object.metadata.clone();
    }
    shown
}
