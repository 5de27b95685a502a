//! The part of Compute Engine that changes the scopes of a VM or of a managed instance group:
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instances>.

mod call;
mod groups;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::incoming::IncomingRequest;
use crate::profiles::COMPUTE_ACCOUNT;
use crate::refusal_form::parts::COMPUTE_SCOPE;
use crate::response::{FullResponse, json, legacy_error, scope_challenge, with_header};
use crate::scope;
use crate::state::FakeState;
use crate::vm::Machine;
use call::{ApiResult, ComputeCall, check_permission, not_found, operation, path_not_found};

/// Responds to a request to Compute Engine.
pub(crate) fn respond(state: &mut FakeState, request: &IncomingRequest) -> FullResponse {
    route(state, request).map_or_else(|error| *error, |body| json(StatusCode::OK, &body))
}

fn route(state: &mut FakeState, request: &IncomingRequest) -> ApiResult {
    let segments = request.segments();
    let segments = segments.iter().map(String::as_str).skip_while(|segment| *segment != "projects");
    let segments: Vec<&str> = segments.skip(1).collect();
    let (project, path) = segments.split_first().unzip();
    let path = path.unwrap_or_default();
    // Waiting for an operation is a POST request, but it only reads.
    let is_write = request.verb != Method::GET && !path.contains(&"operations");
    let user = check_token(state, request, is_write)?;
    let project = project.ok_or_else(|| path_not_found(request))?;
    let zone = if let ["zones", zone, ..] = path { zone } else { "" };
    let call = ComputeCall { request, user, project, zone };
    match (&request.verb, path) {
        (&Method::POST, ["zones", _, "instances", name, method]) => {
            change(state, &call, name, method)
        }
        (
            _,
            ["zones", _, "operations", name]
            | ["zones", _, "operations", name, "wait"]
            | ["global", "operations", name]
            | ["global", "operations", name, "wait"],
        ) => {
            let operation = state.operations.iter().find(|operation| operation["name"] == *name);
            operation.cloned().ok_or_else(|| path_not_found(request))
        }
        (_, ["global", ..] | ["zones", _, "instanceGroupManagers" | "autoscalers", ..]) => {
            groups::route(state, &call, path)
        }
        (&Method::GET, path) => read(state, &call, path),
        _ => Err(path_not_found(request)),
    }
}

fn read(state: &FakeState, call: &ComputeCall<'_>, path: &[&str]) -> ApiResult {
    match path {
        [] => Ok(json!({"kind": "compute#project", "name": call.project})),
        ["zones", zone] => Ok(json!({"kind": "compute#zone", "name": zone, "status": "UP"})),
        ["zones", _, "instances"] => list(state, call),
        ["aggregated", "instances"] => aggregated(state, call),
        ["zones", _, "instances", name] => get(state, call, name),
        _ => Err(path_not_found(call.request)),
    }
}

/// Checks for a valid token with one of the scopes that the method accepts, and returns the token's
/// account. `is_write` is whether the method changes anything. Source: "Authorization scopes" of
/// <https://cloud.google.com/compute/docs/reference/rest/v1/instances/stop>.
fn check_token(state: &FakeState, request: &IncomingRequest, is_write: bool) -> ApiResult<String> {
    let Some(token) = request.bearer().and_then(|text| state.valid_token(text)) else {
        let response = legacy_error(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials");
        return Err(with_header(response, "www-authenticate", INVALID_TOKEN).into());
    };
    // Methods that write do not accept the last scope.
    let accepted = ["cloud-platform", "compute", "compute.readonly"];
    let accepted = scope::uris(accepted.into_iter().take(if is_write { 2 } else { 3 }));
    let challenge = scope_challenge(&accepted);
    match token.has_any_scope(&accepted) {
        true => Ok(token.account),
        false => Err(with_header(COMPUTE_SCOPE.response(), "www-authenticate", &challenge).into()),
    }
}

const INVALID_TOKEN: &str = r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#;

/// Creates the error response for an invalid change. Its status and reason are unverified: no
/// source documents them.
fn invalid(message: &str) -> Box<FullResponse> {
    legacy_error(StatusCode::BAD_REQUEST, "invalid", message).into()
}

/// Lists the VMs of one zone.
fn list(state: &FakeState, call: &ComputeCall<'_>) -> ApiResult {
    let machines = machines(state, call)?.filter(|machine| machine.zone == call.zone);
    let items: Vec<Value> = machines.map(|machine| resource(machine, &call.request.base)).collect();
    Ok(json!({"kind": "compute#instanceList", "items": items}))
}

/// Lists the VMs of the project by zone.
fn aggregated(state: &FakeState, call: &ComputeCall<'_>) -> ApiResult {
    let mut zones = BTreeMap::<_, Vec<Value>>::new();
    for machine in machines(state, call)? {
        zones.entry(&machine.zone).or_default().push(resource(machine, &call.request.base));
    }
    let items = zones
        .into_iter()
        .map(|(zone, items)| (format!("zones/{zone}"), json!({"instances": items})));
    Ok(json!({"kind": "compute#instanceAggregatedList", "items": items.collect::<Map<_, _>>()}))
}

/// Returns the VMs of the call's project, if IAM grants the permission to list them.
fn machines<'a>(
    state: &'a FakeState,
    call: &'a ComputeCall<'_>,
) -> ApiResult<impl Iterator<Item = &'a Machine>> {
    check_permission(state, call, "compute.instances.list", &format!("projects/{}", call.project))?;
    let project = |machine: &&Machine| machine.project.id == call.project;
    Ok(state.machines.iter().filter(|machine| machine.platform.is_vm()).filter(project))
}

fn get(state: &FakeState, call: &ComputeCall<'_>, name: &str) -> ApiResult {
    check_permission(state, call, "compute.instances.get", &call.instance(name))?;
    let machine = state.machines.iter().find(|machine| call.matches(machine, name));
    let machine = machine.ok_or_else(|| not_found(&call.instance(name)))?;
    Ok(resource(machine, &call.request.base))
}

/// Starts a VM, stops it, or sets its service account and scopes. `method` is the last segment of
/// the path.
fn change(state: &mut FakeState, call: &ComputeCall<'_>, name: &str, method: &str) -> ApiResult {
    if !["start", "stop", "setServiceAccount"].contains(&method) {
        return Err(path_not_found(call.request));
    }
    let instance = call.instance(name);
    check_permission(state, call, &format!("compute.instances.{method}"), &instance)?;
    let machine = state.machines.iter_mut().find(|machine| call.matches(machine, name));
    let machine = machine.ok_or_else(|| not_found(&instance))?;
    match method {
        "setServiceAccount" => set_account(machine, call.request)?,
        _ => machine.set_running(method == "start"),
    }
    let operation = operation(state, call, name, method);
    state.operations.push(operation.clone());
    Ok(operation)
}

/// Replaces the service account and the scopes with those of the request body. Without an account
/// in the body, the VM has no account afterwards. Without scopes in the body, the VM has no scopes
/// afterwards.
fn set_account(machine: &mut Machine, request: &IncomingRequest) -> ApiResult<()> {
    let body = request.json().unwrap_or_default();
    let email = body.get("email").and_then(Value::as_str).filter(|email| !email.is_empty());
    let email = match email {
        Some("default") => Some(machine.fill(COMPUTE_ACCOUNT)),
        other => other.map(str::to_owned),
    };
    let scopes = body.get("scopes").and_then(Value::as_array).into_iter().flatten();
    let scopes: Vec<String> = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(invalid_scope) = scopes.iter().find(|scope| !scope.contains("://")) {
        let message =
            format!("One or more of the service account scopes are invalid: '{invalid_scope}'");
        return Err(invalid(&message));
    }
    machine.set_account(email, scopes).map_err(invalid)
}

/// Builds the resource of a VM as the API returns it.
fn resource(machine: &Machine, base: &str) -> Value {
    let zone = format!("{base}/compute/v1/projects/{}/zones/{}", machine.project.id, machine.zone);
    let accounts: Vec<Value> = machine
        .account
        .iter()
        .map(|email| json!({"email": email, "scopes": machine.scopes}))
        .collect();
    json!({
        "kind": "compute#instance", "id": machine.id().to_string(),
        "name": machine.name, "zone": zone,
        "selfLink": format!("{zone}/instances/{}", machine.name),
        "machineType": format!("{zone}/machineTypes/e2-medium"),
        "status": if machine.running { "RUNNING" } else { "TERMINATED" },
        "serviceAccounts": accounts,
        "networkInterfaces": [{"name": "nic0", "networkIP": "10.128.0.2"}], "disks": [],
    })
}
