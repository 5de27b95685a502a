//! The command line: the verbs (clap's subcommands), the flags of all verbs, and the text of the
//! help.

use std::sync::LazyLock;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use gcp_scopes::catalog::{CONTENTS, SOURCES, VERSION};

use crate::check::{self, CheckArgs};
use crate::completions::{self, CompletionsArgs};
use crate::emulate::{self, EmulateArgs};
use crate::explain::{self, ExplainArgs};
use crate::man::{self, ManArgs};
use crate::method::{self, MethodArgs};
use crate::style::{StyleArgs, columns};
use crate::whoami::{self, WhoamiArgs};

/// Why Google refused a call and what to do about it; which OAuth scopes a call needs.
///
/// `method` and `explain` answer from data compiled into the program and send nothing anywhere;
/// `check` and `whoami` ask the metadata server and Google.
#[derive(Debug, Parser)]
#[command(name = "gcp-scopes", version, long_version = LONG_VERSION.as_str(), after_help = HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) style: StyleArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    #[command(after_help = method::HELP)]
    Method(MethodArgs),
    #[command(after_help = explain::HELP)]
    Explain(Box<ExplainArgs>),
    #[command(after_help = check::HELP)]
    Check(Box<CheckArgs>),
    #[command(after_help = whoami::HELP)]
    Whoami(WhoamiArgs),
    #[command(after_help = emulate::HELP)]
    Emulate(EmulateArgs),
    #[command(after_help = completions::HELP)]
    Completions(CompletionsArgs),
    #[command(after_help = man::HELP)]
    Man(ManArgs),
}

/// Parses the arguments of this process. Returns the name of the verb, and the parsed arguments.
///
/// An `Err` holds the text that clap prints instead of running a verb: an error, the help or the
/// version.
pub(crate) fn parse() -> Result<(String, Cli), clap::Error> {
    let matches = command().try_get_matches()?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    Ok((name, Cli::from_arg_matches(&matches)?))
}

/// Returns the command whose help fits the terminal, with examples that clap does not wrap.
pub(crate) fn command() -> clap::Command {
    // In less than 40 columns a line of help holds hardly a word; over 100, lines are hard to read.
    let command = definition().term_width(columns().clamp(40, 100));
    without_wrapping(command).mut_subcommands(without_wrapping)
}

/// Returns the command as it is declared, for completions and manual pages.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// The no-break space, at which clap does not wrap a line.
///
/// The help contains this space in its examples, so that an example can be copied as one line.
pub(crate) const NO_BREAK: char = '\u{a0}';

/// Replaces the spaces in the text below the flags by [`NO_BREAK`].
fn without_wrapping(command: clap::Command) -> clap::Command {
    let notes = command
        .get_after_help()
        .map(|notes| notes.to_string().replace(' ', NO_BREAK.encode_utf8(&mut [0; 2])));
    command.after_help(notes.unwrap_or_default())
}

/// The text below the flags in `gcp-scopes --help`. The module of each verb has a separate `HELP`.
const HELP: &str = "\
Examples:
  gcp-scopes explain error.log --on gce --project my-project --zone us-central1-a --instance web-1
  gcp-scopes method GET https://storage.googleapis.com/storage/v1/b/BUCKET
  gcp-scopes check --need storage.objects.insert
  gcp-scopes whoami

Environment:
  GCP_SCOPES_PLAIN=1  plain sentences everywhere, as with --plain
  COLUMNS=100         how wide texts are, if not as wide as the terminal
  NO_COLOR=1          no colours

Each verb has more, and its exit codes: gcp-scopes explain --help";

/// The text of `--version`: the versions of the program and of its catalog. A bug report needs
/// both, because what the program prints depends on the catalog.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\ncatalog {VERSION}: all of {CONTENTS}\nmade from {SOURCES}",
        env!("CARGO_PKG_VERSION")
    )
});
