//! Data: the methods of the JSON API, with the scopes that each accepts and the permission it
//! needs.

use http::Method;

use crate::scope;

/// The sets of scopes in the API reference. Not one ladder: changing a bucket takes full control,
/// while changing an object's data does not.
/// Source: <https://cloud.google.com/storage/docs/json_api/v1> and
/// <https://cloud.google.com/storage/docs/oauth-scopes>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    Full,
}

impl Access {
    pub(super) fn scopes(self) -> Vec<String> {
        let short: &[&str] = match self {
            Self::Read => &[
                "cloud-platform",
                "cloud-platform.read-only",
                "devstorage.full_control",
                "devstorage.read_only",
                "devstorage.read_write",
            ],
            Self::Write => &["cloud-platform", "devstorage.full_control", "devstorage.read_write"],
            Self::Full => &["cloud-platform", "devstorage.full_control"],
        };
        scope::uris(short)
    }
}

pub(super) struct MethodRow {
    pub(super) verb: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) access: Access,
    pub(super) permission: &'static str,
}

const fn row(
    verb: Method,
    path: &'static str,
    id: &'static str,
    access: Access,
    permission: &'static str,
) -> MethodRow {
    MethodRow { verb, path, id, access, permission }
}

use Access::{Full, Read, Write};

/// Paths after `/storage/v1/`; `*` is one segment.
#[rustfmt::skip]
pub(super) static METHODS: [MethodRow; 28] = [
    row(Method::GET, "b", "storage.buckets.list", Read, "storage.buckets.list"),
    row(Method::POST, "b", "storage.buckets.insert", Write, "storage.buckets.create"),
    row(Method::GET, "b/*", "storage.buckets.get", Read, "storage.buckets.get"),
    row(Method::DELETE, "b/*", "storage.buckets.delete", Write, "storage.buckets.delete"),
    row(Method::PATCH, "b/*", "storage.buckets.patch", Full, "storage.buckets.update"),
    row(Method::PUT, "b/*", "storage.buckets.update", Full, "storage.buckets.update"),
    row(Method::GET, "b/*/iam", "storage.buckets.getIamPolicy", Full, "storage.buckets.getIamPolicy"),
    row(Method::PUT, "b/*/iam", "storage.buckets.setIamPolicy", Full, "storage.buckets.setIamPolicy"),
    row(Method::GET, "b/*/iam/testPermissions", "storage.buckets.testIamPermissions", Read, ""),
    row(Method::GET, "b/*/acl", "storage.bucketAccessControls.list", Full, "storage.buckets.getIamPolicy"),
    row(Method::POST, "b/*/acl", "storage.bucketAccessControls.insert", Full, "storage.buckets.setIamPolicy"),
    row(Method::GET, "b/*/acl/*", "storage.bucketAccessControls.get", Full, "storage.buckets.getIamPolicy"),
    row(Method::GET, "b/*/defaultObjectAcl", "storage.defaultObjectAccessControls.list", Full, "storage.buckets.getIamPolicy"),
    row(Method::GET, "b/*/o", "storage.objects.list", Read, "storage.objects.list"),
    row(Method::POST, "b/*/o", "storage.objects.insert", Write, "storage.objects.create"),
    row(Method::GET, "b/*/o/*", "storage.objects.get", Read, "storage.objects.get"),
    row(Method::DELETE, "b/*/o/*", "storage.objects.delete", Write, "storage.objects.delete"),
    row(Method::PATCH, "b/*/o/*", "storage.objects.patch", Full, "storage.objects.update"),
    row(Method::PUT, "b/*/o/*", "storage.objects.update", Full, "storage.objects.update"),
    row(Method::GET, "b/*/o/*/iam", "storage.objects.getIamPolicy", Read, "storage.objects.getIamPolicy"),
    row(Method::PUT, "b/*/o/*/iam", "storage.objects.setIamPolicy", Write, "storage.objects.setIamPolicy"),
    row(Method::GET, "b/*/o/*/iam/testPermissions", "storage.objects.testIamPermissions", Read, ""),
    row(Method::GET, "b/*/o/*/acl", "storage.objectAccessControls.list", Full, "storage.objects.getIamPolicy"),
    row(Method::POST, "b/*/o/*/acl", "storage.objectAccessControls.insert", Full, "storage.objects.setIamPolicy"),
    row(Method::GET, "b/*/o/*/acl/*", "storage.objectAccessControls.get", Full, "storage.objects.getIamPolicy"),
    row(Method::POST, "b/*/o/*/copyTo/b/*/o/*", "storage.objects.copy", Write, "storage.objects.get"),
    row(Method::POST, "b/*/o/*/rewriteTo/b/*/o/*", "storage.objects.rewrite", Write, "storage.objects.get"),
    row(Method::POST, "b/*/o/*/compose", "storage.objects.compose", Write, "storage.objects.create"),
];
