//! Objects over the XML API, path style: `/BUCKET/OBJECT`.
//!
//! The XML reference names no scopes, so these follow the general page: reading takes read-only,
//! changing data takes read-write, and anything about access control lists takes full control
//! (<https://cloud.google.com/storage/docs/oauth-scopes>).

use http::{Method, StatusCode};
use serde_json::Value;

use super::objects::{self, NewObject};
use super::parts;
use super::problem::{Problem, escape};
use super::{Access, Answer, Call, admit};
use crate::exchange::{Asked, Reply, decode, empty, reply, rfc3339, with};
use crate::state::State;

pub(super) fn answer(state: &mut State, asked: &Asked) -> Answer {
    let (bucket, object) = names(asked);
    let (access, permission) = access(asked)?;
    let caller = admit(state, asked, access, permission)?;
    let call = Call { asked, caller, bucket, object };
    match asked.verb {
        _ if parts::is_one(&call) => parts::answer(state, &call),
        _ if is_about_access(asked) || call.object.is_empty() && asked.verb != Method::GET => {
            super::permit(state, &call, permission)?;
            Err(Problem::NotImplemented("this call of the XML API".into()))
        }
        Method::PUT => put(state, &call),
        Method::DELETE => objects::delete(state, &call),
        Method::POST => Err(Problem::NotFound),
        _ if call.object.is_empty() => list(state, &call),
        _ => get(state, &call),
    }
}

/// The scopes and the permission that a call takes.
pub(super) fn access(asked: &Asked) -> Result<(Access, &'static str), Problem> {
    match asked.verb {
        _ if is_about_access(asked) => Ok((Access::Full, "storage.objects.getIamPolicy")),
        Method::GET | Method::HEAD if names(asked).1.is_empty() => Ok((Access::Read, "storage.objects.list")),
        Method::GET | Method::HEAD => Ok((Access::Read, "storage.objects.get")),
        Method::PUT | Method::POST => Ok((Access::Write, "storage.objects.create")),
        Method::DELETE => Ok((Access::Write, "storage.objects.delete")),
        _ => Err(Problem::NotFound),
    }
}

fn is_about_access(asked: &Asked) -> bool {
    asked.query.get("acl").is_some()
}

/// The bucket, and the object or nothing.
fn names(asked: &Asked) -> (String, String) {
    let path = asked.path.trim_start_matches('/');
    let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
    (decode(bucket, false), decode(object, false))
}

fn get(state: &State, call: &Call<'_>) -> Answer {
    super::permit(state, call, "storage.objects.get")?;
    let bucket = state.store.buckets.get(&call.bucket).ok_or(Problem::NoBucket)?;
    let object = bucket.objects.get(&call.object).ok_or(Problem::NoObject(String::new()))?;
    Ok(objects::content(object, call.asked.header("range")))
}

fn put(state: &mut State, call: &Call<'_>) -> Answer {
    if let Some(source) = call.asked.header("x-goog-copy-source") {
        return copy(state, call, source);
    }
    let new = NewObject {
        name: call.object.clone(),
        bytes: call.asked.body.clone(),
        content_type: call.asked.header("content-type").unwrap_or("application/octet-stream").to_owned(),
        metadata: Value::Null,
    };
    let shown = objects::store(state, call, &call.bucket, new)?;
    let generation = shown.get("generation").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = with(empty(StatusCode::OK), "etag", &format!("\"{generation}\""));
    Ok(with(answer, "x-goog-generation", &generation))
}

fn copy(state: &mut State, call: &Call<'_>, source: &str) -> Answer {
    let source = decode(source.trim_start_matches('/'), false);
    let (bucket, object) = source.split_once('/').ok_or(Problem::Invalid("Invalid argument."))?;
    let from = Call {
        asked: call.asked,
        caller: call.caller.clone(),
        bucket: bucket.to_owned(),
        object: object.to_owned(),
    };
    let shown = objects::copy(state, &from, &call.bucket, &call.object)?;
    let text = |name: &str| escape(shown.get(name).and_then(Value::as_str).unwrap_or_default());
    Ok(xml(format!(
        "<?xml version='1.0' encoding='UTF-8'?><CopyObjectResult><LastModified>{}</LastModified>\
         <ETag>\"{}\"</ETag></CopyObjectResult>",
        text("updated"),
        text("generation")
    )))
}

/// `list-type=2`, <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>.
fn list(state: &State, call: &Call<'_>) -> Answer {
    let page = objects::page(state, call, "max-keys", "continuation-token")?;
    let mut body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>\
         <Name>{}</Name><IsTruncated>{}</IsTruncated>",
        escape(&call.bucket),
        page.next.is_some()
    );
    for (name, object) in &page.objects {
        body += &format!(
            "<Contents><Key>{}</Key><Generation>{generation}</Generation><LastModified>{}</LastModified>\
             <ETag>\"{generation}\"</ETag><Size>{}</Size></Contents>",
            escape(name),
            rfc3339(object.created),
            object.bytes.len(),
            generation = object.generation,
        );
    }
    for prefix in &page.prefixes {
        body += &format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escape(prefix));
    }
    if let Some(next) = page.next {
        body += &format!("<NextContinuationToken>{}</NextContinuationToken>", escape(next));
    }
    Ok(xml(body + "</ListBucketResult>"))
}

pub(super) fn xml(body: String) -> Reply {
    reply(StatusCode::OK, "application/xml; charset=UTF-8", body)
}
