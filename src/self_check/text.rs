//! The words of a [`Report`](super::Report): a page for a terminal, one line for an error.

use std::time::Duration;

use super::finding::{Finding, GateState};
use super::report::Report;
use crate::environment::Platform;
use crate::layout::{Colour, Layout, Page};
use crate::refusal::Gate;
use crate::scope::Scope;
use gcp_scopes_catalog::narrowest_first;

/// Scopes or methods named of a long list before the rest is counted.
const IN_A_LIST: usize = 12;
/// The same on one line.
const ON_A_LINE: usize = 3;

/// The whole report, with a line end at its end.
pub(super) fn page(report: &Report, layout: Layout) -> String {
    let mut page = Page::new(layout);
    if !report.findings.is_empty() {
        headline(report, &mut page);
    }
    who(report, &mut page);
    findings(report, Gate::Scope, "scope gate", &mut page);
    findings(report, Gate::Iam, "IAM gate", &mut page);
    steps(report, &mut page);
    page.into_text()
}

/// What is closed and what to do about it, on one line.
pub(super) fn line(report: &Report) -> String {
    let closed = |gate| {
        let is_it = move |finding: &&Finding| finding.gate == gate && finding.state == GateState::Closed;
        report.findings.iter().filter(is_it)
    };
    let mut parts = Vec::new();
    let lacking: Vec<&str> = closed(Gate::Scope).map(|finding| finding.subject.as_str()).collect();
    if !lacking.is_empty() {
        let few = few(&lacking, ON_A_LINE);
        parts.push(format!("the token lacks the OAuth scope for {few}, which no IAM role fixes"));
    }
    let refused = closed(Gate::Iam);
    let refused: Vec<String> = refused
        .map(|finding| format!("{} on {}", few(&finding.missing, ON_A_LINE), finding.subject))
        .collect();
    if !refused.is_empty() {
        parts.push(format!("IAM does not grant {}", few(&refused, ON_A_LINE)));
    }
    let invalid = report.findings.iter().filter(|finding| finding.state == GateState::Invalid);
    parts.extend(invalid.take(1).map(|finding| {
        format!("`{}` cannot be checked: {}", finding.subject, finding.why().unwrap_or_default())
    }));
    let summary = report.summary.as_ref().map(|summary| format!(". {summary}")).unwrap_or_default();
    format!("the self-check failed: {}{summary}", parts.join("; "))
}

fn headline(report: &Report, page: &mut Page) {
    let count = |state| report.findings.iter().filter(|finding| finding.state == state).count();
    let (closed, unknown, invalid) =
        (count(GateState::Closed), count(GateState::Unknown), count(GateState::Invalid));
    let mut told = Vec::new();
    told.extend((closed > 0).then(|| format!("{} closed", gates(closed, "is", "are"))));
    told.extend((invalid > 0).then(|| format!("{invalid} cannot be checked")));
    told.extend((unknown > 0).then(|| format!("{unknown} unknown")));
    let text = match report.state() {
        GateState::Open => "Ready: every gate that was asked about is open.".to_owned(),
        GateState::Unknown => {
            format!("Not sure: {} unknown, none is known to be closed.", gates(unknown, "is", "are"))
        }
        GateState::Closed | GateState::Invalid => format!("Not ready: {}.", told.join(", ")),
    };
    page.line(&format!("{}\n", page.painted(&text, colour(report.state()))));
}

/// Where, which credential, whose, and what it holds.
fn who(report: &Report, page: &mut Page) {
    let here = &report.environment;
    if here.platform() != Platform::Unknown {
        let place = match here.place() {
            Some(place) => format!("{}: {place}", here.platform()),
            None => here.platform().to_string(),
        };
        page.row("runs on", &place);
    }
    page.row("credential", report.named.unwrap_or_else(|| here.credential().describe()));
    if let Some(account) = here.account() {
        page.row("account", account);
    }
    page.row("holds", &holds(report));
    if report.is_unasked {
        page.row("", "That is the token for which no scope is asked. The program may ask for others.");
    }
}

fn findings(report: &Report, gate: Gate, title: &str, page: &mut Page) {
    let of_gate = || report.findings.iter().filter(|finding| finding.gate == gate);
    if of_gate().next().is_none() {
        return;
    }
    page.line("");
    if !page.is_plain() {
        page.line(&format!("  {title}"));
    }
    for finding in of_gate() {
        let is_told = finding.why().is_some() && finding.why() == report.granted.why_unknown();
        let details = if is_told { Vec::new() } else { details(finding) };
        if page.is_plain() {
            let state = page.painted(finding.state.as_str(), colour(finding.state));
            let details: String = details.iter().map(|text| format!("; {text}")).collect();
            page.line(&format!("{title}, {state}: {}{details}", finding.subject));
            continue;
        }
        let state = match finding.state {
            GateState::Closed => "CLOSED",
            other => other.as_str(),
        };
        let state = page.painted(&format!("{state:<7}"), colour(finding.state));
        // A name is shown whole, so that it can be found and pasted.
        page.line(&format!("    {state}  {}", finding.subject));
        for text in details {
            page.wrapped("             ", &text);
        }
    }
}

fn steps(report: &Report, page: &mut Page) {
    if report.steps.is_empty() {
        return;
    }
    if report.summary.is_some() {
        page.line("");
        page.wrapped("", "No IAM role opens the scope gate: scopes are a ceiling on the token.");
    }
    page.line("");
    page.wrapped("", &report.environment.what_to_do());
    page.steps(&report.steps);
}

fn colour(state: GateState) -> Colour {
    match state {
        GateState::Open => Colour::Good,
        GateState::Unknown => Colour::Unsure,
        GateState::Closed | GateState::Invalid => Colour::Bad,
    }
}

fn gates(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 gate {one}") } else { format!("{count} gates {several}") }
}

fn holds(report: &Report) -> String {
    let granted = &report.granted;
    let how = granted.source().map(|source| source.describe());
    let left = report.left.map(time_left);
    let how: Vec<String> = how.map(str::to_owned).into_iter().chain(left).collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join("; ")) };
    match granted.scopes() {
        Some(scopes) => {
            let names: Vec<String> = scopes.iter().map(|scope| scope.short().to_owned()).collect();
            format!("{}{how}", few(&names, IN_A_LIST))
        }
        None if granted.is_not_limited() => format!("scopes do not limit this token{how}"),
        None => format!("unknown: {}", granted.why_unknown().unwrap_or_default()),
    }
}

fn time_left(left: Duration) -> String {
    match left.as_secs() {
        0 => "expired".to_owned(),
        seconds @ 1..60 => format!("{seconds} s left"),
        seconds => format!("{} min left", seconds / 60),
    }
}

fn details(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = finding.why().map(str::to_owned).into_iter().collect();
    let missing = (!finding.missing.is_empty()).then(|| few(&finding.missing, IN_A_LIST));
    if finding.gate != Gate::Iam {
        lines.extend(missing);
        lines.extend(needs(finding));
        return lines;
    }
    lines.extend(missing.map(|missing| format!("lacks {missing}")));
    let is_told = matches!(finding.state, GateState::Open | GateState::Closed);
    let held = finding.asked.iter().filter(|permission| is_told && !finding.missing.contains(permission));
    let held: Vec<&String> = held.collect();
    lines.extend((!held.is_empty()).then(|| format!("has {}", few(&held, IN_A_LIST))));
    lines
}

/// The scopes that would do, if they are told.
fn needs(finding: &Finding) -> Option<String> {
    let accepted = narrowest_first(&finding.accepted);
    let names: Vec<&str> = accepted.iter().map(Scope::short).collect();
    match names.as_slice() {
        [] => None,
        [only] => Some(format!("needs {only}")),
        several => Some(format!("needs any one of {}", list(several, IN_A_LIST / 2, "or"))),
    }
}

/// The first of a list, and how many more.
fn few<T: AsRef<str>>(names: &[T], most: usize) -> String {
    list(names, most, "and")
}

fn list<T: AsRef<str>>(names: &[T], most: usize, before_last: &str) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    match (names.len().saturating_sub(most), shown.split_last()) {
        (0, Some((last, first @ [_, ..]))) => format!("{} {before_last} {last}", first.join(", ")),
        (0, _) => shown.concat(),
        (more, _) => format!("{} {before_last} {more} more", shown.join(", ")),
    }
}
