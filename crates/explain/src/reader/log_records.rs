//! The records of a log: of JSON, with a record on each line or in an array, as `gcloud logging
//! read --format=json` prints it, or of plain text, whose records begin with a time or a level.

use serde_json::{Map, Value};

use super::lists::{LEVELS, MONTHS, TIMES};

/// How many texts of one record are kept. A record has a handful.
const TEXT_LIMIT: usize = 64;

/// Blocks of a plain log have at least this many bytes: to search a block takes less time than to
/// search its records one by one.
const BLOCK: usize = 32 << 10;

/// The records of a log of JSON, each with its place, from 1 on. `None` for any other input, such
/// as Google's answer, which is JSON too.
pub(super) fn of_json(bytes: &[u8]) -> Option<Vec<(usize, Map<String, Value>)>> {
    let values = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(one) => vec![one],
        Err(_) => json_lines(bytes)?,
    };
    let mut records = Vec::new();
    for (place, value) in (1..).zip(values) {
        match value {
            Value::Object(fields) if !is_answer(&fields) => records.push((place, fields)),
            Value::Null => {}
            _ => return None,
        }
    }
    (!records.is_empty()).then_some(records)
}

/// The values of the lines of a text, `null` for an empty line, if all others are JSON.
fn json_lines(bytes: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = |line: &str| if line.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(line) };
    text.lines().map(line).collect::<Result<_, _>>().ok()
}

/// Whether a server sent this. A program writes other fields about it.
fn is_answer(fields: &Map<String, Value>) -> bool {
    fields.get("error").is_some_and(Value::is_object) || fields.contains_key("error_description")
}

/// The texts of a record that have more than one word.
pub(super) fn texts(fields: &Map<String, Value>) -> Vec<String> {
    let mut texts = Vec::new();
    fields.values().for_each(|value| collect(value, &mut texts));
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if texts.len() < TEXT_LIMIT && text.contains([' ', '{', '<']) => {
            texts.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// The blocks of a plain log, which begin and end with a record, each with the number of its first
/// line. None if fewer than two lines of the text begin a record.
pub(super) fn blocks(text: &str) -> Vec<(usize, &str)> {
    let (mut blocks, mut begun, mut starts) = (Vec::new(), (1, 0), 0);
    let mut place = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let is_start = begins_record(line);
        starts += usize::from(is_start);
        let (first, start) = begun;
        if is_start && place - start >= BLOCK {
            blocks.push((first, &text[start..place]));
            begun = (number, place);
        }
        place += line.len();
    }
    blocks.push((begun.0, &text[begun.1..]));
    if starts < 2 { Vec::new() } else { blocks }
}

/// The records of a block that begins at this line, each with the number of its first line. Lines
/// that begin no record belong to the one before.
pub(super) fn of_block(first: usize, text: &str) -> Vec<(usize, String)> {
    let mut records: Vec<(usize, String)> = Vec::new();
    for (number, line) in (first..).zip(text.lines()) {
        match records.last_mut() {
            Some((_, record)) if !begins_record(line) => record.extend(["\n", line]),
            _ => records.push((number, line.to_owned())),
        }
    }
    records
}

/// Whether a line begins a record, with a date, a time or a level; brackets and colours may be
/// before it.
fn begins_record(line: &str) -> bool {
    let coloured = line.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m'));
    let line = coloured.map_or(line, |(_, rest)| rest).trim_start_matches(['[', '(', '"']);
    // Kubernetes' programs write `E0131 10:00:00`.
    let is_of_klog = line.strip_prefix(['I', 'W', 'E', 'F']).is_some_and(|rest| has_form(rest, "0000 00:"));
    let word = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let is_day = || line.strip_prefix(word).is_some_and(|rest| has_form(rest.trim_start(), "0"));
    let is_dated = MONTHS.contains(&word) && is_day();
    is_of_klog || is_dated || LEVELS.contains(&word) || TIMES.iter().any(|form| has_form(line, form))
}

/// Whether a line begins with this form, in which `0` stands for a digit.
fn has_form(line: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    line.len() >= form.len() && line.bytes().zip(form.bytes()).all(fits)
}
