//! The exit codes that several verbs have in common.

use std::io;
use std::process::ExitCode;

use crate::output::{self, OutputFormat, complain};

/// For wrong arguments of most verbs, as clap ends.
pub(crate) const WRONG_ARGUMENTS: u8 = 2;

/// For wrong arguments of `check` and `whoami`, whose code 2 is an answer. From BSD's sysexits.
pub(crate) const EX_USAGE: u8 = 64;

/// The exit code for wrong arguments of a verb.
pub(crate) fn for_wrong_arguments(verb: &str) -> ExitCode {
    ExitCode::from(if ["check", "whoami"].contains(&verb) { EX_USAGE } else { WRONG_ARGUMENTS })
}

/// The exit code after reading and writing. A reader that closes the pipe early is no failure:
/// `| head -1` has read enough.
pub(crate) fn after_io(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints an error about the arguments as JSON, if that is the format of the answers. As text it is
/// left to clap.
pub(crate) fn with_error_in(
    format: OutputFormat,
    answered: Result<ExitCode, String>,
) -> Result<ExitCode, String> {
    match (answered, format) {
        (Err(error), OutputFormat::Json) => {
            after_io(output::print(&output::error_to_json(&error)));
            Ok(ExitCode::from(WRONG_ARGUMENTS))
        }
        (answered, _) => answered,
    }
}
