//! The three ways to upload an object, <https://cloud.google.com/storage/docs/uploads-downloads>.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use serde_json::Value;

use super::call::{Answer, Call};
use super::multipart;
use super::objects::{may_store, store};
use super::problem::Problem;
use super::represent::shown;
use crate::encoding::random_hex;
use crate::incoming::IncomingRequest;
use crate::reply::{Reply, empty, with};
use crate::state::State;
use crate::store::{NewObject, Upload};

pub(super) fn begin(state: &mut State, call: &Call<'_>) -> Answer {
    let query = &call.request.query;
    match query.get("uploadType") {
        Some("media") => media(state, call),
        Some("multipart") => in_one_request(state, call),
        Some("resumable") => resumable(state, call),
        _ => Err(Problem::Invalid("Upload requests must include an uploadType URL parameter.")),
    }
}

fn media(state: &mut State, call: &Call<'_>) -> Answer {
    let name = call.request.query.get("name").ok_or(Problem::Invalid("Required"))?;
    let new = NewObject::new(name, call.request.body.clone(), call.request.header("content-type"));
    Ok(shown(call, &call.bucket, store(state, call, &call.bucket, new)?))
}

/// Two parts: the object's metadata as JSON, then its bytes. Google's own Rust client sends
/// checksums behind them.
fn in_one_request(state: &mut State, call: &Call<'_>) -> Answer {
    let malformed = || Problem::Invalid("Malformed multipart body.");
    let kind = call.request.header("content-type").unwrap_or_default();
    let parts = multipart::parts(kind, &call.request.body).ok_or_else(malformed)?;
    let ([metadata, media] | [metadata, media, _]) = parts.as_slice() else { return Err(malformed()) };
    let metadata: Value = serde_json::from_slice(&metadata.body).map_err(|_| malformed())?;
    let new = described(call.request, &metadata, media.content_type.as_deref())?;
    let new = NewObject { bytes: media.body.clone(), ..new };
    Ok(shown(call, &call.bucket, store(state, call, &call.bucket, new)?))
}

/// The object that a request describes, without its bytes.
fn described(
    request: &IncomingRequest,
    metadata: &Value,
    content_type: Option<&str>,
) -> Result<NewObject, Problem> {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    let name = request.query.get("name").or_else(|| text("name")).ok_or(Problem::Invalid("Required"))?;
    let new = NewObject::new(name, Bytes::new(), text("contentType").or(content_type));
    Ok(NewObject { metadata: metadata.get("metadata").cloned().unwrap_or_default(), ..new })
}

fn resumable(state: &mut State, call: &Call<'_>) -> Answer {
    let metadata = call.request.json().unwrap_or_default();
    let object = described(call.request, &metadata, call.request.header("x-upload-content-type"))?;
    may_store(state, call, &call.bucket, &object.name)?;
    let id = format!("fake-{}", random_hex());
    let (base, bucket) = (&call.request.base, call.bucket.clone());
    let place = format!("{base}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
    let upload = Upload { account: call.account.clone(), bucket, object, bytes: BytesMut::new() };
    state.store.uploads.insert(id, upload);
    Ok(with(empty(StatusCode::OK), "location", &place))
}

/// A chunk, the last chunk, or the question how far the upload has come.
pub(super) fn resume(state: &mut State, request: &IncomingRequest) -> Answer {
    let gone = || Problem::NoObject("upload session".into());
    let id = request.query.get("upload_id").unwrap_or_default();
    let upload = state.store.uploads.get_mut(id).ok_or_else(gone)?;
    if request.verb == Method::DELETE {
        state.store.uploads.remove(id);
        return Ok(empty(StatusCode::from_u16(499).unwrap_or(StatusCode::GONE)));
    }
    upload.bytes.extend_from_slice(&request.body);
    if !is_complete(request.header("content-range"), upload.bytes.len()) {
        return Ok(incomplete(upload.bytes.len()));
    }
    let upload = state.store.uploads.remove(id).ok_or_else(gone)?;
    let call = Call::new(request, upload.account, upload.bucket, String::new());
    let new = NewObject { bytes: upload.bytes.freeze(), ..upload.object };
    Ok(shown(&call, &call.bucket, store(state, &call, &call.bucket, new)?))
}

/// How far the upload has come.
fn incomplete(length: usize) -> Reply {
    let here = empty(StatusCode::PERMANENT_REDIRECT);
    match length.checked_sub(1) {
        Some(last) => with(here, "range", &format!("bytes=0-{last}")),
        None => here,
    }
}

/// Whether `bytes A-B/TOTAL` or `bytes */TOTAL` means that everything is here. Without the
/// header one request carries it all.
fn is_complete(range: Option<&str>, have: usize) -> bool {
    let Some((_, total)) = range.and_then(|range| range.rsplit_once('/')) else { return true };
    total.parse::<usize>().is_ok_and(|total| total <= have)
}
