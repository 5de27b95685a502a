//! IAM role bindings.

mod roles;

use roles::ROLES;

/// The grant of a role or of a single permission on a resource to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) resource: String,
    pub(crate) account: String,
    /// The name of a role, which begins with `roles/`, or a permission.
    pub(crate) role: String,
}

impl Binding {
    pub(crate) fn new(
        resource: impl Into<String>,
        account: impl Into<String>,
        role: impl Into<String>,
    ) -> Self {
        Self { resource: resource.into(), account: account.into(), role: role.into() }
    }
}

#[derive(Default)]
pub(crate) struct Policy {
    pub(crate) bindings: Vec<Binding>,
}

impl Policy {
    /// Checks whether the account has the permission on one of these resources. Callers pass a
    /// resource and the project that contains the resource.
    pub(crate) fn allows(&self, account: &str, permission: &str, resources: &[&str]) -> bool {
        self.bindings.iter().any(|binding| {
            binding.account == account
                && resources.contains(&binding.resource.as_str())
                && grants(&binding.role, permission)
        })
    }
}

/// Checks whether a string is a role that the fake knows, or a permission. Every string without the
/// prefix `roles/` counts as a permission.
pub(crate) fn is_known_role(role: &str) -> bool {
    !role.starts_with("roles/") || ROLES.iter().any(|(name, _)| *name == role)
}

/// Returns the names of the roles that the fake knows, for an error message.
pub(crate) fn role_names() -> String {
    ROLES.map(|(name, _)| name).join(", ")
}

/// Checks whether a role contains a permission.
fn grants(role: &str, permission: &str) -> bool {
    let matches = |granted: &str| match granted.strip_suffix('*') {
        Some(start) => permission.starts_with(start),
        None => permission == granted,
    };
    match ROLES.iter().find(|(name, _)| *name == role) {
        Some((_, permissions)) => permissions.iter().any(|granted| matches(granted)),
        None => matches(role),
    }
}
