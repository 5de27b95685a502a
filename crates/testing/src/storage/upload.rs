//! The three kinds of uploads over the JSON API:
//! <https://cloud.google.com/storage/docs/uploads-downloads>.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use serde_json::Value;

use super::call::{ApiResult, StorageCall};
use super::multipart;
use super::objects::{check_may_store, store};
use super::problem::Problem;
use super::represent::metadata_response;
use crate::encoding::random_hex;
use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, empty, with_header};
use crate::state::FakeState;
use crate::store::{NewObject, Upload};

/// Responds to `storage.objects.insert`.
pub(super) fn begin(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let query = &call.request.query;
    match query.get("uploadType") {
        Some("media") => media(state, call),
        Some("multipart") => multipart(state, call),
        Some("resumable") => resumable(state, call),
        _ => Err(Problem::Invalid("Upload requests must include an uploadType URL parameter.")),
    }
}

/// Stores the body of the request as the object.
fn media(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let name = call.request.query.get("name").ok_or(Problem::Invalid("Required"))?;
    let new = NewObject::new(name, call.request.body.clone(), call.request.header("content-type"));
    Ok(metadata_response(call, &call.bucket, store(state, call, &call.bucket, new)?))
}

/// Stores an object from a multipart body: the metadata as JSON, the content, and optionally a
/// third part with checksums, which Google's own Rust client sends and the fake ignores.
fn multipart(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let malformed = || Problem::Invalid("Malformed multipart body.");
    let kind = call.request.header("content-type").unwrap_or_default();
    let parts = multipart::parts(kind, &call.request.body).ok_or_else(malformed)?;
    let ([metadata, media] | [metadata, media, _]) = parts.as_slice() else {
        return Err(malformed());
    };
    let metadata: Value = serde_json::from_slice(&metadata.body).map_err(|_| malformed())?;
    let new = described_object(call.request, &metadata, media.content_type.as_deref())?;
    let new = NewObject { bytes: media.body.clone(), ..new };
    Ok(metadata_response(call, &call.bucket, store(state, call, &call.bucket, new)?))
}

/// Returns the object that a request describes, with empty content.
fn described_object(
    request: &IncomingRequest,
    metadata: &Value,
    content_type: Option<&str>,
) -> ApiResult<NewObject> {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    let name =
        request.query.get("name").or_else(|| text("name")).ok_or(Problem::Invalid("Required"))?;
    let new = NewObject::new(name, Bytes::new(), text("contentType").or(content_type));
    Ok(NewObject { metadata: metadata.get("metadata").cloned().unwrap_or_default(), ..new })
}

/// Begins a resumable upload and responds with the URL of its session.
fn resumable(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let metadata = call.request.json().unwrap_or_default();
    let object =
        described_object(call.request, &metadata, call.request.header("x-upload-content-type"))?;
    check_may_store(state, call, &call.bucket, &object.name)?;
    let id = format!("fake-{}", random_hex());
    let (base, bucket) = (&call.request.base, call.bucket.clone());
    let location =
        format!("{base}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
    let upload = Upload { account: call.account.clone(), bucket, object, bytes: BytesMut::new() };
    state.store.uploads.insert(id, upload);
    Ok(with_header(empty(StatusCode::OK), "location", &location))
}

/// Responds to a request to an upload session: a chunk, the last chunk, a query for the number of
/// bytes received, or a cancellation.
pub(super) fn resume(state: &mut FakeState, request: &IncomingRequest) -> ApiResult {
    let no_session = || Problem::NoObject("upload session".into());
    let id = request.query.get("upload_id").unwrap_or_default();
    let upload = state.store.uploads.get_mut(id).ok_or_else(no_session)?;
    if request.verb == Method::DELETE {
        state.store.uploads.remove(id);
        // Cloud Storage responds with status 499 to the cancellation of a resumable upload.
        return Ok(empty(StatusCode::from_u16(499).unwrap_or(StatusCode::GONE)));
    }
    upload.bytes.extend_from_slice(&request.body);
    if !is_complete(request.header("content-range"), upload.bytes.len()) {
        return Ok(incomplete(upload.bytes.len()));
    }
    let upload = state.store.uploads.remove(id).ok_or_else(no_session)?;
    // The URL of the session authorizes the request, so the object belongs to the account that
    // began the upload: <https://cloud.google.com/storage/docs/resumable-uploads#session-uris>.
    let call = StorageCall::new(request, upload.account, upload.bucket, String::new());
    let new = NewObject { bytes: upload.bytes.freeze(), ..upload.object };
    Ok(metadata_response(&call, &call.bucket, store(state, &call, &call.bucket, new)?))
}

/// Creates the response to a chunk that is not the last one: status 308, with the range of the
/// bytes received.
fn incomplete(length: usize) -> FullResponse {
    let response = empty(StatusCode::PERMANENT_REDIRECT);
    // A range of zero bytes cannot be written, so Cloud Storage leaves the header out:
    // <https://cloud.google.com/storage/docs/performing-resumable-uploads#status-check>.
    match length.checked_sub(1) {
        Some(last) => with_header(response, "range", &format!("bytes=0-{last}")),
        None => response,
    }
}

/// Checks whether an upload is complete, from a `Content-Range` such as `bytes A-B/TOTAL` or
/// `bytes */TOTAL`. Without this header, the request contains the whole object.
fn is_complete(content_range: Option<&str>, received: usize) -> bool {
    let Some((_, total)) = content_range.and_then(|range| range.rsplit_once('/')) else {
        return true;
    };
    total.parse::<usize>().is_ok_and(|total| total <= received)
}
