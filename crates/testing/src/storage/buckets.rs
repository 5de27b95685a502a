//! Buckets and their policies.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, permit};
use super::problem::Problem;
use crate::clock::rfc3339;
use crate::policy::Binding;
use crate::reply::{empty, json};
use crate::state::State;
use crate::store::Bucket;

fn project(state: &State, call: &Call<'_>, permission: &str) -> Result<String, Problem> {
    let name = call.request.query.get("project").ok_or(Problem::Invalid("Required parameter: project"))?;
    let id = state.project(name).map_or(name, |project| project.id.as_str());
    match state.policy.allows(&call.account, permission, &[id]) {
        true => Ok(id.to_owned()),
        false => Err(Problem::iam(&call.account, permission)),
    }
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Answer {
    let project = project(state, call, "storage.buckets.list")?;
    let mine = state.store.buckets.iter().filter(|(_, bucket)| bucket.project == project);
    let items: Vec<Value> = mine.map(|(name, bucket)| resource(state, call, name, bucket)).collect();
    Ok(json(StatusCode::OK, &json!({"kind": "storage#buckets", "items": items})))
}

pub(super) fn insert(state: &mut State, call: &Call<'_>) -> Answer {
    let project = project(state, call, "storage.buckets.create")?;
    let body = call.request.json().unwrap_or_default();
    let name =
        body.get("name").and_then(Value::as_str).ok_or(Problem::Invalid("Required parameter: name"))?;
    if state.store.buckets.contains_key(name) {
        return Err(Problem::Conflict(
            "Your previous request to create the named bucket succeeded and you already own it.",
        ));
    }
    let mut bucket = Bucket::new(&project, state.clock.now());
    merge(&mut bucket, &body);
    let shown = resource(state, call, name, &bucket);
    state.store.buckets.insert(name.to_owned(), bucket);
    Ok(json(StatusCode::OK, &shown))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Answer {
    let bucket = permit(state, call, "storage.buckets.get")?;
    Ok(json(StatusCode::OK, &resource(state, call, &call.bucket, bucket)))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    if !permit(state, call, "storage.buckets.delete")?.objects.is_empty() {
        return Err(Problem::Conflict("The bucket you tried to delete is not empty."));
    }
    state.store.buckets.remove(&call.bucket);
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) fn patch(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.update")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    merge(bucket, &body);
    bucket.metageneration += 1;
    get(state, call)
}

fn merge(bucket: &mut Bucket, body: &Value) {
    let fields = body.as_object().into_iter().flatten();
    bucket.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
}

/// A bucket as the API shows it: what was set is between defaults and what cannot be set.
fn resource(state: &State, call: &Call<'_>, name: &str, bucket: &Bucket) -> Value {
    let defaults = json!({
        "location": "US", "locationType": "multi-region", "storageClass": "STANDARD",
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": false}},
    });
    let number = state.project(&bucket.project).map_or(0, |project| project.number);
    let fixed = json!({
        "kind": "storage#bucket", "id": name, "name": name,
        "selfLink": format!("{}/storage/v1/b/{name}", call.request.base),
        "projectNumber": number.to_string(),
        "metageneration": bucket.metageneration.to_string(), "etag": format!("CA{}=", bucket.metageneration),
        "timeCreated": rfc3339(bucket.created), "updated": rfc3339(bucket.created),
    });
    let all = [defaults, Value::Object(bucket.fields.clone()), fixed];
    all.iter()
        .filter_map(Value::as_object)
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(super) fn get_policy(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.getIamPolicy")?;
    Ok(json(StatusCode::OK, &policy(state, &call.bucket)))
}

fn policy(state: &State, bucket: &str) -> Value {
    let here = state.policy.bindings.iter().filter(|binding| binding.resource == bucket);
    let bindings: Vec<Value> = here
        .map(|binding| json!({"role": binding.role, "members": [format!("serviceAccount:{}", binding.account)]}))
        .collect();
    json!({
        "kind": "storage#policy", "resourceId": format!("projects/_/buckets/{bucket}"),
        "version": 1, "etag": "CAE=", "bindings": bindings,
    })
}

/// Replaces the bucket's bindings. Members other than single accounts are not kept.
pub(super) fn set_policy(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.setIamPolicy")?;
    let body = call.request.json().ok_or(Problem::Invalid("Parse Error"))?;
    state.policy.bindings.retain(|binding| binding.resource != call.bucket);
    for binding in body.get("bindings").and_then(Value::as_array).into_iter().flatten() {
        let role = binding.get("role").and_then(Value::as_str).unwrap_or_default();
        let members = binding.get("members").and_then(Value::as_array).into_iter().flatten();
        let accounts = members.filter_map(Value::as_str).filter_map(|member| member.split_once(':'));
        let bindings = accounts.map(|(_, account)| Binding::new(&call.bucket, account, role));
        state.policy.bindings.extend(bindings);
    }
    Ok(json(StatusCode::OK, &policy(state, &call.bucket)))
}
