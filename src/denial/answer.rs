//! Stub, until the shared forming of answers comes.

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::Denial;

#[derive(Debug, Clone, Copy)]
pub(crate) enum AnswerForm {
    Xml,
}

pub(crate) fn made_up(denial: &Denial, _: AnswerForm) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(denial.to_string()));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    response
}

pub(crate) fn explained(denial: &Denial, _: &HeaderMap, seen: &[u8], _: bool) -> Bytes {
    Bytes::from(format!("{denial}\n{}", String::from_utf8_lossy(seen)))
}
