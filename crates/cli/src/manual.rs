//! The verbs `completions` and `man`: what is installed beside the program.

use std::io;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};

use crate::Cli;
use crate::ending::{exit, print};

/// Print a script that completes this command's words in a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(crate) const COMPLETIONS_HELP: &str = "\
The folder has to be there; a new shell reads the script.

Examples:
  gcp-scopes completions bash > ~/.local/share/bash-completion/completions/gcp-scopes
  gcp-scopes completions zsh > ~/.zfunc/_gcp-scopes
  gcp-scopes completions fish > ~/.config/fish/completions/gcp-scopes.fish";

/// Print the manual page of this command, or of one of its verbs, for man.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The verb; without it, the page of the whole command.
    #[arg(value_parser = PossibleValuesParser::new(VERBS))]
    verb: Option<String>,
}

pub(crate) const MAN_HELP: &str = "\
The folder has to be there.

Examples:
  gcp-scopes man > ~/.local/share/man/man1/gcp-scopes.1
  gcp-scopes man explain > ~/.local/share/man/man1/gcp-scopes-explain.1";

const VERBS: [&str; 7] = ["method", "explain", "check", "whoami", "emulate", "completions", "man"];

pub(crate) fn completions(args: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gcp-scopes", &mut script);
    exit(print(&String::from_utf8_lossy(&script)))
}

pub(crate) fn man(args: &Man) -> ExitCode {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let command = match &args.verb {
        None => cli,
        Some(verb) => cli
            .find_subcommand(verb)
            .expect("clap took it for a verb")
            .clone()
            .version(env!("CARGO_PKG_VERSION")),
    };
    exit(page(command).and_then(|page| print(&String::from_utf8_lossy(&page))))
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let notes = command.get_after_help().map(ToString::to_string);
    let has_verbs = command.has_subcommands();
    let page = Page::new(command).source(concat!("gcp-scopes ", env!("CARGO_PKG_VERSION")));
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    if has_verbs {
        page.render_subcommands_section(&mut out)?;
    }
    self::notes(&notes.unwrap_or_default()).to_writer(&mut out)?;
    page.render_version_section(&mut out)?;
    Ok(out)
}

/// Lines of a help that begin a section of the page.
const SECTIONS: [&str; 4] = ["Examples", "Environment", "Exit codes", "Resources"];

/// What stands below the flags in the help, line by line: examples must not be wrapped.
fn notes(text: &str) -> Roff {
    let mut roff = Roff::new();
    let title = |line: &'_ str| {
        line.strip_suffix(':').filter(|title| SECTIONS.contains(title)).map(str::to_uppercase)
    };
    if text.lines().next().is_some_and(|line| title(line).is_none()) {
        roff.control("SH", ["NOTES"]).control("nf", []);
    }
    for line in text.lines() {
        match title(line) {
            Some(title) => {
                roff.control("fi", []).control("SH", [title.as_str()]).control("nf", []);
            }
            None => {
                roff.text([roman(line)]);
            }
        }
    }
    roff.control("fi", []);
    roff
}
