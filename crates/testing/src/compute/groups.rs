//! Instance templates and managed instance groups, as far as gcloud needs them to give the VMs of a
//! group another template:
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instanceTemplates>,
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers>.

use http::Method;
use serde_json::{Value, json};

use super::call::{ApiResult, ComputeCall, check_permission, operation, path_not_found};
use crate::state::FakeState;
use crate::vm::Machine;

/// The attribute of a VM with the path of its template.
const TEMPLATE: &str = "instance-template";

/// Responds to a call of a template, a group, or what gcloud reads before it changes them.
pub(super) fn route(state: &mut FakeState, call: &ComputeCall<'_>, path: &[&str]) -> ApiResult {
    match (&call.request.verb, path) {
        (&Method::GET, ["global", "images", "family", name]) => Ok(json!({"name": name})),
        (&Method::GET, ["zones", _, "autoscalers"]) => Ok(json!({"items": []})),
        (&Method::POST, ["global", "instanceTemplates"]) => create_template(state, call),
        (&Method::GET, ["global", "instanceTemplates", name]) => template(state, call, name),
        (&Method::GET, ["zones", _, "instanceGroupManagers", name]) => group(state, call, name),
        (&Method::PATCH, ["zones", _, "instanceGroupManagers", name]) => {
            replace_vms(state, call, name)
        }
        _ => Err(path_not_found(call.request)),
    }
}

fn create_template(state: &mut FakeState, call: &ComputeCall<'_>) -> ApiResult {
    check_permission(state, call, "compute.instanceTemplates.create", call.project)?;
    let template = call.request.json().unwrap_or_default();
    let target = format!("global/instanceTemplates/{}", name_of(&template["name"]));
    state.templates.push(template);
    Ok(done(state, call, "insert", &target))
}

/// Returns a template: one that was created, or the one of a VM.
fn template(state: &FakeState, call: &ComputeCall<'_>, name: &str) -> ApiResult {
    let created = state.templates.iter().find(|template| template["name"] == *name).cloned();
    let of_vm = || {
        let has_template =
            |vm: &&Machine| vm.attributes.get(TEMPLATE).is_some_and(|path| path.ends_with(name));
        let vm = state.machines.iter().find(has_template)?;
        let accounts = json!([{"email": vm.account, "scopes": vm.scopes}]);
        Some(json!({"name": name, "properties": {"serviceAccounts": accounts}}))
    };
    created.or_else(of_vm).ok_or_else(|| path_not_found(call.request))
}

fn group(state: &FakeState, call: &ComputeCall<'_>, name: &str) -> ApiResult {
    let vm = state.machines.iter().find(|vm| is_member(vm, call, name));
    let vm = vm.ok_or_else(|| path_not_found(call.request))?;
    let template = vm.attributes.get(TEMPLATE).map(|path| name_of(&json!(path)));
    let template = format!(
        "{}/compute/v1/projects/{}/global/instanceTemplates/{}",
        call.request.base,
        call.project,
        template.unwrap_or_default()
    );
    let url = format!("{}/instanceGroupManagers/{name}", zone_url(call));
    Ok(json!({
        "kind": "compute#instanceGroupManager", "name": name, "selfLink": url,
        "zone": zone_url(call), "targetSize": 1,
        "instanceTemplate": template, "versions": [{"instanceTemplate": template}],
        "status": {"isStable": true, "versionTarget": {"isReached": true}},
    }))
}

/// Gives the VMs of a group the account and the scopes of the template that the body names, as if
/// each VM were replaced.
fn replace_vms(state: &mut FakeState, call: &ComputeCall<'_>, group: &str) -> ApiResult {
    check_permission(state, call, "compute.instanceGroupManagers.update", group)?;
    let body = call.request.json().unwrap_or_default();
    let name = name_of(&body["versions"][0]["instanceTemplate"]);
    let template = template(state, call, &name)?;
    let account = &template["properties"]["serviceAccounts"][0];
    let scopes = account["scopes"].as_array().into_iter().flatten();
    let scopes: Vec<String> = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    for vm in state.machines.iter_mut().filter(|vm| is_member(vm, call, group)) {
        vm.account = account["email"].as_str().map(str::to_owned);
        vm.scopes.clone_from(&scopes);
        vm.attributes.insert(TEMPLATE.to_owned(), format!("global/instanceTemplates/{name}"));
        vm.set_running(true);
    }
    let target = format!("zones/{}/instanceGroupManagers/{group}", call.zone);
    Ok(done(state, call, "patch", &target))
}

/// Stores an operation that is done, and returns it. `target` is the path in the project.
fn done(state: &mut FakeState, call: &ComputeCall<'_>, kind: &str, target: &str) -> Value {
    let mut done = operation(state, call, "", kind);
    let project = format!("{}/compute/v1/projects/{}", call.request.base, call.project);
    done["targetLink"] = format!("{project}/{target}").into();
    if call.zone.is_empty() {
        done["selfLink"] = format!("{project}/global/operations/{}", name_of(&done["name"])).into();
        if let Some(operation) = done.as_object_mut() {
            operation.remove("zone");
        }
    }
    state.operations.push(done.clone());
    done
}

fn is_member(vm: &Machine, call: &ComputeCall<'_>, group: &str) -> bool {
    let path = format!("/zones/{}/instanceGroupManagers/{group}", call.zone);
    vm.attributes.get("created-by").is_some_and(|created_by| created_by.ends_with(&path))
}

/// Returns the last part of a name, a path or a URL.
fn name_of(path: &Value) -> String {
    path.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned()
}

fn zone_url(call: &ComputeCall<'_>) -> String {
    format!("{}/compute/v1/projects/{}/zones/{}", call.request.base, call.project, call.zone)
}
