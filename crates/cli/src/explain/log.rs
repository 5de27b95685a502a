//! Finds the refusal to explain in an input: a log, or the text of one answer.

use gcp_scopes::refusal::Gate;
use gcp_scopes_explain::reader::RecordedAnswer;

use super::explanation::{ExplainedAnswer, Explainer};
use crate::output::note;

/// Explains the first refusal of the input, and notes on standard error if there is another one.
pub(crate) fn explain(explainer: &Explainer, bytes: &[u8]) -> ExplainedAnswer {
    let records = RecordedAnswer::json_records(bytes);
    if records.is_empty() {
        return explain_text(explainer, bytes);
    }
    let explained = explain_each(explainer, records);
    first_of(explained.filter(|(_, explanation)| explanation.is_refusal()))
}

/// The name of a log record, such as `line 2`, and the answer in it.
type NamedAnswer = (String, ExplainedAnswer);

fn explain_each(explainer: &Explainer, records: Vec<RecordedAnswer>) -> impl Iterator<Item = NamedAnswer> {
    records.into_iter().map(|record| (record.name().unwrap_or_default(), explainer.explain_record(&record)))
}

/// How many refusals of a log are compared with the first.
const COMPARED: usize = 64;

/// The first refusal of a log. Notes a later one by another gate, or else one that differs.
fn first_of(refused: impl Iterator<Item = NamedAnswer>) -> ExplainedAnswer {
    let mut refused = refused.take(COMPARED);
    let Some((name, first)) = refused.next() else { return ExplainedAnswer::default() };
    let others: Vec<_> = refused.filter(|(_, later)| !later.is_like(&first)).collect();
    let by_another_gate = others.iter().find(|(_, later)| later.gate() != first.gate());
    if let Some((other, later)) = by_another_gate.or_else(|| others.first()) {
        let what = match (by_another_gate, later.gate()) {
            (Some(_), Some(gate)) => format!("was refused by another gate ({})", gate.as_str()),
            _ => "is another refusal by the same gate".to_owned(),
        };
        note(&format!("this is about {name}; {other} {what}. {GIVE_IT_ALONE}"));
    }
    first
}

const GIVE_IT_ALONE: &str = "To have that one explained, give it by itself";

/// The first refusal of a plain log, or the one of a text that is no log.
fn explain_text(explainer: &Explainer, bytes: &[u8]) -> ExplainedAnswer {
    let text = String::from_utf8_lossy(bytes);
    let blocks = RecordedAnswer::log_blocks(&text);
    if !blocks.is_empty() {
        return explain_blocks(explainer, &blocks);
    }
    let whole = RecordedAnswer::from_text(bytes);
    let explanation = first_refusal(explainer, &whole).unwrap_or_default();
    if let Some(gate) = explanation.gate() {
        note_other_gate(explainer, &text, gate);
    }
    explanation
}

fn explain_blocks(explainer: &Explainer, blocks: &[RecordedAnswer]) -> ExplainedAnswer {
    let (mut first_block, mut refused) = (None, Vec::new());
    for block in blocks {
        let Some(explanation) = first_refusal(explainer, block) else { continue };
        first_block.get_or_insert(explanation);
        let explained = explain_each(explainer, block.records());
        refused.extend(explained.filter(|(_, explanation)| explanation.is_likely()));
        if refused.len() >= COMPARED {
            break;
        }
    }
    match refused.len() {
        // A single record may need what stands in other lines of its block, such as the call.
        0 | 1 => first_block.unwrap_or_default(),
        _ => first_of(refused.into_iter()),
    }
}

fn first_refusal(explainer: &Explainer, text: &RecordedAnswer) -> Option<ExplainedAnswer> {
    text.candidates().map(|answer| explainer.explain(&answer)).find(ExplainedAnswer::is_refusal)
}

/// The most lines that are compared; a text with more is rarely pasted.
const LINES: usize = 1000;

/// Notes a line that reads like a refusal by another gate, in a text that has no form of a log.
fn note_other_gate(explainer: &Explainer, text: &str, explained: Gate) {
    if text.lines().any(is_of_one_answer) {
        return;
    }
    let mut likely = (1..).zip(text.lines().take(LINES)).filter_map(|(number, line)| {
        let explanation = explainer.explain(&RecordedAnswer::from_text(line));
        explanation.gate().filter(|_| explanation.is_likely()).map(|gate| (number, gate))
    });
    if let Some((number, gate)) = likely.find(|(_, gate)| *gate != explained) {
        note(&format!(
            "only one refusal was read (gate {}); line {number} reads like another one (gate {}). \
             {GIVE_IT_ALONE}",
            explained.as_str(),
            gate.as_str()
        ));
    }
}

/// Whether a line begins as those of one HTTP response or of its body do.
fn is_of_one_answer(line: &str) -> bool {
    ["{", "[", "<", ">", "HTTP/"].iter().any(|start| line.trim_start().starts_with(start))
}
