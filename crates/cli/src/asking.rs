//! What `check` and `whoami` have in common: whom they ask, for how long, and with which token.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use gcp_scopes::Guard;
use gcp_scopes::environment::{Credential, Snapshot};
use gcp_scopes::guard::GuardBuilder;
use gcp_scopes::self_check::{Report, SelfCheck};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes_explain::reader::shown;

use crate::Format;
use crate::ending::{self, refuse};
use crate::look::Look;

#[derive(Debug, Args)]
pub(crate) struct Asking {
    /// How long everything together may take, with its unit: 500ms, 2s, 1m.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = read_time)]
    timeout: Duration,
    /// Look at the token on standard input, instead of one of the place's own. It is sent to nobody but
    /// Google.
    #[arg(long)]
    token_stdin: bool,
    /// Ask an API at another address: storage=http://127.0.0.1:4443, or oauth2=URL for tokeninfo. May be
    /// repeated. The metadata server's is in the variable `GCE_METADATA_HOST`.
    #[arg(long, value_name = "API=URL")]
    endpoint: Vec<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Says what went wrong, or what was found.
pub(crate) type Found = Result<Report, String>;

impl Asking {
    /// Runs the check that `describe` makes, under one deadline.
    pub(crate) fn run(&self, describe: impl FnOnce(SelfCheck) -> Result<SelfCheck, String>) -> Found {
        let token = self.token_stdin.then(read_token).transpose()?;
        let until = Instant::now() + self.timeout;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("this system gives no runtime: {error}"))?;
        runtime.block_on(async {
            let guard = self.guard(token.is_some()).await?;
            let check = describe(guard.self_check())?;
            let check = match token {
                Some(token) => {
                    check.with_token(Given(token)).credential_named("the token from standard input")
                }
                None => check,
            };
            Ok(check.timeout(until.saturating_duration_since(Instant::now())).run().await)
        })
    }

    /// A guard that knows where it runs, or, of a token from elsewhere, that it knows nothing.
    async fn guard(&self, is_given: bool) -> Result<Guard, String> {
        let builder = self.builder()?;
        if is_given {
            let world = Snapshot::new().with_credential(Credential::Declared);
            return Ok(builder.snapshot(world).build());
        }
        match tokio::time::timeout(self.timeout, builder.from_env()).await {
            Ok(guard) => Ok(guard),
            Err(_) => Ok(Guard::builder().build()),
        }
    }

    fn builder(&self) -> Result<GuardBuilder, String> {
        let builder = Guard::builder().tokeninfo_endpoint(TOKENINFO).map_err(|error| error.to_string())?;
        self.endpoint.iter().try_fold(builder, |builder, endpoint| {
            let bad = |why: &str| format!("unusable --endpoint {}: {why}", shown(endpoint));
            let (api, url) = endpoint
                .split_once('=')
                .ok_or_else(|| bad("expected API=URL, such as storage=http://127.0.0.1:4443"))?;
            match api {
                "oauth2" => builder.tokeninfo_endpoint(format!("{}/tokeninfo", url.trim_end_matches('/'))),
                api if api.contains('.') => builder.endpoint(url, api),
                api => builder.endpoint(url, &format!("{api}.googleapis.com")),
            }
            .map_err(|error| bad(&error.to_string()))
        })
    }

    /// A word on standard error about how to find out more, for a person.
    pub(crate) fn hint(&self, verb: &str, report: &Report) {
        let intro = match report.environment().credential() {
            Credential::MetadataServer | Credential::Declared | Credential::GcloudUser => return,
            Credential::Unknown => "Run it where the service runs, or pipe a token in",
            _ => "To look at a token of this credential",
        };
        if !report.granted().is_unknown() || self.format == Format::Json {
            return;
        }
        // A hint; without it the answer is all the same.
        let _ = writeln!(
            io::stderr(),
            "\n{intro}:\n  gcloud auth application-default print-access-token | gcp-scopes {verb} --token-stdin …"
        );
    }
}

/// Google's own tokeninfo.
const TOKENINFO: &str = "https://oauth2.googleapis.com/tokeninfo";

fn read_time(text: &str) -> Result<Duration, String> {
    let expected =
        || format!("not a time: {}; write a number and its unit, such as 500ms, 2s or 1m", shown(text));
    let end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.trim().parse().map_err(|_| expected())?;
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

/// The largest token that is read, in bytes.
const LONGEST: usize = 64 << 10;

fn read_token() -> Result<String, String> {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "Paste the token, then press Ctrl-D.");
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot read standard input: {error}; {PIPE}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    // RFC 6750, section 2.1. What else is piped in by mistake, such as a key file, must not be sent.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match token {
        "" => Err(format!("standard input is empty; {PIPE}")),
        _ if bytes.len() > LONGEST => Err(format!("more than 64 KiB on standard input are no token; {PIPE}")),
        token if !token.bytes().all(is_token) => {
            Err(format!("what standard input holds is no token, which is one word; {PIPE}"))
        }
        token => Ok(token.to_owned()),
    }
}

const PIPE: &str = "put `gcloud auth print-access-token |` before this command";

/// The one token that there is, whatever is asked for.
struct Given(String);

impl TokenSource for Given {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::error::BoxError> {
        Ok(self.0.clone())
    }
}

/// Prints what was found, in the wanted form.
pub(crate) fn print(verb: &str, asking: &Asking, look: &Look, found: Found) -> Report {
    let report = match found {
        Ok(report) => report,
        Err(error) => refuse(verb, &error),
    };
    // The exit code tells, whether anybody reads or not.
    let _ = ending::print(&match asking.format {
        Format::Text => report.page_in(&look.layout()),
        Format::Json => crate::answer::to_json(&report),
    });
    asking.hint(verb, &report);
    report
}
