//! Runs `--jsonl`: writes one line of JSON for each line of input, in the order of the input.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use crate::exit_code;
use crate::output::{error_to_json, write_error};

/// The maximum number of bytes of a line, which bounds the memory. A longer line is skipped, and
/// its result is an error.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Writes the result of `process` for each line that is not blank, as soon as the line arrives,
/// until the input ends.
///
/// If `process` returns an error, a JSON object with the error is written instead, and the returned
/// exit code is that of a failure.
pub(crate) fn run(
    input: impl BufRead,
    output: impl Write,
    process: impl Fn(&[u8]) -> Result<String, String>,
) -> ExitCode {
    let mut unreadable = UnreadableLines::default();
    let code = exit_code::after_io(process_lines(input, output, process, &mut unreadable));
    let Some(first) = unreadable.first else { return code };
    let lines = match unreadable.count {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    };
    write_error(&format!(
        "{lines} cannot be read, the first is line {first}; the output contains an error for each"
    ));
    ExitCode::FAILURE
}

/// The lines for which an error was written.
#[derive(Default)]
struct UnreadableLines {
    count: u64,
    /// The number of the first of these lines, counted from 1 as editors do.
    first: Option<u64>,
}

fn process_lines(
    mut input: impl BufRead,
    mut output: impl Write,
    process: impl Fn(&[u8]) -> Result<String, String>,
    unreadable: &mut UnreadableLines,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0;
    while let Some(is_complete) = read_line(&mut input, &mut line)? {
        number += 1;
        if is_blank(&line) {
            continue;
        }
        let result = if is_complete { process(&line) } else { Err(too_long()) };
        let text = result.unwrap_or_else(|error| {
            unreadable.count += 1;
            unreadable.first.get_or_insert(number);
            error_to_json(&format!("line {number}: {error}"))
        });
        output.write_all(format!("{text}\n").as_bytes())?;
        // A program that sends one line and waits for the answer must not have to wait for a full
        // buffer.
        output.flush()?;
    }
    Ok(())
}

/// Reads a line into `line`. Returns `Some(true)` for a complete line, `Some(false)` for a line
/// longer than [`MAX_LINE_BYTES`], of which the rest is skipped, and `None` at the end of the
/// input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    // One byte more than the limit shows whether the line is longer.
    if input.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    let is_complete = line.ends_with(b"\n") || line.len() as u64 <= MAX_LINE_BYTES;
    if !is_complete {
        input.skip_until(b'\n')?;
    }
    Ok(Some(is_complete))
}

fn is_blank(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.trim().is_empty())
}

fn too_long() -> String {
    format!("a line of more than {} MiB; expected one JSON object per line", MAX_LINE_BYTES >> 20)
}
