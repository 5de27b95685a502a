//! The verb `completions`: prints a completion script for a shell.

use std::process::ExitCode;

use clap::{Args, Command};

use crate::exit_code;
use crate::output::print;

/// Print a script that completes this command's words in a shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(crate) const HELP: &str = "\
The folder must exist; a new shell reads the script.

Examples:
  gcp-scopes completions bash > ~/.local/share/bash-completion/completions/gcp-scopes
  gcp-scopes completions zsh > ~/.zfunc/_gcp-scopes
  gcp-scopes completions fish > ~/.config/fish/completions/gcp-scopes.fish";

pub(crate) fn run(args: &CompletionsArgs, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    // The script is generated into memory, because `generate` panics if it cannot write, for
    // example to a closed pipe.
    clap_complete::generate(args.shell, &mut command, "gcp-scopes", &mut script);
    exit_code::after_io(print(&String::from_utf8_lossy(&script)))
}
