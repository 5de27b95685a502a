//! An answer as a person pastes it or a program records it.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::input_errors::{nearest_name, shown};
use super::json_line::{self, described};
use super::log_records;
use crate::error::Error;
use crate::refusal::Answer;

/// An answer that was recorded, or a text that may hold one, such as a log.
///
/// ```
/// use gcp_scopes_explain::reader::RecordedAnswer;
/// use gcp_scopes_explain::refusal::{Gate, classify};
///
/// let line = br#"{"transport": "http", "status": 403, "body": "Insufficient OAuth2 scope."}"#;
/// let answer = RecordedAnswer::from_json_line(line)?;
/// assert_eq!(classify(&answer.answer()).map(|refusal| refusal.gate()), Some(Gate::Scope));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordedAnswer {
    place: Place,
    status: Option<u16>,
    headers: HeaderMap,
    body: Vec<u8>,
    is_text: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Unknown,
    /// The number of the first line, from 1 on.
    Line(usize),
    /// The number of a record of JSON, from 1 on, and the texts in it.
    Record(usize, Vec<String>),
}

impl RecordedAnswer {
    /// A text: a line of a log, a whole response, or a whole log.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// use gcp_scopes_explain::refusal::{Gate, classify};
    ///
    /// let answer = RecordedAnswer::from_text("Error 403: Rate Limit Exceeded");
    /// assert_eq!(classify(&answer.answer()).map(|refusal| refusal.gate()), Some(Gate::RateLimit));
    /// ```
    #[must_use]
    pub fn from_text(text: impl Into<Vec<u8>>) -> Self {
        Self::at(Place::Unknown, text)
    }

    fn at(place: Place, text: impl Into<Vec<u8>>) -> Self {
        Self { place, status: None, headers: HeaderMap::new(), body: text.into(), is_text: true }
    }

    /// Reads a line of JSON: `{"transport": "http|grpc|text", "status": 403, "headers": {"name":
    /// "text"}, "body": "text"}`.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let error = RecordedAnswer::from_json_line(br#"{"transport": "htp"}"#).unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `http`?"));
    /// ```
    ///
    /// # Errors
    /// The line has another form. The message says what is wrong and what was expected.
    pub fn from_json_line(line: &[u8]) -> Result<Self, Error> {
        let fields = json_line::fields(line, SHAPE)?;
        let transport = transport(&fields)?;
        let mut headers = headers(fields.get("headers"))?;
        let mut status = status(fields.get("status"))?;
        if let Some(code) = status.filter(|code| (1..=16).contains(code) && transport == "grpc") {
            headers.entry("grpc-status").or_insert(HeaderValue::from(code));
            status = None;
        }
        // gRPC refuses with status 200, and the status of a text may be that of the page that
        // showed it.
        let status = status.filter(|code| transport == "http" || *code >= 400);
        let body = body(fields.get("body"))?.into_bytes();
        Ok(Self { place: Place::Unknown, status, headers, body, is_text: transport == "text" })
    }

    /// The records of a log of JSON, with a record on each line or in an array, as `gcloud logging
    /// read --format=json` prints it. None if the text is anything else, such as Google's answer.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let log = br#"{"severity": "ERROR", "message": "Error 403: Forbidden"}"#;
    /// assert_eq!(RecordedAnswer::json_records(log).len(), 1);
    /// assert!(RecordedAnswer::json_records(br#"{"error": {"code": 403}}"#).is_empty());
    /// ```
    #[must_use]
    pub fn json_records(log: &[u8]) -> Vec<Self> {
        let records = log_records::of_json(log).unwrap_or_default().into_iter();
        records
            .map(|(place, fields)| {
                let texts = log_records::texts(&fields);
                Self::at(Place::Record(place, texts), Value::Object(fields).to_string())
            })
            .collect()
    }

    /// The blocks of a plain log: parts of at least 32 KiB that begin and end with a record. To
    /// search a block takes less time than to search its [`records`](Self::records) one by one.
    /// None if fewer than two lines begin a record, with a time or a level.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let log = "10:00:00 INFO begun\n10:00:01 ERROR Forbidden\n  in main.rs\n";
    /// assert_eq!(RecordedAnswer::log_blocks(log).len(), 1);
    /// assert!(RecordedAnswer::log_blocks("Error 403: Forbidden").is_empty());
    /// ```
    #[must_use]
    pub fn log_blocks(log: &str) -> Vec<Self> {
        let blocks = log_records::blocks(log).into_iter();
        blocks.map(|(line, text)| Self::at(Place::Line(line), text)).collect()
    }

    /// The records of a block of a plain log, or of a whole one: each begins with a time or a
    /// level, and has the lines up to the next.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let log = "10:00:00 INFO begun\n10:00:01 ERROR Forbidden\n  in main.rs\n";
    /// let records = RecordedAnswer::from_text(log).records();
    /// assert_eq!(records[1].body(), "10:00:01 ERROR Forbidden\n  in main.rs");
    /// ```
    #[must_use]
    pub fn records(&self) -> Vec<Self> {
        let first = if let Place::Line(line) = self.place { line } else { 1 };
        let records = log_records::of_block(first, &self.body()).into_iter();
        records.map(|(line, text)| Self::at(Place::Line(line), text)).collect()
    }

    /// What may be the answer. Of a record of JSON: each of its texts, then the whole record; one
    /// text counts, and beside it are messages and names of the program. Of a text: its parts of 64
    /// KiB, as many bytes as [`classify`](crate::refusal::classify) reads; they overlap, so that
    /// each error message is whole in one.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let log = br#"{"message": "cannot list", "cause": {"text": "Error 403: Forbidden"}}"#;
    /// let record = &RecordedAnswer::json_records(log)[0];
    /// let texts: Vec<String> = record.candidates().map(|text| text.body()).collect();
    /// assert_eq!(texts[..2], ["Error 403: Forbidden", "cannot list"]);
    /// assert_eq!(RecordedAnswer::from_text("x".repeat(65 << 10)).candidates().count(), 2);
    /// ```
    pub fn candidates(&self) -> impl Iterator<Item = Self> {
        let whole = self.body.len().max(1);
        let (texts, length, step) = match &self.place {
            Place::Record(_, texts) => (texts.as_slice(), whole, whole),
            Place::Unknown | Place::Line(_) => (&[][..], PART, PART - OVERLAP),
        };
        let parts = (0..self.body.len()).step_by(step).map(move |start| {
            let part = self.body.get(start..).unwrap_or_default();
            let body = part.get(..length).unwrap_or(part).to_vec();
            Self { place: Place::Unknown, body, headers: self.headers.clone(), ..*self }
        });
        texts.iter().map(|text| Self::from_text(text.as_str())).chain(parts)
    }

    /// Where the record is in its log: `line 2` or, in one of JSON, `record 2`.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let log = b"{\"message\": \"begun\"}\n{\"message\": \"Error 403: Forbidden\"}";
    /// assert_eq!(RecordedAnswer::json_records(log)[1].name(), Some("record 2".to_owned()));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self.place {
            Place::Unknown => None,
            Place::Line(line) => Some(format!("line {line}")),
            Place::Record(record, _) => Some(format!("record {record}")),
        }
    }

    /// The answer, to be classified.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// let answer = RecordedAnswer::from_text("200 OK");
    /// assert!(gcp_scopes_explain::refusal::classify(&answer.answer()).is_none());
    /// ```
    #[must_use]
    pub fn answer(&self) -> Answer<'_> {
        let answer = if self.is_text { Answer::from_text(&self.body) } else { Answer::new(&self.body) };
        let answer = answer.with_headers(&self.headers);
        self.status.into_iter().fold(answer, Answer::with_status)
    }

    /// The body as text; what is not UTF-8 is replaced by U+FFFD.
    ///
    /// ```
    /// # use gcp_scopes_explain::reader::RecordedAnswer;
    /// assert_eq!(RecordedAnswer::from_text(b"For\xffbidden").body(), "For\u{fffd}bidden");
    /// ```
    #[must_use]
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How many bytes of an answer are classified.
const PART: usize = 64 << 10;
/// How many bytes two parts share. Google's error messages are shorter.
const OVERLAP: usize = 16 << 10;

const SHAPE: &str =
    r#"{"transport": "http|grpc|text", "status": 403, "headers": {"name": "text"}, "body": "text"}"#;
const TRANSPORTS: [&str; 3] = ["http", "grpc", "text"];

fn transport(fields: &Map<String, Value>) -> Result<&'static str, String> {
    match fields.get("transport") {
        Some(Value::String(other)) => TRANSPORTS.into_iter().find(|name| name == other).ok_or_else(|| {
            let near = nearest_name(other, TRANSPORTS.into_iter());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("unknown `transport` {}; expected {SHAPE}{hint}", shown(other))
        }),
        Some(other) => Err(format!("`transport` is {}; expected {SHAPE}", described(other))),
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
        let found = value.map(described).unwrap_or_default();
        format!("`status` is {found}; expected an HTTP status or null, as in {SHAPE}")
    })?;
    Ok(Some(status).filter(|status| *status != 0))
}

/// Headers by their names in any case. Names and values that HTTP does not allow are left out.
fn headers(value: Option<&Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let object = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(object)) => object,
        Some(other) => return Err(format!("`headers` is {}; expected {SHAPE}", described(other))),
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

/// The body as text. JSON need not be in a string.
fn body(value: Option<&Value>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(json @ (Value::Object(_) | Value::Array(_))) => Ok(json.to_string()),
        Some(other) => Err(format!("`body` is {}; expected a string, as in {SHAPE}", described(other))),
    }
}
