//! The questions of the page, and the answers to them.

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Catalog};
use gcp_scopes_cli::answer::explanation::{Explainer, Explanation};
use gcp_scopes_cli::answer::findings_page::FindingsPage;
use gcp_scopes_cli::answer::method_answer::MethodAnswer;
use gcp_scopes_cli::answer::places::PLACES;
use gcp_scopes_cli::answer::search;
use gcp_scopes_explain::environment::{Credential, Environment, Platform};
use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
use gcp_scopes_explain::layout::Layout;
use gcp_scopes_needs::{MachineFinding, NeedsFile};
use gcp_scopes_reader::{NamedCall, RecordedResponse, scopes};
use serde::Deserialize;
use serde_json::{Value, json};

/// A question of the page.
#[derive(Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
enum Question {
    /// Which gate refused, according to a pasted text.
    Explain(PastedText),
    /// Which scopes a method or a request accepts.
    Method { call: String, held: String },
    /// Which methods have a text in their ids.
    Find { text: String },
    /// Whether the machines of a Terraform plan have the scopes for some methods.
    Check { plan: String, methods: String },
    /// The places where a program can run.
    Places,
}

/// A pasted text, and where the call was made. Fields are empty if nothing was entered.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PastedText {
    text: String,
    on: String,
    project: String,
    zone: String,
    instance: String,
    call: String,
    held: String,
}

/// The maximum number of methods in an answer, so that a page shows them at once.
const MAX_METHODS: usize = 40;

/// Returns the answer to a question as JSON. An answer with the key `error` is a sentence about
/// what was entered.
pub(crate) fn answer(question: &[u8]) -> String {
    let answered = serde_json::from_slice(question).map_err(|error| error.to_string());
    let answered = answered.and_then(|question| match question {
        Question::Explain(pasted) => explain(pasted),
        Question::Method { call, held } => method(&call, &held),
        Question::Find { text } => Ok(find(&text)),
        Question::Check { plan, methods } => check(&plan, &methods),
        Question::Places => Ok(places()),
    });
    answered.unwrap_or_else(|error| json!({ "error": error })).to_string()
}

fn explain(pasted: PastedText) -> Result<Value, String> {
    let explainer = Explainer::new(
        environment(&pasted)?,
        !pasted.on.is_empty(),
        granted(&pasted.held)?,
        Some(pasted.call.trim()).filter(|call| !call.is_empty()).map(named_call).transpose()?,
    );
    // The search of a long log in parts would save time, but the module would be too large.
    let found = search::in_text(&RecordedResponse::from_text(pasted.text));
    let note = found.as_ref().and_then(|found| found.note.clone());
    let explanation =
        found.map_or_else(Explanation::default, |found| explainer.explanation(found.refusal));
    let explained = explanation.json_with_report(Layout::new());
    let explained: Value = serde_json::from_str(&explained).map_err(|error| error.to_string())?;
    Ok(json!({
        "is_refusal": explanation.is_refusal(),
        "note": note,
        "is_place_known": !pasted.on.is_empty() || explanation.is_place_of_record(),
        "script": explanation.script(),
        "explanation": explained,
    }))
}

/// Returns where the call was made. A name that Google does not allow is an error.
fn environment(pasted: &PastedText) -> Result<Environment, String> {
    let row = PLACES.iter().find(|(name, ..)| *name == pasted.on);
    let (_, platform, credential) =
        row.copied().unwrap_or(("", Platform::Unknown, Credential::Unknown));
    let mut environment = Environment::new(platform, credential);
    type SetName = fn(Environment, &str) -> Result<Environment, gcp_scopes_explain::Error>;
    let names: [(&str, SetName); 3] = [
        (&pasted.project, Environment::with_project),
        (&pasted.zone, Environment::with_zone),
        (&pasted.instance, Environment::with_instance),
    ];
    for (name, set_name) in names.map(|(name, set_name)| (name.trim(), set_name)) {
        if !name.is_empty() {
            environment = set_name(environment, name).map_err(|error| error.to_string())?;
        }
    }
    Ok(match held(&pasted.held)? {
        Some(scopes) => environment.with_scopes(scopes),
        None => environment,
    })
}

fn granted(text: &str) -> Result<GrantedScopes, String> {
    let unknown = || GrantedScopes::unknown("they were not entered");
    let known = |scopes| GrantedScopes::known(scopes, GrantSource::Declared);
    Ok(held(text)?.map_or_else(unknown, known))
}

/// Returns the entered scopes; `None` if there are none.
fn held(text: &str) -> Result<Option<ScopeSet>, String> {
    let entered = Some(text.trim()).filter(|text| !text.is_empty());
    entered.map(|text| scopes([text])).transpose().map_err(|error| error.to_string())
}

fn named_call(text: &str) -> Result<NamedCall, String> {
    text.parse().map_err(|error: gcp_scopes_explain::Error| error.to_string())
}

fn method(call: &str, entered: &str) -> Result<Value, String> {
    let (call, held) = (named_call(call.trim())?, held(entered)?);
    let answer = MethodAnswer::new(&call, held.as_ref());
    let fields: Value =
        serde_json::from_str(&answer.json_with_doc()).map_err(|error| error.to_string())?;
    Ok(json!({ "method": fields, "report": answer.text(Layout::new()) }))
}

/// Returns the methods whose ids contain each word of the text, those that begin with it first.
fn find(text: &str) -> Value {
    let text = text.trim().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let catalog = Catalog::built_in();
    let methods = (0..catalog.method_count()).filter_map(|index| catalog.method_at(index));
    let is_found = |method: &ApiMethod| {
        let id = method.id().to_lowercase();
        !words.is_empty() && words.iter().all(|word| id.contains(word))
    };
    let mut found: Vec<ApiMethod> = methods.filter(is_found).collect();
    let count = found.len();
    let is_later = |method: &ApiMethod| !method.id().to_lowercase().starts_with(&text);
    found.sort_by_cached_key(|method| {
        (is_later(method), method.id().len(), method.id(), method.api())
    });
    let shown = found.into_iter().take(MAX_METHODS).map(|method| {
        let accepted = method.accepted();
        json!({
            "id": method.id(),
            "api": method.api(),
            "accepted": accepted.iter().map(|scope| scope.to_string()).collect::<Vec<_>>(),
            "needs_every_scope": method.needs_every_scope(),
            "doc": method.doc_url(),
        })
    });
    json!({ "count": count, "methods": shown.collect::<Vec<_>>() })
}

fn check(plan: &str, methods: &str) -> Result<Value, String> {
    let ids = methods.split(|c: char| c.is_whitespace() || c == ',').filter(|id| !id.is_empty());
    let methods = ids.map(|id| ApiMethod::by_id(id).map_err(|error| error.to_string()));
    let methods = methods.collect::<Result<Vec<_>, _>>()?;
    if methods.is_empty() {
        return Err("Enter at least one method, such as storage.objects.insert.".to_owned());
    }
    let needs = NeedsFile::from_methods(methods);
    let (mut page, mut findings) = (FindingsPage::new(Layout::new()), Vec::new());
    let on_finding = &mut |finding: MachineFinding| {
        page.add(&finding);
        findings.push(finding);
    };
    let summary =
        needs.check_plan(plan.as_bytes(), on_finding).map_err(|error| error.to_string())?;
    Ok(json!({ "findings": findings, "report": page.text(&summary) }))
}

/// Returns the places where a program can run, with a name for people.
fn places() -> Value {
    let rows = PLACES.iter().map(|(name, platform, credential)| {
        let title = match (platform, credential) {
            (Platform::Unknown, Credential::Unknown) => return json!({ "name": name, "title": "" }),
            (Platform::Unknown, _) => credential.to_string(),
            _ => platform.to_string(),
        };
        json!({ "name": name, "title": title })
    });
    json!({ "version": Catalog::built_in().version(), "places": rows.collect::<Vec<_>>() })
}
