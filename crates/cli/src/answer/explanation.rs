//! The explanation of a response, as text and as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use gcp_scopes_explain::Denial;
use gcp_scopes_explain::denial::RequiredScopes;
use gcp_scopes_explain::environment::{Environment, Platform};
use gcp_scopes_explain::granted::GrantedScopes;
use gcp_scopes_explain::layout::Layout;
use gcp_scopes_explain::refusal::{Certainty, Gate, Refusal};
use gcp_scopes_explain::remedy::{RemedyOption, Step, for_refused_call};
use gcp_scopes_reader::{NamedCall, RecordedResponse, service_of};
use serde::Serialize;

use super::json::{Versioned, sorted_uris, to_json};
use super::report;
use super::script;
use super::search::{self, FoundRefusal};

/// Explains responses to calls that were made in one environment, with one token.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explainer {
    /// Where the call was made, as far as the arguments show.
    pub environment: Environment,
    /// Whether an argument shows where the call was made.
    pub is_environment_given: bool,
    /// The scopes of the token.
    pub granted: GrantedScopes,
    /// The call that `--call` names.
    pub call: Option<NamedCall>,
}

impl Explainer {
    /// Creates an explainer. `is_environment_given` is whether the user named the environment. If
    /// not, the environment that a record of a log shows takes precedence over `environment`.
    pub fn new(
        environment: Environment,
        is_environment_given: bool,
        granted: GrantedScopes,
        call: Option<NamedCall>,
    ) -> Self {
        Self { environment, is_environment_given, granted, call }
    }

    /// Explains a response, or a text that may contain a response. The explanation is empty if
    /// there is no refusal.
    pub fn explain(&self, response: &RecordedResponse) -> Explanation {
        let found = match response.is_text() {
            true => search::in_text(response).map(|found| found.refusal),
            false => FoundRefusal::in_response(response),
        };
        found.map_or_else(Explanation::default, |found| self.explanation(found))
    }

    /// Explains a refusal.
    pub fn explanation(&self, found: FoundRefusal) -> Explanation {
        let FoundRefusal { refusal, call: read, environment, .. } = found;
        let of_record = environment.filter(|_| !self.is_environment_given);
        let is_place_of_record =
            of_record.as_ref().is_some_and(|here| here.platform() != Platform::Unknown);
        let environment =
            of_record.map_or_else(|| self.environment.clone(), |here| self.with_held(here));
        let given = self.call.as_ref().filter(|call| !read.contradicts(call));
        let mut notes = Vec::new();
        if self.call.is_some() && given.is_none() {
            notes.push(contradicted_call(&read));
        }
        let named_call = given.cloned().unwrap_or(read);
        let (method, call) = (named_call.method(), named_call.call());
        let refusal = with_service(refusal, &named_call);
        let denial = self.denial(&call, method, &refusal, &environment);
        let required =
            (refusal.gate() == Gate::Scope).then(|| self.required(&call, method, &refusal));
        let options = match &denial {
            Some(denial) => denial.options().to_vec(),
            None => for_refused_call(&refusal, &environment, &call),
        };
        let is_held = denial.as_ref().is_some_and(Denial::is_contradicted);
        notes.extend(is_held.then(|| HELD_IS_ENOUGH.to_owned()));
        notes.extend(
            candidates_note(named_call.candidates()).filter(|_| refusal.gate() == Gate::Scope),
        );
        Explanation {
            environment: Some(environment),
            granted: self.granted.clone(),
            refusal: Some(refusal),
            denial,
            required,
            method,
            call: named_call,
            options,
            notes,
            is_place_of_record,
        }
    }

    /// Returns the scopes that a refused call needed.
    fn required(
        &self,
        call: &Call<'_>,
        method: Option<ApiMethod>,
        refusal: &Refusal,
    ) -> RequiredScopes {
        RequiredScopes::of_refused_call(&look_up(call, method), method, &self.granted, refusal)
    }

    /// Returns the environment with the scopes of `--held`.
    fn with_held(&self, environment: Environment) -> Environment {
        match self.granted.scopes() {
            Some(scopes) => environment.with_scopes(scopes.clone()),
            None => environment,
        }
    }

    /// Returns the denial of a call that was refused for lack of scopes; `None` if another gate
    /// refused the call, or if a missing scope is only possible.
    fn denial(
        &self,
        call: &Call<'_>,
        method: Option<ApiMethod>,
        refusal: &Refusal,
        environment: &Environment,
    ) -> Option<Denial> {
        let lookup = look_up(call, method);
        let is_expected = self.granted.suffice_for(&lookup) == Ok(false);
        let refusal = if is_expected { refusal.clone().corroborated() } else { refusal.clone() };
        let environment = Arc::new(environment.clone());
        refusal
            .is_likely_for_scope()
            .then(|| Denial::from_refusal(&lookup, self.granted.clone(), environment, refusal))
    }
}

/// Looks up a call. A known method takes precedence, because the request may be unknown.
fn look_up(call: &Call<'_>, method: Option<ApiMethod>) -> Lookup {
    method.map_or_else(|| lookup(call, &Endpoints::new()), Lookup::from)
}

/// Returns the refusal with the service of the call, if it is known.
fn with_service(refusal: Refusal, call: &NamedCall) -> Refusal {
    let of_method = || call.method().map(service_of);
    match call.service().map(str::to_owned).or_else(of_method) {
        Some(service) => refusal.with_service(&service),
        None => refusal,
    }
}

const HELD_IS_ENOUGH: &str = "A scope of --held would be enough for this call, so the call was \
                              probably sent with another token: begin with the first step.";

/// Returns the note that `--call` names another call than the response.
fn contradicted_call(read: &NamedCall) -> String {
    let name = read
        .method()
        .map(|method| method.id().to_owned())
        .or_else(|| read.service().map(str::to_owned));
    let name = name.unwrap_or_else(|| "another API".to_owned());
    format!(
        "--call names another call than this answer, which is about {name}: --call is not used."
    )
}

/// Returns a note that lists the methods that may have been called. `None` if there are fewer than
/// two.
fn candidates_note(candidates: &[ApiMethod]) -> Option<String> {
    let ids: Vec<&str> = candidates.iter().take(MAX_CANDIDATES).map(|method| method.id()).collect();
    let more = if candidates.len() > MAX_CANDIDATES { " and others" } else { "" };
    (ids.len() > 1).then(|| {
        format!(
            "The text does not show which method was called: {}{more}. What follows is enough for \
             each of them.",
            ids.join(", ")
        )
    })
}

/// The maximum number of methods in a note, so that the note has a few lines.
const MAX_CANDIDATES: usize = 5;

/// A refusal and the options that fix the refusal. Empty if a response is not a refusal.
#[derive(Debug)]
pub struct Explanation {
    /// Where the call was made, if there is a refusal.
    environment: Option<Environment>,
    /// The scopes of the token, as far as the arguments show.
    granted: GrantedScopes,
    refusal: Option<Refusal>,
    /// The denial, which contains the full report. Exists only for a refusal for lack of scopes.
    denial: Option<Denial>,
    /// The scopes that the call needed, if it was refused for lack of scopes.
    required: Option<RequiredScopes>,
    /// The method that was called, if the method is known.
    method: Option<ApiMethod>,
    /// What the text shows of the call.
    call: NamedCall,
    options: Vec<RemedyOption>,
    /// What contradicts the arguments, and what is not certain about the call.
    notes: Vec<String>,
    /// Whether the record of the refusal shows where the call was made.
    is_place_of_record: bool,
}

impl Default for Explanation {
    fn default() -> Self {
        Self {
            environment: None,
            granted: GrantedScopes::unknown("there is no refusal"),
            refusal: None,
            denial: None,
            required: None,
            method: None,
            call: NamedCall::default(),
            options: Vec::new(),
            notes: Vec::new(),
            is_place_of_record: false,
        }
    }
}

impl Explanation {
    /// Checks whether the record of the refusal shows where the call was made.
    pub fn is_place_of_record(&self) -> bool {
        self.is_place_of_record
    }

    pub fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }

    /// Returns the scopes that the call needed, if it was refused for lack of scopes.
    pub fn required(&self) -> Option<&RequiredScopes> {
        self.required.as_ref()
    }

    /// Returns the gate that refused the call; `None` if the response is not a refusal.
    pub fn gate(&self) -> Option<Gate> {
        self.refusal.as_ref().map(Refusal::gate)
    }

    /// Checks whether this is a scope refusal for which the accepted scopes are not known.
    pub fn lacks_accepted_scopes(&self) -> bool {
        match self.required {
            Some(RequiredScopes::OneOf(_)) => self.method.is_none(),
            Some(RequiredScopes::Unknown) => true,
            _ => false,
        }
    }

    /// Returns the explanation as a line of `--jsonl`, without the line end.
    pub fn json(&self) -> String {
        to_json(&Versioned::new(SCHEMA, self.fields()))
    }

    /// Returns the keys of [`json`](Self::json) and the report, for `--format json`.
    pub fn json_with_report(&self, layout: Layout) -> String {
        let (fields, report) = (self.fields(), self.text(layout));
        to_json(&Versioned::new(SCHEMA, ExplanationJsonWithReport { fields, report }))
    }

    /// Returns the recommended option as a shell script; `None` if there is no refusal.
    pub fn script(&self) -> Option<String> {
        self.options.first().map(script::of)
    }

    /// Returns the report as text, with the notes before the report.
    pub fn text(&self, layout: Layout) -> String {
        let notes: String = self.notes.iter().map(|note| layout.paragraph(note) + "\n").collect();
        let text = match (&self.denial, &self.refusal) {
            (Some(denial), _) => denial.report_in(&layout),
            (None, Some(refusal)) => {
                report::of_refusal(refusal, self.method, &self.options, layout)
            }
            (None, None) => report::of_no_refusal(layout),
        };
        (notes + &text).trim_end().to_owned()
    }

    fn fields(&self) -> ExplanationJson<'_> {
        let (refusal, required) = (self.refusal.as_ref(), self.required.as_ref());
        let certainty =
            self.denial.as_ref().map(Denial::certainty).or_else(|| refusal.map(Refusal::certainty));
        ExplanationJson {
            gate: refusal.map_or(Gate::Other, Refusal::gate).as_str(),
            certainty: certainty.unwrap_or(Certainty::Possible).as_str(),
            evidence: refusal.map(Refusal::evidence),
            requirement: required.map(RequiredScopes::as_str),
            accepted: required.map(|required| sorted_uris(required.accepted())).unwrap_or_default(),
            all_of: required.map(|required| sorted_uris(required.all_of())).unwrap_or_default(),
            granted: self.granted.scopes().map(sorted_uris),
            grant_source: self.granted.source().map(|source| source.as_str()),
            service: self.service(),
            method: self.method.map(name_of),
            api: self.method.map(|method| method.api()),
            candidates: self.candidates(),
            refused: refusal.map(RefusedJson::new).unwrap_or_default(),
            place: PlaceJson::new(refusal, self.environment.as_ref()),
            notes: &self.notes,
            steps: self.steps().iter().map(StepJson::new).collect(),
            options: &self.options,
        }
    }

    /// Returns the steps of the recommended option.
    fn steps(&self) -> &[Step] {
        self.options.first().map(RemedyOption::steps).unwrap_or_default()
    }

    /// Returns the ids of the methods that may have been called. Empty if the method is known.
    fn candidates(&self) -> Vec<&'static str> {
        let methods = if self.method.is_none() { self.call.candidates() } else { &[] };
        methods.iter().copied().map(name_of).collect()
    }

    /// Returns the service that the server reported, or else the service of the method or of the
    /// text.
    fn service(&self) -> Option<String> {
        let reported = self.refusal.as_ref().and_then(Refusal::service).map(str::to_owned);
        let of_method = || self.method.map(service_of);
        reported.or_else(of_method).or_else(|| self.call.service().map(str::to_owned))
    }
}

/// Returns the id of a method, or the name of an RPC that has no id in Discovery.
fn name_of(method: ApiMethod) -> &'static str {
    method.discovery_id().unwrap_or_else(|| method.id())
}

/// The name and the version of the JSON.
const SCHEMA: &str = "gcp-scopes/explain/1";

/// The keys that `docs/schema/gcp-scopes.json` of the repository documents.
#[derive(Serialize)]
struct ExplanationJson<'a> {
    gate: &'static str,
    certainty: &'static str,
    evidence: Option<&'static str>,
    requirement: Option<&'static str>,
    accepted: Vec<String>,
    all_of: Vec<String>,
    granted: Option<Vec<String>>,
    grant_source: Option<&'static str>,
    service: Option<String>,
    method: Option<&'static str>,
    api: Option<&'static str>,
    candidates: Vec<&'static str>,
    #[serde(flatten)]
    refused: RefusedJson<'a>,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    notes: &'a [String],
    steps: Vec<StepJson<'a>>,
    options: &'a [RemedyOption],
}

/// The names in a refusal.
#[derive(Default, Serialize)]
struct RefusedJson<'a> {
    rpc_method: Option<&'a str>,
    permission: Option<&'a str>,
    resource: Option<&'a str>,
    error_info_id: Option<&'a str>,
    troubleshooter_url: Option<&'a str>,
    cause: Option<&'static str>,
    iam_policies: BTreeMap<&'static str, &'static str>,
    identifiers: BTreeMap<&'static str, &'a str>,
    server_message: Option<&'a str>,
}

impl<'a> RefusedJson<'a> {
    fn new(refusal: &'a Refusal) -> Self {
        Self {
            rpc_method: refusal.rpc_method(),
            permission: refusal.permission(),
            resource: refusal.resource(),
            error_info_id: refusal.error_info_id(),
            troubleshooter_url: refusal.troubleshooter_url(),
            cause: refusal.iam_cause(),
            iam_policies: refusal.iam_states().iter().copied().collect(),
            identifiers: refusal.identifiers().collect(),
            server_message: refusal.server_message(),
        }
    }
}

/// Where a call was made, and by which account.
#[derive(Serialize)]
struct PlaceJson<'a> {
    principal: Option<&'a str>,
    platform: Option<&'static str>,
    runs_on: Option<&'static str>,
    credential: Option<&'static str>,
    project: Option<&'a str>,
    location: Option<&'a str>,
    name: Option<&'a str>,
    instance: Option<&'a str>,
}

impl<'a> PlaceJson<'a> {
    /// Returns the names in the refusal and in the environment. If both name an account or a
    /// project, that of the refusal is used.
    fn new(refusal: Option<&'a Refusal>, here: Option<&'a Environment>) -> Self {
        let platform = here.map(Environment::platform);
        let account = here.and_then(Environment::account);
        let project = here.and_then(Environment::project);
        let location = here.and_then(|here| here.zone().or_else(|| here.location()));
        Self {
            principal: refusal.and_then(Refusal::principal).or(account),
            platform: platform.map(|platform| platform.otel_name()),
            runs_on: platform.map(|platform| platform.as_str()),
            credential: here.map(|here| here.credential().as_str()),
            project: refusal.and_then(Refusal::project).or(project),
            location: refusal.and_then(Refusal::location).or(location),
            name: here.and_then(Environment::resource),
            instance: here.and_then(Environment::instance),
        }
    }
}

/// A step with its code repeated in the text, for readers of the text alone.
#[derive(Serialize)]
struct StepJson<'a> {
    text: String,
    command: Option<&'a str>,
    code: Option<&'a str>,
    language: Option<&'static str>,
    console: Option<&'a str>,
    link: Option<&'static str>,
    placeholders: &'a [&'static str],
}

impl<'a> StepJson<'a> {
    fn new(step: &'a Step) -> Self {
        let text = step.text();
        // A text that ends with a colon already introduces the code.
        let lead_in = if text.ends_with(':') { "" } else { " Write:" };
        let code = step.code_line().map_or_else(String::new, |code| format!("{lead_in} {code}"));
        Self {
            text: format!("{text}{code}"),
            command: step.command_line(),
            code: step.code_line(),
            language: step.code_language(),
            console: step.console_url(),
            link: step.doc_url(),
            placeholders: step.placeholders(),
        }
    }
}

#[derive(Serialize)]
struct ExplanationJsonWithReport<'a> {
    #[serde(flatten)]
    fields: ExplanationJson<'a>,
    report: String,
}
