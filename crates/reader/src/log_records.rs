//! Splits a log into its records. A JSON log has a record on each line, or is an array of records,
//! as `gcloud logging read --format=json` prints it. The records of a plain-text log begin with a
//! time or a level; syslog and journald write a time before each line of a message.

use serde_json::{Map, Value};

use crate::lists::{LOG_LEVELS, MIDDLE_STARTS, MONTHS, TIME_PATTERNS};

/// The least size of a block of a plain-text log, in bytes. A search of a block of this size is
/// faster than a search of each of its records.
const MIN_BLOCK_SIZE: usize = 32 << 10;

/// The beginning of the line with which a command of gcloud fails.
const GCLOUD_ERROR: &str = "ERROR: (gcloud.";

/// The words with which the lines of gcloud begin that look like records of a log.
const GCLOUD_MESSAGES: [&str; 2] = ["WARNING: ", "ERROR: "];

/// Returns the records of a JSON log, each with its number in the log, which starts at 1. Returns
/// `None` for other input, including JSON that is the error response of a server.
pub(crate) fn json_records(bytes: &[u8]) -> Option<Vec<(usize, Map<String, Value>)>> {
    let values = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(one) => vec![one],
        Err(_) => json_lines(bytes)?,
    };
    let mut records = Vec::new();
    for (place, value) in (1..).zip(values) {
        match value {
            Value::Object(fields) if !is_error_response(&fields) => {
                records.extend(nested_records(fields).into_iter().map(|fields| (place, fields)));
            }
            Value::Null => {}
            _ => return None,
        }
    }
    (!records.is_empty()).then_some(records)
}

/// The fields of OpenTelemetry's JSON form that contain records: those of a resource, of its
/// scopes, and the records of a scope.
/// Source: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>
const NESTED: [[&str; 3]; 2] =
    [["resourceSpans", "scopeSpans", "spans"], ["resourceLogs", "scopeLogs", "logRecords"]];

/// Returns the records within an object of OpenTelemetry, each with its resource, or within a
/// response of the Logging API. Any other object is itself a record.
fn nested_records(fields: Map<String, Value>) -> Vec<Map<String, Value>> {
    let of = |value: &Value, key: &str| {
        let items = value.get(key).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let root = Value::Object(fields);
    let mut records = of(&root, "entries");
    for [resources, scopes, items] in NESTED {
        for group in of(&root, resources) {
            let of_group = of(&group, scopes).into_iter().flat_map(|scope| of(&scope, items));
            records.extend(of_group.map(|mut record| {
                if let (Some(fields), Some(resource)) =
                    (record.as_object_mut(), group.get("resource"))
                {
                    fields.insert("resource".to_owned(), resource.clone());
                }
                record
            }));
        }
    }
    if records.is_empty() {
        records.push(root);
    }
    let object = |value| if let Value::Object(fields) = value { Some(fields) } else { None };
    records.into_iter().filter_map(object).collect()
}

/// Parses each line of a text as JSON. Returns `null` for an empty line, and `None` if another line
/// is not JSON.
fn json_lines(bytes: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = |line: &str| {
        if line.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(line) }
    };
    text.lines().map(line).collect::<Result<_, _>>().ok()
}

/// Returns whether the object is the error response of a server. Log records of programs have other
/// fields.
fn is_error_response(fields: &Map<String, Value>) -> bool {
    let name = fields.get("name").and_then(Value::as_str);
    fields.get("error").is_some_and(Value::is_object)
        || fields.contains_key("error_description")
        || name == Some("insufficient_scope")
}

/// Splits a plain-text log into blocks of whole records, each with the number of its first line.
/// Returns an empty list if fewer than two lines of the text begin a record. The warnings and the
/// error of one command of gcloud are no records.
pub(crate) fn blocks(text: &str) -> Vec<(usize, &str)> {
    let is_of_gcloud = text.lines().any(|line| line.starts_with(GCLOUD_ERROR));
    // `begun` is the number and the byte offset of the first line of the current block.
    let (mut blocks, mut begun, mut starts) = (Vec::new(), (1, 0), 0);
    let (mut place, mut current) = (0, CurrentRecord::default());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let is_start = current.continuation(line.trim_end()).is_none();
        let is_message =
            || is_of_gcloud && GCLOUD_MESSAGES.iter().any(|word| line.starts_with(word));
        // Two are enough, so the lines of a long log are not examined twice.
        if starts < 2 && begins_record(line) && !is_message() {
            starts += 1;
        }
        let (first, start) = begun;
        if is_start && place - start >= MIN_BLOCK_SIZE {
            blocks.push((first, &text[start..place]));
            begun = (number, place);
        }
        place += line.len();
    }
    blocks.push((begun.0, &text[begun.1..]));
    if starts < 2 { Vec::new() } else { blocks }
}

/// Splits a block into its records, each with the number of its first line. `first` is the number
/// of the block's first line. A line that does not begin a record belongs to the preceding record.
pub(crate) fn records_of_block(first: usize, text: &str) -> Vec<(usize, String)> {
    let mut records: Vec<(usize, String)> = Vec::new();
    let mut current = CurrentRecord::default();
    for (number, line) in (first..).zip(text.lines()) {
        match (records.last_mut(), current.continuation(line)) {
            (Some((_, record)), Some(text)) => record.extend(["\n", text]),
            _ => records.push((number, line.to_owned())),
        }
    }
    records
}

/// The record of a plain-text log to which the next line may belong.
#[derive(Default)]
struct CurrentRecord<'a> {
    /// What syslog wrote before the first line of the record; see [`syslog_prefix`].
    prefix: &'a str,
    /// How many brackets are open after the record's last line.
    open: i32,
}

impl<'a> CurrentRecord<'a> {
    /// Adds a line to the record, and returns the text that the line adds. Returns `None` if the
    /// line begins the next record.
    ///
    /// syslog and journald write the time before each line of a message. There, a line continues
    /// the record only if the same process wrote the line in the same second, and if the line looks
    /// like the middle of a message.
    fn continuation(&mut self, line: &'a str) -> Option<&'a str> {
        let prefix = syslog_prefix(line);
        let text = line.strip_prefix(prefix).unwrap_or(line);
        let text = text.strip_prefix(' ').filter(|_| !prefix.is_empty()).unwrap_or(text);
        let has_start = || MIDDLE_STARTS.iter().any(|start| text.starts_with(start));
        let is_middle = || text.is_empty() || self.open > 0 || has_start();
        let is_of_message = || prefix == self.prefix && is_middle();
        let is_continued = !begins_record(text) && (prefix.is_empty() || is_of_message());
        if !is_continued {
            *self = Self { prefix, open: 0 };
        }
        // Only in a record with a prefix do brackets show whether the next line continues it.
        if !self.prefix.is_empty() {
            let brackets =
                |of: [char; 2]| i32::try_from(text.matches(of).count()).unwrap_or_default();
            self.open += brackets(['{', '[']) - brackets(['}', ']']);
        }
        is_continued.then_some(text)
    }
}

/// Returns what syslog or journald writes before each line of a message, such as `Nov 02 08:14:02
/// vm-1 kite[812]:`, with the name that Compute Engine adds for startup scripts. The prefix is
/// empty if the line has none.
fn syslog_prefix(line: &str) -> &str {
    let Some((process, rest)) = line.split_once("]:") else { return "" };
    let id = process.rsplit_once('[').map(|(_, id)| id).unwrap_or_default();
    let is_process = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if !is_process || !begins_record(line) {
        return "";
    }
    let rest = rest.strip_prefix(" startup-script:").unwrap_or(rest);
    &line[..line.len() - rest.len()]
}

/// Returns whether a line begins with a date, a time or a level, as the first line of a record
/// does. A bracket, a quote or a colour code may precede the date, time or level.
fn begins_record(line: &str) -> bool {
    let coloured = line.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m'));
    let line = coloured.map_or(line, |(_, rest)| rest).trim_start_matches(['[', '(', '"']);
    // Programs of Kubernetes write `E0131 10:00:00`.
    let is_of_klog =
        line.strip_prefix(['I', 'W', 'E', 'F']).is_some_and(|rest| begins_with(rest, "0000 00:"));
    let word = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let is_day = || line.strip_prefix(word).is_some_and(|rest| begins_with(rest.trim_start(), "0"));
    let is_dated = MONTHS.contains(&word) && is_day();
    is_of_klog
        || is_dated
        || LOG_LEVELS.contains(&word)
        || TIME_PATTERNS.iter().any(|form| begins_with(line, form))
}

/// Returns whether a line begins with this pattern, in which `0` matches a digit.
fn begins_with(line: &str, pattern: &str) -> bool {
    let fits =
        |(byte, mark): (u8, u8)| if mark == b'0' { byte.is_ascii_digit() } else { byte == mark };
    line.len() >= pattern.len() && line.bytes().zip(pattern.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_in_the_middle_of_a_message_continue_a_record_of_syslog() {
        let first = "Nov 02 08:14:02 vm-1 kite[7]: Error 403: [";
        let rows = [
            ("Nov 02 08:14:02 vm-1 kite[7]: reason: X", 1),
            ("Nov 02 08:14:02 vm-1 kite[7]: ]\nNov 02 08:14:02 vm-1 kite[7]: Error 403", 2),
            ("Nov 02 08:14:02 vm-1 kite[7]: ]\nNov 02 08:14:02 vm-1 kite[7]:   at main", 1),
            ("Nov 02 08:14:02 vm-1 kite[7]: ERROR Error 403", 2),
            ("Nov 02 08:14:02 vm-1 kite[8]: reason: X", 2),
            ("Nov 02 08:14:03 vm-1 kite[7]: reason: X", 2),
            ("Nov 02 08:14:02 vm-1 kernel: reason: X", 2),
        ];
        for (next, count) in rows {
            let log = format!("{first}\n{next}");
            assert_eq!(records_of_block(1, &log).len(), count, "{log}");
        }
        let log = format!("{first}\nNov 02 08:14:02 vm-1 kite[7]:  at main");
        assert_eq!(blocks(&log), [(1, log.as_str())]);
        assert_eq!(records_of_block(1, &log), [(1, format!("{first}\n at main"))]);
    }
}
