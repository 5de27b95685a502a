//! Reads the records of Cloud Audit Logs, which report calls with their results.
//!
//! Source:
//! <https://docs.cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog>

use serde_json::Value;

use super::response_facts::ResponseFacts;

/// Returns the call that a record of Cloud Audit Logs reports. Returns `None` for any other value.
fn audited_call(record: &Value) -> Option<&Value> {
    let call = record.get("protoPayload").unwrap_or(record);
    let kind = call.get("@type").and_then(Value::as_str)?;
    kind.ends_with("google.cloud.audit.AuditLog").then_some(call)
}

/// Returns whether a record is one of Cloud Audit Logs. The message of such a record is only a part
/// of the result: other fields show whether the call was refused.
///
/// ```
/// use gcp_scopes_explain::refusal::is_audit_record;
///
/// let kind = "type.googleapis.com/google.cloud.audit.AuditLog";
/// assert!(is_audit_record(&serde_json::json!({"protoPayload": {"@type": kind}})));
/// assert!(!is_audit_record(&serde_json::json!({"textPayload": "Error 403: Forbidden"})));
/// ```
#[must_use]
pub fn is_audit_record(record: &Value) -> bool {
    audited_call(record).is_some()
}

/// Adds the service and the method of the call that a record reports. A record of a call that was
/// allowed counts as a success.
pub(super) fn read(record: &Value, facts: &mut ResponseFacts) {
    let Some(call) = audited_call(record) else { return };
    let text = |name| call.get(name).and_then(Value::as_str);
    // The label has the id of the project, where the name of the resource may have its number.
    let project = record.pointer("/resource/labels/project_id").and_then(Value::as_str);
    project.into_iter().for_each(|id| facts.details.replace_project(id));
    for (name, key) in
        [("serviceName", "service"), ("methodName", "method"), ("resourceName", "resource")]
    {
        text(name).into_iter().for_each(|value| facts.details.add(key, value));
    }
    let perimeter = call.pointer("/metadata/securityPolicyInfo/servicePerimeterName");
    let unique_id = call.pointer("/metadata/vpcServiceControlsUniqueId");
    for (key, value) in [("perimeter", perimeter), ("uid", unique_id)] {
        value.and_then(Value::as_str).into_iter().for_each(|text| facts.details.add(key, text));
    }
    let is_granted = |check: &&Value| check.get("granted") == Some(&Value::Bool(true));
    let checks = call.get("authorizationInfo").and_then(Value::as_array);
    let refused = checks.into_iter().flatten().find(|check| !is_granted(check));
    if let Some(name) = refused.and_then(|check| check.get("permission")?.as_str()) {
        facts.details.replace_permission(name);
    }
    let is_allowed = refused.is_none() && checks.is_some_and(|checks| !checks.is_empty());
    // A check after IAM may have refused the call: then the record has granted permissions and the
    // code of an error.
    if is_allowed && call.pointer("/status/code").is_none() {
        facts.status = Some(200);
    }
}
