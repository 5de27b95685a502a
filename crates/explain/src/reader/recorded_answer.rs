//! What was answered, as a person pastes it or a program writes it down.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::json_line::{self, kind, nearest_name, shown};
use crate::error::Error;
use crate::refusal::Answer;

/// An answer, as much of it as was written down.
///
/// ```
/// use gcp_scopes_explain::reader::RecordedAnswer;
/// use gcp_scopes_explain::refusal::{Gate, classify};
///
/// let line = br#"{"transport": "http", "status": 403, "body": "Request had insufficient authentication scopes."}"#;
/// let answer = RecordedAnswer::from_line(line)?;
/// assert_eq!(classify(&answer.answer()).map(|refusal| refusal.gate()), Some(Gate::Scope));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordedAnswer {
    status: Option<u16>,
    headers: HeaderMap,
    body: Vec<u8>,
    is_text: bool,
}

impl RecordedAnswer {
    /// A text without more ado, such as a log line, a whole response or a whole log, in parts as long as
    /// the library reads. They overlap, so that every answer stands whole in the first that has some of it.
    pub fn parts(text: &[u8]) -> impl Iterator<Item = Self> {
        (0..text.len()).step_by(PART - OVERLAP).map(move |start| {
            let body = text.iter().skip(start).take(PART).copied().collect();
            Self { status: None, headers: HeaderMap::new(), body, is_text: true }
        })
    }

    /// One text of a log.
    #[must_use]
    pub fn text(text: String) -> Self {
        Self { status: None, headers: HeaderMap::new(), body: text.into_bytes(), is_text: true }
    }

    /// Reads a line of JSON:
    /// `{"transport": "http|grpc|text", "status": 403, "headers": {"name": "text"}, "body": "text"}`.
    ///
    /// # Errors
    /// What is wrong with the line, and what was expected.
    pub fn from_line(line: &[u8]) -> Result<Self, Error> {
        let object = json_line::object(line, SHAPE)?;
        let transport = transport(&object)?;
        let mut headers = headers(object.get("headers"))?;
        let mut status = status(object.get("status"))?;
        if let Some(code) = status.filter(|code| (1..=16).contains(code) && transport == "grpc") {
            headers.entry("grpc-status").or_insert(HeaderValue::from(code));
            status = None;
        }
        // gRPC refuses under status 200, and a text's status may be that of whatever showed it.
        let status = status.filter(|code| transport == "http" || *code >= 400);
        Ok(Self {
            status,
            headers,
            body: body(object.get("body"))?.into_bytes(),
            is_text: transport == "text",
        })
    }

    /// The answer, to be classified.
    #[must_use]
    pub fn answer(&self) -> Answer<'_> {
        let answer = if self.is_text { Answer::from_text(&self.body) } else { Answer::new(&self.body) };
        let answer = answer.with_headers(&self.headers);
        self.status.into_iter().fold(answer, Answer::with_status)
    }

    /// The body as far as it is text.
    #[must_use]
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the library reads of an answer, in bytes.
const PART: usize = 64 << 10;
/// No error message is longer.
const OVERLAP: usize = 16 << 10;

const SHAPE: &str =
    r#"{"transport": "http|grpc|text", "status": 403, "headers": {"name": "text"}, "body": "text"}"#;
const TRANSPORTS: [&str; 3] = ["http", "grpc", "text"];

fn transport(object: &Map<String, Value>) -> Result<&'static str, String> {
    match object.get("transport") {
        Some(Value::String(said)) => TRANSPORTS.into_iter().find(|name| name == said).ok_or_else(|| {
            let near = nearest_name(said, TRANSPORTS.into_iter());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("unknown `transport` {}; expected {SHAPE}{hint}", shown(said))
        }),
        Some(other) => Err(format!("`transport` is {}; expected {SHAPE}", kind(other))),
        None => Err(format!("no `transport`; expected {SHAPE}")),
    }
}

fn status(value: Option<&Value>) -> Result<Option<u16>, String> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let status = number.and_then(|number| u16::try_from(number).ok()).filter(|status| *status < 600);
    let status = status.ok_or_else(|| {
        let said = value.map(kind).unwrap_or_default();
        format!("`status` is {said}; expected an HTTP status or null, as in {SHAPE}")
    })?;
    Ok(Some(status).filter(|status| *status != 0))
}

/// Names in any case. Names and values that no header can have are left out.
fn headers(value: Option<&Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let object = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(object)) => object,
        Some(other) => return Err(format!("`headers` is {}; expected {SHAPE}", kind(other))),
    };
    for (name, value) in object {
        let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes()) else { continue };
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter_map(header_value) {
            headers.append(name.clone(), value);
        }
    }
    Ok(headers)
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        Value::String(text) => text.replace(|c: char| c.is_control(), " "),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    HeaderValue::from_bytes(text.trim().as_bytes()).ok()
}

/// A body that is JSON may stand there as it is.
fn body(value: Option<&Value>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(json @ (Value::Object(_) | Value::Array(_))) => Ok(json.to_string()),
        Some(other) => Err(format!("`body` is {}; expected a string, as in {SHAPE}", kind(other))),
    }
}

/// The same text in UTF-8: Windows' shells write UTF-16 to files.
#[must_use]
pub fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let units: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return bytes,
    };
    let words: Vec<u16> = bytes.chunks_exact(2).skip(1).map(|two| units([two[0], two[1]])).collect();
    String::from_utf16_lossy(&words).into_bytes()
}
