//! Writes results to standard output, and notes and errors to standard error.

use std::io::{self, Write as _};

use clap::ValueEnum;
use gcp_scopes::ScopeSet;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
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

/// Returns a value as JSON on one line.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and lists of strings always serialize")
}

/// Returns the JSON that replaces a result if the input cannot be read.
pub(crate) fn error_to_json(message: &str) -> String {
    to_json(&Versioned::new("gcp-scopes/error/1", ErrorJson { error: message }))
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    error: &'a str,
}

/// A JSON object with the name and the version of its form, which `docs/schema/gcp-scopes.json`
/// of the repository describes.
#[derive(Serialize)]
pub(crate) struct Versioned<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    value: T,
}

impl<'a, T: Serialize> Versioned<'a, T> {
    pub(crate) fn new(schema: &'a str, value: T) -> Self {
        Self { schema, value }
    }
}

/// Returns the URIs of scopes, sorted, for JSON.
pub(crate) fn sorted_uris(scopes: &ScopeSet) -> Vec<String> {
    let mut uris: Vec<String> = scopes.iter().map(|scope| scope.to_string()).collect();
    uris.sort();
    uris
}
