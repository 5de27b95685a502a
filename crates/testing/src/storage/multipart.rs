//! `multipart/related` bodies.
//!
//! Read here because gcloud ends its lines with a line feed alone, and Cloud Storage takes that;
//! multer, for one, takes CRLF only.

use bytes::Bytes;
use httparse::Status;

pub(super) struct Part {
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

/// The parts of a body of this content type. None if it is malformed.
pub(super) fn parts(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let line = format!("--{boundary}");
    let mut rest = body.slice(find(body, &line)? + line.len()..);
    let end_of_line = if rest.starts_with(b"\r\n") { "\r\n" } else { "\n" };
    let next = format!("{end_of_line}{line}");
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(&rest, &next)?;
        // The line of the boundary has ended before the headers begin.
        parts.push(part(&rest.slice(end_of_line.len().min(end)..end))?);
        rest = rest.slice(end + next.len()..);
    }
    Some(parts)
}

fn part(bytes: &Bytes) -> Option<Part> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let Ok(Status::Complete((length, headers))) = httparse::parse_headers(bytes, &mut headers) else {
        return None;
    };
    let kind = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    let content_type = kind.map(|header| String::from_utf8_lossy(header.value).trim().to_owned());
    Some(Part { content_type, body: bytes.slice(length..) })
}

fn find(bytes: &[u8], wanted: &str) -> Option<usize> {
    memchr::memmem::find(bytes, wanted.as_bytes())
}
