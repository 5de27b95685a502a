//! Handlers for the metadata, the content and the copies of objects.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{ApiResult, StorageCall, check_permission, check_permission_on};
use super::problem::Problem;
use super::represent::{content, metadata_response, resource};
use crate::incoming::IncomingRequest;
use crate::response::{empty, json};
use crate::state::FakeState;
use crate::store::{NewObject, Object};

/// Responds that the fake checks the scopes of this method but does not implement the method.
pub(super) fn not_implemented(_: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    Err(Problem::NotImplemented(call.id.to_owned()))
}

/// Checks the permissions and the precondition of a call, and stores an object.
pub(super) fn store<'a>(
    state: &'a mut FakeState,
    call: &StorageCall<'_>,
    bucket: &str,
    new: NewObject,
) -> ApiResult<&'a Object> {
    check_may_store(state, call, bucket, &new.name)?;
    check_generation(call.request, state.store.object(bucket, &new.name))?;
    let now = state.clock.now();
    state.store.put(bucket, new, now).ok_or(Problem::NoBucket)
}

/// Checks that the account may create an object. Replacing an existing object also requires the
/// permission to delete objects.
pub(super) fn check_may_store(
    state: &FakeState,
    call: &StorageCall<'_>,
    bucket: &str,
    name: &str,
) -> ApiResult<()> {
    let bucket_data = check_permission_on(state, call, bucket, "storage.objects.create")?;
    if bucket_data.objects.contains_key(name) {
        check_permission_on(state, call, bucket, "storage.objects.delete")?;
    }
    Ok(())
}

/// Checks the precondition on the object's generation, if the request has one: in the query for the
/// JSON API, in a header for the XML API. A missing object has the generation 0.
fn check_generation(request: &IncomingRequest, existing: Option<&Object>) -> ApiResult<()> {
    let required = request
        .query
        .get("ifGenerationMatch")
        .or_else(|| request.header("x-goog-if-generation-match"));
    let Some(required) = required else { return Ok(()) };
    let generation = existing.map_or(0, |object| object.generation).to_string();
    if required == generation { Ok(()) } else { Err(Problem::Precondition) }
}

/// Checks the permission and returns the call's object.
fn find<'a>(
    state: &'a FakeState,
    call: &StorageCall<'_>,
    permission: &str,
) -> ApiResult<&'a Object> {
    let bucket = check_permission(state, call, permission)?;
    let missing = || Problem::NoObject(format!("{}/{}", call.bucket, call.object));
    bucket.objects.get(&call.object).ok_or_else(missing)
}

pub(super) fn get(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let object = find(state, call, "storage.objects.get")?;
    check_generation(call.request, Some(object))?;
    // Both forms read the content: `alt=media` in the query, and a path that begins with
    // `/download/`: <https://cloud.google.com/storage/docs/json_api/v1/objects/get>.
    let is_download = call.request.query.get("alt") == Some("media")
        || call.request.path.starts_with("/download/");
    match is_download {
        true => Ok(content(object, call.request.header("range"))),
        false => Ok(metadata_response(call, &call.bucket, object)),
    }
}

pub(super) fn delete(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let object = find(state, call, "storage.objects.delete")?;
    check_generation(call.request, Some(object))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    bucket.objects.remove(&call.object);
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) fn patch(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    find(state, call, "storage.objects.update")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    let object = bucket.objects.get_mut(&call.object).ok_or(Problem::NotFound)?;
    // A change of metadata raises the metageneration; only new content changes the generation:
    // <https://cloud.google.com/storage/docs/metadata#generation-number>.
    object.metageneration += 1;
    if let Some(metadata) = body.get("metadata") {
        object.data.metadata = metadata.clone();
    }
    if let Some(content_type) = body.get("contentType").and_then(Value::as_str) {
        object.data.content_type = content_type.to_owned();
    }
    Ok(metadata_response(call, &call.bucket, object))
}

/// Copies the call's object to the call's target.
pub(super) fn copy<'a>(state: &'a mut FakeState, call: &StorageCall<'_>) -> ApiResult<&'a Object> {
    let source = find(state, call, "storage.objects.get")?;
    let (bucket, name) = &call.target;
    let new = NewObject { name: name.clone(), ..source.data.clone() };
    store(state, call, bucket, new)
}

pub(super) fn copy_to(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    Ok(metadata_response(call, &call.target.0, copy(state, call)?))
}

/// Copies an object and responds that the rewrite is done. Google may need several requests for a
/// rewrite; the fake always needs one.
pub(super) fn rewrite(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let resource = resource(call, &call.target.0, copy(state, call)?);
    let size = &resource["size"];
    let body = json!({
        "kind": "storage#rewriteResponse", "done": true, "resource": resource,
        "objectSize": size, "totalBytesRewritten": size,
    });
    Ok(json(StatusCode::OK, &body))
}
