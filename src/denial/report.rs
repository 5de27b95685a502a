//! The words of a [`Denial`](super::Denial): one line for logs, a page for people.

use std::fmt::{self, Write};

use super::{DenialKind, Facts};
use crate::environment::{Credential, Environment, Platform};
use crate::refusal::{Refusal, ScopeRefusal};
use crate::remedy::{Step, narrowest_first};
use crate::scope::Scope;

/// Scopes named on one line before the rest is counted.
const ON_A_LINE: usize = 3;
/// Scopes listed in a report before the rest is counted: a few methods accept over seventy.
const IN_A_LIST: usize = 12;

/// The line that users most need, because IAM is where they look first.
const NO_ROLE_HELPS: &str = "No IAM role fixes this";

pub(super) fn line(facts: &Facts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let verb = match facts.kind {
        DenialKind::Predicted | DenialKind::Confirmed => "was not sent",
        DenialKind::Refused => "was refused",
    };
    write!(f, "{} {verb}: ", subject(facts))?;
    match scope_refusal(facts) {
        ScopeRefusal::Restricting => f.write_str("its token holds an OAuth scope that restricts it")?,
        ScopeRefusal::ScopeOrShare => {
            f.write_str("its token lacks the OAuth scope for Drive, or the file is not shared")?;
        }
        _ => missing(facts, f)?,
    }
    write!(f, ". {NO_ROLE_HELPS}. {}", facts.remedy.summary)
}

fn missing(facts: &Facts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match facts.granted.scopes() {
        Some(held) if held.is_empty() => f.write_str("its token holds no OAuth scope")?,
        Some(held) => write!(f, "its token holds {}", shortened(held.iter(), " and "))?,
        None => f.write_str("its token lacks an OAuth scope")?,
    }
    let contrast = if facts.granted.scopes().is_some() { ", but" } else { ";" };
    match facts.accepted.is_empty() {
        true => Ok(()),
        false => {
            write!(f, "{contrast} the method needs {}", shortened(narrowest_first(&facts.accepted), " or "))
        }
    }
}

fn scope_refusal(facts: &Facts) -> ScopeRefusal {
    facts.refusal.as_ref().and_then(Refusal::scope_refusal).unwrap_or(ScopeRefusal::Missing)
}

pub(super) fn text(facts: &Facts) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_report(facts, &mut out);
    out
}

fn write_report(facts: &Facts, out: &mut String) -> fmt::Result {
    writeln!(out, "{}\n", headline(facts))?;
    gates(facts, out)?;
    facts_table(facts, out)?;
    let next = if is_iam_next(facts) { "IAM decides" } else { "the product's own rules decide" };
    writeln!(
        out,
        "\n{NO_ROLE_HELPS}: OAuth scopes are a ceiling on the token, whatever roles\n\
         the account has. Once this gate is open, {next}.\n"
    )?;
    writeln!(out, "What to do{}:", place(&facts.environment))?;
    write_steps(out, &facts.remedy.steps)
}

/// Numbered steps, their commands unbroken.
pub(crate) fn write_steps(out: &mut String, steps: &[Step]) -> fmt::Result {
    for (number, step) in steps.iter().enumerate() {
        wrapped(out, &format!("{}. ", number + 1), step.text())?;
        for line in step.command_line().into_iter().chain(step.code_line()) {
            writeln!(out, "       {line}")?;
        }
        if let Some(page) = step.console_url() {
            writeln!(out, "     console: {page}")?;
        }
        if let Some(link) = step.doc_url() {
            writeln!(out, "     {link}")?;
        }
    }
    Ok(())
}

fn headline(facts: &Facts) -> String {
    match facts.kind {
        DenialKind::Predicted => {
            format!("{} was not sent: its token lacks the OAuth scope for it.", subject(facts))
        }
        DenialKind::Confirmed => {
            format!("{} was not sent: Google has refused it with this token before.", subject(facts))
        }
        DenialKind::Refused => {
            let why = match scope_refusal(facts) {
                ScopeRefusal::Restricting => "because its token holds a scope that restricts it",
                ScopeRefusal::ScopeOrShare => "for lack of an OAuth scope for Drive, or of a share",
                _ => "for lack of an OAuth scope",
            };
            format!("{} was refused {why}.", subject(facts))
        }
    }
}

/// The two gates, as a picture that survives a log viewer.
fn gates(facts: &Facts, out: &mut String) -> fmt::Result {
    let service = facts.method.map_or("Google", |method| method.host());
    writeln!(out, "    the call")?;
    writeln!(out, "       |")?;
    writeln!(out, "  [ gate 1: OAuth scopes of the token ]  CLOSED   <-- it stopped here")?;
    writeln!(out, "       |")?;
    let next = if is_iam_next(facts) { "IAM roles of the account" } else { "rules of the product" };
    writeln!(out, "  [ gate 2: {next:<25} ]  unknown  (not asked yet)")?;
    writeln!(out, "       |")?;
    writeln!(out, "    {service}\n")
}

/// Products outside Google Cloud, such as Drive, have rules of their own and no IAM roles.
fn is_iam_next(facts: &Facts) -> bool {
    let accepted = &facts.accepted;
    let for_a_person = facts.environment.credential() == Credential::DomainWideDelegation;
    !for_a_person && (accepted.is_empty() || accepted.contains(&Scope::cloud_platform()))
}

fn facts_table(facts: &Facts, out: &mut String) -> fmt::Result {
    if let Some(method) = facts.method {
        row(out, "method", &[format!("{} ({})", method.id(), method.api())])?;
    }
    if scope_refusal(facts) != ScopeRefusal::Restricting {
        row(out, "needs", &needs(facts))?;
    }
    row(out, "holds", &holds(facts))?;
    let environment = &facts.environment;
    if let Some(account) = environment.account() {
        let kind = environment.account_kind().map(|kind| format!("({})", kind.describe()));
        row(out, "account", &[account.to_owned()].into_iter().chain(kind).collect::<Vec<_>>())?;
    }
    row(out, "credential", &[environment.credential().describe().to_owned()])?;
    if environment.platform() != Platform::Unknown {
        row(out, "runs on", &[environment.platform().to_string()])?;
    }
    if let Some(words) = facts.refusal.as_ref().and_then(|refusal| refusal.server_message()) {
        row(out, "server said", &[format!("\"{words}\"")])?;
    }
    if let Some(id) = facts.refusal.as_ref().and_then(|refusal| refusal.request_id()) {
        row(out, "request id", &[id.to_owned()])?;
    }
    Ok(())
}

fn needs(facts: &Facts) -> Vec<String> {
    if facts.accepted.is_empty() {
        return vec!["a scope that neither the catalog nor the server names".to_owned()];
    }
    let mut lines = vec!["any one of".to_owned()];
    for (place, scope) in narrowest_first(&facts.accepted).into_iter().take(IN_A_LIST).enumerate() {
        let mark = if place == 0 { "  (the least that does)" } else { "" };
        lines.push(format!("  {scope}{mark}"));
    }
    lines.extend(rest(facts.accepted.len(), IN_A_LIST));
    lines
}

fn holds(facts: &Facts) -> Vec<String> {
    let Some(held) = facts.granted.scopes() else {
        return vec![format!(
            "not known: {}",
            facts.granted.why_unknown().unwrap_or("the token is not limited by scopes")
        )];
    };
    let mut lines: Vec<String> = held.iter().take(IN_A_LIST).map(|scope| scope.to_string()).collect();
    if lines.is_empty() {
        lines.push("no scope".to_owned());
    }
    lines.extend(rest(held.len(), IN_A_LIST));
    lines.extend(facts.granted.source().map(|source| format!("({})", source.describe())));
    if held.intersects(&facts.accepted) && scope_refusal(facts) == ScopeRefusal::Missing {
        lines.push("which the refusal contradicts: the list may be out of date".to_owned());
    }
    lines
}

fn rest(all: usize, shown: usize) -> Option<String> {
    (all > shown).then(|| format!("  and {} more", all - shown))
}

fn row(out: &mut String, name: &str, lines: &[String]) -> fmt::Result {
    for (number, line) in lines.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        writeln!(out, "  {name:<12}{line}")?;
    }
    Ok(())
}

/// Words to the width of a terminal, the first line behind `mark`, the others below it.
fn wrapped(out: &mut String, mark: &str, text: &str) -> fmt::Result {
    let mut line = format!("  {mark}");
    let indent = line.len();
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 80 && line.len() > indent {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    writeln!(out, "{}", line.trim_end())
}

fn subject(facts: &Facts) -> &str {
    let named = facts.refusal.as_ref().and_then(|refusal| refusal.rpc_method());
    facts.method.map(|method| method.id()).or(named).unwrap_or("the call")
}

/// Where the steps apply, if that is known. A credential from elsewhere makes the place irrelevant.
pub(crate) fn place(environment: &Environment) -> String {
    if environment.credential() != Credential::MetadataServer {
        return String::new();
    }
    let zone = environment.zone().map(|zone| format!("zone {zone}"));
    let region = environment.location().map(str::to_owned);
    let project = environment.project().map(|project| format!("project {project}"));
    match (environment.instance(), environment.resource()) {
        (Some(vm), None) => format!(" for {vm}{}", in_brackets([zone, project])),
        (_, Some(name)) => format!(" for {name}{}", in_brackets([region, project])),
        (None, None) => String::new(),
    }
}

fn in_brackets(parts: [Option<String>; 2]) -> String {
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}

/// Scopes by their short names; of a long list the first few, and how many more.
fn shortened(scopes: impl IntoIterator<Item = Scope>, before_last: &str) -> String {
    let names: Vec<String> = scopes.into_iter().map(|scope| scope.short().to_owned()).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) if names.len() <= ON_A_LINE => format!("{}{before_last}{last}", first.join(", ")),
        Some(_) => format!("{} and {} more", names[..ON_A_LINE - 1].join(", "), names.len() + 1 - ON_A_LINE),
    }
}
