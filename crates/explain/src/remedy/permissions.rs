//! The steps that grant missing IAM permissions on a given resource.

use std::collections::BTreeMap;

use super::advice::{self, WithWords};
use super::gates::roles::{ROLES, placeholders, role_with_permission};
use super::member;
use super::step::Step;
use crate::environment::Environment;

/// Returns the steps that grant IAM permissions on one resource to the account of the environment.
/// There is one step for each role.
///
/// `binding` is the command that grants a role on the resource, without the flags for the member
/// and the role. The flags are inserted in place of `{grant}`, or appended if the command does not
/// contain `{grant}`.
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
pub fn for_permissions(
    permissions: &[String],
    binding: &str,
    environment: &Environment,
) -> Vec<Step> {
    let mut roles: BTreeMap<Option<(&str, &'static str)>, Vec<&str>> = BTreeMap::new();
    for permission in permissions {
        roles.entry(role_with_permission(permission)).or_default().push(permission);
    }
    roles
        .into_iter()
        .flat_map(|(role, held)| grant_step(role, &held.join(", "), binding, environment))
        .collect()
}

/// Returns the predefined role with the fewest permissions that includes a permission; `None` if it
/// is not known. The role belongs to the service of the permission.
///
/// ```
/// use gcp_scopes_explain::remedy::smallest_role;
///
/// assert_eq!(smallest_role("storage.objects.create"), Some("roles/storage.objectCreator"));
/// ```
#[must_use]
pub fn smallest_role(permission: &str) -> Option<&'static str> {
    role_with_permission(permission).map(|(role, _)| role)
}

/// Returns the step that grants a role. Without a role, the command has a placeholder.
fn grant_step(
    role: Option<(&str, &'static str)>,
    permissions: &str,
    binding: &str,
    environment: &Environment,
) -> Option<Step> {
    let flags = format!(
        "--member={} --role={}",
        member::of_environment(environment),
        role.map_or("roles/ROLE", |(role, _)| role)
    );
    let command = binding_command(binding, &flags);
    let mut words = vec![("permissions", permissions), ("binding", command.as_str())];
    words.extend(role.map(|(role, _)| ("role", role)));
    let mut step = advice::steps("open_iam", &WithWords(environment, &words)).pop()?;
    step.placeholders.extend(placeholders(&command));
    Some(step.with_link(role.map_or(ROLES, |(_, source)| source)))
}

/// Adds the flags for the member and the role to a command.
fn binding_command(binding: &str, flags: &str) -> String {
    match binding.contains("{grant}") {
        true => binding.replace("{grant}", flags),
        false => format!("{binding} {flags}"),
    }
}
