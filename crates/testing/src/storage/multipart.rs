//! Parses `multipart/related` bodies.
//!
//! gcloud ends lines with a line feed only, and Cloud Storage accepts that. Existing parsers such
//! as multer accept CRLF only, so the fake has its own parser.

use bytes::Bytes;
use httparse::Status;

/// One part of a multipart body.
pub(super) struct BodyPart {
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

/// Returns the parts of a body with this content type. Returns `None` if the body is malformed.
pub(super) fn parts(content_type: &str, body: &Bytes) -> Option<Vec<BodyPart>> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let delimiter = format!("--{boundary}");
    let mut rest = body.slice(find(body, &delimiter)? + delimiter.len()..);
    let end_of_line = if rest.starts_with(b"\r\n") { "\r\n" } else { "\n" };
    let next = format!("{end_of_line}{delimiter}");
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(&rest, &next)?;
        // `rest` begins with the end of the delimiter's line, which is not part of the headers.
        parts.push(part(&rest.slice(end_of_line.len().min(end)..end))?);
        rest = rest.slice(end + next.len()..);
    }
    Some(parts)
}

/// Splits a part into its headers and its body. Returns `None` if the headers are not valid, or
/// more than [`MAX_HEADERS`].
fn part(bytes: &Bytes) -> Option<BodyPart> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let Ok(Status::Complete((length, headers))) = httparse::parse_headers(bytes, &mut headers)
    else {
        return None;
    };
    let kind = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    let content_type = kind.map(|header| String::from_utf8_lossy(header.value).trim().to_owned());
    Some(BodyPart { content_type, body: bytes.slice(length..) })
}

/// The maximum number of headers of a part. Clients of Cloud Storage send one or two.
const MAX_HEADERS: usize = 16;

fn find(bytes: &[u8], wanted: &str) -> Option<usize> {
    memchr::memmem::find(bytes, wanted.as_bytes())
}
