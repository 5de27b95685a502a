//! The steps for a refusal by IAM: the role that includes the permission, and the command that
//! grants the role.

use super::super::advice::{self, WithWords};
use super::super::member;
use super::super::option::{Remedy, RemedyOption};
use super::closed_gate::ClosedGate;
use super::full_resource;
use super::grants::{GRANTS, Grant, On};
use crate::environment::{Credential, Platform, names};

/// The page with Google's list of roles and their permissions.
pub(in crate::remedy) const ROLES: &str =
    "https://docs.cloud.google.com/iam/docs/roles-permissions";

/// Parts of the messages with which Kubernetes' own RBAC refuses.
const RBAC: [&str; 3] = ["in api group", "is forbidden: user", "attempt to grant extra privileges"];

/// Returns the options for a refusal by IAM. If the response contains the address of Google's own
/// page about the refusal, the page is the first option: several kinds of policies may refuse, and
/// against some of them no role helps.
pub(super) fn options(gate: &ClosedGate<'_>) -> Vec<RemedyOption> {
    let options = match cause_section(gate).or_else(|| section(gate)) {
        Some(section) => advice::remedy(section, gate).options,
        None => [
            advice::options("troubleshooter_page", gate),
            gate.refusal.permission().map_or_else(
                || advice::options("no_permission_named", gate),
                |permission| options_to_grant(gate, permission),
            ),
            match gate.refusal.iam_cause() {
                Some(_) => Vec::new(),
                None => advice::options("troubleshooter_command", gate),
            },
        ]
        .concat(),
    };
    Remedy::new(String::new(), options).options
}

/// Returns the section of advice for what the Policy Troubleshooter found, unless a role is
/// missing.
fn cause_section(gate: &ClosedGate<'_>) -> Option<&'static str> {
    Some(match gate.refusal.iam_cause() {
        Some("deny_policy") => "deny_policy",
        Some("access_boundary") => "access_boundary",
        Some("condition") => "iam_condition",
        Some("granted") => "iam_grants",
        None if !gate.refusal.iam_states().is_empty() => "iam_unknown",
        _ => return None,
    })
}

/// Returns the section of advice for a refusal that the Policy Troubleshooter does not explain.
fn section(gate: &ClosedGate<'_>) -> Option<&'static str> {
    Some(match gate.refusal.permission() {
        _ if gate.message_has_any(&RBAC) => "rbac",
        _ if gate.message_has("using the") && gate.message_has("service agent") => "service_agent",
        Some("iam.serviceAccounts.getAccessToken") if is_federated(gate) => "act_as_account",
        Some(_) => return None,
        // The metadata server of GKE does not always name the permission.
        None if is_federated(gate) && gate.message_has("unable to generate access token") => {
            "act_as_account"
        }
        None if gate.message_has("missing or insufficient permissions") => "security_rules",
        // The front end of Cloud Run answers `Your client does not have permission to get URL`:
        // <https://docs.cloud.google.com/run/docs/troubleshooting>.
        None if gate.message_has("get url") => "invoke",
        // The Directory API sends this message if the person is no administrator, which no IAM role
        // changes.
        None if gate.message_has("access this resource/api") => "directory",
        None if gate.message_has("denied on resource project") => "project_name",
        None => return None,
    })
}

/// Returns the options that grant a permission.
fn options_to_grant(gate: &ClosedGate<'_>, permission: &str) -> Vec<RemedyOption> {
    let row = grant_of(permission);
    let (on, role) = row.map_or((On::Project, "roles/ROLE"), |row| (row.on, row.role));
    let binding = binding_command(gate, on, role);
    let (owner, set_policy) = on.policy();
    let mut words =
        vec![("binding", binding.as_str()), ("policy_of", owner), ("set_policy", set_policy)];
    words.extend(row.map(|row| ("role", row.role)));
    let mut options = advice::remedy("grant", &WithWords(gate, &words)).options;
    for step in options.iter_mut().flat_map(|option| &mut option.steps) {
        step.link = Some(row.map_or(ROLES, |row| row.source));
        step.placeholders.extend(placeholders(&binding));
    }
    options
}

/// Returns whether the caller is a pod or a workload outside Google Cloud, which acts as a service
/// account with a role of its own.
fn is_federated(gate: &ClosedGate<'_>) -> bool {
    gate.environment.platform() == Platform::GkeWorkloadIdentity
        || gate.environment.credential() == Credential::ExternalAccount
}

/// The placeholders of [`binding_command`], without those of members.
const PLACEHOLDERS: [&str; 11] = [
    "BUCKET",
    "TARGET",
    "SECRET",
    "TOPIC",
    "SUBSCRIPTION",
    "KEY",
    "KEY_RING",
    "LOCATION",
    "SERVICE",
    "REGION",
    "ROLE",
];

/// Returns the placeholders in a command that grants a role.
pub(in crate::remedy) fn placeholders(command: &str) -> impl Iterator<Item = &'static str> + '_ {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let known = PLACEHOLDERS.into_iter().chain(member::PLACEHOLDERS);
    known.filter(move |name| command.split(|c| !is_word(c)).any(|word| word == *name))
}

/// Returns the command that grants a role.
fn binding_command(gate: &ClosedGate<'_>, on: On, role: &str) -> String {
    let part = |kind, placeholder| full_resource::part(gate.refusal, kind).unwrap_or(placeholder);
    let (group, target, takes_project_flag) = match on {
        On::Project => ("projects", gate.project().unwrap_or("PROJECT").to_owned(), false),
        On::Bucket => ("storage buckets", gate.bucket(), false),
        On::Account => ("iam service-accounts", target_account(gate).to_owned(), true),
        On::Secret => ("secrets", part("secrets", "SECRET").to_owned(), true),
        On::Topic => ("pubsub topics", part("topics", "TOPIC").to_owned(), true),
        On::Subscription => {
            ("pubsub subscriptions", part("subscriptions", "SUBSCRIPTION").to_owned(), true)
        }
        On::Key => {
            let (key, ring) = (part("cryptoKeys", "KEY"), part("keyRings", "KEY_RING"));
            let location = part("locations", "LOCATION");
            ("kms keys", format!("{key} --keyring={ring} --location={location}"), true)
        }
        On::RunService => {
            let (service, region) = (part("services", "SERVICE"), part("locations", "REGION"));
            ("run services", format!("{service} --region={region}"), true)
        }
    };
    let project = if takes_project_flag { gate.project_flag() } else { String::new() };
    format!(
        "gcloud {group} add-iam-policy-binding {target} --member={} --role={role}{project}",
        gate.member()
    )
}

/// Returns the service account that is the resource of the call, as which the caller wants to act.
fn target_account<'a>(gate: &ClosedGate<'a>) -> &'a str {
    let named =
        full_resource::part(gate.refusal, "serviceAccounts").or_else(|| gate.refusal.resource());
    named.and_then(names::account).unwrap_or("TARGET@PROJECT.iam.gserviceaccount.com")
}

/// Returns the role to grant for a permission, and the page of Google's documentation about that
/// role.
pub(in crate::remedy) fn role_with_permission(
    permission: &str,
) -> Option<(&'static str, &'static str)> {
    grant_of(permission).map(|row| (row.role, row.source))
}

/// Returns the row of a permission. Some servers write its name in small letters, as in
/// `iam.serviceaccounts.actAs`: <https://docs.cloud.google.com/run/docs/troubleshooting>.
fn grant_of(permission: &str) -> Option<&'static Grant> {
    GRANTS.iter().find(|row| row.permission.eq_ignore_ascii_case(permission))
}
