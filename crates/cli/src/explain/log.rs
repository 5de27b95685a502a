//! Chooses the refusal to explain from an input, which is a log or one response.

use gcp_scopes::refusal::Gate;
use gcp_scopes_explain::reader::RecordedResponse;

use super::explanation::{Explainer, Explanation};
use crate::output::write_note;

/// Explains the first refusal in the input. Writes a note to standard error if the input contains a
/// different refusal, too.
pub(crate) fn explain(explainer: &Explainer, bytes: &[u8]) -> Explanation {
    let records = RecordedResponse::json_records(bytes);
    if records.is_empty() {
        return explain_text(explainer, bytes);
    }
    let explanations = explain_records(explainer, records);
    first_refusal_of_log(explanations.filter(|(_, explanation)| explanation.is_refusal()))
}

/// The name of a log record, such as `line 2`, and the explanation of the record.
type NamedExplanation = (String, Explanation);

fn explain_records(
    explainer: &Explainer,
    records: Vec<RecordedResponse>,
) -> impl Iterator<Item = NamedExplanation> {
    records.into_iter().map(|record| (record.name().unwrap_or_default(), explainer.explain_record(&record)))
}

/// The maximum number of refusals of a log that are read, the explained refusal included. Later
/// refusals could only change the note about a different refusal, and a long log would take long to
/// read.
const MAX_REFUSALS: usize = 64;

/// Returns the first refusal. Writes a note about a later refusal by another gate. If there is no
/// such refusal, writes a note about a later refusal by the same gate with another method or
/// permission.
fn first_refusal_of_log(refusals: impl Iterator<Item = NamedExplanation>) -> Explanation {
    let mut refusals = refusals.take(MAX_REFUSALS);
    let Some((name, first)) = refusals.next() else { return Explanation::default() };
    let others: Vec<_> = refusals.filter(|(_, later)| !later.matches(&first)).collect();
    let by_another_gate = others.iter().find(|(_, later)| later.gate() != first.gate());
    if let Some((other, later)) = by_another_gate.or_else(|| others.first()) {
        let what = match (by_another_gate, later.gate()) {
            (Some(_), Some(gate)) => format!("was refused by another gate ({})", gate.as_str()),
            _ => "is another refusal by the same gate".to_owned(),
        };
        write_note(&format!("this is about {name}; {other} {what}. {ADVICE}"));
    }
    first
}

/// The end of each note about a refusal that is not explained.
const ADVICE: &str = "To have that one explained, give it by itself";

/// Explains the first refusal in an input that is not a log in JSON: a log of plain text, or one
/// response.
fn explain_text(explainer: &Explainer, bytes: &[u8]) -> Explanation {
    let text = String::from_utf8_lossy(bytes);
    let blocks = RecordedResponse::log_blocks(&text);
    if !blocks.is_empty() {
        return explain_blocks(explainer, &blocks);
    }
    let whole = RecordedResponse::from_text(bytes);
    let explanation = first_refusal(explainer, &whole).unwrap_or_default();
    if let Some(gate) = explanation.gate() {
        note_other_gate(explainer, &text, gate);
    }
    explanation
}

/// Explains the first refusal in a log of plain text, given as blocks of neighbouring records.
fn explain_blocks(explainer: &Explainer, blocks: &[RecordedResponse]) -> Explanation {
    let (mut first_block, mut refusals) = (None, Vec::new());
    for block in blocks {
        let Some(explanation) = first_refusal(explainer, block) else { continue };
        first_block.get_or_insert(explanation);
        let explanations = explain_records(explainer, block.records());
        refusals.extend(explanations.filter(|(_, explanation)| explanation.is_likely()));
        if refusals.len() >= MAX_REFUSALS {
            break;
        }
    }
    match refusals.len() {
        // The explanation of the whole block is more complete than that of one record: the call,
        // for example, may be in another record than the refusal.
        0 | 1 => first_block.unwrap_or_default(),
        _ => first_refusal_of_log(refusals.into_iter()),
    }
}

/// Returns the explanation of the first refusal among the responses that a text may contain.
fn first_refusal(explainer: &Explainer, text: &RecordedResponse) -> Option<Explanation> {
    text.candidates().map(|response| explainer.explain(&response)).find(Explanation::is_refusal)
}

/// The maximum number of lines of a text that are searched for another refusal. A text that a user
/// pastes rarely has more lines.
const MAX_LINES: usize = 1000;

/// Writes a note if a line of a text reads like a refusal by another gate than `explained`. The
/// text is not a log, so it is not known where one refusal ends and the next begins.
fn note_other_gate(explainer: &Explainer, text: &str, explained: Gate) {
    // All lines of an HTTP response are about one refusal.
    if text.lines().any(is_line_of_http_response) {
        return;
    }
    let mut likely = (1..).zip(text.lines().take(MAX_LINES)).filter_map(|(number, line)| {
        let explanation = explainer.explain(&RecordedResponse::from_text(line));
        explanation.gate().filter(|_| explanation.is_likely()).map(|gate| (number, gate))
    });
    if let Some((number, gate)) = likely.find(|(_, gate)| *gate != explained) {
        write_note(&format!(
            "only one refusal was read (gate {}); line {number} reads like another one (gate {}). \
             {ADVICE}",
            explained.as_str(),
            gate.as_str()
        ));
    }
}

/// Checks whether a line begins as the lines of an HTTP response do: with `HTTP/`, with a mark of
/// `curl -v`, or with a bracket of a body in JSON or HTML.
fn is_line_of_http_response(line: &str) -> bool {
    ["{", "[", "<", ">", "HTTP/"].iter().any(|start| line.trim_start().starts_with(start))
}
