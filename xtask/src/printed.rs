//! What a program prints, without what differs from run to run.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// The standard output of `cargo` with these arguments.
pub(crate) fn output(arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo").args(arguments).output().context("cargo")?;
    if !output.status.success() {
        bail!("cargo {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(|line| masked(line) + "\n").collect())
}

/// What stands before a value that differs from run to run, what the value is made of, and what is shown.
const VARIES: [(&str, &str, &str); 5] = [
    ("request id  ", "0123456789abcdef", "00000000"),
    (r#""time":""#, "0123456789-T:.Z", "00:00"),
    ("//127.0.0.1:", "0123456789", "0"),
    (" in ", "0123456789.mµns", "0ms"),
    // What is left of a token's hour.
    ("; ", "0123456789", "0"),
];

fn masked(line: &str) -> String {
    VARIES.iter().fold(line.to_owned(), |line, (mark, made_of, shown)| {
        let mut parts = line.split(mark);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| {
            let rest = part.trim_start_matches(|it| made_of.contains(it));
            let varies = rest.len() < part.len() && part.starts_with(|it: char| it.is_ascii_hexdigit());
            if varies { format!("{line}{mark}{shown}{rest}") } else { format!("{line}{mark}{part}") }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_differs_from_run_to_run_is_masked_and_nothing_else() {
        let rows = [
            ("  request id  42035f8740f2", "  request id  00000000"),
            (r#"{"time":"2026-11-22T03:08:17.3Z","message":"no"}"#, r#"{"time":"00:00","message":"no"}"#),
            (
                "PUT http://127.0.0.1:40559/photos in 5.1ms - 403",
                "PUT http://127.0.0.1:0/photos in 0ms - 403",
            ),
            ("PUT http://127.0.0.1:8/photos in 980µs - 403", "PUT http://127.0.0.1:0/photos in 0ms - 403"),
            ("server says; 59 min left)", "server says; 0 min left)"),
            ("not in many cases; Cloud Run, too", "not in many cases; Cloud Run, too"),
            ("HTTP 200 OK", "HTTP 200 OK"),
        ];
        for (line, expected) in rows {
            assert_eq!(masked(line), expected);
        }
    }
}
