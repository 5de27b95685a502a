//! Reads the input of `explain` from a file or standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal as _, Read, Write as _};
use std::path::Path;

use crate::output::write_note;

/// The maximum number of bytes of an input that is read as a whole. A longer input is a log, which
/// is read in parts.
const MAX_WHOLE: u64 = 1 << 20;

/// The input of `explain`, in UTF-8 unless it is binary.
pub(crate) enum Input {
    /// An input of at most [`MAX_WHOLE`].
    Whole(Vec<u8>),
    /// A longer input, which is a log.
    Long(Box<dyn Read>),
}

impl Input {
    /// Reads the input as a whole.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, String> {
        let (mut bytes, mut rest) = match self {
            Self::Whole(bytes) => return Ok(bytes),
            Self::Long(rest) => (Vec::new(), rest),
        };
        rest.read_to_end(&mut bytes).map_err(|error| cannot_read("the whole file", &error))?;
        Ok(bytes)
    }
}

/// Opens a file, or standard input if `file` is `None` or `-`. UTF-16 is converted to UTF-8.
///
/// Returns an error if the input cannot be read or is blank.
pub(crate) fn open(file: Option<&Path>) -> Result<Input, String> {
    let file = file.filter(|path| path.as_os_str() != "-");
    let input = open_source(file).and_then(split_by_length).map_err(|error| {
        let quoted = file.map(|path| format!("`{}`", path.display()));
        cannot_read(quoted.as_deref().unwrap_or("standard input"), &error)
    })?;
    match &input {
        Input::Whole(bytes) if bytes.trim_ascii().is_empty() => {
            Err(format!("nothing to explain: {EXAMPLE}"))
        }
        _ => Ok(input),
    }
}

/// Returns the error for an input that cannot be read.
pub(crate) fn cannot_read(name: &str, error: &io::Error) -> String {
    format!("cannot read {name}: {error}; give a file with the response or the log, or pipe it in")
}

fn open_source(file: Option<&Path>) -> io::Result<Box<dyn Read>> {
    if let Some(path) = file {
        return Ok(Box::new(File::open(path)?));
    }
    if io::stdin().is_terminal() {
        write_note("paste the response or the log, then press Ctrl-D");
    }
    Ok(Box::new(io::stdin().lock()))
}

fn split_by_length(mut source: Box<dyn Read>) -> io::Result<Input> {
    let mut head = Vec::new();
    source.by_ref().take(MAX_WHOLE + 1).read_to_end(&mut head)?;
    let is_whole = head.len() as u64 <= MAX_WHOLE;
    let unit: fn([u8; 2]) -> u16 = match head[..] {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ if is_whole => return Ok(Input::Whole(head)),
        _ => return Ok(Input::Long(Box::new(Progress::new(Cursor::new(head).chain(source))))),
    };
    // The first unit is the byte order mark.
    let rest = Cursor::new(head.split_off(2)).chain(source);
    let mut text = Utf16 { input: rest, unit, unread_half: Vec::new(), text: VecDeque::new() };
    if !is_whole {
        return Ok(Input::Long(Box::new(Progress::new(text))));
    }
    let mut whole = Vec::new();
    text.read_to_end(&mut whole)?;
    Ok(Input::Whole(whole))
}

/// Converts UTF-16, which shells of Windows write to files, to UTF-8.
struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// The bytes of a high surrogate, whose second half is not read yet.
    unread_half: Vec<u8>,
    /// The converted text that is not returned yet.
    text: VecDeque<u8>,
}

/// The units with which a pair of units begins. Source: RFC 2781, section 2.1.
const HIGH_SURROGATES: std::ops::Range<u16> = 0xd800..0xdc00;

/// How many bytes of UTF-16 are converted at a time. Even, so that no unit of two bytes is split.
const UTF_16_SIZE: u64 = 64 << 10;

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() {
            let mut bytes = std::mem::take(&mut self.unread_half);
            let count = self.input.by_ref().take(UTF_16_SIZE).read_to_end(&mut bytes)?;
            let mut units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]])).collect();
            let ends_in_surrogate = units.last().is_some_and(|unit| HIGH_SURROGATES.contains(unit));
            // At the end of the input, a high surrogate without its second half becomes U+FFFD.
            if ends_in_surrogate && count > 0 {
                units.pop();
                self.unread_half = bytes.split_off(bytes.len() - 2);
            }
            self.text.extend(String::from_utf16_lossy(&units).bytes());
        }
        self.text.read(out)
    }
}

/// Writes to a terminal how much of the input is read.
struct Progress<R> {
    input: R,
    read: u64,
    shown: u64,
    is_terminal: bool,
}

/// The number of bytes after which the progress is written again.
const PROGRESS_STEP: u64 = 16 << 20;

impl<R> Progress<R> {
    fn new(input: R) -> Self {
        Self { input, read: 0, shown: 0, is_terminal: io::stderr().is_terminal() }
    }

    /// Writes over the line on the terminal. The width of 30 columns covers the line before. A
    /// closed standard error is ignored.
    fn show(&self, line: &str) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r{line:30}\r");
        }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.read += count as u64;
        if self.read - self.shown >= PROGRESS_STEP {
            self.shown = self.read;
            self.show(&format!("{} MiB read", self.read >> 20));
        }
        Ok(count)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        self.show("");
    }
}

const EXAMPLE: &str = "the input is empty; expected a response, a client's error or a log, such as \
                       `Error 403: Request had insufficient authentication scopes.`";
