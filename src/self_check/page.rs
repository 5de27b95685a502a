//! The text of a [`Report`], and the message of [`SelfCheckError`].

use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use gcp_scopes_catalog::narrowest_first;

use super::finding::{Finding, GateState};
use super::report::{Report, SelfCheckError};
use crate::environment::Platform;
use crate::layout::Layout;
use crate::refusal::Gate;
use crate::scope::Scope;

/// The maximum number of scopes or methods that a list names. The others are only counted ("and 5
/// more").
const MAX_LISTED: usize = 12;
/// The maximum number of names in a one-line message.
const MAX_INLINE: usize = 3;

/// The credential of a VM whose metadata server responds that there is no token.
const NO_CREDENTIAL: &str =
    "none: no service account, or one without scopes, is attached to the VM";
/// The clause that follows the scopes that the token lacks.
const NO_ROLE_FIXES: &str = "and no IAM role fixes this";
/// The note on the scopes of a token on platforms where a program requests scopes.
const FOR_NO_SCOPE: &str =
    "This token was requested without scopes. The program may request tokens with other scopes.";

impl Report {
    /// Returns the page for this stream. The page has colours if the stream is a terminal, the
    /// environment variable `NO_COLOR` is not set (<https://no-color.org>), and `TERM` is not
    /// `dumb`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().run().await;
    /// eprint!("{}", report.styled_for(&std::io::stderr()));
    /// # }
    /// ```
    pub fn styled_for(&self, stream: &impl IsTerminal) -> impl fmt::Display + '_ {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb;
        self.page_in(&if colours { Layout::new().colours() } else { Layout::new() })
    }

    /// Returns the page in a layout: with a line width, with or without colours, or as plain
    /// sentences for a screen reader.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::layout::Layout;
    ///
    /// let guard = Guard::builder().build();
    /// let report = guard.self_check().run().await;
    /// assert!(report.page_in(&Layout::new().plain()).starts_with("credential: "));
    /// # }
    /// ```
    #[must_use]
    pub fn page_in(&self, layout: &Layout) -> String {
        let headline = match self.findings.is_empty() {
            true => String::new(),
            false => coloured(layout, self.state(), &headline(self)) + "\n\n",
        };
        [
            headline,
            facts(self, layout),
            findings(self, Gate::Scope, "scope gate", layout),
            findings(self, Gate::Iam, "IAM gate", layout),
            steps(self, layout),
        ]
        .concat()
    }

    /// Returns the findings whose gate has this state.
    fn findings_in(&self, state: GateState) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.state == state)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page_in(&Layout::new()))
    }
}

impl fmt::Display for SelfCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report();
        let closed = |gate| {
            report.findings_in(GateState::Closed).filter(move |finding| finding.gate == gate)
        };
        let lacking: Vec<&str> = closed(Gate::Scope).map(Finding::subject).collect();
        let lacking = joined(&lacking, MAX_INLINE, "and");
        let refused = closed(Gate::Iam).filter_map(|finding| {
            joined(&finding.missing, MAX_INLINE, "and")
                .map(|names| format!("{names} on {}", finding.subject))
        });
        let refused = joined(&refused.collect::<Vec<_>>(), MAX_INLINE, "and");
        let invalid = report.findings_in(GateState::Invalid).next();
        let invalid = invalid.map(|finding| (finding.subject(), finding.why().unwrap_or_default()));
        let parts = [
            lacking.map(|names| {
                format!("the token lacks the OAuth scope for {names}, {NO_ROLE_FIXES}")
            }),
            refused.map(|names| format!("IAM does not grant {names}")),
            invalid.map(|(name, why)| format!("`{name}` cannot be checked: {why}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        write!(f, "the self-check failed: {}", parts.join("; "))?;
        report.summary.iter().try_for_each(|summary| write!(f, ". {summary}"))
    }
}

impl fmt::Debug for SelfCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n\n{}", self.report())
    }
}

impl std::error::Error for SelfCheckError {}

/// Returns the first line of the page, which states whether the program can start.
fn headline(report: &Report) -> String {
    let states = [GateState::Closed, GateState::Invalid, GateState::Unknown];
    let [closed, invalid, unknown] = states.map(|state| report.findings_in(state).count());
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
        GateState::Open => "Ready: every gate that was checked is open.".to_owned(),
        GateState::Closed | GateState::Invalid => format!("Not ready: {}.", parts.join(", ")),
        GateState::Unknown => {
            format!("Not sure: {} unknown, none is known to be closed.", gates(unknown))
        }
    }
}

/// Colours a text: green for open gates, yellow for unknown gates, red for the others.
fn coloured(layout: &Layout, state: GateState, text: &str) -> String {
    match state {
        GateState::Open => layout.green(text),
        GateState::Unknown => layout.yellow(text),
        GateState::Closed | GateState::Invalid => layout.red(text),
    }
}

/// Returns the lines about the environment: platform, credential, account, and the scopes of the
/// token.
fn facts(report: &Report, layout: &Layout) -> String {
    let environment = &report.environment;
    let mut lines = String::new();
    if environment.platform() != Platform::Unknown {
        let place = environment.place().map(|place| format!(": {place}")).unwrap_or_default();
        lines += &layout.fact("runs on", &format!("{}{place}", environment.platform()));
    }
    let of_environment = match report.granted.scopes() {
        Some(scopes) if scopes.is_empty() => NO_CREDENTIAL,
        _ => environment.credential().describe(),
    };
    let credential = report.credential.or_else(|| environment.credential_file_problem());
    let credential = credential.unwrap_or(of_environment);
    lines += &layout.fact("credential", credential);
    let place = environment.credential_file_place().filter(|_| report.credential.is_none());
    lines += &place.map(|place| layout.fact("found in", place)).unwrap_or_default();
    if let Some(account) = environment.account() {
        lines += &layout.fact("account", account);
    }
    lines += &layout.fact("holds", &granted_line(report));
    if report.is_for_no_scope {
        lines += &layout.fact("", FOR_NO_SCOPE);
    }
    lines
}

/// Returns the scopes of the token, with the source that reported them and the token's lifetime.
fn granted_line(report: &Report) -> String {
    let granted = &report.granted;
    let source = granted.source().map(|source| source.describe().to_owned());
    let how: Vec<String> = source.into_iter().chain(report.remaining.map(time_left)).collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join("; ")) };
    match granted.scopes() {
        Some(scopes) if scopes.is_empty() => format!("no scopes{how}"),
        Some(scopes) => {
            let names: Vec<String> = scopes.iter().map(|scope| scope.short().to_owned()).collect();
            format!("{}{how}", joined(&names, MAX_LISTED, "and").unwrap_or_default())
        }
        None if granted.is_unrestricted() => format!("scopes do not limit this token{how}"),
        None => format!("unknown: {}", granted.why_unknown().unwrap_or_default()),
    }
}

/// Returns the remaining lifetime of a token in words.
fn time_left(remaining: Duration) -> String {
    match remaining.as_secs() {
        0 => "expired".to_owned(),
        seconds @ 1..60 => format!("{seconds} s left"),
        seconds => format!("{} min left", seconds / 60),
    }
}

/// Returns the lines for all findings of one gate.
fn findings(report: &Report, gate: Gate, title: &str, layout: &Layout) -> String {
    let of_gate = report.findings.iter().filter(|finding| finding.gate == gate);
    let lines: String = of_gate
        .map(|finding| {
            // The line about the token already shows this reason.
            let is_shown = finding.why.is_some() && finding.why() == report.granted.why_unknown();
            let details = if is_shown { Vec::new() } else { details(finding) };
            match layout.is_plain() {
                true => sentence(finding, title, &details, layout),
                false => row(finding, &details, layout),
            }
        })
        .collect();
    match lines.is_empty() {
        true => lines,
        false if layout.is_plain() => format!("\n{lines}"),
        false => format!("\n  {title}\n{lines}"),
    }
}

/// Returns the line of a finding in the plain layout.
fn sentence(finding: &Finding, title: &str, details: &[String], layout: &Layout) -> String {
    let details: String = details.iter().map(|text| format!("; {text}")).collect();
    let state = coloured(layout, finding.state, finding.state.as_str());
    format!("{title}, {state}: {}{details}\n", finding.subject)
}

/// Returns the line of a finding in the layout for people, with the details below.
fn row(finding: &Finding, details: &[String], layout: &Layout) -> String {
    let state = match finding.state {
        GateState::Closed => "CLOSED",
        other => other.as_str(),
    };
    let state = coloured(layout, finding.state, &format!("{state:<7}"));
    // 13 columns: the indentation of 4, the state of 7, and 2 spaces.
    let details: String = details.iter().map(|text| layout.indented(13, text)).collect();
    // Names are never wrapped, so that they can be found and copied.
    format!("    {state}  {}\n{details}", finding.subject)
}

/// Returns what the page shows of a finding in addition to its state.
fn details(finding: &Finding) -> Vec<String> {
    let Finding { why, accepted, permissions, missing, .. } = finding;
    let lacks = if finding.gate == Gate::Iam { "lacks " } else { "" };
    let accepted = narrowest_first(accepted);
    let accepted: Vec<&str> = accepted.iter().map(Scope::short).collect();
    let any = if accepted.len() > 1 { "any one of " } else { "" };
    let held = permissions.iter().filter(|held| !missing.contains(held));
    let held: Vec<&String> = held.filter(|_| finding.state.is_known()).collect();
    let details = [
        why.clone(),
        joined(missing, MAX_LISTED, "and").map(|joined| format!("{lacks}{joined}")),
        joined(&accepted, MAX_LISTED / 2, "or").map(|joined| format!("needs {any}{joined}")),
        joined(&held, MAX_LISTED, "and").map(|joined| format!("has {joined}")),
    ];
    details.into_iter().flatten().collect()
}

/// Returns the steps of the report, under a heading.
fn steps(report: &Report, layout: &Layout) -> String {
    if report.steps.is_empty() {
        return String::new();
    }
    let introduction = match report.summary {
        Some(_) => {
            let text = "No IAM role replaces a missing scope: scopes limit what the token may do.";
            format!("\n{}", layout.paragraph(text))
        }
        None => String::new(),
    };
    let heading = layout.paragraph(&report.environment.steps_heading());
    let others = other_options(&report.other_options, layout);
    format!("{introduction}\n{heading}{}{others}", layout.steps(&report.steps))
}

/// Returns how many other options there are, and their titles.
fn other_options(titles: &[String], layout: &Layout) -> String {
    let count = match titles.len() {
        0 => return String::new(),
        1 => "Or, 1 other option:".to_owned(),
        count => format!("Or, {count} other options:"),
    };
    let titles = titles.iter().map(|title| layout.indented(2, &format!("- {title}.")));
    format!("\n{}{}", layout.paragraph(&count), titles.collect::<String>())
}

/// Joins the first `most` names of a list, and adds the number of the remaining names. Returns
/// `None` for an empty list.
fn joined<T: AsRef<str>>(names: &[T], most: usize, before_last: &str) -> Option<String> {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let (last, first) = shown.split_last()?;
    Some(match (names.len().saturating_sub(most), first) {
        (0, []) => (*last).to_owned(),
        (0, first) => format!("{} {before_last} {last}", first.join(", ")),
        (more, _) => format!("{} {before_last} {more} more", shown.join(", ")),
    })
}
