//! What clap prints instead of running a verb: help, the version, and errors about the arguments.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::args::{NO_BREAK, command};
use crate::{exit_code, output};

/// Prints help, the version, or why the arguments cannot be read.
pub(crate) fn print(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string().replace(NO_BREAK, " ");
    if !error.use_stderr() {
        return exit_code::after_io(output::print(&text));
    }
    // Standard error may be closed; the exit code still shows the failure.
    let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
    exit_code::for_wrong_arguments(&verb_among(std::env::args_os()))
}

/// The first argument that names a verb: after an error, clap does not return what it read.
fn verb_among(arguments: impl Iterator<Item = OsString>) -> String {
    let command = command();
    let mut words = arguments.skip(1).filter_map(|argument| argument.into_string().ok());
    words.find(|word| command.find_subcommand(word).is_some()).unwrap_or_default()
}

/// Prints, as clap does, why arguments that clap accepted cannot be used.
pub(crate) fn refuse(verb: &str, error: &str) -> ExitCode {
    let mut command = command();
    command.build();
    let command = command.find_subcommand_mut(verb).expect("clap matched this verb");
    // Standard error may be closed; the exit code still shows the failure.
    let _ = command.error(ErrorKind::ValueValidation, error).print();
    exit_code::for_wrong_arguments(verb)
}
