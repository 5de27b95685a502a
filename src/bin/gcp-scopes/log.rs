//! Logs of JSON: a record a line, or an array of records as `gcloud logging read --format=json` prints.

use serde_json::{Map, Value};

use crate::said::Said;

/// How many texts of one record are looked at. A record has a handful.
const TEXTS: usize = 64;

/// Something that a program wrote down, and the line or the place in the array that it has, from one on.
pub(crate) struct Record {
    pub(crate) place: usize,
    fields: Map<String, Value>,
}

impl Record {
    /// What may be the answer: each of its texts alone, then the record as a whole. Beside the one text that
    /// counts stand a message and names that are the program's own.
    pub(crate) fn answers(self) -> impl Iterator<Item = Said> {
        let mut texts = Vec::new();
        self.fields.values().for_each(|value| collect(value, &mut texts));
        texts.push(Value::Object(self.fields).to_string());
        texts.into_iter().map(Said::text)
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

/// The records of a log; nothing for anything that is none, as Google's own answer is.
pub(crate) fn records(bytes: &[u8]) -> Option<Vec<Record>> {
    let values = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(one) => vec![one],
        Err(_) => lines(bytes)?,
    };
    let record = |(place, value)| match value {
        Value::Object(fields) if !is_answer(&fields) => Some(Record { place, fields }),
        Value::Null => None,
        _ => Some(Record { place: 0, fields: Map::new() }),
    };
    let records: Vec<Record> = (1..).zip(values).filter_map(record).collect();
    let is_log = !records.is_empty() && records.iter().all(|record| record.place > 0);
    is_log.then_some(records)
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
