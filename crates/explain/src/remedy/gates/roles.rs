//! Which role holds a permission, and how to grant it.

use super::super::step::Step;
use super::closed::{ACCOUNT, Closed};
use super::grants::{GRANTS, On};
use super::pages::{INVOKE, ROLES, RULES, TROUBLESHOOT};

/// What to do where IAM refused.
pub(super) fn grant(gate: &Closed<'_>) -> Vec<Step> {
    let Some(permission) = gate.refusal.permission() else { return vec![unnamed(gate)] };
    if gate.says("anonymous caller") {
        return vec![anonymous()];
    }
    let row = GRANTS.iter().find(|row| row.permission == permission);
    let who = gate.account().unwrap_or_else(|| "the account".to_owned());
    let mut text = match row {
        Some(row) => format!("Grant {who} the role {}, which holds {permission}.", row.role),
        None => {
            format!("Grant {who} a role that holds {permission}: search the page below for the permission.")
        }
    };
    if gate.says("may not exist") {
        text += " Check the resource's name too: Google says the same of one that does not exist.";
    }
    let (on, role) = row.map_or((On::Project, "roles/ROLE"), |row| (row.on, row.role));
    vec![Step::new(text).command(binding(gate, on, role)).link(row.map_or(ROLES, |row| row.source))]
}

/// A role for everybody would help as well, but is hardly what is wanted.
fn anonymous() -> Step {
    let text = "The call carried no credential, so it counts as anybody's: give the client credentials, or send the header \
                Authorization: Bearer TOKEN. On your own machine, log in first.";
    Step::new(text).command("gcloud auth application-default login").link(super::troubles::ADC)
}

/// The answer names no permission.
fn unnamed(gate: &Closed<'_>) -> Step {
    if gate.says("missing or insufficient permissions") {
        let text = "A server needs a role such as roles/datastore.user; an app with a signed-in person needs security \
                    rules that allow the call.";
        return Step::new(text).command(binding(gate, On::Project, "roles/datastore.user")).link(RULES);
    }
    if gate.says("get url") {
        let text = "This is what Cloud Run and Cloud Run functions answer a caller that may not invoke them: grant the \
                    role, and send an ID token for the service's URL in the header Authorization.";
        return Step::new(text).command(binding(gate, On::RunService, "roles/run.invoker")).link(INVOKE);
    }
    let text = "The account lacks an IAM role for this call, or the resource does not exist; the answer does not name the \
                permission. Find the permission on the method's page, and ask the Policy Troubleshooter why it is \
                not granted.";
    let account = gate.account().unwrap_or_else(|| ACCOUNT.to_owned());
    let command = format!(
        "gcloud policy-intelligence troubleshoot-policy iam //RESOURCE --principal-email={account} --permission=PERMISSION"
    );
    Step::new(text).command(command).link(TROUBLESHOOT)
}

fn binding(gate: &Closed<'_>, on: On, role: &str) -> String {
    let (group, target, is_of_project) = match on {
        On::Project => ("projects", gate.project().unwrap_or("PROJECT").to_owned(), false),
        On::Bucket => ("storage buckets", gate.bucket(), false),
        On::Account => ("iam service-accounts", "TARGET@PROJECT.iam.gserviceaccount.com".to_owned(), true),
        On::Secret => ("secrets", "SECRET".to_owned(), true),
        On::Topic => ("pubsub topics", "TOPIC".to_owned(), true),
        On::Subscription => ("pubsub subscriptions", "SUBSCRIPTION".to_owned(), true),
        On::Key => ("kms keys", "KEY --keyring=KEY_RING --location=LOCATION".to_owned(), true),
        On::RunService => ("run services", "SERVICE --region=REGION".to_owned(), true),
    };
    let project = if is_of_project { gate.project_flag() } else { String::new() };
    format!(
        "gcloud {group} add-iam-policy-binding {target} --member={} --role={role}{project}",
        gate.member()
    )
}

/// The smallest sensible role that holds a permission, and where Google lists it.
pub(in crate::remedy) fn with_permission(permission: &str) -> Option<(&'static str, &'static str)> {
    GRANTS.iter().find(|row| row.permission == permission).map(|row| (row.role, row.source))
}
