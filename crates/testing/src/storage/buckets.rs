//! Buckets, their policies, and access control lists as far as they can be read.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Bucket, Call, permit};
use crate::exchange::{empty, json, rfc3339};
use crate::policy::Binding;
use crate::state::State;
use crate::storage::problem::Problem;

pub(super) fn answer(state: &mut State, call: &Call<'_>, id: &str) -> Answer {
    match id {
        "storage.buckets.list" => list(state, call),
        "storage.buckets.insert" => insert(state, call),
        "storage.buckets.get" => get(state, call),
        "storage.buckets.delete" => delete(state, call),
        "storage.buckets.patch" | "storage.buckets.update" => patch(state, call),
        "storage.buckets.getIamPolicy" => get_policy(state, call),
        "storage.buckets.setIamPolicy" => set_policy(state, call),
        _ => test_permissions(state, call),
    }
}

/// Lists hold one entry, which nobody can change: IAM alone decides here.
pub(super) fn access_controls(state: &State, call: &Call<'_>, id: &str, permission: &str) -> Answer {
    permit(state, call, permission)?;
    let kind = id.rsplit_once('.').map_or(id, |(kind, _)| kind).replacen('.', "#", 1);
    let owners = format!("project-owners-{}", state.projects.first().map_or(0, |project| project.number));
    let entry = json!({"kind": kind.trim_end_matches('s'), "entity": owners, "role": "OWNER"});
    match id {
        id if id.ends_with(".list") => Ok(json(StatusCode::OK, &json!({"kind": kind, "items": [entry]}))),
        id if id.ends_with(".get") && call.asked.path.ends_with(&owners) => Ok(json(StatusCode::OK, &entry)),
        id if id.ends_with(".get") => Err(Problem::NotFound),
        id => Err(Problem::NotImplemented(id.to_owned())),
    }
}

/// Permissions that the caller has on the bucket, of those it asks about. Says nothing of scopes.
pub(super) fn test_permissions(state: &State, call: &Call<'_>) -> Answer {
    let held = |permission: &&str| permit(state, call, permission).is_ok();
    let permissions: Vec<&str> = call.asked.query.all("permissions").filter(held).collect();
    let mut answer = json!({"kind": "storage#testIamPermissionsResponse"});
    if !permissions.is_empty() {
        answer["permissions"] = json!(permissions);
    }
    Ok(json(StatusCode::OK, &answer))
}

fn project(state: &State, call: &Call<'_>, permission: &str) -> Result<String, Problem> {
    let name = call.asked.query.get("project").ok_or(Problem::Invalid("Required parameter: project"))?;
    let id = state.project(name).map_or(name, |project| project.id.as_str());
    match state.policy.allows(&call.caller.account, permission, &[id]) {
        true => Ok(id.to_owned()),
        false => Err(Problem::iam(&call.caller.account, permission)),
    }
}

fn list(state: &State, call: &Call<'_>) -> Answer {
    let project = project(state, call, "storage.buckets.list")?;
    let mine = state.store.buckets.iter().filter(|(_, bucket)| bucket.project == project);
    let items: Vec<Value> = mine.map(|(name, bucket)| resource(state, call, name, bucket)).collect();
    Ok(json(StatusCode::OK, &json!({"kind": "storage#buckets", "items": items})))
}

fn insert(state: &mut State, call: &Call<'_>) -> Answer {
    let project = project(state, call, "storage.buckets.create")?;
    let body = call.asked.json().unwrap_or_default();
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

fn get(state: &State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.get")?;
    let bucket = state.store.buckets.get(&call.bucket).ok_or(Problem::NoBucket)?;
    Ok(json(StatusCode::OK, &resource(state, call, &call.bucket, bucket)))
}

fn delete(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.delete")?;
    let bucket = state.store.buckets.get(&call.bucket).ok_or(Problem::NoBucket)?;
    if !bucket.objects.is_empty() {
        return Err(Problem::Conflict("The bucket you tried to delete is not empty."));
    }
    state.store.buckets.remove(&call.bucket);
    Ok(empty(StatusCode::NO_CONTENT))
}

fn patch(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.update")?;
    let body = call.asked.json().ok_or(Problem::Invalid("Parse Error"))?;
    let bucket = state.store.buckets.get_mut(&call.bucket).ok_or(Problem::NoBucket)?;
    merge(bucket, &body);
    bucket.metageneration += 1;
    get(state, call)
}

fn merge(bucket: &mut Bucket, body: &Value) {
    let fields = body.as_object().into_iter().flatten();
    bucket.fields.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
}

fn resource(state: &State, call: &Call<'_>, name: &str, bucket: &Bucket) -> Value {
    let number = state.project(&bucket.project).map_or(0, |project| project.number);
    let mut shown = json!({
        "location": "US", "locationType": "multi-region", "storageClass": "STANDARD",
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": false}},
    });
    let said = bucket.fields.iter().map(|(name, value)| (name.clone(), value.clone()));
    let fixed = json!({
        "kind": "storage#bucket", "id": name, "name": name,
        "selfLink": format!("{}/storage/v1/b/{name}", call.asked.base),
        "projectNumber": number.to_string(),
        "metageneration": bucket.metageneration.to_string(), "etag": format!("CA{}=", bucket.metageneration),
        "timeCreated": rfc3339(bucket.created), "updated": rfc3339(bucket.created),
    });
    if let (Some(fields), Value::Object(fixed)) = (shown.as_object_mut(), fixed) {
        fields.extend(said);
        fields.extend(fixed);
    }
    shown
}

fn get_policy(state: &State, call: &Call<'_>) -> Answer {
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
fn set_policy(state: &mut State, call: &Call<'_>) -> Answer {
    permit(state, call, "storage.buckets.setIamPolicy")?;
    let body = call.asked.json().ok_or(Problem::Invalid("Parse Error"))?;
    state.policy.bindings.retain(|binding| binding.resource != call.bucket);
    for binding in body.get("bindings").and_then(Value::as_array).into_iter().flatten() {
        let role = binding.get("role").and_then(Value::as_str).unwrap_or_default();
        let members = binding.get("members").and_then(Value::as_array).into_iter().flatten();
        let accounts = members.filter_map(Value::as_str).filter_map(|member| member.split_once(':'));
        state.policy.bindings.extend(accounts.map(|(_, account)| Binding {
            resource: call.bucket.clone(),
            account: account.to_owned(),
            role: role.to_owned(),
        }));
    }
    Ok(json(StatusCode::OK, &policy(state, &call.bucket)))
}
