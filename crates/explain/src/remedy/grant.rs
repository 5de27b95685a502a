//! What opens the IAM gate of a resource that is known by name.

use std::collections::BTreeMap;

use super::gates::pages::ROLES;
use super::gates::roles::with_permission;
use super::step::Step;
use crate::environment::{Credential, Environment};

/// What gives the account of this place these IAM permissions on one resource.
///
/// A step for each role that holds some of them. `binding` is the command that grants one
/// on the resource, with `{grant}` where member and role stand, if that is not its end.
#[must_use]
pub fn for_permissions(permissions: &[String], binding: &str, who: &Environment) -> Vec<Step> {
    let mut roles: BTreeMap<(&str, &'static str), Vec<&str>> = BTreeMap::new();
    for permission in permissions {
        let role = with_permission(permission).unwrap_or((ROLE, ROLES));
        roles.entry(role).or_default().push(permission);
    }
    let account = who.account().unwrap_or("the account");
    let step = |((role, link), held): ((&str, &'static str), Vec<&str>)| {
        let role_text = match role {
            ROLE => "a role that holds".to_owned(),
            role => format!("the role {role}, which holds"),
        };
        Step::new(format!(
            "Open the IAM gate: grant {account} {role_text} {}. Check the name, too: Google says the same of one that \
             does not exist.",
            held.join(", ")
        ))
        .command(command(binding, &format!("--member={} --role={role}", member(who))))
        .link(link)
    };
    roles.into_iter().map(step).collect()
}

fn command(binding: &str, flags: &str) -> String {
    match binding.contains("{grant}") {
        true => binding.replace("{grant}", flags),
        false => format!("{binding} {flags}"),
    }
}

const ROLE: &str = "roles/ROLE";

/// The account as IAM's commands take it.
fn member(who: &Environment) -> String {
    match (who.account(), who.credential()) {
        (Some(account), _) => format!("serviceAccount:{account}"),
        (None, Credential::UserAdc | Credential::GcloudUser) => "user:EMAIL".to_owned(),
        (None, _) => "serviceAccount:NAME@PROJECT.iam.gserviceaccount.com".to_owned(),
    }
}
