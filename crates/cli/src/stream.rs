//! Questions line by line, one answer line each, in order.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use crate::answer;
use crate::ending::{complain, exit};

/// A line may be this long, in bytes; a longer one is not kept in memory.
const LONGEST: u64 = 16 << 20;

/// Answers every line that is not blank as soon as it is there, until the input ends. What cannot be
/// read is answered by an error in its place, and counted: the program then fails at its end.
pub(crate) fn run(
    input: impl BufRead,
    output: impl Write,
    answer: impl Fn(&[u8]) -> Result<String, String>,
) -> ExitCode {
    let mut bad = Bad::default();
    let ended = exit(answer_all(input, output, answer, &mut bad));
    let Some(first) = bad.first else { return ended };
    let lines = if bad.count == 1 { "1 line".to_owned() } else { format!("{} lines", bad.count) };
    complain(&format!(
        "{lines} cannot be read, the first is line {first}; the output says why, each in its place"
    ));
    ExitCode::FAILURE
}

/// Lines that cannot be read.
#[derive(Default)]
struct Bad {
    count: u64,
    /// Counted from 1, as editors do.
    first: Option<u64>,
}

fn answer_all(
    mut input: impl BufRead,
    mut output: impl Write,
    answer: impl Fn(&[u8]) -> Result<String, String>,
    bad: &mut Bad,
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
            answer::error(&format!("line {number}: {why}"))
        });
        output.write_all(format!("{text}\n").as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Reads up to the next line end: none at the end of the input, false if the line was cut off.
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
