//! As much of Compute Engine as it takes to change a VM's scopes,
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instances>.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::clock::rfc3339;
use crate::incoming::IncomingRequest;
use crate::profiles::COMPUTE_ACCOUNT;
use crate::reply::{Reply, challenge, error, json, with};
use crate::scope;
use crate::state::State;
use crate::vm::Machine;
use crate::wire::forms::COMPUTE_SCOPE;

/// A call that has a place: its project, and mostly a zone.
struct Call<'a> {
    request: &'a IncomingRequest,
    user: String,
    project: &'a str,
    zone: &'a str,
}

/// What is shown, or the refusal in Compute Engine's words.
type Answer = Result<Value, Box<Reply>>;

pub(crate) fn answer(state: &mut State, request: &IncomingRequest) -> Reply {
    route(state, request).map_or_else(|refusal| *refusal, |shown| json(StatusCode::OK, &shown))
}

fn route(state: &mut State, request: &IncomingRequest) -> Answer {
    let segments = request.segments();
    let segments = segments.iter().map(String::as_str).skip_while(|segment| *segment != "projects");
    let segments: Vec<&str> = segments.skip(1).collect();
    let (project, place) = segments.split_first().unzip();
    let place = place.unwrap_or_default();
    let user = admit(state, request, request.verb != Method::GET && !place.contains(&"operations"))?;
    let project = project.ok_or_else(|| nothing_at(request))?;
    let zone = if let ["zones", zone, ..] = place { zone } else { "" };
    let call = Call { request, user, project, zone };
    match (&request.verb, place) {
        (&Method::POST, ["zones", _, "instances", name, verb]) => change(state, &call, name, verb),
        (_, ["zones", _, "operations", name] | ["zones", _, "operations", name, "wait"]) => {
            let found = state.operations.iter().find(|operation| operation["name"] == *name);
            found.cloned().ok_or_else(|| nothing_at(request))
        }
        (&Method::GET, place) => read(state, &call, place),
        _ => Err(nothing_at(request)),
    }
}

fn read(state: &State, call: &Call<'_>, place: &[&str]) -> Answer {
    match place {
        [] => Ok(json!({"kind": "compute#project", "name": call.project})),
        ["zones", zone] => Ok(json!({"kind": "compute#zone", "name": zone, "status": "UP"})),
        ["zones", _, "instances"] => list(state, call),
        ["aggregated", "instances"] => aggregated(state, call),
        ["zones", _, "instances", name] => get(state, call, name),
        _ => Err(nothing_at(call.request)),
    }
}

/// A live token with one of the scopes that the method accepts.
/// Source: "Authorization scopes" of
/// <https://cloud.google.com/compute/docs/reference/rest/v1/instances/stop>.
fn admit(state: &State, request: &IncomingRequest, writes: bool) -> Result<String, Box<Reply>> {
    let Some(token) = request.bearer().and_then(|text| state.live_token(text)) else {
        let refusal = error(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials");
        return Err(with(refusal, "www-authenticate", INVALID_TOKEN).into());
    };
    let accepted = ["cloud-platform", "compute", "compute.readonly"];
    let accepted = scope::uris(accepted.into_iter().take(if writes { 2 } else { 3 }));
    match token.holds_any(&accepted) {
        true => Ok(token.account),
        false => Err(with(COMPUTE_SCOPE.reply(), "www-authenticate", &challenge(&accepted)).into()),
    }
}

const INVALID_TOKEN: &str = r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#;

/// IAM decides on the project.
fn permit(state: &State, call: &Call<'_>, permission: &str, resource: &str) -> Result<(), Box<Reply>> {
    if state.policy.allows(&call.user, permission, &[call.project]) {
        return Ok(());
    }
    let message = format!("Required '{permission}' permission for '{resource}'");
    Err(error(StatusCode::FORBIDDEN, "forbidden", &message).into())
}

fn not_found(resource: &str) -> Box<Reply> {
    error(StatusCode::NOT_FOUND, "notFound", &format!("The resource '{resource}' was not found")).into()
}

fn nothing_at(request: &IncomingRequest) -> Box<Reply> {
    not_found(request.path.trim_start_matches("/compute/v1/"))
}

/// The status and the reason of a change that is refused are unverified.
fn invalid(message: &str) -> Box<Reply> {
    error(StatusCode::BAD_REQUEST, "invalid", message).into()
}

fn list(state: &State, call: &Call<'_>) -> Answer {
    let here = machines(state, call)?.filter(|machine| machine.zone == call.zone);
    let items: Vec<Value> = here.map(|machine| show(machine, &call.request.base)).collect();
    Ok(json!({"kind": "compute#instanceList", "items": items}))
}

fn aggregated(state: &State, call: &Call<'_>) -> Answer {
    let mut zones = BTreeMap::<_, Vec<Value>>::new();
    for machine in machines(state, call)? {
        zones.entry(&machine.zone).or_default().push(show(machine, &call.request.base));
    }
    let items = zones.into_iter().map(|(zone, here)| (format!("zones/{zone}"), json!({ "instances": here })));
    Ok(json!({"kind": "compute#instanceAggregatedList", "items": items.collect::<Map<_, _>>()}))
}

fn machines<'a>(
    state: &'a State,
    call: &'a Call<'_>,
) -> Result<impl Iterator<Item = &'a Machine>, Box<Reply>> {
    permit(state, call, "compute.instances.list", &format!("projects/{}", call.project))?;
    let project = |machine: &&Machine| machine.project.id == call.project;
    Ok(state.machines.iter().filter(|machine| machine.platform.is_vm()).filter(project))
}

fn get(state: &State, call: &Call<'_>, name: &str) -> Answer {
    permit(state, call, "compute.instances.get", &call.instance(name))?;
    let found = state.machines.iter().find(|machine| call.is_about(machine, name));
    found.map(|machine| show(machine, &call.request.base)).ok_or_else(|| not_found(&call.instance(name)))
}

fn change(state: &mut State, call: &Call<'_>, name: &str, verb: &str) -> Answer {
    if !["start", "stop", "setServiceAccount"].contains(&verb) {
        return Err(nothing_at(call.request));
    }
    let instance = call.instance(name);
    permit(state, call, &format!("compute.instances.{verb}"), &instance)?;
    let machine = state.machines.iter_mut().find(|machine| call.is_about(machine, name));
    let machine = machine.ok_or_else(|| not_found(&instance))?;
    match verb {
        "setServiceAccount" => set_account(machine, call.request)?,
        _ => machine.switch(verb == "start"),
    }
    let done = operation(state, call, name, verb);
    state.operations.push(done.clone());
    Ok(done)
}

/// A change of a VM. It is done at once here.
fn operation(state: &State, call: &Call<'_>, instance: &str, verb: &str) -> Value {
    let zone = format!("{}/compute/v1/projects/{}/zones/{}", call.request.base, call.project, call.zone);
    let name = format!("operation-fake-{}", state.operations.len() + 1);
    let time = rfc3339(state.clock.now());
    json!({
        "kind": "compute#operation",
        "id": "7000000000000000001",
        "name": name,
        "zone": zone,
        "operationType": verb,
        "targetLink": format!("{zone}/instances/{instance}"),
        "status": "DONE",
        "progress": 100,
        "user": call.user,
        "insertTime": time,
        "startTime": time,
        "endTime": time,
        "selfLink": format!("{zone}/operations/{name}"),
    })
}

/// The body replaces both: an account that is not named is detached, scopes that are not listed
/// are gone.
fn set_account(machine: &mut Machine, request: &IncomingRequest) -> Result<(), Box<Reply>> {
    let body = request.json().unwrap_or_default();
    let email = body.get("email").and_then(Value::as_str).filter(|email| !email.is_empty());
    let email = match email {
        Some("default") => Some(machine.fill(COMPUTE_ACCOUNT)),
        other => other.map(str::to_owned),
    };
    let scopes = body.get("scopes").and_then(Value::as_array).into_iter().flatten();
    let scopes: Vec<String> = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(wrong) = scopes.iter().find(|scope| !scope.contains("://")) {
        let message = format!("One or more of the service account scopes are invalid: '{wrong}'");
        return Err(invalid(&message));
    }
    machine.set_account(email, scopes).map_err(invalid)
}

impl Call<'_> {
    /// Whether a machine is the VM of this name in the call's place.
    fn is_about(&self, machine: &Machine, name: &str) -> bool {
        machine.platform.is_vm()
            && machine.name == name
            && machine.zone == self.zone
            && machine.project.id == self.project
    }

    fn instance(&self, name: &str) -> String {
        format!("projects/{}/zones/{}/instances/{name}", self.project, self.zone)
    }
}

fn show(machine: &Machine, base: &str) -> Value {
    let zone = format!("{base}/compute/v1/projects/{}/zones/{}", machine.project.id, machine.zone);
    let accounts: Vec<Value> =
        machine.account.iter().map(|email| json!({"email": email, "scopes": machine.scopes})).collect();
    json!({
        "kind": "compute#instance",
        "id": machine.id().to_string(),
        "name": machine.name,
        "zone": zone,
        "selfLink": format!("{zone}/instances/{}", machine.name),
        "machineType": format!("{zone}/machineTypes/e2-medium"),
        "status": if machine.running { "RUNNING" } else { "TERMINATED" },
        "serviceAccounts": accounts,
        "networkInterfaces": [{"name": "nic0", "networkIP": "10.128.0.2"}],
        "disks": [],
    })
}
