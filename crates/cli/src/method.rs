//! The verb `method`: prints the method of a request, the scopes that the method accepts, and
//! whether a token with certain scopes may call the method.

use std::io;
use std::process::ExitCode;

use clap::Args;
use gcp_scopes_cli::answer::method_answer::MethodAnswer;
use gcp_scopes_reader::{NamedCall, shown};

use crate::output::{OutputFormat, print};
use crate::style::StyleArgs;
use crate::{exit_code, json_lines};

/// Name the API method of a request, the scopes it accepts, and what a token's scopes mean for it.
#[derive(Debug, Args)]
pub(crate) struct MethodArgs {
    /// The HTTP verb, such as GET; or, without a URL, the id of a method.
    #[arg(required_unless_present = "jsonl", value_name = "VERB")]
    verb: Option<String>,
    /// The whole URL, as it is sent.
    url: Option<String>,
    /// Scopes that a bearer token holds, and no others: full URIs, short names such as
    /// `devstorage.read_only`, or gcloud's aliases such as `storage-ro` and `default`. May be
    /// repeated; commas and spaces separate. A list of Terraform, JSON, YAML or Python does as
    /// well.
    #[arg(
        long,
        value_name = "SCOPES",
        alias = "held",
        requires = "verb",
        allow_hyphen_values = true
    )]
    granted: Vec<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Read one JSON question per line from standard input, write one JSON answer per line.
    #[arg(long, conflicts_with_all = ["verb", "url", "granted", "format"])]
    jsonl: bool,
}

pub(crate) const HELP: &str = "\
Nothing is sent anywhere.

Examples:
  gcp-scopes method POST \
'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'
  gcp-scopes method GET https://bigquery.googleapis.com/bigquery/v2/projects/p/jobs \
--granted storage-ro,pubsub
  gcp-scopes method bigquery.tabledata.insertAll --granted cloud-platform
  gcp-scopes method --jsonl < questions.jsonl

A line of --jsonl has a request, or the id of a method:
  {\"verb\": \"GET\", \"url\": \"https://…\", \"granted\": [\"storage-ro\"]}
  {\"id\": \"storage.objects.get\", \"granted\": [\"storage-ro\"]}
and its answer, always with all seven keys:
  {\"schema\": \"gcp-scopes/method/1\",
   \"method\": \"…\"|null, \"api\": \"…\"|null, \"accepted\": [\"…\"], \"all_of\": [\"…\"],
   \"decision\": \"allow\"|\"abstain\"|\"lacking\", \"why\": \"…\"}
Any one scope of `accepted` is enough. A method that needs several scopes at
once has them in `all_of`, and none in `accepted`.
or, for a line that cannot be read, which stops nothing:
  {\"schema\": \"gcp-scopes/error/1\", \"error\": \"line 3: …\"}
Blank lines get no answer. Without `granted` the decision is `abstain`.

Exit codes:
  0  answered, also when the answer is that no method is known
  1  a line of --jsonl cannot be read, or standard input or output failed
  2  the arguments cannot be used";

pub(crate) fn run(args: &MethodArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    if args.jsonl {
        let answer_line = |line: &[u8]| {
            let call = NamedCall::from_json_line(line).map_err(|error| error.to_string())?;
            Ok(MethodAnswer::new(&call, call.granted()).json())
        };
        return Ok(json_lines::run(io::stdin().lock(), io::stdout().lock(), answer_line));
    }
    let result = answer_arguments(args, style).map(|text| exit_code::after_io(print(&text)));
    exit_code::print_error_if_json(args.format, result)
}

/// Returns the text or the JSON for the method or the request that the arguments name.
fn answer_arguments(args: &MethodArgs, style: &StyleArgs) -> Result<String, String> {
    let verb = args.verb.as_deref().unwrap_or_default();
    let call = match args.url.as_deref() {
        Some(url) => NamedCall::new(verb, url).map_err(|error| error.to_string()),
        None => call_by_id(verb),
    }?;
    let granted = args.granted.iter().map(String::as_str);
    let granted =
        (!args.granted.is_empty()).then(|| gcp_scopes_reader::scopes(granted)).transpose();
    let granted = granted.map_err(|error| format!("unusable --granted: {error}"))?;
    let answer = MethodAnswer::new(&call, granted.as_ref());
    Ok(match args.format {
        OutputFormat::Text => answer.text(style.layout()),
        OutputFormat::Json => answer.json_with_doc(),
    })
}

const EXAMPLE: &str = "https://storage.googleapis.com/storage/v1/b/BUCKET";

/// Returns the call of the method with this id. A text that is not an id is probably an HTTP
/// verb without its URL, so the error for such a text asks for a URL.
fn call_by_id(id: &str) -> Result<NamedCall, String> {
    if id.contains('.') && !id.contains("://") {
        return NamedCall::by_id(id).map_err(|error| error.to_string());
    }
    Err(format!(
        "a URL is missing behind {}: expected a verb and a URL, such as GET {EXAMPLE}, or the id \
         of a method, such as storage.objects.insert",
        shown(id)
    ))
}
