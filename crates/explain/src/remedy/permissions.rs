//! What opens the IAM gate of a resource that is known by name.

use std::collections::BTreeMap;

use super::advice::{self, With};
use super::gates::roles::{ROLES, with_permission};
use super::step::Step;
use crate::environment::{Credential, Environment};

/// What gives the account of this place these IAM permissions on one resource.
///
/// A step for each role that holds some of them. `binding` is the command that grants one
/// on the resource, with `{grant}` where member and role stand, if that is not its end.
#[must_use]
pub fn for_permissions(permissions: &[String], binding: &str, who: &Environment) -> Vec<Step> {
    let mut roles: BTreeMap<Option<(&str, &'static str)>, Vec<&str>> = BTreeMap::new();
    for permission in permissions {
        roles.entry(with_permission(permission)).or_default().push(permission);
    }
    roles.into_iter().flat_map(|(role, held)| open_iam(role, &held.join(", "), binding, who)).collect()
}

fn open_iam(
    role: Option<(&str, &'static str)>,
    permissions: &str,
    binding: &str,
    who: &Environment,
) -> Option<Step> {
    let flags = format!("--member={} --role={}", member(who), role.map_or("roles/ROLE", |(role, _)| role));
    let command = command(binding, &flags);
    let mut words = vec![("permissions", permissions), ("binding", command.as_str())];
    words.extend(role.map(|(role, _)| ("role", role)));
    let step = advice::steps("open_iam", &With(who, &words)).pop()?;
    Some(step.with_link(role.map_or(ROLES, |(_, source)| source)))
}

fn command(binding: &str, flags: &str) -> String {
    match binding.contains("{grant}") {
        true => binding.replace("{grant}", flags),
        false => format!("{binding} {flags}"),
    }
}

/// The account as IAM's commands take it.
fn member(who: &Environment) -> String {
    match (who.account(), who.credential()) {
        (Some(account), _) => format!("serviceAccount:{account}"),
        (None, Credential::UserAdc | Credential::GcloudUser) => "user:EMAIL".to_owned(),
        (None, _) => "serviceAccount:NAME@PROJECT.iam.gserviceaccount.com".to_owned(),
    }
}
