//! The exit codes that several verbs share.

use std::io;
use std::process::ExitCode;

use crate::output::{self, OutputFormat, write_error};

/// The exit code of most verbs for wrong arguments. clap uses the same code.
pub(crate) const WRONG_ARGUMENTS: u8 = 2;

/// The exit code of `check` and `whoami` for wrong arguments. For these verbs, 2 means that the
/// result is not known. The number comes from BSD's `sysexits.h`.
pub(crate) const EX_USAGE: u8 = 64;

/// Returns the exit code for wrong arguments of a verb.
pub(crate) fn for_wrong_arguments(verb: &str) -> ExitCode {
    ExitCode::from(if ["check", "whoami"].contains(&verb) { EX_USAGE } else { WRONG_ARGUMENTS })
}

/// Returns the exit code after input and output, and writes a failure to standard error.
///
/// A broken pipe counts as success: a reader such as `| head -1` closes the pipe when it has read
/// enough.
pub(crate) fn after_io(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Rust programs ignore SIGPIPE and get an error instead:
        // <https://github.com/rust-lang/rust/issues/62569>
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            write_error(&format!("cannot read or write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints an error about the arguments as JSON if the output is JSON. Returns the error, for clap
/// to print, if the output is text.
pub(crate) fn print_error_if_json(
    format: OutputFormat,
    result: Result<ExitCode, String>,
) -> Result<ExitCode, String> {
    match (result, format) {
        (Err(error), OutputFormat::Json) => {
            after_io(output::print(&output::error_to_json(&error)));
            Ok(ExitCode::from(WRONG_ARGUMENTS))
        }
        (result, _) => result,
    }
}
