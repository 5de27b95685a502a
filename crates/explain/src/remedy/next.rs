//! What decides once the scope gate is open, so that nobody is surprised by the next refusal.

use super::case::Case;
use super::pages::{DRIVE, IAM, QUOTA};
use super::step::Step;
use crate::environment::{AccountKind, Credential, Platform};
use crate::refusal::ScopeRefusal;
use gcp_scopes_catalog::scope::Scope;

/// The gate behind this one, for a service account: IAM on Google Cloud, its own rules elsewhere.
pub(super) fn after(case: &Case<'_>) -> Step {
    if case.is_partly_cloud() { iam(case) } else { own_rules(case) }
}

/// The steps that leave the rest to IAM, for who has asked IAM and tells what it said.
pub(super) fn left_to_iam(case: &Case<'_>) -> [Step; 2] {
    [iam(case), your_roles()]
}

fn iam(case: &Case<'_>) -> Step {
    let environment = case.environment;
    let attached = environment.credential() == Credential::MetadataServer;
    let shared = match environment.instance().filter(|_| attached) {
        Some(_) => "A VM has one account, and a role given to it counts on every VM that uses the account.",
        None => "A role given to it counts for everything that runs as this account.",
    };
    let editor = match environment.account_kind().is_some_and(AccountKind::may_lack_editor) {
        true => " Do not count on Editor: organisations made since 3 May 2024 give default accounts no role.",
        false => "",
    };
    let project = case.project();
    // A pod without a service account is known by its cluster's pool of identities.
    let pool = format!("{project}.svc.id.goog");
    let is_pod = environment.platform() == Platform::GkeWorkloadIdentity && attached;
    let (account, columns, whose) = match environment.account() {
        None if is_pod => {
            (pool.as_str(), "bindings.members,bindings.role", "pods have on the project by themselves")
        }
        _ => (case.account(), "bindings.role", "the account has on the project"),
    };
    let page = |project| format!("https://console.cloud.google.com/iam-admin/iam?project={project}");
    let fill = match account {
        "SERVICE_ACCOUNT" => " Put the account in the place of SERVICE_ACCOUNT.".to_owned(),
        _ if account == pool => {
            format!(" If the pod acts as a service account, put that one in the place of {pool}.")
        }
        _ => String::new(),
    };
    let beyond = if case.is_cloud() { "" } else { " APIs outside Google Cloud have rules of their own." };
    Step::new(format!(
        "Then IAM decides. This lists the roles that {whose}; one of them, or of those on the resource itself, must \
         allow the call.{fill} {shared}{editor}{beyond}"
    ))
    .command(format!(
        "gcloud projects get-iam-policy {project} --flatten='bindings[].members' \
         --filter='bindings.members:{account}' --format='value({columns})'"
    ))
    .console(environment.project().map(page))
    .link(IAM)
}

fn own_rules(case: &Case<'_>) -> Step {
    let account = case.environment.account().unwrap_or("the account that the program uses");
    if case.kind == ScopeRefusal::ScopeOrShare {
        let share = format!("Share the file with {account} in Google Drive, if it is not shared yet.");
        return Step::new(share).link(DRIVE);
    }
    if is_drive(case) {
        return Step::new(format!("Then sharing decides, not IAM: share what is asked for with {account}."));
    }
    Step::new(
        "Then the API's own rules decide, not IAM. A service account has no mail, calendar or contacts of its own: \
         for a person's it needs domain-wide delegation.",
    )
}

/// What decides about a person's own calls.
pub(super) fn after_login(case: &Case<'_>) -> Vec<Step> {
    if !case.is_cloud() {
        return vec![quota(case), Step::new("Then your own rights in that product decide, not IAM.")];
    }
    vec![quota(case), your_roles()]
}

fn your_roles() -> Step {
    Step::new("Then your own IAM roles decide.")
}

fn quota(case: &Case<'_>) -> Step {
    Step::new("If the next refusal asks for a quota project, name one on which you may use services.")
        .command(format!("gcloud auth application-default set-quota-project {}", case.project()))
        .link(QUOTA)
}

/// Whether what is asked for is a file in Drive.
pub(super) fn is_drive(case: &Case<'_>) -> bool {
    let names = ["drive", "spreadsheets", "documents", "presentations"];
    let is_drive = |scope: Scope| names.iter().any(|name| scope.short().split('.').next() == Some(*name));
    case.accepted.iter().any(|accepted| accepted.iter().any(is_drive))
}
