//! Reads the input of `explain` from a file or standard input.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use crate::output::write_note;

/// The maximum number of bytes of the input. A longer log takes too long to search.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a file, or standard input if `file` is `None` or `-`, and converts UTF-16 to UTF-8.
///
/// Returns an error if the input cannot be read, is blank, or has more than [`MAX_BYTES`].
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
    if bytes.len() as u64 > MAX_BYTES {
        return Err("more than 16 MiB to look through; give the part with the error".to_owned());
    }
    Ok(in_utf8(bytes))
}

/// Reads at most one byte more than [`MAX_BYTES`], by which the caller recognizes an input that is
/// too long.
fn read_bytes(file: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file {
        Some(path) => File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
        None => {
            if io::stdin().is_terminal() {
                write_note("paste what was answered, then press Ctrl-D");
            }
            io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)?
        }
    };
    Ok(bytes)
}

/// Converts a text with a UTF-16 byte order mark to UTF-8: shells of Windows write UTF-16 to files.
/// Other bytes are returned unchanged.
fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return bytes,
    };
    // The first unit is the byte order mark.
    let units: Vec<u16> =
        bytes.chunks_exact(2).skip(1).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

const EXAMPLE: &str = "the input is empty; expected what Google or a client answered, such as \
                       `Error 403: Request had insufficient authentication scopes.`";
