//! How a [`Report`] reads: a page for a terminal, one line for an error.

use std::error::Error as StdError;
use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use gcp_scopes_catalog::narrowest_first;

use super::finding::{Finding, GateState};
use super::report::{ClosedGates, Report};
use crate::environment::Platform;
use crate::layout::{Colour, Layout, Page};
use crate::refusal::Gate;
use crate::scope::Scope;

/// Scopes or methods named of a long list before the rest is counted.
const IN_A_LIST: usize = 12;
/// The same on one line.
const ON_A_LINE: usize = 3;

const FOR_NO_SCOPE: &str = "That is the token for which no scope is asked. The program may ask for others.";

impl Report {
    /// The page as it looks best on this stream: with colours if it is a terminal, and the environment
    /// variable `NO_COLOR` is not set (<https://no-color.org>).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().run().await;
    /// eprint!("{}", report.on(&std::io::stderr()));
    /// # }
    /// ```
    pub fn on(&self, stream: &impl IsTerminal) -> impl fmt::Display + '_ {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb;
        self.page_in(&if colours { Layout::new().colours() } else { Layout::new() })
    }

    /// The page, laid out for its reader: for a terminal's width, in colours, or for a screen reader.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// use gcp_scopes::layout::Layout;
    ///
    /// let report = guard.self_check().run().await;
    /// assert!(report.page_in(&Layout::new().plain()).starts_with("credential: "));
    /// # }
    /// ```
    #[must_use]
    pub fn page_in(&self, layout: &Layout) -> String {
        let mut page = Page::new(*layout);
        if !self.findings.is_empty() {
            let headline = page.painted(&headline(self), colour(self.state()));
            page.line(&format!("{headline}\n"));
        }
        facts(self, &mut page);
        findings(self, Gate::Scope, "scope gate", &mut page);
        findings(self, Gate::Iam, "IAM gate", &mut page);
        steps(self, &mut page);
        page.into_text()
    }

    fn of_gate(&self, gate: Gate) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.gate == gate)
    }

    fn of_state(&self, state: GateState) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.state == state)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page_in(&Layout::new()))
    }
}

impl fmt::Display for ClosedGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (report, mut parts) = (self.report(), Vec::new());
        let closed = |gate| report.of_state(GateState::Closed).filter(move |it| it.gate == gate);
        let lacking: Vec<&str> = closed(Gate::Scope).map(Finding::subject).collect();
        if !lacking.is_empty() {
            let few = few(&lacking, ON_A_LINE);
            parts.push(format!("the token lacks the OAuth scope for {few}, which no IAM role fixes"));
        }
        let refused = closed(Gate::Iam).map(|it| (few(&it.missing, ON_A_LINE), &it.subject));
        let refused: Vec<String> = refused.map(|(few, subject)| format!("{few} on {subject}")).collect();
        if !refused.is_empty() {
            parts.push(format!("IAM does not grant {}", few(&refused, ON_A_LINE)));
        }
        if let Some(Finding { subject, why, .. }) = report.of_state(GateState::Invalid).next() {
            let why = why.as_deref().unwrap_or_default();
            parts.push(format!("`{subject}` cannot be checked: {why}"));
        }
        write!(f, "the self-check failed: {}", parts.join("; "))?;
        report.summary.iter().try_for_each(|summary| write!(f, ". {summary}"))
    }
}

impl fmt::Debug for ClosedGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n\n{}", self.report())
    }
}

impl StdError for ClosedGates {}

fn headline(report: &Report) -> String {
    let count = |state| report.of_state(state).count();
    let (closed, invalid) = (count(GateState::Closed), count(GateState::Invalid));
    let unknown = count(GateState::Unknown);
    let gates = |count| match count {
        1 => "1 gate is".to_owned(),
        count => format!("{count} gates are"),
    };
    let parts = [
        (closed > 0).then(|| format!("{} closed", gates(closed))),
        (invalid > 0).then(|| format!("{invalid} cannot be checked")),
        (unknown > 0).then(|| format!("{unknown} unknown")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match report.state() {
        GateState::Open => "Ready: every gate that was asked about is open.".to_owned(),
        GateState::Closed | GateState::Invalid => format!("Not ready: {}.", parts.join(", ")),
        GateState::Unknown => {
            format!("Not sure: {} unknown, none is known to be closed.", gates(unknown))
        }
    }
}

fn colour(state: GateState) -> Colour {
    match state {
        GateState::Open => Colour::Good,
        GateState::Unknown => Colour::Unsure,
        GateState::Closed | GateState::Invalid => Colour::Bad,
    }
}

/// Where the program runs, its credential and account, and what the token holds.
fn facts(report: &Report, page: &mut Page) {
    let here = &report.environment;
    if here.platform() != Platform::Unknown {
        let place = here.place().map(|place| format!(": {place}")).unwrap_or_default();
        page.row("runs on", &format!("{}{place}", here.platform()));
    }
    page.row("credential", report.credential_name.unwrap_or_else(|| here.credential().describe()));
    if let Some(account) = here.account() {
        page.row("account", account);
    }
    page.row("holds", &holds(report));
    if report.is_for_no_scope {
        page.row("", FOR_NO_SCOPE);
    }
}

fn holds(report: &Report) -> String {
    let granted = &report.granted;
    let source = granted.source().map(|source| source.describe().to_owned());
    let how: Vec<String> = source.into_iter().chain(report.left.map(time_left)).collect();
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

fn findings(report: &Report, gate: Gate, title: &str, page: &mut Page) {
    if report.of_gate(gate).next().is_none() {
        return;
    }
    page.line("");
    if !page.is_plain() {
        page.line(&format!("  {title}"));
    }
    for finding in report.of_gate(gate) {
        // What is unknown of the token stands above already.
        let is_shown = finding.why.is_some() && finding.why() == report.granted.why_unknown();
        let details = if is_shown { Vec::new() } else { details(finding) };
        let paint = |text: &str| page.painted(text, colour(finding.state));
        if page.is_plain() {
            let details: String = details.iter().map(|text| format!("; {text}")).collect();
            let state = paint(finding.state.as_str());
            page.line(&format!("{title}, {state}: {}{details}", finding.subject));
            continue;
        }
        let state = match finding.state {
            GateState::Closed => "CLOSED",
            other => other.as_str(),
        };
        // A name is shown whole, so that it can be found and pasted.
        page.line(&format!("    {}  {}", paint(&format!("{state:<7}")), finding.subject));
        details.iter().for_each(|text| page.wrapped("             ", text));
    }
}

fn details(finding: &Finding) -> Vec<String> {
    let Finding { why, permissions, missing, .. } = finding;
    let lacks = if finding.gate == Gate::Iam { "lacks " } else { "" };
    let missing_few = few(missing, IN_A_LIST);
    let held = permissions.iter().filter(|held| finding.state.is_known() && !missing.contains(held));
    let held: Vec<&String> = held.collect();
    let parts = [
        why.clone(),
        (!missing.is_empty()).then(|| format!("{lacks}{missing_few}")),
        needs(finding),
        (!held.is_empty()).then(|| format!("has {}", few(&held, IN_A_LIST))),
    ];
    parts.into_iter().flatten().collect()
}

/// The scopes of which one is enough, if they are known.
fn needs(finding: &Finding) -> Option<String> {
    let accepted = narrowest_first(&finding.accepted);
    let names: Vec<&str> = accepted.iter().map(Scope::short).collect();
    match names.as_slice() {
        [] => None,
        [only] => Some(format!("needs {only}")),
        several => Some(format!("needs any one of {}", list(several, IN_A_LIST / 2, "or"))),
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
