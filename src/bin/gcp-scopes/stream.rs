//! Questions line by line, one answer line each, in order.

use std::io::{self, BufRead, Write};

use crate::answer::{self, Answer};
use crate::question::Question;

/// A line may be this long; of a longer one only this much is kept, to say what it was.
const LONGEST: usize = 16 << 20;

/// Answers every line that is not blank as soon as it is there, until the input ends.
pub(crate) fn run(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(whole) = read_line(&mut input, &mut line)? {
        if is_blank(&line) {
            continue;
        }
        let question = if whole { Question::from_line(&line) } else { Err(too_long()) };
        let answer = question.map_or_else(|bad| answer::error(&bad), |question| Answer::to(&question).json());
        output.write_all(format!("{answer}\n").as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

/// Reads up to the next line end: none at the end of the input, false if the line was cut off.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let (mut any, mut whole) = (false, true);
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let (text, end) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&chunk[..end], true),
            None => (chunk, false),
        };
        let room = LONGEST - line.len();
        whole &= text.len() <= room;
        line.extend_from_slice(&text[..text.len().min(room)]);
        let used = text.len() + usize::from(end);
        input.consume(used);
        if end {
            return Ok(Some(whole));
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.trim().is_empty())
}

fn too_long() -> String {
    format!("a line of more than {} MiB; expected one JSON object per line", LONGEST >> 20)
}
