//! The words of a [`Report`](super::Report): a page for a terminal, one line for an error.

use std::time::Duration;

use super::finding::{Finding, GateState};
use super::report::Report;
use crate::denial::report::{place, write_steps};
use crate::environment::Platform;
use crate::refusal::Gate;
use crate::remedy::narrowest_first;
use crate::scope::Scope;

/// Columns of a page. Commands and links are longer, so that they can be pasted.
const WIDTH: usize = 80;
/// Scopes or methods named of a long list before the rest is counted.
const IN_A_LIST: usize = 12;
/// The same on one line.
const ON_A_LINE: usize = 3;

/// The whole report, with a line end at its end.
pub(super) fn page(report: &Report, colours: bool) -> String {
    let mut page = Page { out: String::new(), colours };
    if !report.findings.is_empty() {
        page.headline(report);
    }
    page.who(report);
    page.findings(report, Gate::Scope, "scope gate");
    page.findings(report, Gate::Iam, "IAM gate");
    page.steps(report);
    page.out
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

struct Page {
    out: String,
    colours: bool,
}

impl Page {
    fn headline(&mut self, report: &Report) {
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
        let text = self.painted(&text, report.state());
        self.line(&format!("{text}\n"));
    }

    /// Where, which credential, whose, and what it holds.
    fn who(&mut self, report: &Report) {
        let here = &report.environment;
        if here.platform() != Platform::Unknown {
            let place = match place(here).strip_prefix(" for ") {
                Some(place) => format!("{}: {place}", here.platform()),
                None => here.platform().to_string(),
            };
            self.row("runs on", &place);
        }
        self.row("credential", here.credential().describe());
        if let Some(account) = here.account() {
            self.row("account", account);
        }
        self.row("holds", &holds(report));
        if report.is_unasked {
            self.row("", "That is the token for which no scope is asked. The program may ask for others.");
        }
    }

    fn findings(&mut self, report: &Report, gate: Gate, title: &str) {
        let of_gate = || report.findings.iter().filter(|finding| finding.gate == gate);
        if of_gate().next().is_none() {
            return;
        }
        self.line(&format!("\n  {title}"));
        for finding in of_gate() {
            let state = match finding.state {
                GateState::Closed => "CLOSED",
                other => other.as_str(),
            };
            let state = self.painted(&format!("{state:<7}"), finding.state);
            // A name is shown whole, so that it can be found and pasted.
            self.line(&format!("    {state}  {}", finding.subject));
            let is_told = finding.why().is_some() && finding.why() == report.granted.why_unknown();
            for text in details(finding).into_iter().filter(|_| !is_told) {
                self.wrapped("             ", &text);
            }
        }
    }

    fn steps(&mut self, report: &Report) {
        if report.steps.is_empty() {
            return;
        }
        if report.summary.is_some() {
            self.line("\nNo IAM role opens the scope gate: scopes are a ceiling on the token.");
        }
        self.line(&format!("\nWhat to do{}:", place(&report.environment)));
        // Writing to a String does not fail.
        let _ = write_steps(&mut self.out, &report.steps);
    }

    fn row(&mut self, name: &str, text: &str) {
        self.wrapped(&format!("  {name:<12}"), text);
    }

    /// Words behind `mark`, on further lines below their beginning.
    fn wrapped(&mut self, mark: &str, text: &str) {
        let mut line = mark.to_owned();
        for word in text.split(' ') {
            let is_begun = line.len() > mark.len();
            if is_begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = " ".repeat(mark.len());
            } else if is_begun {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn painted(&self, text: &str, state: GateState) -> String {
        let code = match state {
            GateState::Open => 32,
            GateState::Unknown => 33,
            GateState::Closed | GateState::Invalid => 31,
        };
        if self.colours { format!("\u{1b}[1;{code}m{text}\u{1b}[0m") } else { text.to_owned() }
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
