//! The streams of `--jsonl`: one line of answer for each line of input, in order.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use crate::exit_code;
use crate::output::{complain, error_to_json};

/// The longest line that is read, in bytes; a longer one is not kept in memory.
const LONGEST: u64 = 16 << 20;

/// Answers every line that is not blank as soon as it arrives, until the input ends. A line that
/// cannot be read is answered by an error, and makes the program fail at the end.
pub(crate) fn run(
    input: impl BufRead,
    output: impl Write,
    answer: impl Fn(&[u8]) -> Result<String, String>,
) -> ExitCode {
    let mut bad = UnreadableLines::default();
    let code = exit_code::after_io(answer_all(input, output, answer, &mut bad));
    let Some(first) = bad.first else { return code };
    let lines = if bad.count == 1 { "1 line".to_owned() } else { format!("{} lines", bad.count) };
    complain(&format!(
        "{lines} cannot be read, the first is line {first}; the output says why, each in its place"
    ));
    ExitCode::FAILURE
}

#[derive(Default)]
struct UnreadableLines {
    count: u64,
    /// Counted from 1, as editors do.
    first: Option<u64>,
}

fn answer_all(
    mut input: impl BufRead,
    mut output: impl Write,
    answer: impl Fn(&[u8]) -> Result<String, String>,
    bad: &mut UnreadableLines,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0;
    while let Some(whole) = read_line(&mut input, &mut line)? {
        number += 1;
        if is_blank(&line) {
            continue;
        }
        let answered = if whole { answer(&line) } else { Err(too_long()) };
        let text = answered.unwrap_or_else(|why| {
            bad.count += 1;
            bad.first.get_or_insert(number);
            error_to_json(&format!("line {number}: {why}"))
        });
        output.write_all(format!("{text}\n").as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Reads a line: `None` at the end of the input, `Some(false)` if the line is too long.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    if input.by_ref().take(LONGEST + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    let whole = line.ends_with(b"\n") || line.len() as u64 <= LONGEST;
    if !whole {
        input.skip_until(b'\n')?;
    }
    Ok(Some(whole))
}

fn is_blank(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.trim().is_empty())
}

fn too_long() -> String {
    format!("a line of more than {} MiB; expected one JSON object per line", LONGEST >> 20)
}
