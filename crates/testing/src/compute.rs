//! As much of Compute Engine as it takes to change a VM's scopes,
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instances>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::incoming::IncomingRequest;
use crate::reply::{Reply, challenge, error_info, json, legacy_error, with};
use crate::scope;
use crate::state::{Operation, State};
use crate::vm::Machine;

/// A call that has a place: its project, and mostly a zone.
struct Call<'a> {
    request: &'a IncomingRequest,
    user: String,
    project: String,
    zone: String,
}

type Answer = Result<Value, Problem>;

/// What is wrong with a call, in Compute Engine's words.
enum Problem {
    BadToken,
    Scope(Vec<String>),
    Iam {
        permission: String,
        resource: String,
    },
    NotFound(String),
    /// The status and the reason of a change that is refused are unverified.
    Invalid(String),
}

pub(crate) fn answer(state: &mut State, request: &IncomingRequest) -> Reply {
    match route(state, request) {
        Ok(shown) => json(StatusCode::OK, &shown),
        Err(problem) => problem.reply(),
    }
}

fn route(state: &mut State, request: &IncomingRequest) -> Answer {
    let segments = request.segments();
    let mut segments =
        segments.iter().map(String::as_str).skip_while(|segment| *segment != "projects").skip(1);
    let project = segments.next();
    let place: Vec<&str> = segments.collect();
    let user = admit(state, request, request.verb != Method::GET && !place.contains(&"operations"))?;
    let project = project.ok_or_else(|| not_found(request))?.to_owned();
    let zone = place.get(1).filter(|_| place.first() == Some(&"zones")).copied().unwrap_or_default();
    let call = Call { request, user, project, zone: zone.to_owned() };
    match (&request.verb, place.as_slice()) {
        (&Method::POST, ["zones", _, "instances", name, verb]) => change(state, &call, name, verb),
        (_, ["zones", _, "operations", name] | ["zones", _, "operations", name, "wait"]) => {
            operation(state, &call, name)
        }
        (&Method::GET, place) => read(state, &call, place),
        _ => Err(not_found(request)),
    }
}

fn read(state: &State, call: &Call<'_>, place: &[&str]) -> Answer {
    match place {
        [] => Ok(json!({"kind": "compute#project", "name": call.project})),
        ["zones", zone] => Ok(json!({"kind": "compute#zone", "name": zone, "status": "UP"})),
        ["zones", _, "instances"] => list(state, call),
        ["aggregated", "instances"] => aggregated(state, call),
        ["zones", _, "instances", name] => get(state, call, name),
        _ => Err(not_found(call.request)),
    }
}

fn operation(state: &State, call: &Call<'_>, name: &str) -> Answer {
    let found = state.operations.iter().find(|operation| operation.name == name);
    found.map(|operation| operation.show(&call.request.base)).ok_or_else(|| not_found(call.request))
}

/// A live token with one of the scopes that the method accepts.
/// Source: "Authorization scopes" of
/// <https://cloud.google.com/compute/docs/reference/rest/v1/instances/stop>.
fn admit(state: &State, request: &IncomingRequest, writes: bool) -> Result<String, Problem> {
    let token = request.bearer().and_then(|text| state.live_token(text)).ok_or(Problem::BadToken)?;
    let accepted: &[&str] = if writes {
        &["cloud-platform", "compute"]
    } else {
        &["cloud-platform", "compute", "compute.readonly"]
    };
    let accepted = scope::uris(accepted);
    match token.holds_any(&accepted) {
        true => Ok(token.account),
        false => Err(Problem::Scope(accepted)),
    }
}

fn permit(state: &State, call: &Call<'_>, permission: &str, resource: &str) -> Result<(), Problem> {
    match state.policy.allows(&call.user, permission, &[&call.project]) {
        true => Ok(()),
        false => Err(Problem::Iam { permission: permission.to_owned(), resource: resource.to_owned() }),
    }
}

fn list(state: &State, call: &Call<'_>) -> Answer {
    permit(state, call, "compute.instances.list", &format!("projects/{}", call.project))?;
    let here = machines(state, call).filter(|machine| machine.zone == call.zone);
    let items: Vec<Value> = here.map(|machine| show(machine, &call.request.base)).collect();
    Ok(json!({"kind": "compute#instanceList", "items": items}))
}

fn aggregated(state: &State, call: &Call<'_>) -> Answer {
    permit(state, call, "compute.instances.list", &format!("projects/{}", call.project))?;
    let mut zones = json!({});
    for machine in machines(state, call) {
        let zone = &mut zones[format!("zones/{}", machine.zone)]["instances"];
        let mut items = zone.as_array().cloned().unwrap_or_default();
        items.push(show(machine, &call.request.base));
        *zone = json!(items);
    }
    Ok(json!({"kind": "compute#instanceAggregatedList", "items": zones}))
}

fn machines<'a>(state: &'a State, call: &'a Call<'_>) -> impl Iterator<Item = &'a Machine> {
    let project = |machine: &&Machine| machine.project.id == call.project;
    state.machines.iter().filter(|machine| machine.platform.is_vm()).filter(project)
}

fn get(state: &State, call: &Call<'_>, name: &str) -> Answer {
    permit(state, call, "compute.instances.get", &call.instance(name))?;
    let found = state.machines.iter().find(|machine| call.is_about(machine, name));
    found.map(|machine| show(machine, &call.request.base)).ok_or_else(|| call.no_instance(name))
}

fn change(state: &mut State, call: &Call<'_>, name: &str, verb: &str) -> Answer {
    let known = ["start", "stop", "setServiceAccount"].into_iter().find(|known| *known == verb);
    let kind = known.ok_or_else(|| not_found(call.request))?;
    permit(state, call, &format!("compute.instances.{kind}"), &call.instance(name))?;
    let machine = state.machines.iter_mut().find(|machine| call.is_about(machine, name));
    let machine = machine.ok_or_else(|| call.no_instance(name))?;
    match kind {
        "stop" => machine.stop(),
        "start" => machine.start(),
        _ => set_account(machine, call.request)?,
    }
    let operation = Operation {
        name: format!("operation-fake-{}", state.operations.len() + 1),
        kind,
        project: call.project.clone(),
        zone: call.zone.clone(),
        target: name.to_owned(),
        user: call.user.clone(),
        time: rfc3339(state.clock.now()),
    };
    let shown = operation.show(&call.request.base);
    state.operations.push(operation);
    Ok(shown)
}

/// The body replaces both: an account that is not named is detached, scopes that are not listed
/// are gone.
fn set_account(machine: &mut Machine, request: &IncomingRequest) -> Result<(), Problem> {
    let body = request.json().unwrap_or_default();
    let email = body.get("email").and_then(Value::as_str).filter(|email| !email.is_empty());
    let email = match email {
        Some("default") => Some(machine.compute_account()),
        other => other.map(str::to_owned),
    };
    let scopes = body.get("scopes").and_then(Value::as_array).into_iter().flatten();
    let scopes: Vec<String> = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(wrong) = scopes.iter().find(|scope| !scope.contains("://")) {
        let message = format!("One or more of the service account scopes are invalid: '{wrong}'");
        return Err(Problem::Invalid(message));
    }
    machine.set_account(email, scopes).map_err(|why| Problem::Invalid(why.to_owned()))
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

    fn no_instance(&self, name: &str) -> Problem {
        Problem::NotFound(self.instance(name))
    }
}

fn not_found(request: &IncomingRequest) -> Problem {
    Problem::NotFound(request.path.trim_start_matches("/compute/v1/").to_owned())
}

impl Problem {
    fn reply(&self) -> Reply {
        match self {
            Self::BadToken => {
                let reply = simple(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials");
                let challenge = r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#;
                with(reply, "www-authenticate", challenge)
            }
            Self::Scope(accepted) => lack_of_scope(accepted),
            Self::Iam { permission, resource } => {
                let message = format!("Required '{permission}' permission for '{resource}'");
                simple(StatusCode::FORBIDDEN, "forbidden", &message)
            }
            Self::NotFound(resource) => {
                simple(StatusCode::NOT_FOUND, "notFound", &format!("The resource '{resource}' was not found"))
            }
            Self::Invalid(message) => simple(StatusCode::BAD_REQUEST, "invalid", message),
        }
    }
}

fn simple(status: StatusCode, reason: &str, message: &str) -> Reply {
    json(status, &legacy_error(status, reason, message))
}

fn lack_of_scope(accepted: &[String]) -> Reply {
    let metadata = json!({"service": "compute.googleapis.com", "method": "compute.v1.InstancesService"});
    let mut error = legacy_error(StatusCode::FORBIDDEN, "insufficientPermissions", "Insufficient Permission");
    error["error"]["message"] = json!("Request had insufficient authentication scopes.");
    error["error"]["status"] = json!("PERMISSION_DENIED");
    error["error"]["details"] =
        json!([error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", &metadata)]);
    with(json(StatusCode::FORBIDDEN, &error), "www-authenticate", &challenge(accepted))
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

impl Operation {
    fn show(&self, base: &str) -> Value {
        let zone = format!("{base}/compute/v1/projects/{}/zones/{}", self.project, self.zone);
        json!({
            "kind": "compute#operation",
            "id": "7000000000000000001",
            "name": self.name,
            "zone": zone,
            "operationType": self.kind,
            "targetLink": format!("{zone}/instances/{}", self.target),
            "status": "DONE",
            "progress": 100,
            "user": self.user,
            "insertTime": self.time,
            "startTime": self.time,
            "endTime": self.time,
            "selfLink": format!("{zone}/operations/{}", self.name),
        })
    }
}
