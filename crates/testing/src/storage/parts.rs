//! Multipart uploads over the XML API:
//! <https://cloud.google.com/storage/docs/multipart-uploads>.

use std::collections::BTreeMap;

use bytes::BytesMut;
use http::{Method, StatusCode};

use super::call::{ApiResult, StorageCall};
use super::objects::{check_may_store, store};
use super::problem::Problem;
use crate::encoding::{random_hex, text_elements};
use crate::response::{empty, with_header, xml};
use crate::state::FakeState;
use crate::store::{MultipartUpload, NewObject};

/// Checks whether a call belongs to a multipart upload.
pub(super) fn is_multipart(call: &StorageCall<'_>) -> bool {
    ["uploads", "uploadId"].iter().any(|name| call.request.query.get(name).is_some())
}

/// Responds to a call of a multipart upload.
pub(super) fn respond(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    let id = call.request.query.get("uploadId");
    match (&call.request.verb, id) {
        (&Method::POST, None) => begin(state, call),
        (&Method::PUT, Some(id)) => upload_part(state, call, id),
        (&Method::POST, Some(id)) => complete(state, call, id),
        (&Method::DELETE, Some(id)) => {
            state.store.multipart_uploads.remove(id).ok_or_else(no_upload)?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::NotImplemented("this call of the XML API".into())),
    }
}

fn no_upload() -> Problem {
    Problem::NoObject("the upload".into())
}

/// Begins an upload and responds with its id.
fn begin(state: &mut FakeState, call: &StorageCall<'_>) -> ApiResult {
    check_may_store(state, call, &call.bucket, &call.object)?;
    let id = random_hex();
    let content_type = call.request.header("content-type").unwrap_or(NewObject::BINARY).to_owned();
    let upload = MultipartUpload { content_type, parts: BTreeMap::new() };
    state.store.multipart_uploads.insert(id.clone(), upload);
    let fields = [("Bucket", &*call.bucket), ("Key", &call.object), ("UploadId", &id)];
    Ok(xml(StatusCode::OK, "InitiateMultipartUploadResult", &text_elements(&fields)))
}

/// Stores one part.
fn upload_part(state: &mut FakeState, call: &StorageCall<'_>, id: &str) -> ApiResult {
    let number = call.request.query.get("partNumber").and_then(|number| number.parse().ok());
    let number: u16 = number.ok_or(Problem::Invalid("Invalid argument."))?;
    let upload = state.store.multipart_uploads.get_mut(id).ok_or_else(no_upload)?;
    // A part that is uploaded again replaces the earlier part:
    // <https://cloud.google.com/storage/docs/xml-api/put-object-multipart>.
    upload.parts.insert(number, call.request.body.clone());
    Ok(with_header(empty(StatusCode::OK), "etag", &format!("\"{number}\"")))
}

/// Stores the object from all uploaded parts. Does not read the list of parts in the request,
/// because clients always list every part.
fn complete(state: &mut FakeState, call: &StorageCall<'_>, id: &str) -> ApiResult {
    let upload = state.store.multipart_uploads.remove(id).ok_or_else(no_upload)?;
    // The map is sorted by the number of the part, which is the order in the object.
    let bytes: BytesMut = upload.parts.into_values().flatten().collect();
    let new = NewObject::new(&call.object, bytes, Some(&upload.content_type));
    let etag = store(state, call, &call.bucket, new)?.etag();
    let (location, bucket, key) = (&*call.request.base, &*call.bucket, &*call.object);
    let fields = [("Location", location), ("Bucket", bucket), ("Key", key), ("ETag", &etag)];
    Ok(xml(StatusCode::OK, "CompleteMultipartUploadResult", &text_elements(&fields)))
}
