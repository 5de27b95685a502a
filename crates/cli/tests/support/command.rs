//! Runs the compiled command `gcp-scopes` with no environment variables but those that a test sets.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Returns the command with arguments, an empty environment, and pipes for its outputs.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gcp-scopes"));
    command
        .env_clear()
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The exit code of a command, and its outputs, which are UTF-8.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    /// Returns standard output with single spaces in place of line breaks and indentation, so that
    /// a test does not depend on where lines are wrapped.
    #[allow(dead_code, reason = "some tests read JSON alone")]
    pub(crate) fn words(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Runs a command to its end, with `input` on its standard input.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Writing fails if the command ends without reading its input, which is allowed.
    let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// Runs the command with arguments and an input. Returns the exit code, standard output and
/// standard error.
#[allow(dead_code, reason = "some tests set variables, too")]
pub(crate) fn run(args: &[&str], input: &[u8]) -> (i32, String, String) {
    let Finished { code, out, err } = finish(&mut command(args), input);
    (code, out, err)
}
