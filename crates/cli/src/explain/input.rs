//! The input of `explain`: a file or standard input, in bytes that are UTF-8 as far as possible.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use crate::output::note;

/// The longest input, in bytes: a longer log takes too long to search.
const LONGEST: u64 = 16 << 20;

/// Reads the file; without one, or for `-`, standard input.
pub(crate) fn read(file: Option<&Path>) -> Result<Vec<u8>, String> {
    let file = file.filter(|path| path.as_os_str() != "-");
    let bytes = read_bytes(file).map_err(|error| {
        let quoted = file.map(|path| format!("`{}`", path.display()));
        let name = quoted.as_deref().unwrap_or("standard input");
        format!("cannot read {name}: {error}; give a file with what was answered, or pipe it in")
    })?;
    if bytes.trim_ascii().is_empty() {
        return Err(format!("nothing to explain: {EXAMPLE}"));
    }
    if bytes.len() as u64 > LONGEST {
        return Err("more than 16 MiB to look through; give the part with the error".to_owned());
    }
    Ok(in_utf8(bytes))
}

fn read_bytes(file: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file {
        Some(path) => File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?,
        None => {
            if io::stdin().is_terminal() {
                note("paste what was answered, then press Ctrl-D");
            }
            io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)?
        }
    };
    Ok(bytes)
}

/// The text in UTF-8: Windows' shells write UTF-16 to files.
fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let units: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return bytes,
    };
    let words: Vec<u16> = bytes.chunks_exact(2).skip(1).map(|two| units([two[0], two[1]])).collect();
    String::from_utf16_lossy(&words).into_bytes()
}

const EXAMPLE: &str = "the input is empty; expected what Google or a client answered, such as \
                       `Error 403: Request had insufficient authentication scopes.`";
