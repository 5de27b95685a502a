//! Prints the help, the version, and errors about the arguments, as clap does.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::args::{NO_BREAK, command};
use crate::{exit_code, output};

/// Prints the text that clap returned instead of parsed arguments: the help, the version, or an
/// error. Returns the exit code of the program.
pub(crate) fn print(error: &clap::Error) -> ExitCode {
    // A shell does not split words at a no-break space, so a copied example would not work.
    let text = error.render().ansi().to_string().replace(NO_BREAK, " ");
    if !error.use_stderr() {
        return exit_code::after_io(output::print(&text));
    }
    // Standard error may be closed; the exit code still shows the failure.
    let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
    exit_code::for_wrong_arguments(&first_verb(std::env::args_os()))
}

/// Returns the first argument that is the name of a verb, or an empty string.
///
/// The exit code depends on the verb, and clap's error does not contain the name of the verb.
fn first_verb(arguments: impl Iterator<Item = OsString>) -> String {
    let command = command();
    let mut words = arguments.skip(1).filter_map(|argument| argument.into_string().ok());
    words.find(|word| command.find_subcommand(word).is_some()).unwrap_or_default()
}

/// Prints an error about an argument that clap accepted, but the verb did not, in the form of
/// clap's own errors. Returns the exit code of the program.
pub(crate) fn print_invalid_value(verb: &str, error: &str) -> ExitCode {
    let mut command = command();
    // Only in a built command do the verbs have their full names, which the error contains.
    command.build();
    let command = command.find_subcommand_mut(verb).expect("clap matched this verb");
    // Standard error may be closed; the exit code still shows the failure.
    let _ = command.error(ErrorKind::ValueValidation, error).print();
    exit_code::for_wrong_arguments(verb)
}
