//! Runs programs and masks the parts of their output that differ between runs.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Returns the masked standard output of `cargo` with these arguments.
pub(crate) fn output(arguments: &[&str]) -> Result<String> {
    run(Command::new("cargo").args(arguments))
}

/// Returns the masked standard output of the command `gcp-scopes` with these arguments.
///
/// The whole workspace is built, as for its tests. For the command alone, cargo would compile the
/// dependencies again, with fewer features.
pub(crate) fn command_output(arguments: &[&str]) -> Result<String> {
    run(Command::new("cargo").args(["build", "--quiet", "--workspace", "--bins", "--examples"]))?;
    run(Command::new(workspace::target()?.join("debug/gcp-scopes")).args(arguments))
}

/// Returns the masked standard output of a command, which must succeed.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(|line| masked(line) + "\n").collect())
}

/// The values that differ between runs. Each row contains the text before a value, the characters
/// of a value, and the text that replaces a value.
const VARYING: [(&str, &str, &str); 5] = [
    ("request id  ", "0123456789abcdef", "00000000"),
    (r#""time":""#, "0123456789-T:.Z", "00:00"),
    ("//127.0.0.1:", "0123456789", "0"),
    (" in ", "0123456789.mµns", "0ms"),
    // The number of minutes for which a token is still valid.
    ("; ", "0123456789", "0"),
];

/// Returns a line with the varying values replaced.
fn masked(line: &str) -> String {
    VARYING.iter().fold(line.to_owned(), |line, (prefix, characters, replacement)| {
        let mut parts = line.split(prefix);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| {
            let rest = part.trim_start_matches(|c| characters.contains(c));
            let has_value =
                rest.len() < part.len() && part.starts_with(|c: char| c.is_ascii_hexdigit());
            match has_value {
                true => format!("{line}{prefix}{replacement}{rest}"),
                false => format!("{line}{prefix}{part}"),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn only_values_that_differ_between_runs_are_masked() {
        let rows = [
            ("  request id  42035f8740f2", "  request id  00000000"),
            (
                r#"{"time":"2026-11-22T03:08:17.3Z","message":"no"}"#,
                r#"{"time":"00:00","message":"no"}"#,
            ),
            (
                "PUT http://127.0.0.1:40559/photos in 5.1ms - 403",
                "PUT http://127.0.0.1:0/photos in 0ms - 403",
            ),
            (
                "PUT http://127.0.0.1:8/photos in 980µs - 403",
                "PUT http://127.0.0.1:0/photos in 0ms - 403",
            ),
            ("server says; 59 min left)", "server says; 0 min left)"),
            ("not in many cases; Cloud Run, too", "not in many cases; Cloud Run, too"),
            ("HTTP 200 OK", "HTTP 200 OK"),
        ];
        for (line, expected) in rows {
            assert_eq!(masked(line), expected);
        }
    }
}
