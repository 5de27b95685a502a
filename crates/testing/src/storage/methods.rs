//! Data: the methods of Cloud Storage's JSON API, with the scopes that each method accepts and the
//! permission that the method requires.
//!
//! Source: <https://cloud.google.com/storage/docs/json_api/v1>.

use http::Method;

use super::access::StorageAccess::{self, Full, Read, Write};
use super::call::{ApiResult, StorageCall};
use super::{acl, buckets, listing, objects, upload};
use crate::state::FakeState;

/// A method of the JSON API.
pub(super) struct MethodRow {
    pub(super) verb: Method,
    /// The path after `/storage/v1/`. `*` stands for one segment.
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) access: StorageAccess,
    /// The permission that the method needs, or an empty string.
    pub(super) permission: &'static str,
    pub(super) handler: Handler,
}

type Handler = fn(&mut FakeState, &StorageCall<'_>) -> ApiResult;

const fn row(
    verb: Method,
    path: &'static str,
    id: &'static str,
    access: StorageAccess,
    permission: &'static str,
    handler: Handler,
) -> MethodRow {
    MethodRow { verb, path, id, access, permission, handler }
}

#[rustfmt::skip]
pub(super) static METHODS: [MethodRow; 28] = [
    row(Method::GET, "b", "storage.buckets.list", Read, "storage.buckets.list", buckets::list),
    row(Method::POST, "b", "storage.buckets.insert",
        Write, "storage.buckets.create", buckets::insert),
    row(Method::GET, "b/*", "storage.buckets.get", Read, "storage.buckets.get", buckets::get),
    row(Method::DELETE, "b/*", "storage.buckets.delete",
        Write, "storage.buckets.delete", buckets::delete),
    row(Method::PATCH, "b/*", "storage.buckets.patch",
        Full, "storage.buckets.update", buckets::patch),
    row(Method::PUT, "b/*", "storage.buckets.update",
        Full, "storage.buckets.update", buckets::patch),
    row(Method::GET, "b/*/iam", "storage.buckets.getIamPolicy",
        Full, "storage.buckets.getIamPolicy", buckets::get_policy),
    row(Method::PUT, "b/*/iam", "storage.buckets.setIamPolicy",
        Full, "storage.buckets.setIamPolicy", buckets::set_policy),
    row(Method::GET, "b/*/iam/testPermissions", "storage.buckets.testIamPermissions",
        Read, "", acl::test_permissions),
    row(Method::GET, "b/*/acl", "storage.bucketAccessControls.list",
        Full, "storage.buckets.getIamPolicy", acl::respond),
    row(Method::POST, "b/*/acl", "storage.bucketAccessControls.insert",
        Full, "storage.buckets.setIamPolicy", acl::respond),
    row(Method::GET, "b/*/acl/*", "storage.bucketAccessControls.get",
        Full, "storage.buckets.getIamPolicy", acl::respond),
    row(Method::GET, "b/*/defaultObjectAcl", "storage.defaultObjectAccessControls.list",
        Full, "storage.buckets.getIamPolicy", acl::respond),
    row(Method::GET, "b/*/o", "storage.objects.list", Read, "storage.objects.list", listing::list),
    row(Method::POST, "b/*/o", "storage.objects.insert",
        Write, "storage.objects.create", upload::begin),
    row(Method::GET, "b/*/o/*", "storage.objects.get", Read, "storage.objects.get", objects::get),
    row(Method::DELETE, "b/*/o/*", "storage.objects.delete",
        Write, "storage.objects.delete", objects::delete),
    row(Method::PATCH, "b/*/o/*", "storage.objects.patch",
        Full, "storage.objects.update", objects::patch),
    row(Method::PUT, "b/*/o/*", "storage.objects.update",
        Full, "storage.objects.update", objects::patch),
    row(Method::GET, "b/*/o/*/iam", "storage.objects.getIamPolicy",
        Read, "storage.objects.getIamPolicy", objects::not_implemented),
    row(Method::PUT, "b/*/o/*/iam", "storage.objects.setIamPolicy",
        Write, "storage.objects.setIamPolicy", objects::not_implemented),
    row(Method::GET, "b/*/o/*/iam/testPermissions", "storage.objects.testIamPermissions",
        Read, "", acl::test_permissions),
    row(Method::GET, "b/*/o/*/acl", "storage.objectAccessControls.list",
        Full, "storage.objects.getIamPolicy", acl::respond),
    row(Method::POST, "b/*/o/*/acl", "storage.objectAccessControls.insert",
        Full, "storage.objects.setIamPolicy", acl::respond),
    row(Method::GET, "b/*/o/*/acl/*", "storage.objectAccessControls.get",
        Full, "storage.objects.getIamPolicy", acl::respond),
    row(Method::POST, "b/*/o/*/copyTo/b/*/o/*", "storage.objects.copy",
        Write, "storage.objects.get", objects::copy_to),
    row(Method::POST, "b/*/o/*/rewriteTo/b/*/o/*", "storage.objects.rewrite",
        Write, "storage.objects.get", objects::rewrite),
    row(Method::POST, "b/*/o/*/compose", "storage.objects.compose",
        Write, "storage.objects.create", objects::not_implemented),
];
