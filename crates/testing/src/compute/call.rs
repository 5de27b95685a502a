//! A call of Compute Engine, and the responses that its methods have in common.

use http::StatusCode;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, legacy_error};
use crate::state::FakeState;
use crate::vm::Machine;

/// A call with the account of its token, its project and its zone.
pub(super) struct ComputeCall<'a> {
    pub(super) request: &'a IncomingRequest,
    pub(super) user: String,
    pub(super) project: &'a str,
    /// The zone that the path names, or an empty string.
    pub(super) zone: &'a str,
}

/// The JSON of a successful response, or Compute Engine's error response.
pub(super) type ApiResult<T = Value> = Result<T, Box<FullResponse>>;

impl ComputeCall<'_> {
    /// Checks whether a machine is the VM with this name in the call's project and zone.
    pub(super) fn matches(&self, machine: &Machine, name: &str) -> bool {
        machine.platform.is_vm()
            && machine.name == name
            && machine.zone == self.zone
            && machine.project.id == self.project
    }

    /// Returns the path of the VM with this name.
    pub(super) fn instance(&self, name: &str) -> String {
        format!("projects/{}/zones/{}/instances/{name}", self.project, self.zone)
    }
}

/// Checks whether IAM grants the permission. The fake stores no policies of VMs, so the policy of
/// the project decides about a VM, too.
pub(super) fn check_permission(
    state: &FakeState,
    call: &ComputeCall<'_>,
    permission: &str,
    resource: &str,
) -> ApiResult<()> {
    if state.policy.allows(&call.user, permission, &[call.project]) {
        return Ok(());
    }
    let message = format!("Required '{permission}' permission for '{resource}'");
    Err(legacy_error(StatusCode::FORBIDDEN, "forbidden", &message).into())
}

/// Builds the resource of an operation. Operations of the fake are done as soon as they begin.
pub(super) fn operation(
    state: &FakeState,
    call: &ComputeCall<'_>,
    instance: &str,
    kind: &str,
) -> Value {
    let zone =
        format!("{}/compute/v1/projects/{}/zones/{}", call.request.base, call.project, call.zone);
    let name = format!("operation-fake-{}", state.operations.len() + 1);
    let time = rfc3339(state.clock.now());
    json!({
        "kind": "compute#operation", "id": "7000000000000000001",
        "name": name, "zone": zone,
        "operationType": kind, "targetLink": format!("{zone}/instances/{instance}"),
        "status": "DONE", "progress": 100,
        "user": call.user,
        "insertTime": time, "startTime": time, "endTime": time,
        "selfLink": format!("{zone}/operations/{name}"),
    })
}

pub(super) fn not_found(name: &str) -> Box<FullResponse> {
    legacy_error(StatusCode::NOT_FOUND, "notFound", &format!("The resource '{name}' was not found"))
        .into()
}

pub(super) fn path_not_found(request: &IncomingRequest) -> Box<FullResponse> {
    not_found(request.path.trim_start_matches("/compute/v1/"))
}
