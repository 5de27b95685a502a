//! The three ways to upload an object, <https://cloud.google.com/storage/docs/uploads-downloads>.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use serde_json::Value;

use super::objects::{NewObject, may_store, store};
use super::{Answer, Call};
use crate::exchange::{Asked, empty, json, random_hex, with};
use crate::state::{State, Token};
use crate::storage::problem::Problem;

/// A resumable upload that has begun. Who knows its address may go on with it.
pub(super) struct Upload {
    caller: Token,
    bucket: String,
    name: String,
    content_type: String,
    metadata: Value,
    bytes: BytesMut,
}

pub(super) fn begin(state: &mut State, call: &Call<'_>) -> Answer {
    let query = &call.asked.query;
    match query.get("uploadType") {
        Some("media") => media(state, call),
        Some("multipart") => multipart(state, call),
        Some("resumable") => resumable(state, call),
        _ => Err(Problem::Invalid("Upload requests must include an uploadType URL parameter.")),
    }
}

fn media(state: &mut State, call: &Call<'_>) -> Answer {
    let name = call.asked.query.get("name").ok_or(Problem::Invalid("Required"))?.to_owned();
    let content_type = call.asked.header("content-type").unwrap_or(BINARY).to_owned();
    let bytes = call.asked.body.clone();
    let shown =
        store(state, call, &call.bucket, NewObject { name, bytes, content_type, metadata: Value::Null })?;
    Ok(json(StatusCode::OK, &shown))
}

const BINARY: &str = "application/octet-stream";

/// Two parts: the object's metadata as JSON, then its bytes. Google's own Rust client sends checksums
/// behind them.
fn multipart(state: &mut State, call: &Call<'_>) -> Answer {
    let malformed = || Problem::Invalid("Malformed multipart body.");
    let kind = call.asked.header("content-type").unwrap_or_default();
    let boundary = kind.split_once("boundary=").ok_or_else(malformed)?.1;
    let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let parts = parts(&call.asked.body, boundary).ok_or_else(malformed)?;
    let ([(_, metadata), (head, bytes)] | [(_, metadata), (head, bytes), _]) = parts.as_slice() else {
        return Err(malformed());
    };
    let metadata: Value = serde_json::from_slice(metadata).map_err(|_| malformed())?;
    let sent = content_type_of(head);
    let new = described(call.asked, &metadata, sent.as_deref())?;
    let shown = store(state, call, &call.bucket, NewObject { bytes: bytes.clone(), ..new })?;
    Ok(json(StatusCode::OK, &shown))
}

/// Headers and bodies of the parts between the boundaries. gcloud ends its lines with a line feed
/// alone, and Cloud Storage takes that.
fn parts(body: &Bytes, boundary: &str) -> Option<Vec<(Bytes, Bytes)>> {
    let line = format!("--{boundary}");
    let mut rest = body.slice(find(body, line.as_bytes())? + line.len()..);
    let end_of_line = if rest.starts_with(b"\r\n") { "\r\n" } else { "\n" };
    let next = format!("{end_of_line}{line}");
    let blank = end_of_line.repeat(2);
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(&rest, next.as_bytes())?;
        let part = rest.slice(..end);
        let gap = find(&part, blank.as_bytes())?;
        parts.push((part.slice(..gap), part.slice(gap + blank.len()..)));
        rest = rest.slice(end + next.len()..);
    }
    Some(parts)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len().max(1)).position(|window| window == wanted)
}

fn content_type_of(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let (_, value) = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"))?;
    Some(value.trim().to_owned())
}

/// What a request says of the object to come, without its bytes.
fn described(asked: &Asked, said: &Value, content_type: Option<&str>) -> Result<NewObject, Problem> {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    let name = asked.query.get("name").or_else(|| text("name")).ok_or(Problem::Invalid("Required"))?;
    Ok(NewObject {
        name: name.to_owned(),
        bytes: Bytes::new(),
        content_type: text("contentType").or(content_type).unwrap_or(BINARY).to_owned(),
        metadata: said.get("metadata").cloned().unwrap_or_default(),
    })
}

fn resumable(state: &mut State, call: &Call<'_>) -> Answer {
    let said = call.asked.json().unwrap_or_default();
    let new = described(call.asked, &said, call.asked.header("x-upload-content-type"))?;
    may_store(state, call, &call.bucket, &new.name)?;
    let id = format!("fake-{}", random_hex());
    let place = format!(
        "{}/upload/storage/v1/b/{}/o?uploadType=resumable&upload_id={id}",
        call.asked.base, call.bucket
    );
    let upload = Upload {
        caller: call.caller.clone(),
        bucket: call.bucket.clone(),
        name: new.name,
        content_type: new.content_type,
        metadata: new.metadata,
        bytes: BytesMut::new(),
    };
    state.store.uploads.insert(id, upload);
    Ok(with(empty(StatusCode::OK), "location", &place))
}

/// A chunk, the last chunk, or the question how far the upload has come.
pub(super) fn resume(state: &mut State, asked: &Asked) -> Answer {
    let gone = || Problem::NoObject("upload session".into());
    let id = asked.query.get("upload_id").unwrap_or_default();
    let upload = state.store.uploads.get_mut(id).ok_or_else(gone)?;
    if asked.verb == Method::DELETE {
        state.store.uploads.remove(id);
        return Ok(empty(StatusCode::from_u16(499).unwrap_or(StatusCode::GONE)));
    }
    upload.bytes.extend_from_slice(&asked.body);
    if !is_complete(asked.header("content-range"), upload.bytes.len()) {
        let here = empty(StatusCode::PERMANENT_REDIRECT);
        return Ok(match upload.bytes.len().checked_sub(1) {
            Some(last) => with(here, "range", &format!("bytes=0-{last}")),
            None => here,
        });
    }
    let upload = state.store.uploads.remove(id).ok_or_else(gone)?;
    let call = Call { asked, caller: upload.caller, bucket: upload.bucket, object: String::new() };
    let new = NewObject {
        name: upload.name,
        bytes: upload.bytes.freeze(),
        content_type: upload.content_type,
        metadata: upload.metadata,
    };
    Ok(json(StatusCode::OK, &store(state, &call, &call.bucket, new)?))
}

/// Whether `bytes A-B/TOTAL` or `bytes */TOTAL` says that everything is here. Without the header
/// one request carries it all.
fn is_complete(range: Option<&str>, have: usize) -> bool {
    let Some((_, total)) = range.and_then(|range| range.rsplit_once('/')) else { return true };
    total.parse::<usize>().is_ok_and(|total| total <= have)
}
