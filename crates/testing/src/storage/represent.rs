//! An object as an answer shows it: its metadata, or its bytes.

use http::StatusCode;
use httpdate::fmt_http_date;
use serde_json::{Value, json};

use super::call::Call;
use crate::clock::rfc3339;
use crate::encoding::segment;
use crate::reply::{Reply, json, reply, with};
use crate::store::{NewObject, Object};

/// The bytes, or the part of them that a single range asks for.
pub(super) fn content(object: &Object, range: Option<&str>) -> Reply {
    let whole = reply(StatusCode::OK, &object.data.content_type, object.data.bytes.clone());
    let answer = match range.and_then(|range| part(range, object.data.bytes.len())) {
        Some((first, last)) => {
            let range = format!("bytes {first}-{last}/{}", object.data.bytes.len());
            let mut answer = with(whole, "content-range", &range);
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            answer.map(|bytes| bytes.slice(first..=last))
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
    headers.iter().fold(answer, |answer, (name, value)| with(answer, name, value))
}

/// First and last byte of `bytes=A-B`, `bytes=A-` or `bytes=-N`, if they are in the object.
fn part(range: &str, len: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = len.checked_sub(1)?;
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, last.min(end)),
        (Ok(first), Err(_)) => (first, end),
        (Err(_), Ok(tail)) => (len.saturating_sub(tail), end),
        _ => return None,
    };
    (first <= last).then_some((first, last))
}

/// The answer that shows the metadata of an object.
pub(super) fn shown(call: &Call<'_>, bucket: &str, object: &Object) -> Reply {
    json(StatusCode::OK, &resource(call, bucket, object))
}

/// The metadata of an object.
pub(super) fn resource(call: &Call<'_>, bucket: &str, object: &Object) -> Value {
    let NewObject { name, bytes, content_type, metadata } = &object.data;
    let base = &call.request.base;
    let place = format!("storage/v1/b/{bucket}/o/{}", segment(name));
    let generation = object.generation;
    let mut shown = json!({
        "kind": "storage#object", "id": format!("{bucket}/{name}/{generation}"),
        "selfLink": format!("{base}/{place}"),
        "mediaLink": format!("{base}/download/{place}?generation={generation}&alt=media"),
        "name": name, "bucket": bucket, "contentType": content_type,
        "generation": generation.to_string(), "metageneration": object.metageneration.to_string(),
        "storageClass": "STANDARD", "size": bytes.len().to_string(),
        "crc32c": object.crc32c, "md5Hash": object.md5, "etag": format!("CA{generation}="),
        "timeCreated": rfc3339(object.created), "updated": rfc3339(object.created),
    });
    if !metadata.is_null() {
        shown["metadata"] = metadata.clone();
    }
    shown
}
