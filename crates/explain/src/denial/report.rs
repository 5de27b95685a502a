//! The words of a [`Denial`](super::Denial): one line for logs, a page for people.

use std::fmt;

use gcp_scopes_catalog::narrowest_first;
use gcp_scopes_catalog::scope::Scope;

use super::facts::{DenialKind, Facts};
use crate::environment::{Credential, Platform};
use crate::layout::{Colour, Layout, Page};
use crate::refusal::{Refusal, ScopeRefusal};

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
    match facts.scope_refusal() {
        ScopeRefusal::Restricting => f.write_str("its token holds an OAuth scope that restricts it")?,
        ScopeRefusal::ScopeOrShare => {
            f.write_str("its token lacks the OAuth scope for Drive, or the file is not shared")?;
        }
        _ => missing(facts, f)?,
    }
    write!(f, ". {NO_ROLE_HELPS}. {}", facts.remedy().summary)
}

fn missing(facts: &Facts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match facts.granted.scopes() {
        Some(_) if facts.is_contradicted() => {
            f.write_str("its token lacks an OAuth scope, unlike what is known of it")?;
        }
        Some(held) if held.is_empty() => f.write_str("its token holds no OAuth scope")?,
        Some(held) => write!(f, "its token holds {}", shortened(held.iter(), " and "))?,
        None => f.write_str("its token lacks an OAuth scope")?,
    }
    let is_told = facts.granted.scopes().is_some() && !facts.is_contradicted();
    let contrast = if is_told { ", but" } else { ";" };
    match facts.accepted.is_empty() {
        true => Ok(()),
        false => {
            write!(f, "{contrast} the method needs {}", shortened(narrowest_first(&facts.accepted), " or "))
        }
    }
}

pub(super) fn text(facts: &Facts, layout: Layout) -> String {
    let mut page = Page::new(layout);
    page.wrapped("", &sentence(&headline(facts)));
    page.line("");
    gates(facts, &mut page);
    facts_table(facts, &mut page);
    let next = if is_iam_next(facts) { "IAM decides" } else { "the product's own rules decide" };
    page.line("");
    page.wrapped(
        "",
        &format!(
            "{NO_ROLE_HELPS}: OAuth scopes are a ceiling on the token, whatever roles the account has. Once this \
             gate is open, {next}."
        ),
    );
    page.line("");
    page.wrapped("", &facts.environment.what_to_do());
    page.steps(&facts.remedy().steps);
    page.into_text()
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
            let why = match facts.scope_refusal() {
                ScopeRefusal::Restricting => "because its token holds a scope that restricts it",
                ScopeRefusal::ScopeOrShare => "for lack of an OAuth scope for Drive, or of a share",
                _ => "for lack of an OAuth scope",
            };
            format!("{} was refused {why}.", subject(facts))
        }
    }
}

/// A method's name keeps its small letter.
fn sentence(text: &str) -> String {
    text.strip_prefix("the call").map_or_else(|| text.to_owned(), |rest| format!("The call{rest}"))
}

/// The two gates, as a picture that survives a log viewer, or in two sentences.
fn gates(facts: &Facts, page: &mut Page) {
    let next = if is_iam_next(facts) { "IAM roles of the account" } else { "rules of the product" };
    if page.draws() {
        page.line("    the call");
        page.line("       |");
        let closed = page.painted("CLOSED", Colour::Bad);
        page.line(&format!("  [ gate 1: OAuth scopes of the token ]  {closed}   <-- it stopped here"));
        page.line("       |");
        page.line(&format!("  [ gate 2: {next:<25} ]  unknown  (not asked yet)"));
        page.line("       |");
        page.line(&format!("    {}", host(facts)));
    } else {
        page.wrapped("", "Gate 1, OAuth scopes of the token: closed. The call stopped here.");
        page.wrapped("", &format!("Gate 2, {next}: unknown, not asked yet."));
    }
    page.line("");
}

/// Where the call went, as far as that is known.
fn host(facts: &Facts) -> &str {
    let named = facts.refusal.as_ref().and_then(Refusal::service);
    facts.method.map(|method| method.host()).or(named).unwrap_or("Google")
}

/// Products outside Google Cloud, such as Drive, have rules of their own and no IAM roles.
fn is_iam_next(facts: &Facts) -> bool {
    let accepted = &facts.accepted;
    let for_a_person = facts.environment.credential() == Credential::DomainWideDelegation;
    !for_a_person && (accepted.is_empty() || accepted.contains(&Scope::cloud_platform()))
}

fn facts_table(facts: &Facts, page: &mut Page) {
    if let Some(method) = facts.method {
        page.row("method", &format!("{} ({})", method.id(), method.api()));
    }
    if facts.scope_refusal() != ScopeRefusal::Restricting {
        needs(facts, page);
    }
    holds(facts, page);
    let environment = &facts.environment;
    if let Some(account) = environment.account() {
        let kind = environment.account_kind().map(|kind| format!("({})", kind.describe()));
        page.rows("account", None, &[account.to_owned()], kind.as_slice());
    }
    page.row("credential", environment.credential().describe());
    if environment.platform() != Platform::Unknown {
        page.row("runs on", &environment.platform().to_string());
    }
    if let Some(words) = facts.refusal.as_ref().and_then(|refusal| refusal.server_message()) {
        page.row("server said", &format!("\"{words}\""));
    }
    if let Some(id) = facts.refusal.as_ref().and_then(|refusal| refusal.request_id()) {
        page.row("request id", id);
    }
}

fn needs(facts: &Facts, page: &mut Page) {
    if facts.accepted.is_empty() {
        return page.row("needs", "a scope that neither the catalog nor the server names");
    }
    let items = scopes(page, narrowest_first(&facts.accepted), facts.accepted.len());
    let intro = (items.len() > 1).then_some("any one of these is enough:");
    page.rows("needs", intro, &items, &[]);
}

fn holds(facts: &Facts, page: &mut Page) {
    let Some(held) = facts.granted.scopes() else {
        let why = facts.granted.why_unknown().unwrap_or("the token is not limited by scopes");
        return page.row("holds", &format!("not known: {why}"));
    };
    let mut items = scopes(page, held.iter(), held.len());
    if items.is_empty() {
        items.push("no scope".to_owned());
    }
    let source = facts.granted.source().map(|source| format!("({})", source.describe()));
    let mut after: Vec<String> = source.into_iter().collect();
    if facts.is_contradicted() {
        after.push("which the refusal contradicts: the list may be out of date".to_owned());
    }
    page.rows("holds", None, &items, &after);
}

/// Whole, so that they can be copied; in short where they are read aloud. The commands have them whole.
fn scopes(page: &Page, scopes: impl IntoIterator<Item = Scope>, all: usize) -> Vec<String> {
    let name = |scope: Scope| if page.is_plain() { scope.short().to_owned() } else { scope.to_string() };
    scopes.into_iter().take(IN_A_LIST).map(name).chain(rest(all, IN_A_LIST)).collect()
}

fn rest(all: usize, shown: usize) -> Option<String> {
    (all > shown).then(|| format!("and {} more", all - shown))
}

fn subject(facts: &Facts) -> &str {
    let named = facts.refusal.as_ref().and_then(|refusal| refusal.rpc_method());
    facts.method.map(|method| method.id()).or(named).unwrap_or("the call")
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
