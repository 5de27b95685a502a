//! The steps for a refusal by any gate.
//!
//! If the response does not contain a name, commands have a placeholder in capitals instead. The
//! flag `--project` is left out if the project is unknown.

mod apis;
mod bucket;
mod closed_gate;
mod credential_problems;
mod full_resource;
mod grants;
pub(super) mod roles;
mod sign_in;

use gcp_scopes_catalog::call::{AbstainReason, Call};
use gcp_scopes_catalog::{Endpoints, Lookup, lookup};

use super::advice;
use super::case::{Case, KnownCall};
use super::option::RemedyOption;
use super::scope_gate;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{Gate, Refusal, ScopeProblem};
use crate::required_scopes::RequiredScopes;
use closed_gate::ClosedGate;

/// Returns the options for a refusal by any gate, the recommended one first. There is at least one
/// option, and each has at least one step.
///
/// The options of a [`Denial`](crate::Denial) are more exact, because they also depend on the
/// method and the token.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::{refusal, remedy};
///
/// let text = "Error 403: Permission 'secretmanager.versions.access' denied on resource \
///             'projects/my-project/secrets/s/versions/1' (or it may not exist).";
/// let refusal = refusal::classify_text(text).expect("no refusal");
/// let options = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
/// assert!(options[0].steps()[0].text().contains("roles/secretmanager.secretAccessor"));
/// ```
#[must_use]
pub fn for_refusal(refusal: &Refusal, environment: &Environment) -> Vec<RemedyOption> {
    for_gate(&ClosedGate { refusal, environment, call: None })
}

/// Returns the options for a refusal of a known call. Unlike [`for_refusal`], uses the bucket in
/// the URL of the call for commands, if the server's message does not name a bucket. Commands never
/// contain the name of an object.
///
/// ```
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::{refusal, remedy};
///
/// let text = "Error 403: a@b does not have storage.objects.get access to the object.";
/// let refusal = refusal::classify_text(text).expect("no refusal");
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos/o/cat.jpg".parse()?;
/// let here = Environment::from_snapshot(&Snapshot::new());
/// let options = remedy::for_refused_call(&refusal, &here, &Call::new(&http::Method::GET, &uri));
/// let command = options[0].steps()[0].command_line();
/// assert!(command.is_some_and(|command| command.contains(" gs://photos ")));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[must_use]
pub fn for_refused_call(
    refusal: &Refusal,
    environment: &Environment,
    call: &Call<'_>,
) -> Vec<RemedyOption> {
    for_gate(&ClosedGate { refusal, environment, call: Some(call) })
}

/// Returns the options for a refusal by any gate.
fn for_gate(gate: &ClosedGate<'_>) -> Vec<RemedyOption> {
    let refusal = gate.refusal;
    if let Some(kind) = refusal.problem() {
        return scope_options(gate, kind);
    }
    let section = match refusal.gate() {
        _ if refusal.other_server().is_some() => "other_server",
        Gate::VpcSc if refusal.is_dry_run() => "dry_run",
        Gate::Other if gate.message_has_any(&ALLOW_LIST) => "allow_list",
        Gate::Iam => return roles::options(gate),
        Gate::Credentials => return sign_in::options(gate),
        Gate::ServiceDisabled => "enable",
        Gate::Billing => "pay",
        Gate::VpcSc => "perimeter",
        Gate::OrgPolicy => "policy",
        Gate::RateLimit => "slow_down",
        Gate::QuotaProject => gate.quota_project_section(),
        Gate::ApiKey => "api_key",
        Gate::ResourceAcl => "share",
        Gate::Scope | Gate::Other => "other",
    };
    advice::remedy(section, gate).options
}

/// Returns the options for a refusal for lack of scope of a call whose token is not known.
fn scope_options(gate: &ClosedGate<'_>, problem: ScopeProblem) -> Vec<RemedyOption> {
    let ClosedGate { refusal, environment, call } = *gate;
    let endpoints = Endpoints::new();
    let without_method = || Lookup::without_method(AbstainReason::Method);
    let call = call.map_or_else(without_method, |call| lookup(call, &endpoints));
    let unknown = GrantedScopes::unknown("a refusal does not contain the scopes of the token");
    let required = RequiredScopes::of_refused_call(&call, call.method(), &unknown, refusal);
    let is_api_known = call.host().or_else(|| refusal.service()).is_some();
    let known = KnownCall::new(call.method().is_some(), is_api_known);
    let case = Case::for_call(problem, &required, None, environment).with_known(known);
    scope_gate::for_case(&case).options
}

/// Parts of messages about an API that is open to a list of projects.
const ALLOW_LIST: [&str; 3] = ["alpha access", "not allowlisted", "not whitelisted"];

#[cfg(test)]
pub(super) mod tests {
    use super::super::advice::Context;
    use super::*;
    use crate::refusal::{ErrorResponse, classify, classify_text, from_troubleshooter};

    /// Calls a function with a refusal by each of several gates.
    pub(in crate::remedy) fn for_each_refusal(
        environment: &Environment,
        mut function: impl FnMut(&dyn Context),
    ) {
        let messages = [
            "Project has been suspended.",
            "Permission denied while using the Kite Service Agent.",
            "ERROR: (gcloud.kites.list) There was a problem refreshing your current auth tokens: \
             Reauthentication required.",
            "File not found: 1KiteShopTestFileId0123456789.",
            "Permission 'storage.objects.get' denied on resource '//x' (or it may not exist).",
            "a@b.example does not have run.services.get access, see \
             https://console.cloud.google.com/iam-admin/troubleshooter/summary;errorId=CiQwZXhhbXBs",
            "Requests from referer https://x.example are blocked.",
            "A Google Workspace admin has disabled this.",
            "Cloud Pub/Sub API has not been used in project my-project before or it is disabled.",
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: \
             a1B2_c3",
            "Operation denied by org policy: ['constraints/iam.allowedPolicyMemberDomains': x]",
        ];
        for message in messages {
            let body = format!(r#"{{"error":{{"code":403,"message":"{message}"}}}}"#);
            let refusal = classify(&ErrorResponse::new(body.as_bytes()).with_status(403)).unwrap();
            function(&ClosedGate { refusal: &refusal, environment, call: None });
        }
        let record = r#"{"protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "status": {"code": 7, "message": "Request is prohibited by organization's policy."},
            "metadata": {"securityPolicyInfo": {
                "servicePerimeterName": "accessPolicies/1/servicePerimeters/p"}}}}"#;
        let refusal = classify_text(record).unwrap();
        function(&ClosedGate { refusal: &refusal, environment, call: None });
        let denied = br#"{"accessTuple": {}, "denyPolicyExplanation": {
            "denyAccessState": "DENY_ACCESS_STATE_DENIED", "explainedResources": [
                {"explainedPolicies": [{"denyAccessState": "DENY_ACCESS_STATE_DENIED",
                    "policy": {"name": "policies/p/denypolicies/d"}}]}]}}"#;
        let refusal = from_troubleshooter(denied).unwrap();
        function(&ClosedGate { refusal: &refusal, environment, call: None });
    }
}
