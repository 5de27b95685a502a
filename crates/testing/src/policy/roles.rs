//! Data: the basic roles of IAM and a dozen predefined roles, with the permissions that each role
//! contains.
//!
//! A permission that ends with `*` stands for every permission with the text before `*` as a
//! prefix. The table is written by hand from
//! <https://cloud.google.com/storage/docs/access-control/iam-roles> and
//! <https://cloud.google.com/compute/docs/access/iam>, and contains only permissions of methods
//! that the fake implements. At Google, owners of a project get access to objects through the
//! bindings of each new bucket; in this table, `roles/owner` contains every permission directly.

/// The name of each role, and its permissions.
pub(super) const ROLES: [(&str, &[&str]); 16] = [
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
        &[
            "storage.buckets.get",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
        ],
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
