//! Uploads in parts over the XML API,
//! <https://cloud.google.com/storage/docs/multipart-uploads>.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use serde_json::Value;

use super::objects::{NewObject, may_store, store};
use super::problem::{Problem, escape};
use super::xml::xml;
use super::{Answer, Call};
use crate::exchange::{empty, random_hex, with};
use crate::state::State;

/// An upload whose parts come in any order.
pub(super) struct Parts {
    content_type: String,
    parts: BTreeMap<u16, Bytes>,
}

/// Whether a call is about such an upload.
pub(super) fn is_one(call: &Call<'_>) -> bool {
    ["uploads", "uploadId"].iter().any(|name| call.asked.query.get(name).is_some())
}

pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answer {
    let id = call.asked.query.get("uploadId");
    match (&call.asked.verb, id) {
        (&Method::POST, None) => begin(state, call),
        (&Method::PUT, Some(id)) => take(state, call, id),
        (&Method::POST, Some(id)) => complete(state, call, id),
        (&Method::DELETE, Some(id)) => {
            state.store.parts.remove(id).ok_or_else(no_upload)?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::NotImplemented("this call of the XML API".into())),
    }
}

fn no_upload() -> Problem {
    Problem::NoObject("the upload".into())
}

fn begin(state: &mut State, call: &Call<'_>) -> Answer {
    may_store(state, call, &call.bucket, &call.object)?;
    let id = random_hex();
    let content_type = call.asked.header("content-type").unwrap_or("application/octet-stream").to_owned();
    state.store.parts.insert(id.clone(), Parts { content_type, parts: BTreeMap::new() });
    Ok(xml(format!(
        "<?xml version='1.0' encoding='UTF-8'?><InitiateMultipartUploadResult><Bucket>{}</Bucket><Key>{}</Key>\
         <UploadId>{id}</UploadId></InitiateMultipartUploadResult>",
        escape(&call.bucket),
        escape(&call.object)
    )))
}

fn take(state: &mut State, call: &Call<'_>, id: &str) -> Answer {
    let number = call.asked.query.get("partNumber").and_then(|number| number.parse().ok());
    let number: u16 = number.ok_or(Problem::Invalid("Invalid argument."))?;
    let upload = state.store.parts.get_mut(id).ok_or_else(no_upload)?;
    upload.parts.insert(number, call.asked.body.clone());
    Ok(with(empty(StatusCode::OK), "etag", &format!("\"{number}\"")))
}

/// Takes every part that came, as its client always lists them all.
fn complete(state: &mut State, call: &Call<'_>, id: &str) -> Answer {
    let upload = state.store.parts.remove(id).ok_or_else(no_upload)?;
    let bytes: BytesMut = upload.parts.into_values().flatten().collect();
    let new = NewObject {
        name: call.object.clone(),
        bytes: bytes.freeze(),
        content_type: upload.content_type,
        metadata: Value::Null,
    };
    let shown = store(state, call, &call.bucket, new)?;
    let generation = shown.get("generation").and_then(Value::as_str).unwrap_or_default();
    Ok(xml(format!(
        "<?xml version='1.0' encoding='UTF-8'?><CompleteMultipartUploadResult><Location>{}</Location>\
         <Bucket>{}</Bucket><Key>{}</Key><ETag>\"{generation}\"</ETag></CompleteMultipartUploadResult>",
        call.asked.base,
        escape(&call.bucket),
        escape(&call.object)
    )))
}
