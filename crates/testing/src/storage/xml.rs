//! Objects over the XML API, with path-style URLs: `/BUCKET/OBJECT`.
//!
//! The formats of the bodies are documented at
//! <https://cloud.google.com/storage/docs/xml-api/reference-methods>.
//!
//! The reference of the XML API lists no scopes. The fake follows the general page,
//! <https://cloud.google.com/storage/docs/oauth-scopes>: reading requires read-only, changing data
//! requires read-write, and access control lists require full control.

use http::{Method, StatusCode};

use super::access::StorageAccess;
use super::call::{ApiResult, StorageCall, check_permission, check_token};
use super::problem::Problem;
use super::{listing, objects, parts, represent};
use crate::clock::rfc3339;
use crate::encoding::{element, percent_decode, text_elements};
use crate::incoming::IncomingRequest;
use crate::response::{empty, with_header, xml};
use crate::state::FakeState;
use crate::store::{NewObject, Object};

/// Responds to a request to the XML API.
pub(super) fn respond(state: &mut FakeState, request: &IncomingRequest) -> ApiResult {
    let (bucket, object) = names(request);
    let (access, permission) = access(request)?;
    let account = check_token(state, request, access, permission)?.account;
    let call = StorageCall::new(request, account, bucket, object);
    match request.verb {
        // A multipart upload uses the verbs `POST`, `PUT` and `DELETE` on the path of its object,
        // so the query decides first.
        _ if parts::is_multipart(&call) => parts::respond(state, &call),
        _ if is_not_implemented(&call) => {
            check_permission(state, &call, permission)?;
            Err(Problem::NotImplemented("this call of the XML API".into()))
        }
        Method::PUT => put(state, &call),
        Method::DELETE => objects::delete(state, &call),
        Method::POST => Err(Problem::NotFound),
        _ if call.object.is_empty() => list(state, &call),
        _ => get(state, &call),
    }
}

/// Returns `true` for a call that the fake does not implement. For such a call, the fake checks
/// only the token and the permission.
fn is_not_implemented(call: &StorageCall<'_>) -> bool {
    is_about_acl(call.request) || call.object.is_empty() && call.request.verb != Method::GET
}

/// Returns the scopes and the permission that a request requires.
pub(super) fn access(request: &IncomingRequest) -> ApiResult<(StorageAccess, &'static str)> {
    Ok(match request.verb {
        _ if is_about_acl(request) => (StorageAccess::Full, "storage.objects.getIamPolicy"),
        Method::GET | Method::HEAD if names(request).1.is_empty() => {
            (StorageAccess::Read, "storage.objects.list")
        }
        Method::GET | Method::HEAD => (StorageAccess::Read, "storage.objects.get"),
        Method::PUT | Method::POST => (StorageAccess::Write, "storage.objects.create"),
        Method::DELETE => (StorageAccess::Write, "storage.objects.delete"),
        _ => return Err(Problem::NotFound),
    })
}

/// Checks whether a request reads or changes an access control list.
fn is_about_acl(request: &IncomingRequest) -> bool {
    request.query.get("acl").is_some()
}

/// Returns the names of the bucket and of the object. The object is empty if the path names only a
/// bucket.
fn names(request: &IncomingRequest) -> (String, String) {
    let path = request.path.trim_start_matches('/');
    let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
    (percent_decode(bucket), percent_decode(object))
}

fn get(state: &FakeState, call: &StorageCall<'_>) -> ApiResult {
    let bucket = check_permission(state, call, "storage.objects.get")?;
    let object = bucket.objects.get(&call.object).ok_or(Problem::NoObject(String::new()))?;
    Ok(represent::content(object, call.request.header("range")))
}

/// Stores an object.
fn put(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    if let Some(source) = call.request.header("x-goog-copy-source") {
        return copy(state, call, source);
    }
    let bytes = call.request.body.clone();
    let new = NewObject::new(&call.object, bytes, call.request.header("content-type"));
    let object = objects::store(state, call, &call.bucket, new)?;
    let response = with_header(empty(StatusCode::OK), "etag", &object.etag());
    Ok(with_header(response, "x-goog-generation", &object.generation.to_string()))
}

/// Copies an object. `source` is the value of `x-goog-copy-source`, `BUCKET/OBJECT`.
fn copy(state: &mut FakeState, call: &StorageCall<'_>, source: &str) -> ApiResult {
    // The slash before the name of the bucket is optional:
    // <https://cloud.google.com/storage/docs/xml-api/put-object-copy>.
    let source = percent_decode(source.trim_start_matches('/'));
    let (bucket, object) = source.split_once('/').ok_or(Problem::Invalid("Invalid argument."))?;
    let source_call =
        StorageCall::new(call.request, call.account.clone(), bucket.to_owned(), object.to_owned());
    let target = (call.bucket.clone(), call.object.clone());
    let object = objects::copy(state, &StorageCall { target, ..source_call })?;
    let (updated, etag) = (rfc3339(object.created), object.etag());
    let fields = text_elements(&[("LastModified", &updated), ("ETag", &etag)]);
    Ok(xml(StatusCode::OK, "CopyObjectResult", &fields))
}

/// Lists the objects of a bucket in the format of `list-type=2`:
/// <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>.
fn list(state: &FakeState, call: &StorageCall<'_>) -> ApiResult {
    let page = listing::page(state, call, "max-keys", "continuation-token")?;
    let is_truncated = if page.next.is_some() { "true" } else { "false" };
    let mut body = text_elements(&[("Name", &call.bucket), ("IsTruncated", is_truncated)]);
    body.extend(page.objects.iter().map(|object| element("Contents", &contents(object))));
    let prefixes = page.prefixes.iter().map(|prefix| text_elements(&[("Prefix", prefix)]));
    body.extend(prefixes.map(|prefix| element("CommonPrefixes", &prefix)));
    body.extend(page.next.map(|next| text_elements(&[("NextContinuationToken", next)])));
    // The XML API has the namespace of Amazon S3:
    // <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>.
    let start = r#"ListBucketResult xmlns="http://doc.s3.amazonaws.com/2006-03-01""#;
    Ok(xml(StatusCode::OK, start, &body))
}

fn contents(object: &Object) -> String {
    text_elements(&[
        ("Key", &object.data.name),
        ("Generation", &object.generation.to_string()),
        ("LastModified", &rfc3339(object.created)),
        ("ETag", &object.etag()),
        ("Size", &object.data.bytes.len().to_string()),
    ])
}
