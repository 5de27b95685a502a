//! Who may do what: role bindings, and a dozen of Google's predefined roles.

/// Permissions that a role gives. A permission that ends in `*` stands for all that begin so.
///
/// Written by hand from <https://cloud.google.com/storage/docs/access-control/iam-roles> and
/// <https://cloud.google.com/compute/docs/access/iam>, cut down to what the fake can be asked for.
/// The basic roles give objects directly here; at Google they do so through the bindings that a
/// new bucket is made with.
const ROLES: [(&str, &[&str]); 16] = [
    ("roles/owner", &["*"]),
    (
        "roles/editor",
        &["storage.buckets.create", "storage.buckets.delete", "storage.buckets.list", "compute.*"],
    ),
    ("roles/viewer", &["storage.buckets.list", "compute.instances.get", "compute.instances.list"]),
    ("roles/storage.admin", &["storage.*"]),
    ("roles/storage.objectAdmin", &["storage.objects.*", "storage.multipartUploads.*"]),
    (
        "roles/storage.objectUser",
        &[
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.get",
            "storage.objects.list",
            "storage.objects.restore",
            "storage.objects.update",
            "storage.multipartUploads.*",
        ],
    ),
    ("roles/storage.objectCreator", &["storage.objects.create", "storage.multipartUploads.create"]),
    ("roles/storage.objectViewer", &["storage.objects.get", "storage.objects.list"]),
    ("roles/storage.bucketViewer", &["storage.buckets.get", "storage.buckets.list"]),
    ("roles/storage.legacyBucketReader", &["storage.buckets.get", "storage.objects.list"]),
    (
        "roles/storage.legacyBucketWriter",
        &["storage.buckets.get", "storage.objects.create", "storage.objects.delete", "storage.objects.list"],
    ),
    (
        "roles/storage.legacyBucketOwner",
        &[
            "storage.buckets.get",
            "storage.buckets.getIamPolicy",
            "storage.buckets.setIamPolicy",
            "storage.buckets.update",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
        ],
    ),
    ("roles/storage.legacyObjectReader", &["storage.objects.get"]),
    (
        "roles/storage.legacyObjectOwner",
        &[
            "storage.objects.get",
            "storage.objects.getIamPolicy",
            "storage.objects.setIamPolicy",
            "storage.objects.update",
        ],
    ),
    ("roles/compute.instanceAdmin.v1", &["compute.*"]),
    ("roles/compute.viewer", &["compute.instances.get", "compute.instances.list"]),
];

/// One role, or one single permission, for one account on a project or a bucket.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) resource: String,
    pub(super) account: String,
    pub(super) role: String,
}

impl Binding {
    pub(super) fn new(resource: &str, account: &str, role: &str) -> Self {
        Self { resource: resource.to_owned(), account: account.to_owned(), role: role.to_owned() }
    }
}

pub(super) struct Policy {
    pub(super) bindings: Vec<Binding>,
}

impl Policy {
    /// Whether the account has the permission on any of these resources: a bucket and its project.
    pub(super) fn allows(&self, account: &str, permission: &str, resources: &[&str]) -> bool {
        self.bindings.iter().any(|binding| {
            binding.account == account
                && resources.contains(&binding.resource.as_str())
                && gives(&binding.role, permission)
        })
    }
}

/// Whether the fake knows this role, or it is a permission and no role.
pub(super) fn is_known_role(role: &str) -> bool {
    !role.starts_with("roles/") || ROLES.iter().any(|(name, _)| *name == role)
}

/// The roles the fake knows, for an error message.
pub(super) fn role_names() -> String {
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
