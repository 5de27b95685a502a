//! A response that a person pasted or a program recorded.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::input_errors::{nearest_name, shown};
use crate::json_line::{self, describe_value};
use crate::{log_records, record_environment, record_lines};
use gcp_scopes_explain::Error;
use gcp_scopes_explain::environment::Environment;
use gcp_scopes_explain::refusal::{self, ErrorResponse};

/// A response that was recorded, or a text that may contain a response, such as a log.
///
/// ```
/// use gcp_scopes_reader::RecordedResponse;
/// use gcp_scopes_explain::refusal::{Gate, classify};
///
/// let line = br#"{"transport": "http", "status": 403, "body": "Insufficient OAuth2 scope."}"#;
/// let recorded = RecordedResponse::from_json_line(line)?;
/// assert_eq!(
///     classify(&recorded.error_response()).map(|refusal| refusal.gate()),
///     Some(Gate::Scope)
/// );
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordedResponse {
    position: Position,
    status: Option<u16>,
    headers: HeaderMap,
    body: Vec<u8>,
    is_text: bool,
}

/// The position of a record in its log.
#[derive(Debug, Clone)]
enum Position {
    Unknown,
    /// The number of the record's first line, which starts at 1.
    Line(usize),
    Record(Box<JsonRecord>),
}

/// A record of a JSON log.
#[derive(Debug, Clone)]
struct JsonRecord {
    /// The number of the record in its log, which starts at 1.
    number: usize,
    /// The texts in the record.
    texts: Vec<String>,
    /// The texts with the names of their fields, each on a line.
    lines: String,
    /// Where the program ran that wrote the record.
    environment: Option<Environment>,
}

impl RecordedResponse {
    /// Creates a text that may contain a response: a log line, a pasted response, or a whole log.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    /// use gcp_scopes_explain::refusal::{Gate, classify};
    ///
    /// let recorded = RecordedResponse::from_text("Error 403: Rate Limit Exceeded");
    /// assert_eq!(
    ///     classify(&recorded.error_response()).map(|refusal| refusal.gate()),
    ///     Some(Gate::RateLimit)
    /// );
    /// ```
    #[must_use]
    pub fn from_text(text: impl Into<Vec<u8>>) -> Self {
        Self::at(Position::Unknown, text)
    }

    /// Creates a line, or a text that begins at this line of a log.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let line = RecordedResponse::from_line(7, "Error 403: Forbidden");
    /// assert_eq!(line.name(), Some("line 7".to_owned()));
    /// ```
    #[must_use]
    pub fn from_line(number: usize, text: &str) -> Self {
        Self::at(Position::Line(number), text)
    }

    /// Creates a text at this position of a log.
    fn at(position: Position, text: impl Into<Vec<u8>>) -> Self {
        Self { position, status: None, headers: HeaderMap::new(), body: text.into(), is_text: true }
    }

    /// Parses a line of JSON: `{"transport": "http|grpc|text", "status": 403, "headers": {"name":
    /// "text"}, "body": "text"}`.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let error = RecordedResponse::from_json_line(br#"{"transport": "htp"}"#).unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `http`?"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the line does not have this form. The message names the fault and what
    /// was expected.
    pub fn from_json_line(line: &[u8]) -> Result<Self, Error> {
        let fields = json_line::fields(line, SHAPE)?;
        let transport = read_transport(&fields)?;
        let mut headers = read_headers(fields.get("headers"))?;
        let mut status = read_status(fields.get("status"))?;
        if let Some(code) = status.filter(|code| (1..=16).contains(code) && transport == "grpc") {
            headers.entry("grpc-status").or_insert(HeaderValue::from(code));
            status = None;
        }
        // A refusal over gRPC has the HTTP status 200, and the status that is recorded with a text
        // may be that of the web page from which the text was copied.
        let status = status.filter(|code| transport == "http" || *code >= 400);
        let body = read_body(fields.get("body"))?.into_bytes();
        // A gRPC response has its message in the header `grpc-message`. Without that header, the
        // body is what a client printed.
        let is_printed =
            transport == "grpc" && !headers.contains_key("grpc-message") && !body.is_empty();
        let is_text = transport == "text" || is_printed;
        Ok(Self { position: Position::Unknown, status, headers, body, is_text })
    }

    /// Returns the records of a JSON log, which has a record on each line or is an array of
    /// records, as `gcloud logging read --format=json` prints it. The spans and log records of
    /// OpenTelemetry are records, too. Returns an empty list for other texts, including an error
    /// response of Google.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = br#"{"severity": "ERROR", "message": "Error 403: Forbidden"}"#;
    /// assert_eq!(RecordedResponse::json_records(log).len(), 1);
    /// assert!(RecordedResponse::json_records(br#"{"error": {"code": 403}}"#).is_empty());
    /// ```
    #[must_use]
    pub fn json_records(log: &[u8]) -> Vec<Self> {
        let records = log_records::json_records(log).unwrap_or_default().into_iter();
        records
            .map(|(position, fields)| {
                let environment = record_environment::environment_of(&fields);
                let fields = Value::Object(fields);
                let texts = match refusal::is_audit_record(&fields) {
                    true => Vec::new(),
                    false => refusal::record_texts(&fields),
                };
                let texts = texts.into_iter().take(TEXT_LIMIT).map(str::to_owned).collect();
                let lines = record_lines::lines_of(&fields);
                let record = JsonRecord { number: position, texts, lines, environment };
                Self::at(Position::Record(Box::new(record)), fields.to_string())
            })
            .collect()
    }

    /// Splits a plain-text log into blocks of whole records. Each block has at least 32 KiB, except
    /// for the last. A search of a block is faster than a search of each of its
    /// [`records`](Self::records). Returns an empty list if fewer than two lines begin with a time
    /// or a level, as records do.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = "10:00:00 INFO begun\n10:00:01 ERROR Forbidden\n  in main.rs\n";
    /// assert_eq!(RecordedResponse::log_blocks(log).len(), 1);
    /// assert!(RecordedResponse::log_blocks("Error 403: Forbidden").is_empty());
    /// ```
    #[must_use]
    pub fn log_blocks(log: &str) -> Vec<Self> {
        let blocks = log_records::blocks(log).into_iter();
        blocks.map(|(line, text)| Self::at(Position::Line(line), text)).collect()
    }

    /// Splits a block of a plain-text log, or a whole plain-text log, into its records. Each record
    /// begins with a time or a level, and ends before the line with which the next record begins.
    /// A message that syslog or journald split into lines is one record.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = "10:00:00 INFO begun\n10:00:01 ERROR Forbidden\n  in main.rs\n";
    /// let records = RecordedResponse::from_text(log).records();
    /// assert_eq!(records[1].body(), "10:00:01 ERROR Forbidden\n  in main.rs");
    /// ```
    #[must_use]
    pub fn records(&self) -> Vec<Self> {
        let first = if let Position::Line(line) = self.position { line } else { 1 };
        let records = log_records::records_of_block(first, &self.body()).into_iter();
        records.map(|(line, text)| Self::at(Position::Line(line), text)).collect()
    }

    /// Returns the texts that may be the response.
    ///
    /// For a record of a JSON log, these are the texts in the record, then the whole record:
    /// usually one of the texts is the response, and the others are the program's own messages and
    /// names. For other texts, these are parts of 64 KiB, because
    /// [`classify`](gcp_scopes_explain::refusal::classify) reads only 64 KiB. The parts overlap, so
    /// that an error message at the end of a part is complete in the next part.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = br#"{"message": "cannot list", "cause": {"text": "Error 403: Forbidden"}}"#;
    /// let record = &RecordedResponse::json_records(log)[0];
    /// let texts: Vec<String> = record.candidates().map(|text| text.body()).collect();
    /// assert_eq!(texts[..2], ["cannot list", "Error 403: Forbidden"]);
    /// assert_eq!(RecordedResponse::from_text("x".repeat(65 << 10)).candidates().count(), 2);
    /// ```
    pub fn candidates(&self) -> impl Iterator<Item = Self> {
        let whole = self.body.len().max(1);
        let (texts, length, step) = match &self.position {
            Position::Record(record) => (record.texts.as_slice(), whole, whole),
            Position::Unknown | Position::Line(_) => (&[][..], PART_SIZE, PART_SIZE - PART_OVERLAP),
        };
        let parts = (0..whole).step_by(step).map(move |start| {
            let part = self.body.get(start..).unwrap_or_default();
            let body = part.get(..length).unwrap_or(part).to_vec();
            Self { position: Position::Unknown, body, headers: self.headers.clone(), ..*self }
        });
        texts.iter().map(|text| Self::from_text(text.as_str())).chain(parts)
    }

    /// Returns the position of the record in its log: `line 2` or, for a JSON log, `record 2`.
    /// Returns `None` for a response that was not read from a log.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = b"{\"message\": \"begun\"}\n{\"message\": \"Error 403: Forbidden\"}";
    /// assert_eq!(RecordedResponse::json_records(log)[1].name(), Some("record 2".to_owned()));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match &self.position {
            Position::Unknown => None,
            Position::Line(line) => Some(format!("line {line}")),
            Position::Record(record) => Some(format!("record {}", record.number)),
        }
    }

    /// Returns the text to search for the call that a part of the response refuses, and the text
    /// before the part. `part` is the body of one of the [`candidates`](Self::candidates).
    ///
    /// The fields of a record of a JSON log have no order, so all of them are searched, each as a
    /// line. The labels of the record are left out: they name where the record comes from.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let log = br#"{"error": "Error 403", "url": "https://x", "labels": {"url": "https://y"}}"#;
    /// let (text, _) = RecordedResponse::json_records(log)[0].call_context("Error 403");
    /// assert_eq!(text, "error: Error 403\nurl: https://x\n");
    ///
    /// let text = RecordedResponse::from_text("GET https://x\nError 403");
    /// assert_eq!(text.call_context("Error 403").1, "GET https://x\n");
    /// ```
    #[must_use]
    pub fn call_context(&self, part: &str) -> (String, String) {
        if let Position::Record(record) = &self.position {
            return (record.lines.clone(), String::new());
        }
        let whole = self.body();
        // A part may begin or end within a character.
        let known = part.trim_matches(char::REPLACEMENT_CHARACTER);
        let before = whole.split_once(known).map(|(before, _)| before).unwrap_or_default();
        (part.to_owned(), before.to_owned())
    }

    /// Returns where the program ran that wrote the record; `None` unless a record of Cloud Logging
    /// or OpenTelemetry shows it.
    ///
    /// ```
    /// # use gcp_scopes_reader::RecordedResponse;
    /// use gcp_scopes_explain::environment::Platform;
    ///
    /// let log = br#"{"textPayload": "Error 403", "resource": {"type": "cloud_run_revision",
    ///     "labels": {"service_name": "shop", "location": "europe-west1"}}}"#;
    /// let here = RecordedResponse::json_records(log)[0].environment().cloned();
    /// assert_eq!(here.map(|here| here.platform()), Some(Platform::CloudRunService));
    /// ```
    #[must_use]
    pub fn environment(&self) -> Option<&Environment> {
        match &self.position {
            Position::Record(record) => record.environment.as_ref(),
            _ => None,
        }
    }

    /// Adds `count` to the number in the [`name`](Self::name). Call this function if only a part of
    /// a log was read: `count` lines or records of the log precede the part.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let record = RecordedResponse::json_records(br#"{"message": "begun"}"#).remove(0);
    /// assert_eq!(record.after(2).name(), Some("record 3".to_owned()));
    /// ```
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        match &mut self.position {
            Position::Unknown => {}
            Position::Line(number) => *number += count,
            Position::Record(record) => record.number += count,
        }
        self
    }

    /// Returns the response for [`classify`](gcp_scopes_explain::refusal::classify).
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// let recorded = RecordedResponse::from_text("200 OK");
    /// assert!(gcp_scopes_explain::refusal::classify(&recorded.error_response()).is_none());
    /// ```
    #[must_use]
    pub fn error_response(&self) -> ErrorResponse<'_> {
        let answer = if self.is_text {
            ErrorResponse::from_text(&self.body)
        } else {
            ErrorResponse::new(&self.body)
        };
        let answer = answer.with_headers(&self.headers);
        self.status.into_iter().fold(answer, ErrorResponse::with_status)
    }

    /// Returns whether this is a text that may contain a response, and not a response.
    ///
    /// ```
    /// # use gcp_scopes_reader::RecordedResponse;
    /// assert!(RecordedResponse::from_text("200 OK").is_text());
    /// ```
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.is_text
    }

    /// Returns the body as text. Bytes that are not UTF-8 are replaced by U+FFFD.
    ///
    /// ```
    /// use gcp_scopes_reader::RecordedResponse;
    ///
    /// assert_eq!(RecordedResponse::from_text(b"For\xffbidden").body(), "For\u{fffd}bidden");
    /// ```
    #[must_use]
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How many texts of a record are kept. A record has a few.
const TEXT_LIMIT: usize = 64;

/// The size of the parts of a text, in bytes: as much as
/// [`classify`](gcp_scopes_explain::refusal::classify) reads.
const PART_SIZE: usize = 64 << 10;
/// How many bytes two consecutive parts share. Google's error messages are shorter.
const PART_OVERLAP: usize = 16 << 10;

/// An example of a line of JSON, for error messages.
const SHAPE: &str = concat!(
    r#"{"transport": "http|grpc|text", "status": 403, "headers": {"name": "text"}, "body": "#,
    r#""text"}"#,
);
const TRANSPORTS: [&str; 3] = ["http", "grpc", "text"];

/// Reads the field `transport`, which must be one of [`TRANSPORTS`].
fn read_transport(fields: &Map<String, Value>) -> Result<&'static str, String> {
    match fields.get("transport") {
        Some(Value::String(other)) => {
            TRANSPORTS.into_iter().find(|name| name == other).ok_or_else(|| {
                let near = nearest_name(other, TRANSPORTS.into_iter());
                let hint =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!("unknown `transport` {}; expected {SHAPE}{hint}", shown(other))
            })
        }
        Some(other) => Err(format!("`transport` is {}; expected {SHAPE}", describe_value(other))),
        None => Err(format!("no `transport`; expected {SHAPE}")),
    }
}

/// Reads the field `status`: a number below 600, as a number or a string. `null` and 0 mean an
/// unknown status.
fn read_status(value: Option<&Value>) -> Result<Option<u16>, String> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let status =
        number.and_then(|number| u16::try_from(number).ok()).filter(|status| *status < 600);
    let status = status.ok_or_else(|| {
        let found = value.map(describe_value).unwrap_or_default();
        format!("`status` is {found}; expected an HTTP status or null, as in {SHAPE}")
    })?;
    Ok(Some(status).filter(|status| *status != 0))
}

/// Reads an object of headers. The case of their names is ignored. Names and values that HTTP does
/// not allow are left out.
fn read_headers(value: Option<&Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let object = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(object)) => object,
        Some(other) => {
            return Err(format!("`headers` is {}; expected {SHAPE}", describe_value(other)));
        }
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

/// Reads the value of a header: a string or a number.
fn header_value(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        // A header may be recorded as it was folded over lines. RFC 9112, section 5.2, has a
        // recipient replace the line ends by spaces.
        Value::String(text) => text.replace(|c: char| c.is_control(), " "),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    HeaderValue::from_bytes(text.trim().as_bytes()).ok()
}

/// Reads the body, which is a string, or a JSON object or array.
fn read_body(value: Option<&Value>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(json @ (Value::Object(_) | Value::Array(_))) => Ok(json.to_string()),
        Some(other) => {
            Err(format!("`body` is {}; expected a string, as in {SHAPE}", describe_value(other)))
        }
    }
}
