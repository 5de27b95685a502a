//! How the program ends: what it prints last, and its exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::{NO_BREAK, cli};

/// The exit code for wrong arguments of the verbs whose other codes tell what was found: that of BSD's
/// `sysexits`, so that nobody takes it for an answer.
const USAGE: u8 = 64;
/// Clap's exit code for wrong arguments.
const MISUSED: u8 = 2;

/// Which code wrong arguments of a verb end in.
fn code_of(verb: &str) -> u8 {
    if ["check", "whoami"].contains(&verb) { USAGE } else { MISUSED }
}

/// Ends the program for arguments that clap took and that cannot be used, in clap's words.
pub(crate) fn refuse(verb: &str, error: &str) -> ! {
    let mut cli = cli();
    cli.build();
    let command = cli.find_subcommand_mut(verb).expect("`verb` is a variant of `Command`");
    // Standard error may be gone; the exit code still tells.
    let _ = command.error(ErrorKind::ValueValidation, error).print();
    std::process::exit(code_of(verb).into())
}

/// Ends the program with what clap has to say: help, the version, or what it could not read.
pub(crate) fn misused(error: &clap::Error) -> ! {
    let text = error.render().ansi().to_string().replace(NO_BREAK, " ");
    if !error.use_stderr() {
        std::process::exit(i32::from(exit(print(&text)) != ExitCode::SUCCESS))
    }
    // Standard error may be gone; the exit code still tells.
    let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
    let is_verb = |word: &str| cli().find_subcommand(word).is_some();
    let words: Vec<String> =
        std::env::args_os().skip(1).filter_map(|word| word.to_str().map(str::to_owned)).collect();
    let verb = words.iter().find(|word| is_verb(word)).map_or("", String::as_str);
    std::process::exit(code_of(verb).into())
}

/// Prints the text and a line end.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()
}

/// A reader who goes away early has seen enough: that is no failure.
pub(crate) fn exit(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard error, which may be gone; the exit code still tells.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "gcp-scopes: {text}");
}
