//! The command `gcp-scopes`: what the library knows, from a shell.

mod answer;
mod asking;
mod check;
mod emulate;
mod ending;
mod explain;
mod explanation;
mod look;
mod manual;
mod method;
mod place;
mod stream;
mod whoami;

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use gcp_scopes::catalog::VERSION;

use look::Look;

fn main() -> ExitCode {
    look::choose_colours(std::env::args_os());
    let matches = cli().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { command, look } = matches.unwrap_or_else(|error| ending::misused(&error));
    match &command {
        Command::Method(args) => method::run(args, &look),
        Command::Explain(args) => explain::run(args, &look),
        Command::Emulate(args) => emulate::run(args),
        Command::Check(args) => check::run(args, &look),
        Command::Whoami(args) => whoami::run(args, &look),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    }
}

/// Why Google refused a call and what to do about it; which OAuth scopes a call needs.
///
/// `method` and `explain` answer from data compiled into the program and send nothing anywhere; `check` and
/// `whoami` ask the metadata server and Google.
#[derive(Debug, Parser)]
#[command(name = "gcp-scopes", version, long_version = LONG_VERSION.as_str(), after_help = HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    look: Look,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = method::HELP)]
    Method(method::Method),
    #[command(after_help = explain::HELP)]
    Explain(Box<explain::Explain>),
    #[command(after_help = check::HELP)]
    Check(Box<check::Check>),
    #[command(after_help = whoami::HELP)]
    Whoami(whoami::Whoami),
    #[command(after_help = emulate::HELP)]
    Emulate(emulate::Emulate),
    #[command(after_help = manual::COMPLETIONS_HELP)]
    Completions(manual::Completions),
    #[command(after_help = manual::MAN_HELP)]
    Man(manual::Man),
}

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

/// The catalog decides the answers, so that a bug report needs its version too.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\ncatalog {}: all of {} REST and {} gRPC methods, {} scopes\nmade from {} {} and {} {}",
        env!("CARGO_PKG_VERSION"),
        VERSION.newest_revision(),
        VERSION.methods(),
        VERSION.rpcs(),
        VERSION.scopes(),
        VERSION.package(),
        VERSION.package_version(),
        VERSION.protos(),
        VERSION.protos_version()
    )
});

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// The command as clap knows it, as wide as the terminal.
fn cli() -> clap::Command {
    let cli = Cli::command().term_width(look::columns().clamp(40, 100));
    unwrapped(cli).mut_subcommands(unwrapped)
}

/// Stands for a space where clap must not wrap, in the examples, which are there to be copied.
const NO_BREAK: char = '\u{a0}';

fn unwrapped(command: clap::Command) -> clap::Command {
    let notes = command
        .get_after_help()
        .map(|notes| notes.to_string().replace(' ', NO_BREAK.encode_utf8(&mut [0; 2])));
    command.after_help(notes.unwrap_or_default())
}
