//! Who may do what: role bindings.

mod roles;

use roles::ROLES;

/// One role, or one single permission, for one account on a project or a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) resource: String,
    pub(crate) account: String,
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
    /// Whether the account has the permission on any of these resources: a bucket and its project.
    pub(crate) fn allows(&self, account: &str, permission: &str, resources: &[&str]) -> bool {
        self.bindings.iter().any(|binding| {
            binding.account == account
                && resources.contains(&binding.resource.as_str())
                && gives(&binding.role, permission)
        })
    }
}

/// Whether the fake knows this role, or it is a permission and no role.
pub(crate) fn is_known_role(role: &str) -> bool {
    !role.starts_with("roles/") || ROLES.iter().any(|(name, _)| *name == role)
}

/// The roles the fake knows, for an error message.
pub(crate) fn role_names() -> String {
    ROLES.map(|(name, _)| name).join(", ")
}

fn gives(role: &str, permission: &str) -> bool {
    let matches = |granted: &str| match granted.strip_suffix('*') {
        Some(start) => permission.starts_with(start),
        None => permission == granted,
    };
    match ROLES.iter().find(|(name, _)| *name == role) {
        Some((_, permissions)) => permissions.iter().any(|granted| matches(granted)),
        None => matches(role),
    }
}
