//! The command `gcp-scopes`: explains refused calls, checks tokens, and lists the scopes of
//! methods.

mod args;
mod check;
mod completions;
mod emulate;
mod exit_code;
mod explain;
mod json_lines;
mod man;
mod method;
mod output;
mod self_check;
mod style;
mod usage;
mod whoami;

use std::process::ExitCode;

use args::{Cli, Verb};

fn main() -> ExitCode {
    // The colours are chosen before the arguments are parsed, because errors of the parser have
    // colours, too.
    style::choose_colors(std::env::args_os());
    let (name, Cli { verb, style }) = match args::parse() {
        Ok(parsed) => parsed,
        Err(error) => return usage::print(&error),
    };
    let result = match &verb {
        Verb::Method(args) => method::run(args, &style),
        Verb::Explain(args) => explain::run(args, &style),
        Verb::Check(args) => check::run(args, &style),
        Verb::Whoami(args) => whoami::run(args, &style),
        Verb::Emulate(args) => emulate::run(args),
        Verb::Completions(args) => Ok(completions::run(args, args::definition())),
        Verb::Man(args) => Ok(man::run(args, args::definition())),
    };
    result.unwrap_or_else(|error| usage::print_invalid_value(&name, &error))
}
