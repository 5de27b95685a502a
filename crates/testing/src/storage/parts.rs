//! Uploads in parts over the XML API,
//! <https://cloud.google.com/storage/docs/multipart-uploads>.

use std::collections::BTreeMap;

use bytes::BytesMut;
use http::{Method, StatusCode};

use super::call::{Answer, Call};
use super::objects::{may_store, store};
use super::problem::Problem;
use crate::encoding::{elements, random_hex};
use crate::reply::{empty, with, xml};
use crate::state::State;
use crate::store::{NewObject, Parts};

/// Whether a call is about such an upload.
pub(super) fn is_one(call: &Call<'_>) -> bool {
    ["uploads", "uploadId"].iter().any(|name| call.request.query.get(name).is_some())
}

pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answer {
    let id = call.request.query.get("uploadId");
    match (&call.request.verb, id) {
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
    let content_type = call.request.header("content-type").unwrap_or(NewObject::BINARY).to_owned();
    state.store.parts.insert(id.clone(), Parts { content_type, parts: BTreeMap::new() });
    let begun = [("Bucket", &*call.bucket), ("Key", &call.object), ("UploadId", &id)];
    Ok(xml(StatusCode::OK, "InitiateMultipartUploadResult", &elements(&begun)))
}

fn take(state: &mut State, call: &Call<'_>, id: &str) -> Answer {
    let number = call.request.query.get("partNumber").and_then(|number| number.parse().ok());
    let number: u16 = number.ok_or(Problem::Invalid("Invalid argument."))?;
    let upload = state.store.parts.get_mut(id).ok_or_else(no_upload)?;
    upload.parts.insert(number, call.request.body.clone());
    Ok(with(empty(StatusCode::OK), "etag", &format!("\"{number}\"")))
}

/// Takes every part that came, as its client always lists them all.
fn complete(state: &mut State, call: &Call<'_>, id: &str) -> Answer {
    let upload = state.store.parts.remove(id).ok_or_else(no_upload)?;
    let bytes: BytesMut = upload.parts.into_values().flatten().collect();
    let new = NewObject::new(&call.object, bytes, Some(&upload.content_type));
    let etag = store(state, call, &call.bucket, new)?.etag();
    let (place, bucket, key) = (&*call.request.base, &*call.bucket, &*call.object);
    let done = [("Location", place), ("Bucket", bucket), ("Key", key), ("ETag", &etag)];
    Ok(xml(StatusCode::OK, "CompleteMultipartUploadResult", &elements(&done)))
}
