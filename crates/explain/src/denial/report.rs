//! Writes a [`Denial`](super::Denial) as one line for logs, and as a page for people.

use std::fmt;

use gcp_scopes_catalog::narrowest_first;
use gcp_scopes_catalog::scope::Scope;

use super::facts::{DenialKind, Facts};
use crate::environment::{Credential, Platform};
use crate::layout::Layout;
use crate::refusal::{Refusal, ScopeProblem};
use crate::required_scopes::RequiredScopes;

/// The maximum number of scopes that a log line names. The other scopes are only counted, because
/// more names would make the line too long to read.
const LINE_LIMIT: usize = 3;
/// The maximum number of scopes that a report lists, so that the report of a common refusal has at
/// most 25 lines. The other scopes are only counted.
const LIST_LIMIT: usize = 3;
/// The maximum number of scopes that a verbose report lists. Some methods accept over seventy.
const VERBOSE_LIST_LIMIT: usize = 12;

/// Every line and every report contains this sentence, because most people change IAM roles first.
const NO_ROLE_HELPS: &str = "No IAM role fixes this";

/// Writes the denial as one line.
pub(super) fn write_line(facts: &Facts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} {}", Headline(facts), facts.remedy().summary)
}

/// The first sentences of a report: what happened, and why.
struct Headline<'a>(&'a Facts);

impl fmt::Display for Headline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.0;
        let verb = match facts.kind {
            DenialKind::Predicted => "was not sent",
            DenialKind::Confirmed => "was not sent, as Google refused it with this token before",
            DenialKind::Refused => "was refused",
        };
        write!(f, "{} {verb}: ", subject(facts))?;
        match facts.problem() {
            ScopeProblem::Restricting => {
                f.write_str("its token holds an OAuth scope that restricts this call")?;
            }
            ScopeProblem::ScopeOrShare => {
                f.write_str(
                    "its token lacks the OAuth scope for Drive, or the file is not shared",
                )?;
            }
            _ => write_missing_scope(facts, f)?,
        }
        write!(f, ". {NO_ROLE_HELPS}.")
    }
}

/// Writes which scopes the token holds and which scopes the method accepts.
fn write_missing_scope(facts: &Facts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match facts.granted.scopes() {
        Some(_) if facts.is_contradicted() => {
            f.write_str("its token lacks an OAuth scope, although its known scopes are enough")?;
        }
        Some(held) if held.is_empty() => f.write_str("its token holds no OAuth scope")?,
        Some(held) => write!(f, "its token holds {}", shortened(held.iter(), " and "))?,
        None => f.write_str("its token lacks an OAuth scope")?,
    }
    let contrast = if names_held(facts) { ", but" } else { ";" };
    f.write_str(contrast)?;
    match &facts.required {
        RequiredScopes::AnyOf(scopes) => {
            write!(f, " the method needs {}", shortened(narrowest_first(scopes), " or "))
        }
        RequiredScopes::AllOf(scopes) => {
            write!(f, " the method needs {} at once", shortened(scopes.iter(), " and "))
        }
        RequiredScopes::EveryMethod(scopes) => {
            write!(
                f,
                " every method of the API accepts {}",
                shortened(narrowest_first(scopes), " or ")
            )
        }
        RequiredScopes::OneOf(_) | RequiredScopes::Unknown => {
            f.write_str(" it is not known which one the call needs")
        }
    }
}

/// Returns whether the first sentence of a report names the scopes that the token holds.
fn names_held(facts: &Facts) -> bool {
    facts.granted.scopes().is_some() && !facts.is_contradicted()
}

/// Returns the denial as a page, which begins with the answer.
pub(super) fn page(facts: &Facts, layout: Layout) -> String {
    let heading = facts.environment.steps_heading();
    let mut parts = vec![layout.paragraph(&capitalized(&Headline(facts).to_string()))];
    parts.extend(layout.is_verbose().then(|| gates(facts, layout)));
    parts.push(layout.options(&heading, &facts.remedy().options));
    parts.push(facts_table(facts, layout));
    parts.extend(layout.is_verbose().then(|| conclusion(facts, layout)));
    parts.join("\n")
}

/// Returns the paragraph about the two gates.
fn conclusion(facts: &Facts, layout: Layout) -> String {
    let next = match next_gate(facts) {
        NextGate::Iam => "IAM decides",
        NextGate::Product => "the product's own rules decide",
        NextGate::Unknown => "IAM or the API's own rules decide",
    };
    layout.paragraph(&format!(
        "OAuth scopes are a ceiling on the token, whatever roles the account has. Once this gate \
         is open, {next}."
    ))
}

/// Capitalizes a headline that begins with "the call". A headline that begins with the id of a
/// method does not change.
fn capitalized(headline: &str) -> String {
    headline
        .strip_prefix("the call")
        .map_or_else(|| headline.to_owned(), |rest| format!("The call{rest}"))
}

/// Draws the two gates with ASCII characters, which every log viewer shows, or describes them in
/// two sentences if the layout has no picture.
fn gates(facts: &Facts, layout: Layout) -> String {
    let next = match next_gate(facts) {
        NextGate::Iam => "IAM roles of the account",
        NextGate::Product => "rules of the product",
        NextGate::Unknown => "IAM, or the API's rules",
    };
    if !layout.has_picture() {
        return layout
            .paragraph("Gate 1, OAuth scopes of the token: closed. The call stopped here.")
            + &layout.paragraph(&format!("Gate 2, {next}: unknown, not reached."));
    }
    let closed = layout.red("CLOSED");
    [
        "    the call".to_owned(),
        "       |".to_owned(),
        format!("  [ gate 1: OAuth scopes of the token ]  {closed}   <-- it stopped here"),
        "       |".to_owned(),
        // 25 columns, as many as the name of gate 1 has, so that the brackets are below each other.
        format!("  [ gate 2: {next:<25} ]  unknown  (not reached)"),
        "       |".to_owned(),
        format!("    {}\n", facts.host().unwrap_or("Google")),
    ]
    .join("\n")
}

/// The gate after the scopes.
enum NextGate {
    Iam,
    /// Products outside Google Cloud, such as Drive, have no IAM roles.
    Product,
    Unknown,
}

/// Returns the gate after the scopes. A product outside Google Cloud has no method that accepts the
/// scope `cloud-platform`.
fn next_gate(facts: &Facts) -> NextGate {
    let accepts_cloud_platform = facts.required.accepted().contains(&Scope::cloud_platform());
    match facts.required {
        // Delegation is for the data of a person in Workspace, such as mail and files, for which
        // IAM roles do not count.
        _ if facts.environment.credential() == Credential::DomainWideDelegation => {
            NextGate::Product
        }
        RequiredScopes::AllOf(_) | RequiredScopes::Unknown => NextGate::Unknown,
        RequiredScopes::OneOf(_) if accepts_cloud_platform => NextGate::Unknown,
        _ if accepts_cloud_platform => NextGate::Iam,
        _ => NextGate::Product,
    }
}

/// Returns the facts of a report, each on its own line.
fn facts_table(facts: &Facts, layout: Layout) -> String {
    let Facts { environment, refusal, .. } = facts;
    let method = facts.method.map(|method| format!("{} ({})", method.id(), method.api()));
    let platform = environment.platform();
    // The heading of the steps already names a VM, so a short report leaves out its platform.
    let is_named = environment.instance().is_some() && !layout.is_verbose();
    let platform_name = (platform != Platform::Unknown && !is_named).then(|| platform.to_string());
    let server_message = refusal.as_ref().and_then(Refusal::server_message);
    let fact = |name: &str, text: Option<&str>| {
        text.map(|text| layout.fact(name, text)).unwrap_or_default()
    };
    [
        fact("method", method.as_deref()),
        // The first sentence of the report already names these scopes.
        if layout.is_verbose() { needs(facts, layout) } else { String::new() },
        if layout.is_verbose() || !names_held(facts) {
            holds(facts, layout)
        } else {
            String::new()
        },
        account(facts, layout).unwrap_or_default(),
        layout.fact(
            "credential",
            environment
                .credential_file_problem()
                .unwrap_or_else(|| environment.credential().describe()),
        ),
        fact("runs on", platform_name.as_deref()),
        fact("server said", server_message.map(|words| format!("\"{words}\"")).as_deref()),
        fact("request id", refusal.as_ref().and_then(Refusal::request_id)),
    ]
    .concat()
}

/// Returns the fact `needs`: the scopes that the call needs. Returns an empty text if the token
/// holds a scope that restricts the call.
fn needs(facts: &Facts, layout: Layout) -> String {
    if facts.problem() == ScopeProblem::Restricting {
        return String::new();
    }
    let (intro, scopes) = match &facts.required {
        RequiredScopes::AnyOf(scopes) => ("any one of these is enough:", scopes),
        RequiredScopes::AllOf(scopes) => ("all of these at once:", scopes),
        RequiredScopes::EveryMethod(scopes) => ("one of these, for any method of the API:", scopes),
        RequiredScopes::OneOf(scopes) => ("one of these, which depends on the call:", scopes),
        RequiredScopes::Unknown => {
            return layout
                .fact("needs", "not known: neither the catalog nor the server names a scope");
        }
    };
    let scopes = listed(layout, narrowest_first(scopes), scopes.len());
    layout.list("needs", (scopes.len() > 1).then_some(intro), &scopes, &[])
}

/// Returns the fact `holds`: the scopes of the token, and the source that reports them.
fn holds(facts: &Facts, layout: Layout) -> String {
    let Some(held) = facts.granted.scopes() else {
        return layout.fact(
            "holds",
            &match facts.granted.why_unknown() {
                Some(why) => format!("not known: {why}"),
                None => "no limit: scopes do not limit the token".to_owned(),
            },
        );
    };
    let mut scopes = listed(layout, held.iter(), held.len());
    if scopes.is_empty() {
        scopes.push("no scope".to_owned());
    }
    let source = facts.granted.source().map(|source| format!("({})", source.describe()));
    let mut after: Vec<String> = source.into_iter().collect();
    if facts.is_contradicted() {
        after.push("which the refusal contradicts: the list may be out of date".to_owned());
    }
    layout.list("holds", None, &scopes, &after)
}

/// Returns the fact `account`: the e-mail of the service account, and in a verbose report its kind.
fn account(facts: &Facts, layout: Layout) -> Option<String> {
    let account = facts.environment.account()?.to_owned();
    let kind = facts.environment.account_kind().filter(|_| layout.is_verbose());
    let kind = kind.map(|kind| format!("({})", kind.describe()));
    Some(layout.list("account", None, &[account], kind.as_slice()))
}

/// Returns the scopes as full URIs, so that people can copy them. For a plain layout, which is
/// meant for screen readers, returns the short names of the scopes; the commands of the steps
/// contain the URIs.
fn listed(layout: Layout, scopes: impl IntoIterator<Item = Scope>, count: usize) -> Vec<String> {
    // A screen reader reads a URI letter by letter.
    let name =
        |scope: Scope| if layout.is_plain() { scope.short().to_owned() } else { scope.to_string() };
    let limit = if layout.is_verbose() { VERBOSE_LIST_LIMIT } else { LIST_LIMIT };
    scopes.into_iter().take(limit).map(name).chain(remaining(count, limit)).collect()
}

/// Returns the text for the scopes that are not shown; `None` if all are shown.
fn remaining(count: usize, shown: usize) -> Option<String> {
    (count > shown).then(|| format!("and {} more", count - shown))
}

/// Returns the name of the method, or "the call".
fn subject(facts: &Facts) -> &str {
    let named = facts.refusal.as_ref().and_then(Refusal::rpc_method);
    facts.method.map(|method| method.id()).or(named).unwrap_or("the call")
}

/// Joins the short names of scopes. For a long list, joins the first names and the number of the
/// others.
fn shortened(scopes: impl IntoIterator<Item = Scope>, before_last: &str) -> String {
    let names: Vec<String> = scopes.into_iter().map(|scope| scope.short().to_owned()).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) if names.len() <= LINE_LIMIT => {
            format!("{}{before_last}{last}", first.join(", "))
        }
        Some(_) => {
            // "A, B and 3 more" would read as if a method needed all of them.
            let before_number = if before_last == " or " { " or one of" } else { " and" };
            format!(
                "{}{before_number} {} more",
                names[..LINE_LIMIT - 1].join(", "),
                names.len() + 1 - LINE_LIMIT
            )
        }
    }
}
