//! Explains each refusal of a log, for `--all`, and the one change that fixes all refusals for lack
//! of scope.

use std::cmp::Reverse;
use std::process::ExitCode;

use gcp_scopes::ScopeSet;
use gcp_scopes::remedy::{RemedyOption, for_calls};
use gcp_scopes_cli::answer::explanation::{Explainer, Explanation};
use gcp_scopes_cli::answer::json::{sorted_uris, to_json};
use gcp_scopes_cli::answer::report;
use gcp_scopes_cli::answer::search::LogRefusal;
use serde::Serialize;
use serde_json::{Value, json};

use crate::exit_code;
use crate::output::{OutputFormat, print};
use crate::style::StyleArgs;

/// The explanation of a refusal, and the records with the refusal.
struct RepeatedRefusal {
    explanation: Explanation,
    count: u64,
    /// The name of the first record, such as `line 2`.
    first: String,
}

/// The one change that fixes all refusals for lack of scope.
#[derive(Serialize)]
struct Together {
    /// For each call, the scopes of which the token needs one.
    accepted: Vec<Vec<String>>,
    #[serde(skip)]
    summary: String,
    options: Vec<RemedyOption>,
}

/// Prints the explanation of each refusal, the most frequent one first.
pub(crate) fn print_all(
    explainer: &Explainer,
    found: Vec<LogRefusal>,
    format: OutputFormat,
    style: &StyleArgs,
) -> ExitCode {
    let of_records = found.iter().find_map(|found| found.refusal.environment.clone());
    let mut counted: Vec<RepeatedRefusal> = found
        .into_iter()
        .map(|LogRefusal { name, refusal, count, .. }| {
            let explanation = explainer.explanation(refusal);
            RepeatedRefusal { explanation, count, first: name }
        })
        .collect();
    counted.sort_by_key(|counted| Reverse(counted.count));
    let environment = of_records.filter(|_| !explainer.is_environment_given);
    let environment = environment.unwrap_or_else(|| explainer.environment.clone());
    let sets: Vec<ScopeSet> =
        counted.iter().flat_map(|counted| sets(&counted.explanation)).collect();
    let together = (sets.len() > 1).then(|| {
        let (summary, options) = for_calls(&sets, explainer.granted.scopes(), &environment, false);
        Together { accepted: sets.iter().map(sorted_uris).collect(), summary, options }
    });
    let printed = match format {
        OutputFormat::Text => print(&text(&counted, together.as_ref(), style)),
        OutputFormat::Json => print(&json(&counted, together.as_ref(), style)),
    };
    if counted.is_empty() { ExitCode::FAILURE } else { exit_code::after_io(printed) }
}

/// Returns sets of scopes. The refused call needs one scope of each set. Empty if none is known.
fn sets(explanation: &Explanation) -> Vec<ScopeSet> {
    let Some(required) = explanation.required() else { return Vec::new() };
    let each = required.all_of().iter().map(|scope| ScopeSet::from_iter([scope]));
    let any = Some(required.accepted().clone()).filter(|scopes| !scopes.is_empty());
    each.chain(any).collect()
}

fn text(counted: &[RepeatedRefusal], together: Option<&Together>, style: &StyleArgs) -> String {
    let layout = style.layout();
    if counted.is_empty() {
        return report::of_no_refusal(layout);
    }
    let total = counted.len();
    let of_one = |(number, counted): (usize, &RepeatedRefusal)| {
        let RepeatedRefusal { explanation, count, first } = counted;
        let others = match count - 1 {
            0 => String::new(),
            1 => " and 1 other record".to_owned(),
            more => format!(" and {more} other records"),
        };
        let heading = format!("Refusal {number} of {total}, in {first}{others}:");
        format!("{}\n{}\n\n", layout.paragraph(&heading), explanation.text(layout))
    };
    let each: String = (1..).zip(counted).map(of_one).collect();
    let together = together.map(|Together { accepted, summary, options, .. }| {
        let heading = format!(
            "{} calls lack scopes. One change fixes all of them: {summary}",
            accepted.len()
        );
        format!("{}\n{}", layout.paragraph(&heading), layout.options("What to do:", options))
    });
    each + &together.unwrap_or_default()
}

fn json(counted: &[RepeatedRefusal], together: Option<&Together>, style: &StyleArgs) -> String {
    let of_one = |RepeatedRefusal { explanation, count, first }: &RepeatedRefusal| {
        let text = explanation.json_with_report(style.layout_in_json());
        let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
        value["count"] = json!(count);
        value["first"] = json!(first);
        value
    };
    let refusals: Vec<Value> = counted.iter().map(of_one).collect();
    to_json(&json!({
        "schema": "gcp-scopes/explain_all/1",
        "refusals": refusals,
        "together": together,
    }))
}
