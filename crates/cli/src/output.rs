//! Writes results to standard output, and notes and errors to standard error.

use std::io::{self, Write as _};

use clap::ValueEnum;
use gcp_scopes_cli::answer::json::{Versioned, to_json};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for reading.
    Text,
    /// One JSON object.
    Json,
}

/// Prints a text and a line end on standard output, with the colours that the terminal supports.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()
}

/// Writes a note to standard error. A closed standard error is ignored, because the result on
/// standard output is complete without the note.
pub(crate) fn write_note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}.");
}

/// Writes an error to standard error. A closed standard error is ignored, because the exit code
/// also shows the failure.
pub(crate) fn write_error(text: &str) {
    let _ = writeln!(io::stderr(), "gcp-scopes: {text}");
}

/// Returns the JSON that replaces a result if the input cannot be read.
pub(crate) fn error_to_json(message: &str) -> String {
    to_json(&Versioned::new("gcp-scopes/error/1", ErrorJson { error: message }))
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    error: &'a str,
}
