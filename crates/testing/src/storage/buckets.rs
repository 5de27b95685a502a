//! Buckets and their IAM policies.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{ApiResult, StorageCall, check_permission};
use super::problem::Problem;
use crate::clock::rfc3339;
use crate::policy::Binding;
use crate::response::{empty, json};
use crate::state::FakeState;
use crate::store::Bucket;

/// Returns the id of the project that the request names, if IAM grants the permission on it.
fn permitted_project(
    state: &FakeState,
    call: &StorageCall<'_>,
    permission: &str,
) -> ApiResult<String> {
    let name =
        call.request.query.get("project").ok_or(Problem::Invalid("Required parameter: project"))?;
    let id = state.project(name).map_or(name, |project| project.id.as_str());
    match state.policy.allows(&call.account, permission, &[id]) {
        true => Ok(id.to_owned()),
        false => Err(Problem::iam(&call.account, permission)),
    }
}

pub(super) fn list(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let project = permitted_project(state, call, "storage.buckets.list")?;
    let buckets = state.store.buckets.iter().filter(|(_, bucket)| bucket.project == project);
    let items: Vec<Value> =
        buckets.map(|(name, bucket)| resource(state, call, name, bucket)).collect();
    Ok(json(StatusCode::OK, &json!({"kind": "storage#buckets", "items": items})))
}

pub(super) fn insert(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let project = permitted_project(state, call, "storage.buckets.create")?;
    let body = call.request.json().unwrap_or_default();
    let name = body["name"].as_str().ok_or(Problem::Invalid("Required parameter: name"))?;
    // The names of buckets are global, so the project does not matter.
    if state.store.buckets.contains_key(name) {
        return Err(Problem::Conflict(
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    let mut bucket = Bucket::new(&project, state.clock.now());
    merge(&mut bucket, &body);
    let body = resource(state, call, name, &bucket);
    state.store.buckets.insert(name.to_owned(), bucket);
    Ok(json(StatusCode::OK, &body))
}

pub(super) fn get(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let bucket = check_permission(state, call, "storage.buckets.get")?;
    Ok(json(StatusCode::OK, &resource(state, call, &call.bucket, bucket)))
}

pub(super) fn delete(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    if !check_permission(state, call, "storage.buckets.delete")?.objects.is_empty() {
        return Err(Problem::Conflict("The bucket you tried to delete is not empty."));
    }
    state.store.buckets.remove(&call.bucket);
    // The method documents an empty response:
    // <https://cloud.google.com/storage/docs/json_api/v1/buckets/delete>.
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) fn patch(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    check_permission(state, call, "storage.buckets.update")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    merge(bucket, &body);
    bucket.metageneration += 1;
    get(state, call)
}

/// Sets the fields of a bucket that a request body contains.
fn merge(bucket: &mut Bucket, body: &Value) {
    let fields = body.as_object().into_iter().flatten();
    bucket.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
}

/// Builds the resource of a bucket. Fields that were set replace the defaults; read-only fields
/// cannot be replaced.
fn resource(state: &FakeState, call: &StorageCall<'_>, name: &str, bucket: &Bucket) -> Value {
    let defaults = json!({
        "location": "US", "locationType": "multi-region", "storageClass": "STANDARD",
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": false}},
    });
    let number = state.project(&bucket.project).map_or(0, |project| project.number);
    let read_only = json!({
        "kind": "storage#bucket", "id": name, "name": name,
        "selfLink": format!("{}/storage/v1/b/{name}", call.request.base),
        // JSON numbers have 53 bits in many languages, so Google sends 64-bit numbers as strings:
        // <https://protobuf.dev/programming-guides/json/>.
        "projectNumber": number.to_string(),
        "metageneration": bucket.metageneration.to_string(),
        "etag": format!("CA{}=", bucket.metageneration),
        "timeCreated": rfc3339(bucket.created), "updated": rfc3339(bucket.created),
    });
    let layers = [defaults, Value::Object(bucket.fields.clone()), read_only];
    let fields = layers.iter().filter_map(Value::as_object).flatten();
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn get_policy(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    check_permission(state, call, "storage.buckets.getIamPolicy")?;
    Ok(json(StatusCode::OK, &policy(state, &call.bucket)))
}

/// Builds the IAM policy of a bucket.
fn policy(state: &FakeState, bucket: &str) -> Value {
    let bindings = state.policy.bindings.iter().filter(|binding| binding.resource == bucket);
    let bindings: Vec<Value> = bindings
        .map(|binding| {
            let member = format!("serviceAccount:{}", binding.account);
            json!({"role": binding.role, "members": [member]})
        })
        .collect();
    json!({
        "kind": "storage#policy", "resourceId": format!("projects/_/buckets/{bucket}"),
        // Version 1 has no conditions; the fake ignores conditions.
        "version": 1, "etag": "CAE=", "bindings": bindings,
    })
}

/// Replaces the bindings of a bucket. Members without a `TYPE:` prefix, such as `allUsers`, are
/// dropped.
pub(super) fn set_policy(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    check_permission(state, call, "storage.buckets.setIamPolicy")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    state.policy.bindings.retain(|binding| binding.resource != call.bucket);
    for binding in body.get("bindings").and_then(Value::as_array).into_iter().flatten() {
        let role = binding.get("role").and_then(Value::as_str).unwrap_or_default();
        let members = binding.get("members").and_then(Value::as_array).into_iter().flatten();
        let accounts =
            members.filter_map(Value::as_str).filter_map(|member| member.split_once(':'));
        let bindings = accounts.map(|(_, account)| Binding::new(&call.bucket, account, role));
        state.policy.bindings.extend(bindings);
    }
    Ok(json(StatusCode::OK, &policy(state, &call.bucket)))
}
