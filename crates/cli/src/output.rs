//! What the program writes: answers on standard output, and remarks on standard error.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Prints a text and a line end.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()
}

/// Writes a remark to standard error, which may be closed: the answer is complete without it.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}.");
}

/// Writes an error to standard error, which may be closed: the exit code still shows the failure.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "gcp-scopes: {text}");
}

pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and lists of strings always serialize")
}

/// The JSON in the place of an answer, for input that cannot be read.
pub(crate) fn error_to_json(message: &str) -> String {
    to_json(&ErrorJson { error: message })
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    error: &'a str,
}
