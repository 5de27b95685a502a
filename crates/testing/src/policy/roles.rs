//! Data: the permissions of a dozen of Google's predefined roles.
//!
//! A permission that ends in `*` stands for all that begin so. Written by hand from
//! <https://cloud.google.com/storage/docs/access-control/iam-roles> and
//! <https://cloud.google.com/compute/docs/access/iam>, cut down to what the fake can be asked for.
//! The basic roles give objects directly here; at Google they do so through the bindings that a new
//! bucket is made with.

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
