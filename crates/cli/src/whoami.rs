//! The verb `whoami`: prints the environment, the credential, and the scopes of the token.

use std::process::ExitCode;

use clap::Args;

use crate::output::OutputFormat;
use crate::self_check::{self, SelfCheckArgs};
use crate::style::StyleArgs;

/// Print where this runs, which credential is used, whose it is, and which scopes its token holds.
#[derive(Debug, Args)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    self_check: SelfCheckArgs,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(crate) const HELP: &str = "\
Reads the environment variables and the credential file that Google's libraries
read, asks this machine's metadata server, and asks the server or Google's
tokeninfo which scopes its token holds. A credential in a file is named, but no
token is requested with it. No token is printed.

Examples:
  gcp-scopes whoami
  gcp-scopes whoami --format json --timeout 500ms
  gcloud auth print-access-token | gcp-scopes whoami --token-stdin

Exit codes:
   0  the scopes of the token are known
   2  the scopes of the token are not known; the answer says why
  64  the arguments cannot be used";

pub(crate) fn run(args: &WhoamiArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    let report = args.self_check.run(Ok)?;
    self_check::print("whoami", &args.self_check, args.format, style, &report);
    Ok(ExitCode::from(if report.granted().is_unknown() { 2 } else { 0 }))
}
