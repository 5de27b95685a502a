//! The self-check that `check` and `whoami` run: its flags, its deadline, and its output.

mod token;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use gcp_scopes::environment::{Credential, Snapshot};
use gcp_scopes::self_check::{Report, SelfCheck};
use gcp_scopes::{Guard, GuardBuilder};
use gcp_scopes_reader::shown;

use token::GivenToken;

use crate::output::{self, OutputFormat};
use crate::style::StyleArgs;
use gcp_scopes_cli::answer::json::{Versioned, to_json};

#[derive(Debug, Args)]
pub(crate) struct SelfCheckArgs {
    /// How long everything together may take, with its unit: 500ms, 2s, 1m.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    timeout: Duration,
    /// Look at the token on standard input, instead of this machine's token. It is sent only to
    /// Google.
    #[arg(long)]
    token_stdin: bool,
    /// Ask an API at another address: storage=http://127.0.0.1:4443, or oauth2=URL for tokeninfo.
    /// May be repeated. The address of the metadata server is in `GCE_METADATA_HOST`.
    #[arg(long, value_name = "API=URL")]
    endpoint: Vec<String>,
}

impl SelfCheckArgs {
    /// Runs a self-check, to which `with_needs` adds what the service needs.
    ///
    /// Detecting the environment and the check itself share the time of `--timeout`. Pasting a
    /// token into standard input does not count toward that time.
    pub(crate) fn run(
        &self,
        with_needs: impl FnOnce(SelfCheck) -> Result<SelfCheck, String>,
    ) -> Result<Report, String> {
        let token = self.token_stdin.then(token::read).transpose()?;
        let deadline = Instant::now() + self.timeout;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| format!("cannot start the async runtime: {error}"))?;
        runtime.block_on(async {
            let guard = self.guard(token.as_ref()).await?;
            let check = with_needs(guard.self_check())?;
            let check = match token {
                Some(token) => check.with_token(token).credential_named(FROM_STDIN),
                None => check,
            };
            Ok(check.timeout(deadline.saturating_duration_since(Instant::now())).run().await)
        })
    }

    /// Returns a guard for the detected environment. The environment of a token from standard input
    /// is not known, so nothing is detected for such a token.
    async fn guard(&self, given: Option<&GivenToken>) -> Result<Guard, String> {
        let builder = self.builder()?;
        if given.is_some() {
            let snapshot = Snapshot::new().with_credential(Credential::Declared);
            return Ok(builder.snapshot(snapshot).build());
        }
        match tokio::time::timeout(self.timeout, builder.detect()).await {
            Ok(guard) => Ok(guard),
            // Detection took too long. The report then states that the environment is not known.
            Err(_) => Ok(Guard::builder().build()),
        }
    }

    /// Returns a guard's builder with the addresses of `--endpoint`.
    fn builder(&self) -> Result<GuardBuilder, String> {
        let builder = Guard::builder().tokeninfo_endpoint(TOKENINFO);
        let builder = builder.map_err(|error| error.to_string())?;
        self.endpoint.iter().try_fold(builder, |builder, endpoint| {
            let unusable =
                |reason: &str| format!("unusable --endpoint {}: {reason}", shown(endpoint));
            let (api, url) = endpoint.split_once('=').ok_or_else(|| {
                unusable("expected API=URL, such as storage=http://127.0.0.1:4443")
            })?;
            match api {
                "oauth2" => {
                    let url = url.trim_end_matches('/');
                    builder.tokeninfo_endpoint(format!("{url}/tokeninfo"))
                }
                api if api.contains('.') => builder.endpoint(url, api),
                api => builder.endpoint(url, &format!("{api}.googleapis.com")),
            }
            .map_err(|error| unusable(&error.to_string()))
        })
    }

    /// Writes to standard error how to check a token from standard input, if the scopes of the
    /// token are not known and such a command would help.
    fn write_hint(&self, verb: &str, format: OutputFormat, report: &Report) {
        let intro = match report.environment().credential() {
            Credential::MetadataServer | Credential::Declared | Credential::GcloudUser => return,
            Credential::Unknown => "Run this command where the service runs, or pipe in a token",
            _ => "To look at a token of this credential",
        };
        if !report.granted().is_unknown() || format == OutputFormat::Json {
            return;
        }
        // Standard error may be closed; the report is complete without the hint.
        let _ = writeln!(
            io::stderr(),
            "\n{intro}:\n  gcloud auth application-default print-access-token | gcp-scopes {verb} \
             --token-stdin …"
        );
    }
}

/// The name of the credential in the report about a token from standard input.
const FROM_STDIN: &str = "the token from standard input";

/// The address of tokeninfo, the server of Google's that returns the scopes of a token.
const TOKENINFO: &str = "https://oauth2.googleapis.com/tokeninfo";

/// Parses a value of `--timeout`: a whole number and a unit, from 1 ms to 60 min.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || {
        let shown = shown(text);
        format!("not a time: {shown}; write a number and its unit, such as 500ms, 2s or 1m")
    };
    let end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.trim().parse().map_err(|_| expected())?;
    // The multiplications saturate: a number that is too large stays out of range below.
    let millis = match unit.trim() {
        "ms" => number,
        "s" => number.saturating_mul(1000),
        "m" | "min" => number.saturating_mul(60_000),
        _ => return Err(expected()),
    };
    match millis {
        1..=3_600_000 => Ok(Duration::from_millis(millis)),
        _ => Err(format!("{} is out of range; at least 1ms and at most 60m", shown(text))),
    }
}

/// Prints a report in a format, and a hint if there is one.
pub(crate) fn print(
    verb: &str,
    args: &SelfCheckArgs,
    format: OutputFormat,
    style: &StyleArgs,
    report: &Report,
) {
    // Standard output may be closed; the exit code still shows the result.
    let _ = output::print(&match format {
        OutputFormat::Text => report.page_in(&style.layout()),
        OutputFormat::Json => to_json(&Versioned::new(&format!("gcp-scopes/{verb}/1"), report)),
    });
    args.write_hint(verb, format, report);
}
