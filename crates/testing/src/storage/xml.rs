//! Objects over the XML API, path style: `/BUCKET/OBJECT`.
//!
//! The bodies: <https://cloud.google.com/storage/docs/xml-api/reference-methods>.
//!
//! The XML reference names no scopes, so these follow the general page: reading takes read-only,
//! changing data takes read-write, and anything about access control lists takes full control
//! (<https://cloud.google.com/storage/docs/oauth-scopes>).

use http::{Method, StatusCode};

use super::access::Access;
use super::call::{Answer, Call, admit, permit};
use super::problem::Problem;
use super::{listing, objects, parts, represent};
use crate::clock::rfc3339;
use crate::encoding::{decode, element, elements};
use crate::incoming::IncomingRequest;
use crate::reply::{empty, with, xml};
use crate::state::State;
use crate::store::{NewObject, Object};

pub(super) fn answer(state: &mut State, request: &IncomingRequest) -> Answer {
    let (bucket, object) = names(request);
    let (access, permission) = access(request)?;
    let account = admit(state, request, access, permission)?.account;
    let call = Call::new(request, account, bucket, object);
    match request.verb {
        _ if parts::is_one(&call) => parts::answer(state, &call),
        _ if is_not_acted_out(&call) => {
            permit(state, &call, permission)?;
            Err(Problem::NotImplemented("this call of the XML API".into()))
        }
        Method::PUT => put(state, &call),
        Method::DELETE => objects::delete(state, &call),
        Method::POST => Err(Problem::NotFound),
        _ if call.object.is_empty() => list(state, &call),
        _ => get(state, &call),
    }
}

/// Whether the fake has only the gates of a call.
fn is_not_acted_out(call: &Call<'_>) -> bool {
    is_about_access(call.request) || call.object.is_empty() && call.request.verb != Method::GET
}

/// The scopes and the permission that a call takes.
pub(super) fn access(request: &IncomingRequest) -> Result<(Access, &'static str), Problem> {
    match request.verb {
        _ if is_about_access(request) => Ok((Access::Full, "storage.objects.getIamPolicy")),
        Method::GET | Method::HEAD if names(request).1.is_empty() => {
            Ok((Access::Read, "storage.objects.list"))
        }
        Method::GET | Method::HEAD => Ok((Access::Read, "storage.objects.get")),
        Method::PUT | Method::POST => Ok((Access::Write, "storage.objects.create")),
        Method::DELETE => Ok((Access::Write, "storage.objects.delete")),
        _ => Err(Problem::NotFound),
    }
}

fn is_about_access(request: &IncomingRequest) -> bool {
    request.query.get("acl").is_some()
}

/// The bucket, and the object or nothing.
fn names(request: &IncomingRequest) -> (String, String) {
    let path = request.path.trim_start_matches('/');
    let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
    (decode(bucket), decode(object))
}

fn get(state: &State, call: &Call<'_>) -> Answer {
    let bucket = permit(state, call, "storage.objects.get")?;
    let object = bucket.objects.get(&call.object).ok_or(Problem::NoObject(String::new()))?;
    Ok(represent::content(object, call.request.header("range")))
}

fn put(state: &mut State, call: &Call<'_>) -> Answer {
    if let Some(source) = call.request.header("x-goog-copy-source") {
        return copy(state, call, source);
    }
    let bytes = call.request.body.clone();
    let new = NewObject::new(&call.object, bytes, call.request.header("content-type"));
    let object = objects::store(state, call, &call.bucket, new)?;
    let answer = with(empty(StatusCode::OK), "etag", &object.etag());
    Ok(with(answer, "x-goog-generation", &object.generation.to_string()))
}

fn copy(state: &mut State, call: &Call<'_>, source: &str) -> Answer {
    let source = decode(source.trim_start_matches('/'));
    let (bucket, object) = source.split_once('/').ok_or(Problem::Invalid("Invalid argument."))?;
    let from = Call::new(call.request, call.account.clone(), bucket.to_owned(), object.to_owned());
    let target = (call.bucket.clone(), call.object.clone());
    let object = objects::copy(state, &Call { target, ..from })?;
    let (updated, etag) = (rfc3339(object.created), object.etag());
    let copied = elements(&[("LastModified", &updated), ("ETag", &etag)]);
    Ok(xml(StatusCode::OK, "CopyObjectResult", &copied))
}

/// `list-type=2`, <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>.
fn list(state: &State, call: &Call<'_>) -> Answer {
    let page = listing::page(state, call, "max-keys", "continuation-token")?;
    let is_truncated = if page.next.is_some() { "true" } else { "false" };
    let mut body = elements(&[("Name", &call.bucket), ("IsTruncated", is_truncated)]);
    body.extend(page.objects.iter().map(|object| element("Contents", &contents(object))));
    let common = page.prefixes.iter().map(|prefix| elements(&[("Prefix", prefix)]));
    body.extend(common.map(|prefix| element("CommonPrefixes", &prefix)));
    body.extend(page.next.map(|next| elements(&[("NextContinuationToken", next)])));
    let start = r#"ListBucketResult xmlns="http://doc.s3.amazonaws.com/2006-03-01""#;
    Ok(xml(StatusCode::OK, start, &body))
}

fn contents(object: &Object) -> String {
    elements(&[
        ("Key", &object.data.name),
        ("Generation", &object.generation.to_string()),
        ("LastModified", &rfc3339(object.created)),
        ("ETag", &object.etag()),
        ("Size", &object.data.bytes.len().to_string()),
    ])
}
