//! Searches an input for its refusals, and for the calls that were refused.

use gcp_scopes::environment::Environment;
use gcp_scopes::refusal::{Certainty, Gate, Refusal, classify, decisive};
use gcp_scopes_explain::reader::{RecordedResponse, RefusedCall};

/// A refusal, and what is known of the refused call.
pub(crate) struct FoundRefusal {
    pub(crate) refusal: Refusal,
    pub(crate) call: RefusedCall,
    /// Where the program ran, if the record shows it.
    pub(crate) environment: Option<Environment>,
}

impl FoundRefusal {
    /// Returns the most certain refusal in a response or in a record of a log. `before` is the log
    /// before that record.
    pub(crate) fn in_response(response: &RecordedResponse, before: &str) -> Option<Self> {
        // Of a response only the beginning is read; the beginning of its other parts is not known.
        let parts = response.candidates().take(if response.is_text() { usize::MAX } else { 1 });
        let refusals = parts.filter_map(|part| Some((classify(&part.error_response())?, part)));
        let rank = |refusal: &Refusal| (refusal.certainty(), refusal.service().is_some());
        let (refusal, part) =
            refusals.reduce(|first, next| if rank(&next.0) > rank(&first.0) { next } else { first })?;
        let body = part.body();
        let mut call = RefusedCall::find(&refusal, &body, "");
        for text in [response.body(), format!("{before}\n{body}")] {
            if call.candidates().is_empty() {
                let rest = text.strip_suffix(&body).unwrap_or(&text);
                call = RefusedCall::find(&refusal, &body, rest);
            }
        }
        Some(Self { refusal, call, environment: response.environment().cloned() })
    }

    fn is_likely(&self) -> bool {
        self.refusal.certainty() > Certainty::Possible
    }

    /// Checks whether both refusals have the same gate, method, service and permission. A method,
    /// service or permission that only one of the refusals names is not compared.
    fn matches(&self, other: &Self) -> bool {
        self.refusal.gate() == other.refusal.gate()
            && self.names().into_iter().zip(other.names()).all(|pair| match pair {
                (Some(one), Some(other)) => one == other,
                _ => true,
            })
    }

    /// Returns the method, the service and the permission.
    fn names(&self) -> [Option<&str>; 3] {
        let method = self.call.method().map(|method| method.id());
        [method, self.call.service(), self.refusal.permission()]
    }
}

/// The refusal of an input that is explained, and a note about another refusal.
pub(crate) struct FoundInText {
    pub(crate) refusal: FoundRefusal,
    pub(crate) note: Option<String>,
}

/// A refusal in a log, and the name of its record, such as `line 2`.
type NamedRefusal = (String, FoundRefusal);

/// The maximum number of different refusals of a log that are read. More refusals could only change
/// the note about a different refusal.
const MAX_REFUSALS: usize = 64;

/// The maximum number of records with a refusal that are read. A long log would take long to read.
const MAX_RECORDS: usize = 1024;

/// How much of a log before a record is searched for the refused call, in bytes.
const MAX_BEFORE: usize = 32 << 10;

/// Returns the refusal in a log, or in a text that is not a log.
pub(crate) fn in_text(text: &RecordedResponse) -> Option<FoundInText> {
    let body = text.body();
    let records = RecordedResponse::json_records(body.as_bytes());
    if !records.is_empty() {
        return chosen(refusals_in(&records, |_| true));
    }
    let blocks = RecordedResponse::log_blocks(&body);
    if !blocks.is_empty() {
        return in_blocks(&blocks);
    }
    let refusal = FoundRefusal::in_response(text, "")?;
    let note = note_of_other_line(&body, refusal.refusal.gate());
    Some(FoundInText { refusal, note })
}

/// Returns the refusal in a log of plain text, given as blocks of neighbouring records.
fn in_blocks(blocks: &[RecordedResponse]) -> Option<FoundInText> {
    let (mut of_block, mut refusals) = (None, Vec::new());
    for block in blocks {
        let Some(found) = FoundRefusal::in_response(block, "") else { continue };
        of_block.get_or_insert(found);
        refusals.extend(refusals_in(&block.records(), FoundRefusal::is_likely));
        if refusals.len() >= MAX_REFUSALS {
            break;
        }
    }
    let found = chosen(refusals);
    // Some programs write each line of a message as a record. Then only the whole block names the
    // gate.
    let is_enough = |found: &FoundInText| {
        of_block.as_ref().is_none_or(|block| found.refusal.refusal.certainty() >= block.refusal.certainty())
    };
    if found.as_ref().is_some_and(is_enough) {
        return found;
    }
    of_block.map(|refusal| FoundInText { refusal, note: None })
}

/// Returns the different refusals in records.
fn refusals_in(records: &[RecordedResponse], counts: fn(&FoundRefusal) -> bool) -> Vec<NamedRefusal> {
    let mut found: Vec<NamedRefusal> = Vec::new();
    let (mut before, mut read) = (String::new(), 0);
    for record in records {
        let refusal = FoundRefusal::in_response(record, &before).filter(counts);
        before = joined(before, &record.body());
        let Some(refusal) = refusal else { continue };
        read += 1;
        if found.last().is_none_or(|(_, last)| !refusal.matches(last)) {
            found.push((record.name().unwrap_or_default(), refusal));
        }
        if found.len() >= MAX_REFUSALS || read >= MAX_RECORDS {
            break;
        }
    }
    found
}

/// Appends a record to what precedes the next record. Only the end of a long text is kept.
fn joined(before: String, record: &str) -> String {
    let is_long = before.len() > 2 * MAX_BEFORE;
    let start = if is_long { before.len() - MAX_BEFORE } else { 0 };
    let end = (start..=before.len()).find_map(|start| before.get(start..)).unwrap_or_default();
    if is_long { format!("{end}{record}\n") } else { before + record + "\n" }
}

/// Returns the refusal that decides. The note is about a refusal by another gate. If there is no
/// such refusal, the note is about one by the same gate with another method or permission.
fn chosen(mut found: Vec<NamedRefusal>) -> Option<FoundInText> {
    let refusals: Vec<Refusal> = found.iter().map(|(_, found)| found.refusal.clone()).collect();
    let (name, refusal) = found.remove(decisive(&refusals)?);
    let others = || found.iter().filter(|(_, other)| !other.matches(&refusal));
    let gate = refusal.refusal.gate();
    let by_another_gate = others().find(|(_, other)| other.refusal.gate() != gate);
    let note = by_another_gate.or_else(|| others().next()).map(|(other, found)| {
        let what = match by_another_gate {
            Some(_) => format!("was refused by another gate ({})", found.refusal.gate().as_str()),
            None => "is another refusal by the same gate".to_owned(),
        };
        format!("this is about {name}; {other} {what}. {ADVICE}")
    });
    Some(FoundInText { refusal, note })
}

/// The end of each note about a refusal that is not explained.
const ADVICE: &str = "To have that one explained, give it by itself";

/// Returns a note if a line of a text reads like a refusal by another gate than `explained`. The
/// text is not a log, so it is not known where one refusal ends and the next begins.
fn note_of_other_line(text: &str, explained: Gate) -> Option<String> {
    // All lines of an HTTP response are about one refusal.
    if text.lines().any(is_line_of_http_response) {
        return None;
    }
    let likely = (1..).zip(text.lines().take(MAX_RECORDS)).filter_map(|(number, line)| {
        let refusal = classify(&RecordedResponse::from_text(line).error_response())?;
        (refusal.certainty() > Certainty::Possible).then_some((number, refusal.gate()))
    });
    let (number, gate) = likely.into_iter().find(|(_, gate)| *gate != explained)?;
    Some(format!(
        "only one refusal was read (gate {}); line {number} reads like another one (gate {}). {ADVICE}",
        explained.as_str(),
        gate.as_str()
    ))
}

/// Checks whether a line begins as the lines of an HTTP response do: with `HTTP/`, with a mark of
/// `curl -v`, or with a bracket of a body in JSON or HTML.
fn is_line_of_http_response(line: &str) -> bool {
    ["{", "[", "<", ">", "HTTP/"].iter().any(|start| line.trim_start().starts_with(start))
}
