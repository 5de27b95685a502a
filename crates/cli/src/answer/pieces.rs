//! Splits a long log into pieces: the values of a JSON log, the documents of a YAML log, or parts
//! of a plain-text log. Only a few pieces are in memory at a time.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::yaml;

/// How many bytes are read at a time.
const CHUNK: usize = 1 << 20;

/// The size of the parts of a plain-text log, in bytes.
const TEXT_SIZE: usize = 256 << 10;

/// The maximum size of a piece, in bytes. A larger JSON value is no piece; each object inside the
/// value is one. A larger YAML document or text is cut.
const MAX_PIECE: usize = 2 << 20;

/// The number of bytes before a piece that stay in memory, because the refused call may be there.
const HISTORY: usize = 32 << 10;

/// The form of a log, or of a piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A log whose pieces are JSON objects: an array, or one object after another. Other lines
    /// between the objects are text.
    Json,
    /// The records of Cloud Logging as `gcloud logging read` prints them.
    Yaml,
    Text,
}

/// A piece of a log.
#[derive(Debug, Clone)]
pub(crate) struct LogPiece {
    pub(crate) form: Form,
    /// The position of the piece in [`Pieces::buffer`].
    range: Range<usize>,
    /// How many records precede the piece. In a plain-text log, how many lines precede it.
    pub(crate) preceding: usize,
}

/// The pieces of a log that is being read.
pub(crate) struct Pieces<R> {
    input: R,
    form: Form,
    /// The bytes in memory: some that belong to returned pieces, then those that follow.
    buffer: Vec<u8>,
    /// The position in the buffer where the next piece begins.
    at: usize,
    /// Whether the input has ended.
    is_end: bool,
    /// Whether the pieces are within a JSON value that is larger than [`MAX_PIECE`].
    is_inside: bool,
    /// The last pieces of a JSON or YAML log, as far as they are in the buffer.
    last: VecDeque<LogPiece>,
    /// The number of pieces of a JSON or YAML log that were returned.
    records: usize,
    /// The number of lines of a plain-text log before `counted`.
    lines: usize,
    /// The position in the buffer up to which lines were counted.
    counted: usize,
}

impl<R: Read> Pieces<R> {
    pub(crate) fn new(input: R) -> io::Result<Self> {
        let mut pieces = Self {
            input,
            form: Form::Text,
            buffer: Vec::new(),
            at: 0,
            is_end: false,
            is_inside: false,
            last: VecDeque::new(),
            records: 0,
            lines: 0,
            counted: 0,
        };
        pieces.fill()?;
        pieces.form = form_of(&pieces.buffer);
        Ok(pieces)
    }

    /// Reads more of the input. Drops what precedes the kept history.
    fn fill(&mut self) -> io::Result<()> {
        self.count_lines();
        let dropped = self.at.saturating_sub(HISTORY);
        self.buffer.drain(..dropped);
        self.at -= dropped;
        self.counted -= dropped;
        self.last.retain(|piece| piece.range.start >= dropped);
        for piece in &mut self.last {
            piece.range = piece.range.start - dropped..piece.range.end - dropped;
        }
        let count = self.input.by_ref().take(CHUNK as u64).read_to_end(&mut self.buffer)?;
        self.is_end = count == 0;
        Ok(())
    }

    /// Counts the lines of a plain-text log up to the next piece.
    fn count_lines(&mut self) {
        if self.form == Form::Text && self.counted < self.at {
            let passed = self.buffer.get(self.counted..self.at).unwrap_or_default();
            self.lines += passed.iter().filter(|byte| **byte == b'\n').count();
        }
        self.counted = self.at;
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn bytes(&self, piece: &LogPiece) -> &[u8] {
        self.buffer.get(piece.range.clone()).unwrap_or_default()
    }

    /// Returns the pieces before a piece, as far as they are kept; for a plain-text log, one piece.
    pub(crate) fn before(&self, piece: &LogPiece) -> Vec<LogPiece> {
        if self.form != Form::Text {
            let earlier = self.last.iter().filter(|other| other.range.end <= piece.range.start);
            return earlier.cloned().collect();
        }
        let start = piece.range.start;
        vec![LogPiece { range: start.saturating_sub(HISTORY)..start, ..piece.clone() }]
    }

    /// Puts the last `length` bytes of the last piece back. The next piece begins with them.
    pub(crate) fn give_back(&mut self, length: usize) {
        self.at -= length;
        self.counted = self.counted.min(self.at);
    }

    /// Returns whether nothing follows the last piece.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_end && self.rest().is_empty()
    }

    /// Returns the next piece; `None` at the end of the log.
    pub(crate) fn next_piece(&mut self) -> io::Result<Option<LogPiece>> {
        loop {
            let found = match self.form {
                Form::Json => self.json_piece(),
                Form::Yaml => self.yaml_piece(),
                Form::Text => self.text_piece(),
            };
            match found {
                Some((form, length)) => return Ok(Some(self.take(form, length))),
                None if self.is_end => return Ok(None),
                None => self.fill()?,
            }
        }
    }

    /// Takes a piece of this length from the rest.
    fn take(&mut self, form: Form, length: usize) -> LogPiece {
        self.count_lines();
        let range = self.at..self.at + length;
        self.at = range.end;
        let preceding = if self.form == Form::Text { self.lines } else { self.records };
        let piece = LogPiece { form, range, preceding };
        if self.form != Form::Text {
            self.records += 1;
            while self.last.front().is_some_and(|first| first.range.end + HISTORY < self.at) {
                self.last.pop_front();
            }
            self.last.push_back(piece.clone());
        }
        piece
    }

    /// Returns the form and the length of the next piece of a JSON log; `None` if more must be
    /// read.
    fn json_piece(&mut self) -> Option<(Form, usize)> {
        loop {
            let is_separator = |byte: &u8| byte.is_ascii_whitespace() || b",[]".contains(byte);
            self.at += self.rest().iter().take_while(|byte| is_separator(byte)).count();
            let rest = self.rest();
            if *rest.first()? != b'{' {
                let is_limit = |byte: &u8| *byte == b'\n' || (self.is_inside && *byte == b'{');
                let length = rest.iter().position(is_limit);
                return self.bounded(length).map(|length| (Form::Text, length));
            }
            let mut values = Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
            match values.next() {
                Some(Ok(_)) => return Some((Form::Json, values.byte_offset())),
                Some(Err(error)) if error.is_eof() && rest.len() < MAX_PIECE && !self.is_end => {
                    return None;
                }
                // The object is too large or malformed. Its fields, or text, follow the brace.
                _ => {
                    self.is_inside = true;
                    self.at += 1;
                }
            }
        }
    }

    fn yaml_piece(&self) -> Option<(Form, usize)> {
        let rest = self.rest();
        let end = rest.windows(yaml::SEPARATOR.len()).position(|part| part == yaml::SEPARATOR);
        let end = end.map(|end| end + yaml::SEPARATOR.len());
        self.bounded(end).map(|length| (Form::Yaml, length))
    }

    fn text_piece(&self) -> Option<(Form, usize)> {
        let rest = self.rest();
        let head = rest.get(..TEXT_SIZE);
        let last = head.and_then(|head| head.iter().rposition(|byte| *byte == b'\n'));
        // A line may be longer than the head.
        let end =
            last.or_else(|| rest.iter().position(|byte| *byte == b'\n').filter(|_| head.is_some()));
        self.bounded(end.map(|end| end + 1)).map(|length| (Form::Text, length))
    }
}

impl<R> Pieces<R> {
    /// Returns the length of the next piece. `end` is its length if its end is in the buffer. A
    /// piece without an end is cut at [`MAX_PIECE`] and at the end of the input. Returns `None` if
    /// more must be read.
    fn bounded(&self, end: Option<usize>) -> Option<usize> {
        let length = self.buffer.len() - self.at;
        let cut = || (self.is_end || length >= MAX_PIECE).then_some(length.min(MAX_PIECE));
        end.or_else(cut).filter(|length| *length > 0)
    }
}

/// Returns the form of a log, from its beginning.
fn form_of(head: &[u8]) -> Form {
    // The byte order mark of UTF-8.
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if yaml::is_log(head) {
        return Form::Yaml;
    }
    // A plain-text log may begin with a time in brackets.
    let value = head.strip_prefix(b"[").unwrap_or(head).trim_ascii_start();
    let mut values = Deserializer::from_slice(value).into_iter::<IgnoredAny>();
    let mut is_json = || values.next().is_some_and(|value| value.err().is_none_or(|e| e.is_eof()));
    if value.starts_with(b"{") && is_json() { Form::Json } else { Form::Text }
}
