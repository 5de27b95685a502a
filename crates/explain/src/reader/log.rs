//! Logs: JSON with a record a line, an array of records as `gcloud logging read --format=json` prints, or
//! plain text whose records begin with a time or a level.

use serde_json::{Map, Value};

use super::lists::{LEVELS, MONTHS, TIMES};
use super::recorded_answer::RecordedAnswer;

/// How many texts of one record are looked at. A record has a handful.
const TEXTS: usize = 64;

/// Something that a program wrote down, and the line or the place in the array that it has, from one on.
#[derive(Debug)]
pub struct LogRecord {
    place: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Fields(Map<String, Value>),
    Text(String),
}

impl LogRecord {
    /// Where to find it.
    #[must_use]
    pub fn name(&self) -> String {
        match self.content {
            Content::Fields(_) => format!("record {}", self.place),
            Content::Text(_) => format!("line {}", self.place),
        }
    }

    /// What may be the answer. Of JSON it is each of its texts alone, then the record as a whole: beside
    /// the one text that counts stand a message and names that are the program's own.
    #[must_use]
    pub fn answers(self) -> Vec<RecordedAnswer> {
        let fields = match self.content {
            Content::Text(text) => return RecordedAnswer::parts(text.as_bytes()).collect(),
            Content::Fields(fields) => fields,
        };
        let mut texts = Vec::new();
        fields.values().for_each(|value| collect(value, &mut texts));
        texts.push(Value::Object(fields).to_string());
        texts.into_iter().map(RecordedAnswer::text).collect()
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if texts.len() < TEXTS && text.contains([' ', '{', '<']) => {
            texts.push(text.clone())
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// The records of a log of JSON; nothing for anything that is none, as Google's own answer is.
///
/// ```
/// use gcp_scopes_explain::reader::log_records;
///
/// let log = br#"{"severity":"ERROR","message":"Request had insufficient authentication scopes."}"#;
/// assert_eq!(log_records(log).map(|records| records.len()), Some(1));
/// assert!(log_records(br#"{"error":{"code":403}}"#).is_none());
/// ```
#[must_use]
pub fn log_records(bytes: &[u8]) -> Option<Vec<LogRecord>> {
    let values = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(one) => vec![one],
        Err(_) => lines(bytes)?,
    };
    let record = |(place, value)| match value {
        Value::Object(fields) if !is_answer(&fields) => Some((place, fields)),
        Value::Null => None,
        _ => Some((0, Map::new())),
    };
    let records: Vec<_> = (1..).zip(values).filter_map(record).collect();
    let is_log = !records.is_empty() && records.iter().all(|(place, _)| *place > 0);
    let named = |(place, fields)| LogRecord { place, content: Content::Fields(fields) };
    is_log.then(|| records.into_iter().map(named).collect())
}

/// A part of a plain log that begins and ends with a record.
#[derive(Debug)]
pub struct LogBlock<'a> {
    line: usize,
    text: &'a str,
}

/// Blocks of at least this many bytes are looked through as a whole first, which takes less than record by
/// record.
const BLOCK: usize = 32 << 10;

impl<'a> LogBlock<'a> {
    /// A plain log; nothing if fewer than two lines begin a record.
    #[must_use]
    pub fn all_of(text: &'a str) -> Vec<Self> {
        let (mut blocks, mut begun, mut starts) = (Vec::new(), (1, 0), 0);
        let mut place = 0;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let is_start = begins(line);
            starts += usize::from(is_start);
            let (first, start) = begun;
            if is_start && place - start >= BLOCK {
                blocks.push(Self { line: first, text: &text[start..place] });
                begun = (number, place);
            }
            place += line.len();
        }
        blocks.push(Self { line: begun.0, text: &text[begun.1..] });
        if starts < 2 { Vec::new() } else { blocks }
    }

    /// The whole block, in parts as long as are read.
    pub fn answers(&self) -> impl Iterator<Item = RecordedAnswer> {
        RecordedAnswer::parts(self.text.as_bytes())
    }

    /// The records, each with the lines that follow its first.
    #[must_use]
    pub fn records(&self) -> Vec<LogRecord> {
        let mut records: Vec<(usize, String)> = Vec::new();
        for (number, line) in (self.line..).zip(self.text.lines()) {
            match records.last_mut() {
                Some((_, record)) if !begins(line) => record.extend(["\n", line]),
                _ => records.push((number, line.to_owned())),
            }
        }
        let named = |(place, text)| LogRecord { place, content: Content::Text(text) };
        records.into_iter().map(named).collect()
    }
}

/// Whether a line begins a record: with a date, a time or a level, in brackets or colours or without.
fn begins(line: &str) -> bool {
    let coloured = line.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m'));
    let line = coloured.map_or(line, |(_, rest)| rest).trim_start_matches(['[', '(', '"']);
    // `E0131 10:00:00` is what Kubernetes' programs write.
    let is_of_klog = line.strip_prefix(['I', 'W', 'E', 'F']).is_some_and(|rest| has_form(rest, "0000 00:"));
    let word = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let is_day = || line.strip_prefix(word).is_some_and(|rest| has_form(rest.trim_start(), "0"));
    let is_dated = MONTHS.contains(&word) && is_day();
    is_of_klog || is_dated || LEVELS.contains(&word) || TIMES.iter().any(|form| has_form(line, form))
}

/// Whether a line begins in this form, in which `0` is any digit.
fn has_form(line: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    line.len() >= form.len() && line.bytes().zip(form.bytes()).all(fits)
}

/// The lines of a text, null for an empty one, if all others are JSON.
fn lines(bytes: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = |line: &str| if line.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(line) };
    text.lines().map(line).collect::<Result<_, _>>().ok()
}

/// Whether this is what a server answered and not what a program wrote about it.
fn is_answer(fields: &Map<String, Value>) -> bool {
    fields.get("error").is_some_and(Value::is_object) || fields.contains_key("error_description")
}
