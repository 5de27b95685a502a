//! Questions line by line, one answer line each, in order.

use std::io::{self, BufRead, Read, Write};

use crate::answer;

/// A line may be this long, in bytes; a longer one is not kept in memory.
const LONGEST: u64 = 16 << 20;

/// Answers every line that is not blank as soon as it is there, until the input ends. What cannot be
/// read is answered by an error in its place.
pub(crate) fn run(
    mut input: impl BufRead,
    mut output: impl Write,
    answer: impl Fn(&[u8]) -> Result<String, String>,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(whole) = read_line(&mut input, &mut line)? {
        if is_blank(&line) {
            continue;
        }
        let answered = if whole { answer(&line) } else { Err(too_long()) };
        let text = answered.unwrap_or_else(|bad| answer::error(&bad));
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
