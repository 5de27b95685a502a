//! The verb `explain`.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use gcp_scopes::Guard;
use gcp_scopes::refusal::Gate;
use gcp_scopes_explain::reader::{LogBlock, LogRecord, NamedCall, RecordedAnswer, in_utf8, log_records};

use crate::ending::{exit, print, refuse};
use crate::explanation::{Explainer, Explanation};
use crate::look::Look;
use crate::place::Place;
use crate::{Format, answer, stream};

/// A longer log takes too long to look through, in bytes.
const LONGEST: u64 = 16 << 20;

/// Say which gate refused a call, and what to do about it.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A file with what was answered; standard input without it, or as `-`.
    file: Option<PathBuf>,
    /// The call that was refused, such as 'POST https://…', storage.objects.insert or
    /// google.pubsub.v1.Publisher/Publish.
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    #[command(flatten)]
    place: Place,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Read one JSON answer per line from standard input, write one JSON explanation per line.
    #[arg(long, conflicts_with_all = ["file", "call", "format"])]
    jsonl: bool,
}

pub(crate) const HELP: &str = "\
What was answered may be a whole HTTP response (as `curl -i` prints it) or only
its body, what a client printed, the text of a gRPC status, or a log: plain
text, JSON lines, or an array of records as `gcloud logging read` prints. In a
log the first refusal is explained, and a note tells of another one. Nothing is
sent anywhere.

Examples:
  curl -i https://storage.googleapis.com/storage/v1/b/B -H \"$AUTH\" | gcp-scopes explain
  gcp-scopes explain error.log --on gce --project my-project --zone us-central1-a --instance web-1
  gcp-scopes explain --on user-adc --call 'GET https://www.googleapis.com/drive/v3/files' < error.json
  gcp-scopes explain --jsonl < answers.jsonl

--jsonl is not for logs. A line of it:
  {\"transport\": \"http\"|\"grpc\"|\"text\", \"status\": 403|null,
   \"headers\": {\"name\": \"text\"}, \"body\": \"text\"}
where `status` is the HTTP status, and `grpc-*` values stand in `headers`; and
its explanation, always with all keys:
  {\"gate\": \"…\", \"certainty\": \"certain\"|\"likely\"|\"possible\",
   \"accepted\": [\"…\"], \"service\": \"…\"|null, \"method\": \"…\"|null,
   \"steps\": [{\"text\": \"…\", \"command\": \"…\"|null}]}
or, for a line that cannot be read, which stops nothing:
  {\"error\": \"line 3: …\"}
`gate` is one of scope, iam, service_disabled, billing, vpc_sc, org_policy,
rate_limit, quota_project, credentials, api_key, resource_acl, other. What is
no refusal is `other`, `possible`, without steps. Blank lines get no answer.

Exit codes:
  0  explained
  1  nothing in the input is a refusal; a line of --jsonl cannot be read; or
     standard input or output failed
  2  the arguments, or what they name, cannot be used";

pub(crate) fn run(args: &Explain, look: &Look) -> ExitCode {
    let explainer = match explainer(args) {
        Ok(explainer) => explainer,
        Err(error) => return fail(args, &error),
    };
    if args.jsonl {
        let answer = |line: &[u8]| {
            let said = RecordedAnswer::from_line(line).map_err(|error| error.to_string())?;
            Ok(explainer.explain(&said).json())
        };
        return stream::run(io::stdin().lock(), io::stdout().lock(), answer);
    }
    let bytes = match read(args) {
        Ok(bytes) if bytes.trim_ascii().is_empty() => {
            return fail(args, &format!("nothing to explain: {EXAMPLE}"));
        }
        Ok(bytes) if bytes.len() as u64 > LONGEST => {
            return fail(args, "more than 16 MiB to look through; give the part with the error");
        }
        Ok(bytes) => in_utf8(bytes),
        Err(error) => return fail(args, &error),
    };
    let explanation = match log_records(&bytes) {
        Some(records) => first_of(explained(&explainer, records).filter(|(_, one)| one.is_refusal())),
        None => of_text(&explainer, &bytes),
    };
    let printed = match args.format {
        Format::Text => print(&explanation.text(look.layout())),
        Format::Json => print(&explanation.json_with_report(look.layout_in_json())),
    };
    if explanation.lacks_call() {
        hint(match args.call {
            Some(_) => {
                "the catalog has no method for --call, so it is not known which scopes would do; look at its verb \
                     and path"
            }
            None => {
                "which scopes would do is not known; give the call, as in --call 'POST https://…' or --call \
                     storage.objects.insert, or the answer with its headers"
            }
        });
    }
    if explanation.gate() == Some(Gate::Scope) && !args.place.is_told() {
        hint(
            "where it ran is not told, so the steps are for several places; give it, as in --on gce, and they are for \
             that one",
        );
    }
    match explanation.is_refusal() {
        true => exit(printed),
        false => ExitCode::FAILURE,
    }
}

/// A refusal, and where in the log it stands.
type Placed = (String, Explanation);

/// What the records of a log say.
fn explained(explainer: &Explainer, log: Vec<LogRecord>) -> impl Iterator<Item = Placed> {
    log.into_iter().map(|record| (record.name(), explainer.explain_record(record)))
}

/// How many refusals of a log are compared with the first.
const COMPARED: usize = 64;

/// The first refusal of a log. If another gate refused later, or the same one something else, a note says so.
fn first_of(refused: impl Iterator<Item = Placed>) -> Explanation {
    let mut refused = refused.take(COMPARED);
    let Some((place, first)) = refused.next() else { return Explanation::default() };
    let others: Vec<Placed> = refused.filter(|(_, later)| !later.is_like(&first)).collect();
    let by_another_gate = others.iter().find(|(_, later)| later.gate() != first.gate());
    if let Some((other, later)) = by_another_gate.or_else(|| others.first()) {
        let what = match (by_another_gate, later.gate()) {
            (Some(_), Some(gate)) => format!("was refused by another gate ({})", gate.as_str()),
            _ => "is another refusal by the same gate".to_owned(),
        };
        hint(&format!(
            "this is about {place}; {other} {what}. To have that one explained, give it by itself"
        ));
    }
    first
}

/// The first refusal of a plain log, or the one that a text is about.
fn of_text(explainer: &Explainer, bytes: &[u8]) -> Explanation {
    let text = String::from_utf8_lossy(bytes);
    let blocks = LogBlock::all_of(&text);
    if !blocks.is_empty() {
        return of_blocks(explainer, &blocks);
    }
    let explanation = first_in(explainer, RecordedAnswer::parts(bytes)).unwrap_or_default();
    tell_of_others(explainer, &text, explanation.gate());
    explanation
}

fn of_blocks(explainer: &Explainer, blocks: &[LogBlock<'_>]) -> Explanation {
    let (mut whole, mut refused) = (None, Vec::new());
    for block in blocks {
        let Some(of_block) = first_in(explainer, block.answers()) else { continue };
        whole.get_or_insert(of_block);
        refused.extend(explained(explainer, block.records()).filter(|(_, one)| one.is_likely()));
        if refused.len() >= COMPARED {
            break;
        }
    }
    match refused.len() {
        // A single one may need what other lines tell, such as the call.
        0 | 1 => whole.unwrap_or_default(),
        _ => first_of(refused.into_iter()),
    }
}

fn first_in(explainer: &Explainer, parts: impl Iterator<Item = RecordedAnswer>) -> Option<Explanation> {
    let mut explained = parts.map(|said| explainer.explain(&said));
    explained.find(Explanation::is_refusal)
}

/// A note if the lines of a text, which cannot be told apart for sure, read like refusals by other gates.
fn tell_of_others(explainer: &Explainer, text: &str, explained: Option<Gate>) {
    let is_of_an_answer =
        |line: &str| ["{", "[", "<", ">", "HTTP/"].iter().any(|start| line.trim_start().starts_with(start));
    if text.lines().any(is_of_an_answer) {
        return;
    }
    let lines = (1..).zip(text.lines().take(LINES));
    let mut likely = lines.filter_map(|(number, line)| {
        let explanation = explainer.explain(&RecordedAnswer::text(line.to_owned()));
        explanation.gate().filter(|_| explanation.is_likely()).map(|gate| (number, gate))
    });
    if let (Some(explained), Some((number, gate))) =
        (explained, likely.find(|(_, gate)| Some(*gate) != explained))
    {
        hint(&format!(
            "only one refusal was read (gate {}); line {number} reads like another one (gate {}). To have that one \
             explained, give it by itself",
            explained.as_str(),
            gate.as_str()
        ));
    }
}

/// A text with more lines is hardly pasted.
const LINES: usize = 1000;

/// Without it the program works all the same.
fn hint(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}.");
}

const EXAMPLE: &str = "the input is empty; expected what Google or a client answered, such as `Error 403: Request had \
                       insufficient authentication scopes.`";

fn explainer(args: &Explain) -> Result<Explainer, String> {
    Ok(Explainer {
        guard: Guard::builder().build(),
        environment: args.place.environment()?,
        granted: args.place.granted()?,
        call: args.call.as_deref().map(NamedCall::read).transpose().map_err(|error| error.to_string())?,
    })
}

fn read(args: &Explain) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = args.file.as_ref().filter(|path| path.as_os_str() != "-");
    let done = match file {
        Some(path) => File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)),
        None => {
            if io::stdin().is_terminal() {
                hint("paste what was answered, then press Ctrl-D");
            }
            io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
        }
    };
    let name = || file.map_or_else(|| "standard input".to_owned(), |path| format!("`{}`", path.display()));
    let expected = "give a file with what was answered, or pipe it in";
    done.map(|_| bytes).map_err(|error| format!("cannot read {}: {error}; {expected}", name()))
}

/// Says in the wanted form that the arguments cannot be used.
fn fail(args: &Explain, error: &str) -> ExitCode {
    match args.format {
        Format::Text => refuse("explain", error),
        Format::Json => {
            exit(print(&answer::error(error)));
            ExitCode::from(2)
        }
    }
}
