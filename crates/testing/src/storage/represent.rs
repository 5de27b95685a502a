//! Builds the responses that contain an object's metadata or content.

use http::StatusCode;
use httpdate::fmt_http_date;
use serde_json::{Value, json};

use super::call::StorageCall;
use crate::clock::rfc3339;
use crate::encoding::encode_segment;
use crate::response::{FullResponse, json, new_response, with_header};
use crate::store::{NewObject, Object};

/// Creates a response with the content of an object, or with the part that a `Range` header
/// requests. Supports a single range.
pub(super) fn content(object: &Object, range: Option<&str>) -> FullResponse {
    let whole = new_response(StatusCode::OK, &object.data.content_type, object.data.bytes.clone());
    let response = match range.and_then(|range| byte_range(range, object.data.bytes.len())) {
        Some((first, last)) => {
            let range = format!("bytes {first}-{last}/{}", object.data.bytes.len());
            let mut response = with_header(whole, "content-range", &range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response.map(|bytes| bytes.slice(first..=last))
        }
        None => whole,
    };
    let headers = [
        ("x-goog-hash", format!("crc32c={},md5={}", object.crc32c, object.md5)),
        ("etag", object.etag()),
        ("last-modified", fmt_http_date(object.created)),
        ("x-goog-generation", object.generation.to_string()),
        ("x-goog-metageneration", object.metageneration.to_string()),
        ("x-goog-storage-class", "STANDARD".to_owned()),
    ];
    headers.iter().fold(response, |response, (name, value)| with_header(response, name, value))
}

/// Parses `bytes=A-B`, `bytes=A-` or `bytes=-N` and returns the positions of the first and the last
/// byte. Returns `None` if the range is malformed or outside of the object.
fn byte_range(range: &str, len: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = len.checked_sub(1)?;
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, last.min(end)),
        (Ok(first), Err(_)) => (first, end),
        // `bytes=-5` means the last five bytes:
        // <https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2>.
        (Err(_), Ok(tail)) => (len.saturating_sub(tail), end),
        _ => return None,
    };
    (first <= last).then_some((first, last))
}

/// Creates a response with the metadata of an object.
pub(super) fn metadata_response(
    call: &StorageCall<'_>,
    bucket: &str,
    object: &Object,
) -> FullResponse {
    json(StatusCode::OK, &resource(call, bucket, object))
}

/// Builds the metadata of an object as the JSON API returns it.
pub(super) fn resource(call: &StorageCall<'_>, bucket: &str, object: &Object) -> Value {
    let NewObject { name, bytes, content_type, metadata } = &object.data;
    let base = &call.request.base;
    let path = format!("storage/v1/b/{bucket}/o/{}", encode_segment(name));
    let generation = object.generation;
    let mut resource = json!({
        "kind": "storage#object", "id": format!("{bucket}/{name}/{generation}"),
        "selfLink": format!("{base}/{path}"),
        "mediaLink": format!("{base}/download/{path}?generation={generation}&alt=media"),
        "name": name, "bucket": bucket, "contentType": content_type,
        "generation": generation.to_string(), "metageneration": object.metageneration.to_string(),
        "storageClass": "STANDARD", "size": bytes.len().to_string(),
        "crc32c": object.crc32c, "md5Hash": object.md5, "etag": format!("CA{generation}="),
        "timeCreated": rfc3339(object.created), "updated": rfc3339(object.created),
    });
    if !metadata.is_null() {
        resource["metadata"] = metadata.clone();
    }
    resource
}
