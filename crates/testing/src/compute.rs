//! As much of Compute Engine as it takes to change a VM's scopes,
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instances>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::exchange::{Asked, Reply, challenge, json, legacy_error, rfc3339, with};
use super::state::{State, scope_uri};
use super::vm::Machine;
use super::wire::error_info;

/// Something that was done to a VM. All is done at once here.
pub(super) struct Operation {
    name: String,
    kind: &'static str,
    project: String,
    zone: String,
    target: String,
    user: String,
    time: String,
}

/// A call that has a place: its project, and mostly a zone.
struct Call<'a> {
    asked: &'a Asked,
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

pub(super) fn answer(state: &mut State, asked: &Asked) -> Reply {
    match route(state, asked) {
        Ok(shown) => json(StatusCode::OK, &shown),
        Err(problem) => problem.reply(),
    }
}

fn route(state: &mut State, asked: &Asked) -> Answer {
    let segments = asked.segments();
    let segments: Vec<&str> =
        segments.iter().map(String::as_str).skip_while(|segment| *segment != "projects").skip(1).collect();
    let writes = asked.verb != Method::GET && !segments.contains(&"operations");
    let user = admit(state, asked, writes)?;
    let (project, place) = segments.split_first().ok_or_else(|| not_found(asked))?;
    let zone = place.get(1).filter(|_| place.first() == Some(&"zones")).copied().unwrap_or_default();
    let call = Call { asked, user, project: (*project).to_owned(), zone: zone.to_owned() };
    match (&asked.verb, place) {
        (&Method::GET, []) => Ok(json!({"kind": "compute#project", "name": project})),
        (&Method::GET, ["zones", zone]) => Ok(json!({"kind": "compute#zone", "name": zone, "status": "UP"})),
        (&Method::GET, ["zones", _, "instances"]) => list(state, &call),
        (&Method::GET, ["aggregated", "instances"]) => aggregated(state, &call),
        (&Method::GET, ["zones", _, "instances", name]) => get(state, &call, name),
        (&Method::POST, ["zones", _, "instances", name, verb]) => change(state, &call, name, verb),
        (_, ["zones", _, "operations", name] | ["zones", _, "operations", name, "wait"]) => {
            let found = state.operations.iter().find(|operation| operation.name == *name);
            found.map(|operation| operation.show(&asked.base)).ok_or_else(|| not_found(asked))
        }
        _ => Err(not_found(asked)),
    }
}

/// A live token with one of the scopes that the method accepts.
/// Source: "Authorization scopes" of <https://cloud.google.com/compute/docs/reference/rest/v1/instances/stop>.
fn admit(state: &State, asked: &Asked, writes: bool) -> Result<String, Problem> {
    let token = asked.bearer().and_then(|text| state.live_token(text)).ok_or(Problem::BadToken)?;
    let accepted: &[&str] = if writes {
        &["cloud-platform", "compute"]
    } else {
        &["cloud-platform", "compute", "compute.readonly"]
    };
    let accepted: Vec<String> = accepted.iter().map(|scope| scope_uri(scope)).collect();
    match token.scopes.iter().any(|held| accepted.contains(held)) {
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
    let items: Vec<Value> = here.map(|machine| show(machine, &call.asked.base)).collect();
    Ok(json!({"kind": "compute#instanceList", "items": items}))
}

fn aggregated(state: &State, call: &Call<'_>) -> Answer {
    permit(state, call, "compute.instances.list", &format!("projects/{}", call.project))?;
    let mut zones = json!({});
    for machine in machines(state, call) {
        let zone = &mut zones[format!("zones/{}", machine.zone)]["instances"];
        let mut items = zone.as_array().cloned().unwrap_or_default();
        items.push(show(machine, &call.asked.base));
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
    let found = machines(state, call).find(|machine| machine.name == name && machine.zone == call.zone);
    found.map(|machine| show(machine, &call.asked.base)).ok_or_else(|| call.no_instance(name))
}

fn change(state: &mut State, call: &Call<'_>, name: &str, verb: &str) -> Answer {
    let Some(kind) = ["start", "stop", "setServiceAccount"].into_iter().find(|known| *known == verb) else {
        return Err(not_found(call.asked));
    };
    permit(state, call, &format!("compute.instances.{kind}"), &call.instance(name))?;
    let machine = state.machines.iter_mut().find(|machine| {
        machine.platform.is_vm()
            && machine.name == name
            && machine.zone == call.zone
            && machine.project.id == call.project
    });
    let machine = machine.ok_or_else(|| call.no_instance(name))?;
    match kind {
        "stop" => machine.stop(),
        "start" => machine.start(),
        _ => set_account(machine, call.asked)?,
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
    let shown = operation.show(&call.asked.base);
    state.operations.push(operation);
    Ok(shown)
}

/// The body replaces both: an account that is not named is detached, scopes that are not listed
/// are gone.
fn set_account(machine: &mut Machine, asked: &Asked) -> Result<(), Problem> {
    let body = asked.json().unwrap_or_default();
    let email = body.get("email").and_then(Value::as_str).filter(|email| !email.is_empty());
    let email = match email {
        Some("default") => Some(machine.project.default_account()),
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
    fn instance(&self, name: &str) -> String {
        format!("projects/{}/zones/{}/instances/{name}", self.project, self.zone)
    }

    fn no_instance(&self, name: &str) -> Problem {
        Problem::NotFound(self.instance(name))
    }
}

fn not_found(asked: &Asked) -> Problem {
    Problem::NotFound(asked.path.trim_start_matches("/compute/v1/").to_owned())
}

impl Problem {
    fn reply(&self) -> Reply {
        let simple = |status, reason, message: &str| json(status, &legacy_error(status, reason, message));
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
                let message = format!("The resource '{resource}' was not found");
                simple(StatusCode::NOT_FOUND, "notFound", &message)
            }
            Self::Invalid(message) => simple(StatusCode::BAD_REQUEST, "invalid", message),
        }
    }
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
