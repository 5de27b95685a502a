//! The verb `explain`: names the gate that refused a call, and the steps that fix the refusal. A
//! gate is one of Google's checks, such as scopes or IAM.

mod environment;
mod input;
mod several;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gcp_scopes::refusal::{Gate, from_troubleshooter};
use gcp_scopes_cli::answer::explanation::{Explainer, Explanation};
use gcp_scopes_cli::answer::search::{self, FoundRefusal, LogSearch};
use gcp_scopes_reader::{NamedCall, RecordedResponse};

use environment::EnvironmentArgs;
use input::Input;

use crate::output::{OutputFormat, print, write_note};
use crate::style::StyleArgs;
use crate::{exit_code, json_lines};

/// Print which check (gate) refused a call, and how to fix it.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A file with the response or the log; standard input without it, or as `-`.
    file: Option<PathBuf>,
    /// The call that was refused, such as 'POST https://…', storage.objects.insert or
    /// google.pubsub.v1.Publisher/Publish.
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// Explain each different refusal of a log once, with the number of its records, and how one
    /// change fixes all refusals for lack of scope.
    #[arg(long, conflicts_with_all = ["script", "troubleshooter"])]
    all: bool,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Read one JSON answer per line from standard input, write one JSON explanation per line.
    #[arg(long, conflicts_with_all = ["file", "call", "format", "all"])]
    jsonl: bool,
    /// Explain an answer of Google's Policy Troubleshooter, the JSON that `gcloud
    /// policy-intelligence troubleshoot-policy iam … --format=json` prints.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "jsonl"])]
    troubleshooter: Option<PathBuf>,
    /// Print the recommended way to fix it as a shell script: it ends at once as long as it
    /// contains placeholders, and asks before it stops or destroys something, unless it is run
    /// with --yes.
    #[arg(long, conflicts_with_all = ["jsonl", "format"])]
    script: bool,
}

pub(crate) const HELP: &str = "\
The input may be a whole HTTP response (as `curl -i` prints it) or only its
body, what a client printed, the text of a gRPC status, or a log: plain text,
JSON lines, or records of Cloud Logging or OpenTelemetry, in JSON or as
`gcloud logging read` prints them. A record shows where the call was made, as
`--on` does. A log may have any size. In a log the refusal that decides is
explained: the most certain one, and not one that was retried; a note names
another one, and --all explains each. Nothing is sent anywhere.

Examples:
  curl -i https://storage.googleapis.com/storage/v1/b/B -H \"$AUTH\" | gcp-scopes explain
  gcp-scopes explain error.log --on gce --project my-project --zone us-central1-a --instance web-1
  gcp-scopes explain --on user-adc --call \
'GET https://www.googleapis.com/drive/v3/files' < error.json
  gcp-scopes explain --troubleshooter answer.json
  gcp-scopes explain error.log --on gce --script > fix.sh
  gcp-scopes explain --all error.log
  gcp-scopes explain --jsonl < answers.jsonl

--all --format json prints
  {\"schema\": \"gcp-scopes/explain_all/1\",
   \"refusals\": [{\"count\": 3, \"first\": \"record 2\", …}],
   \"together\": {\"accepted\": [[\"…\"]], \"options\": [{…}]}|null}
with the explanation of each different refusal, the number of its records, and
how one change fixes all that lack scopes: each call needs a scope of its list
in `accepted`.

--jsonl is not for logs. A line of it:
  {\"transport\": \"http\"|\"grpc\"|\"text\", \"status\": 403|null,
   \"headers\": {\"name\": \"text\"}, \"body\": \"text\"}
where `status` is the HTTP status, and `grpc-*` values stand in `headers`; and
its explanation, always with these keys and more:
  {\"schema\": \"gcp-scopes/explain/1\",
   \"gate\": \"…\", \"certainty\": \"certain\"|\"likely\"|\"possible\",
   \"requirement\": \"any_of\"|\"all_of\"|\"every_method\"|\"one_of\"|\"unknown\"|null,
   \"accepted\": [\"…\"], \"all_of\": [\"…\"], \"service\": \"…\"|null, \"method\": \"…\"|null,
   \"candidates\": [\"…\"], \"notes\": [\"…\"],
   \"steps\": [{\"text\": \"…\", \"command\": \"…\"|null}]}
or, for a line that cannot be read, which stops nothing:
  {\"schema\": \"gcp-scopes/error/1\", \"error\": \"line 3: …\"}
Of `accepted`, one scope is enough (requirement `any_of`), also for every other
method of the service if the method is not known (`every_method`), or it is not
known which one is (`one_of`). `all_of` are needed at once. Both are empty if no
scope is known (`unknown`), and where another gate refused (null).
`candidates` are the methods of which one was called, if that is all that is
known; each of them accepts the scopes in `accepted`. `notes` are sentences
about what is not certain. `gate` is one of scope, iam, service_disabled,
billing, vpc_sc, org_policy, rate_limit, quota_project, credentials, api_key,
resource_acl, other. A response that is not a refusal has the gate `other`,
the certainty `possible` and no steps. Blank lines get no answer.
docs/schema/gcp-scopes.json of the repository describes every key of every form.

Exit codes:
  0  explained
  1  nothing in the input is a refusal; a line of --jsonl cannot be read; or
     standard input or output failed
  2  the arguments, or what they name, cannot be used";

pub(crate) fn run(args: &ExplainArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    let result = match () {
        () if args.jsonl => explain_lines(args),
        () if args.all => explain_all(args, style),
        () => explain_input(args, style),
    };
    exit_code::print_error_if_json(args.format, result)
}

fn explainer(args: &ExplainArgs) -> Result<Explainer, String> {
    let call = args.call.as_deref().map(str::parse::<NamedCall>).transpose();
    Ok(Explainer::new(
        args.environment.environment()?,
        args.environment.names_environment(),
        args.environment.granted()?,
        call.map_err(|error| format!("unusable --call: {error}"))?,
    ))
}

/// Explains each line of standard input, for `--jsonl`.
fn explain_lines(args: &ExplainArgs) -> Result<ExitCode, String> {
    let explainer = explainer(args)?;
    let explain_line = |line: &[u8]| {
        let response = RecordedResponse::from_json_line(line).map_err(|error| error.to_string())?;
        Ok(explainer.explain(&response).json())
    };
    Ok(json_lines::run(io::stdin().lock(), io::stdout().lock(), explain_line))
}

/// Explains the file of the arguments, or standard input, as a whole.
fn explain_input(args: &ExplainArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    let explanation = match &args.troubleshooter {
        Some(file) => explain_answer(args, file)?,
        None => explain_text(args)?,
    };
    let printed = match args.format {
        OutputFormat::Text if args.script => print(&explanation.script().unwrap_or_default()),
        OutputFormat::Text => print(&explanation.text(style.layout())),
        OutputFormat::Json => print(&explanation.json_with_report(style.layout_in_json())),
    };
    suggest_arguments(args, &explanation);
    Ok(match explanation.is_refusal() {
        true => exit_code::after_io(printed),
        false => ExitCode::FAILURE,
    })
}

/// Explains the refusal in the file of the arguments, or in standard input.
fn explain_text(args: &ExplainArgs) -> Result<Explanation, String> {
    let explainer = explainer(args)?;
    let found = match input::open(args.file.as_deref())? {
        Input::Whole(text) => search::in_text(&RecordedResponse::from_text(text)),
        Input::Long(log) => search_long_log(log)?.chosen(),
    };
    found.iter().filter_map(|found| found.note.as_deref()).for_each(write_note);
    let refusal = found.map(|found| found.refusal);
    Ok(refusal.map_or_else(Explanation::default, |refusal| explainer.explanation(refusal)))
}

/// Explains each refusal in the file of the arguments, or in standard input.
fn explain_all(args: &ExplainArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    let explainer = explainer(args)?;
    let found = match input::open(args.file.as_deref())? {
        Input::Whole(text) => search::all_in_text(&RecordedResponse::from_text(text)),
        Input::Long(log) => search_long_log(log)?.all(),
    };
    Ok(several::print_all(&explainer, found, args.format, style))
}

fn search_long_log(log: impl io::Read) -> Result<LogSearch, String> {
    search::in_long_log(log).map_err(|error| input::cannot_read("the whole log", &error))
}

/// Explains an answer of the Policy Troubleshooter.
fn explain_answer(args: &ExplainArgs, file: &Path) -> Result<Explanation, String> {
    let answer = input::open(Some(file))?.into_bytes()?;
    let refusal = from_troubleshooter(&answer)
        .map_err(|error| format!("unusable --troubleshooter: {error}"))?;
    Ok(explainer(args)?.explanation(FoundRefusal::from(refusal)))
}

/// Writes notes about the arguments that would give a better explanation.
fn suggest_arguments(args: &ExplainArgs, explanation: &Explanation) {
    if explanation.lacks_accepted_scopes() {
        write_note(match args.call {
            Some(_) => {
                "the catalog has no method for --call, so the accepted scopes are not known; \
                 check its verb and path"
            }
            None => {
                "the accepted scopes are not known; give the call, as in --call 'POST https://…' \
                 or --call storage.objects.insert, or the response with its headers"
            }
        });
    }
    let is_place_known = args.environment.is_given() || explanation.is_place_of_record();
    if explanation.gate() == Some(Gate::Scope) && !is_place_known {
        write_note(
            "the environment is not known, so the steps cover several; name it, for example with \
             --on gce",
        );
    }
}
