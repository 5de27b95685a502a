//! The explanation of a response, as text and as JSON.

use std::sync::Arc;

use gcp_scopes::Denial;
use gcp_scopes::call::Call;
use gcp_scopes::catalog::{ApiMethod, Endpoints, Lookup, lookup};
use gcp_scopes::denial::RequiredScopes;
use gcp_scopes::environment::Environment;
use gcp_scopes::granted::GrantedScopes;
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::{Certainty, Gate, Refusal};
use gcp_scopes::remedy::{RemedyOption, Step, for_refused_call};
use gcp_scopes_explain::reader::{NamedCall, RecordedResponse, service_of};
use serde::Serialize;

use super::report;
use super::search::{self, FoundRefusal};
use crate::output::{sorted_uris, to_json};

/// Explains responses to calls that were made in one environment, with one token.
pub(crate) struct Explainer {
    /// Where the call was made, as far as the arguments show.
    pub(crate) environment: Environment,
    /// Whether an argument shows where the call was made.
    pub(crate) is_environment_given: bool,
    /// The scopes of the token.
    pub(crate) granted: GrantedScopes,
    /// The call that `--call` names.
    pub(crate) call: Option<NamedCall>,
}

impl Explainer {
    /// Explains a response, or a text that may contain a response. The explanation is empty if
    /// there is no refusal.
    pub(crate) fn explain(&self, response: &RecordedResponse) -> Explanation {
        let found = match response.is_text() {
            true => search::in_text(response).map(|found| found.refusal),
            false => FoundRefusal::in_response(response),
        };
        found.map_or_else(Explanation::default, |found| self.explanation(found))
    }

    /// Explains a refusal.
    pub(crate) fn explanation(&self, found: FoundRefusal) -> Explanation {
        let FoundRefusal { refusal, call: read, environment, .. } = found;
        let of_record = environment.filter(|_| !self.is_environment_given);
        let is_place_of_record = of_record.is_some();
        let environment =
            of_record.map_or_else(|| self.environment.clone(), |here| self.with_held(here));
        let given = self.call.as_ref().filter(|call| !read.contradicts(call));
        let mut notes = Vec::new();
        if self.call.is_some() && given.is_none() {
            notes.push(contradicted_call(&read));
        }
        let named_call = given.cloned().unwrap_or(read);
        let (method, call) = (named_call.method(), named_call.call());
        let with_service = with_service(&refusal, &named_call);
        let denial = self.denial(&call, method, &with_service, &environment);
        let required =
            (refusal.gate() == Gate::Scope).then(|| self.required(&call, method, &with_service));
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

/// Looks up a call. The method may be known although the request is not.
fn look_up(call: &Call<'_>, method: Option<ApiMethod>) -> Lookup {
    method.map_or_else(|| lookup(call, &Endpoints::new()), Lookup::from)
}

/// Returns the refusal with the service that the text shows.
fn with_service(refusal: &Refusal, read: &NamedCall) -> Refusal {
    read.service().map_or_else(|| refusal.clone(), |service| refusal.clone().with_service(service))
}

const HELD_IS_ENOUGH: &str = "A scope of --held would be enough for this call, so the call was \
                              probably sent with another token: begin with the first step.";

/// Returns the note about a call of `--call` that is not the call of the answer.
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

/// Returns the note about the methods of which one was called; `None` if the method is known or
/// nothing is known of it.
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

/// A refusal and the options that mend the refusal. Empty if a response is not a refusal.
#[derive(Default)]
pub(crate) struct Explanation {
    refusal: Option<Refusal>,
    /// The full report of the library, which exists only for a refusal for lack of scopes.
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

impl Explanation {
    /// Checks whether the record of the refusal shows where the call was made.
    pub(crate) fn is_place_of_record(&self) -> bool {
        self.is_place_of_record
    }

    pub(crate) fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }

    /// Returns the gate that refused the call; `None` if the response is not a refusal.
    pub(crate) fn gate(&self) -> Option<Gate> {
        self.refusal.as_ref().map(Refusal::gate)
    }

    /// Checks whether this is a scope refusal for which the accepted scopes are not known.
    pub(crate) fn lacks_accepted_scopes(&self) -> bool {
        match self.required {
            Some(RequiredScopes::OneOf(_)) => self.method.is_none(),
            Some(RequiredScopes::Unknown) => true,
            _ => false,
        }
    }

    /// Returns the explanation as a line of `--jsonl`, without the line end.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// Returns the keys of [`json`](Self::json) and the report, for `--format json`.
    pub(crate) fn json_with_report(&self, layout: Layout) -> String {
        to_json(&ExplanationJsonWithReport { fields: self.fields(), report: self.text(layout) })
    }

    /// Returns the report as text. Notes precede it.
    pub(crate) fn text(&self, layout: Layout) -> String {
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
            requirement: required.map(RequiredScopes::as_str),
            accepted: required.map(|required| sorted_uris(required.accepted())).unwrap_or_default(),
            all_of: required.map(|required| sorted_uris(required.all_of())).unwrap_or_default(),
            service: self.service(),
            method: self.method.and_then(|method| method.discovery_id()),
            candidates: self.candidates(),
            notes: &self.notes,
            steps: self.steps().iter().map(StepJson::new).collect(),
            options: &self.options,
        }
    }

    /// Returns the steps of the recommended option.
    fn steps(&self) -> &[Step] {
        self.options.first().map(RemedyOption::steps).unwrap_or_default()
    }

    /// Returns the ids of the methods of which one was called, if the method is not known.
    fn candidates(&self) -> Vec<&'static str> {
        let methods = if self.method.is_none() { self.call.candidates() } else { &[] };
        methods.iter().map(|method| method.discovery_id().unwrap_or_else(|| method.id())).collect()
    }

    /// Returns the service that the server reported, or else the service of the method or of the
    /// text.
    fn service(&self) -> Option<String> {
        let reported = self.refusal.as_ref().and_then(Refusal::service).map(str::to_owned);
        let of_method = || self.method.map(service_of);
        reported.or_else(of_method).or_else(|| self.call.service().map(str::to_owned))
    }
}

/// The keys that `gcp-scopes explain --help` documents.
#[derive(Serialize)]
struct ExplanationJson<'a> {
    gate: &'static str,
    certainty: &'static str,
    requirement: Option<&'static str>,
    accepted: Vec<String>,
    all_of: Vec<String>,
    service: Option<String>,
    method: Option<&'static str>,
    candidates: Vec<&'static str>,
    notes: &'a [String],
    steps: Vec<StepJson<'a>>,
    options: &'a [RemedyOption],
}

#[derive(Serialize)]
struct StepJson<'a> {
    text: String,
    command: Option<&'a str>,
}

impl<'a> StepJson<'a> {
    fn new(step: &'a Step) -> Self {
        let text = step.text();
        // A text that ends with a colon already introduces the code.
        let lead_in = if text.ends_with(':') { "" } else { " Write:" };
        let code = step.code_line().map_or_else(String::new, |code| format!("{lead_in} {code}"));
        Self { text: format!("{text}{code}"), command: step.command_line() }
    }
}

#[derive(Serialize)]
struct ExplanationJsonWithReport<'a> {
    #[serde(flatten)]
    fields: ExplanationJson<'a>,
    report: String,
}
