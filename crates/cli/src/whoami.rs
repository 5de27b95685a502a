//! The verb `whoami`.

use std::process::ExitCode;

use clap::Args;

use crate::asking::{Asking, print};
use crate::look::Look;

/// Say where this runs, which credential is used, whose it is, and what its token holds.
#[derive(Debug, Args)]
pub(crate) struct Whoami {
    #[command(flatten)]
    asking: Asking,
}

pub(crate) const HELP: &str = "\
Reads the environment variables and the credential file that Google's libraries
read, asks this machine's metadata server, and asks the server or Google's
tokeninfo what its token holds. A credential in a file is named, but nothing is
minted from it. No token is printed.

Examples:
  gcp-scopes whoami
  gcp-scopes whoami --format json --timeout 500ms
  gcloud auth print-access-token | gcp-scopes whoami --token-stdin

Exit codes:
   0  it is known what the token holds
   2  it could not be told; the answer says why
  64  the arguments cannot be used";

pub(crate) fn run(args: &Whoami, look: &Look) -> ExitCode {
    let report = print("whoami", &args.asking, look, args.asking.run(Ok));
    ExitCode::from(if report.granted().is_unknown() { 2 } else { 0 })
}
