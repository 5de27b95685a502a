//! The advice for missing IAM permissions on a resource that is known by name.

use std::collections::BTreeMap;

use super::advice::{self, With};
use super::gates::roles::{ROLES, with_permission};
use super::step::Step;
use crate::environment::{Credential, Environment};

/// The steps that grant these IAM permissions on one resource to the account of this environment:
/// one for each role that is needed.
///
/// `binding` is the command that grants a role on the resource. The flags for member and role
/// replace `{grant}` in it, or are added at its end.
///
/// ```
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
/// use gcp_scopes_explain::remedy;
///
/// let robot = Environment::new(Platform::Unknown, Credential::ServiceAccountKey)
///     .with_account("robot@shop-prod.iam.gserviceaccount.com")?;
/// let permissions = ["storage.objects.get".to_owned()];
/// let binding = "gcloud storage buckets add-iam-policy-binding gs://photos";
/// let steps = remedy::for_permissions(&permissions, binding, &robot);
/// let command = steps[0].command_line().unwrap_or_default();
/// assert!(command.ends_with(" --role=roles/storage.objectViewer"), "{command}");
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[must_use]
pub fn for_permissions(permissions: &[String], binding: &str, environment: &Environment) -> Vec<Step> {
    let mut roles: BTreeMap<Option<(&str, &'static str)>, Vec<&str>> = BTreeMap::new();
    for permission in permissions {
        roles.entry(with_permission(permission)).or_default().push(permission);
    }
    roles
        .into_iter()
        .flat_map(|(role, held)| open_iam(role, &held.join(", "), binding, environment))
        .collect()
}

fn open_iam(
    role: Option<(&str, &'static str)>,
    permissions: &str,
    binding: &str,
    environment: &Environment,
) -> Option<Step> {
    let flags =
        format!("--member={} --role={}", member(environment), role.map_or("roles/ROLE", |(role, _)| role));
    let command = command(binding, &flags);
    let mut words = vec![("permissions", permissions), ("binding", command.as_str())];
    words.extend(role.map(|(role, _)| ("role", role)));
    let step = advice::steps("open_iam", &With(environment, &words)).pop()?;
    Some(step.with_link(role.map_or(ROLES, |(_, source)| source)))
}

fn command(binding: &str, flags: &str) -> String {
    match binding.contains("{grant}") {
        true => binding.replace("{grant}", flags),
        false => format!("{binding} {flags}"),
    }
}

/// The account as a member for IAM's commands.
fn member(environment: &Environment) -> String {
    match (environment.account(), environment.credential()) {
        (Some(account), _) => format!("serviceAccount:{account}"),
        (None, Credential::UserAdc | Credential::GcloudUser) => "user:EMAIL".to_owned(),
        (None, _) => "serviceAccount:NAME@PROJECT.iam.gserviceaccount.com".to_owned(),
    }
}
