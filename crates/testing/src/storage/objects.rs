//! Objects: metadata, content, copies.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, permit, permit_on};
use super::problem::Problem;
use super::represent::{content, resource, shown};
use crate::incoming::IncomingRequest;
use crate::reply::{empty, json};
use crate::state::State;
use crate::store::{NewObject, Object};

/// A method of which the fake has only the first gates.
pub(super) fn not_acted_out(_: &mut State, call: &Call<'_>) -> Answer {
    Err(Problem::NotImplemented(call.id.to_owned()))
}

/// Stores an object.
pub(super) fn store<'a>(
    state: &'a mut State,
    call: &Call<'_>,
    bucket: &str,
    new: NewObject,
) -> Result<&'a Object, Problem> {
    may_store(state, call, bucket, &new.name)?;
    check_generation(call.request, state.store.object(bucket, &new.name))?;
    let now = state.clock.now();
    state.store.put(bucket, new, now).ok_or(Problem::NoBucket)
}

/// Writing over an object also takes the permission to delete.
pub(super) fn may_store(state: &State, call: &Call<'_>, bucket: &str, name: &str) -> Result<(), Problem> {
    let found = permit_on(state, call, bucket, "storage.objects.create")?.objects.contains_key(name);
    if found {
        permit_on(state, call, bucket, "storage.objects.delete")?;
    }
    Ok(())
}

/// The condition of the JSON API is in the query, that of the XML API in a header.
fn check_generation(request: &IncomingRequest, found: Option<&Object>) -> Result<(), Problem> {
    let wanted =
        request.query.get("ifGenerationMatch").or_else(|| request.header("x-goog-if-generation-match"));
    let Some(wanted) = wanted else { return Ok(()) };
    let generation = found.map_or(0, |object| object.generation).to_string();
    if wanted == generation { Ok(()) } else { Err(Problem::Precondition) }
}

fn find<'a>(state: &'a State, call: &Call<'_>, permission: &str) -> Result<&'a Object, Problem> {
    let bucket = permit(state, call, permission)?;
    let missing = || Problem::NoObject(format!("{}/{}", call.bucket, call.object));
    bucket.objects.get(&call.object).ok_or_else(missing)
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Answer {
    let object = find(state, call, "storage.objects.get")?;
    check_generation(call.request, Some(object))?;
    let media = call.request.query.get("alt") == Some("media") || call.request.path.starts_with("/download/");
    match media {
        true => Ok(content(object, call.request.header("range"))),
        false => Ok(shown(call, &call.bucket, object)),
    }
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    let object = find(state, call, "storage.objects.delete")?;
    check_generation(call.request, Some(object))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    bucket.objects.remove(&call.object);
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) fn patch(state: &mut State, call: &Call<'_>) -> Answer {
    find(state, call, "storage.objects.update")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    let object = bucket.objects.get_mut(&call.object).ok_or(Problem::NotFound)?;
    object.metageneration += 1;
    if let Some(metadata) = body.get("metadata") {
        object.data.metadata = metadata.clone();
    }
    if let Some(content_type) = body.get("contentType").and_then(Value::as_str) {
        object.data.content_type = content_type.to_owned();
    }
    Ok(shown(call, &call.bucket, object))
}

pub(super) fn copy<'a>(state: &'a mut State, call: &Call<'_>) -> Result<&'a Object, Problem> {
    let source = find(state, call, "storage.objects.get")?;
    let (bucket, name) = &call.target;
    let new = NewObject { name: name.clone(), ..source.data.clone() };
    store(state, call, bucket, new)
}

pub(super) fn copy_to(state: &mut State, call: &Call<'_>) -> Answer {
    Ok(shown(call, &call.target.0, copy(state, call)?))
}

/// A rewrite is always done in one go here.
pub(super) fn rewrite(state: &mut State, call: &Call<'_>) -> Answer {
    let resource = resource(call, &call.target.0, copy(state, call)?);
    let size = &resource["size"];
    let answer = json!({
        "kind": "storage#rewriteResponse", "done": true, "resource": resource,
        "objectSize": size, "totalBytesRewritten": size,
    });
    Ok(json(StatusCode::OK, &answer))
}
