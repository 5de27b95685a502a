//! The verb `man`: prints a manual page.

use std::io;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::exit_code;
use crate::output::print;

/// Print the manual page of this command, or of one of its verbs, for man.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The verb; without it, the page of the whole command.
    #[arg(value_parser = PossibleValuesParser::new(VERBS))]
    verb: Option<String>,
}

pub(crate) const HELP: &str = "\
The folder must exist.

Examples:
  gcp-scopes man > ~/.local/share/man/man1/gcp-scopes.1
  gcp-scopes man explain > ~/.local/share/man/man1/gcp-scopes-explain.1";

/// The verbs that have a page.
const VERBS: [&str; 7] = ["method", "explain", "check", "whoami", "emulate", "completions", "man"];

pub(crate) fn run(args: &ManArgs, command: Command) -> ExitCode {
    // clap_mangen would list a page `gcp-scopes-help(1)`, which does not exist.
    let mut command = command.disable_help_subcommand(true);
    // clap adds the global flags to the verbs only when it builds the command.
    command.build();
    let documented = match &args.verb {
        None => command,
        Some(verb) => command
            .find_subcommand(verb)
            .expect("clap should accept only the names of verbs")
            .clone()
            .version(env!("CARGO_PKG_VERSION")),
    };
    exit_code::after_io(page(documented).and_then(|page| print(&String::from_utf8_lossy(&page))))
}

/// Renders the page of a command in roff.
fn page(command: Command) -> io::Result<Vec<u8>> {
    let notes = command.get_after_help().map(ToString::to_string);
    let has_verbs = command.has_subcommands();
    let page = Man::new(command).source(concat!("gcp-scopes ", env!("CARGO_PKG_VERSION")));
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    if has_verbs {
        page.render_subcommands_section(&mut out)?;
    }
    // Instead of `render_extra_section`, which puts everything below one heading, EXTRA.
    notes_sections(&notes.unwrap_or_default()).to_writer(&mut out)?;
    page.render_version_section(&mut out)?;
    Ok(out)
}

/// The headings in the help below the flags. Each becomes a section of the page.
const HEADINGS: [&str; 4] = ["Examples", "Environment", "Exit codes", "Resources"];

/// Renders the text below the flags in the help: a section for each heading, and a section NOTES
/// for the lines before the first heading. Lines are not filled (`.nf`), so that examples are not
/// wrapped.
fn notes_sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    let title = |line: &'_ str| {
        line.strip_suffix(':').filter(|title| HEADINGS.contains(title)).map(str::to_uppercase)
    };
    if text.lines().next().is_some_and(|line| title(line).is_none()) {
        // Without `nf`, a viewer joins the lines of the notes to paragraphs.
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
