//! The command `gcp-scopes`: what the library knows, from a shell.

mod answer;
mod asking;
mod called;
mod check;
mod emulate;
mod explain;
mod explanation;
mod line;
mod place;
mod question;
mod said;
mod stream;
mod whoami;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use answer::Answer;
use question::Question;

fn main() -> ExitCode {
    match Cli::try_parse().unwrap_or_else(|error| misused(&error)).command {
        Some(Command::Method(args)) if args.jsonl => {
            let answer = |line: &[u8]| Question::from_line(line).map(|question| Answer::to(&question).json());
            exit(stream::run(io::stdin().lock(), io::stdout().lock(), answer))
        }
        Some(Command::Method(args)) => method(&args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Emulate(args)) => emulate::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Whoami(args)) => whoami::run(&args),
        Some(Command::Completions { shell }) => completions(shell),
        None => exit(Cli::command().print_help()),
    }
}

/// Why Google refused a call and what to do about it; which OAuth scopes a call needs.
///
/// `method` and `explain` answer from data compiled into the program and send nothing anywhere; `check` and
/// `whoami` ask the metadata server and Google.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_long_help = METHOD_HELP)]
    Method(Method),
    #[command(after_long_help = explain::HELP)]
    Explain(Box<explain::Explain>),
    #[command(after_long_help = emulate::HELP)]
    Emulate(emulate::Emulate),
    #[command(after_long_help = check::HELP)]
    Check(Box<check::Check>),
    #[command(after_long_help = whoami::HELP)]
    Whoami(whoami::Whoami),
    /// Print a script that completes this command's words in a shell.
    #[command(after_long_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS_HELP: &str = "\
Examples:
  gcp-scopes completions bash > ~/.local/share/bash-completion/completions/gcp-scopes
  gcp-scopes completions zsh > ~/.zfunc/_gcp-scopes
  gcp-scopes completions fish > ~/.config/fish/completions/gcp-scopes.fish";

/// Name the API method of one request, the scopes it accepts, and what a token's scopes mean for it.
#[derive(Debug, Args)]
struct Method {
    /// The HTTP verb, such as GET.
    #[arg(required_unless_present = "jsonl")]
    verb: Option<String>,
    /// The whole URL, as it is sent.
    #[arg(required_unless_present = "jsonl")]
    url: Option<String>,
    /// Scopes that a bearer token holds, and no others: full URIs, short names such as
    /// `devstorage.read_only`, or gcloud's aliases such as `storage-ro` and `default`. May be
    /// repeated; commas and spaces separate.
    #[arg(long, value_name = "SCOPES")]
    granted: Vec<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Read one JSON question per line from standard input, write one JSON answer per line.
    #[arg(long, conflicts_with_all = ["verb", "url", "granted", "format"])]
    jsonl: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0  answered, also when the answer is that no method is known, or that a line of the stream is bad
  1  standard input or output failed; with `explain`, also: nothing in the input is a refusal
  2  the arguments, or the file they name, cannot be used
`check` and `whoami` have codes of their own: see their help."
    };
}

const EXIT_CODES: &str = exit_codes!();
const METHOD_HELP: &str = concat!(
    "\
Examples:
  gcp-scopes method POST 'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'
  gcp-scopes method GET https://bigquery.googleapis.com/bigquery/v2/projects/p/jobs --granted storage-ro,pubsub
  gcp-scopes method --jsonl < questions.jsonl

A line of --jsonl:
  {\"verb\": \"GET\", \"url\": \"https://…\", \"granted\": [\"storage-ro\"]}
and its answer, always with all five keys:
  {\"method\": \"…\"|null, \"api\": \"…\"|null, \"accepted\": [\"…\"],
   \"decision\": \"allow\"|\"abstain\"|\"lacking\", \"why\": \"…\"}
or, for a line that cannot be read:
  {\"error\": \"…\"}
Blank lines get no answer. Without `granted` the decision is `abstain`.

",
    exit_codes!()
);

/// One question from the command line.
fn method(args: &Method) -> ExitCode {
    let (verb, url) = (args.verb.as_deref().unwrap_or_default(), args.url.as_deref().unwrap_or_default());
    let granted =
        (!args.granted.is_empty()).then(|| question::scopes(args.granted.iter().map(String::as_str)));
    let question = granted.transpose().and_then(|granted| Question::new(verb, url, granted));
    match (question, args.format) {
        (Ok(question), Format::Text) => exit(print(&Answer::to(&question).text(&question))),
        (Ok(question), Format::Json) => exit(print(&Answer::to(&question).json_with_doc())),
        (Err(error), Format::Text) => refuse("method", &error),
        (Err(error), Format::Json) => {
            exit(print(&answer::error(&error)));
            ExitCode::from(2)
        }
    }
}

/// Ends the program as clap does for the arguments that it reads by itself.
fn refuse(verb: &str, error: &str) -> ! {
    let mut cli = Cli::command();
    cli.build();
    let command = cli.find_subcommand_mut(verb).expect("`verb` is a variant of `Command`");
    command.error(ErrorKind::ValueValidation, error).exit()
}

/// The exit code for wrong arguments of the verbs whose other codes tell what was found: that of BSD's
/// `sysexits`, so that nobody takes it for an answer.
const USAGE: i32 = 64;

/// Ends the program as [`refuse`] does, with that code.
fn usage(verb: &str, error: &str) -> ! {
    let mut cli = Cli::command();
    cli.build();
    let command = cli.find_subcommand_mut(verb).expect("`verb` is a variant of `Command`");
    // Standard error may be gone; the exit code still tells.
    let _ = command.error(ErrorKind::ValueValidation, error).print();
    std::process::exit(USAGE)
}

/// What clap could not read.
fn misused(error: &clap::Error) -> ! {
    let verb = std::env::args().nth(1).unwrap_or_default();
    if error.use_stderr() && ["check", "whoami"].contains(&verb.as_str()) {
        let _ = error.print();
        std::process::exit(USAGE);
    }
    error.exit()
}

fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gcp-scopes", &mut script);
    exit(print(String::from_utf8_lossy(&script).trim_end()))
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A reader who goes away early has seen enough: that is no failure.
fn exit(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be gone as well; the exit code still tells.
            let _ = writeln!(io::stderr(), "gcp-scopes: cannot read or write: {error}");
            ExitCode::FAILURE
        }
    }
}
