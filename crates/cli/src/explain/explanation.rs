//! The explanation of a response, as text and as JSON.

use gcp_scopes::catalog::{ApiMethod, Catalog};
use gcp_scopes::environment::Environment;
use gcp_scopes::granted::GrantedScopes;
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::{Certainty, Gate, Refusal, classify};
use gcp_scopes::remedy::{Step, for_refused_call};
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_explain::reader::{NamedCall, RecordedResponse};
use serde::Serialize;

use super::report;
use crate::output::to_json;

/// Explains responses to calls that were made in one environment, with one token.
pub(crate) struct Explainer {
    pub(crate) guard: Guard,
    pub(crate) environment: Environment,
    /// The scopes of the token.
    pub(crate) granted: GrantedScopes,
    /// The call that `--call` names.
    pub(crate) call: Option<NamedCall>,
}

impl Explainer {
    /// Explains each response that a log record may contain, and returns the most certain
    /// explanation.
    pub(crate) fn explain_record(&self, record: &RecordedResponse) -> Explanation {
        let explanations = record.candidates().map(|response| self.explain(&response));
        explanations.reduce(Explanation::more_certain).unwrap_or_default()
    }

    /// Explains a response. The explanation is empty if the response is not a refusal.
    pub(crate) fn explain(&self, response: &RecordedResponse) -> Explanation {
        let Some(refusal) = classify(&response.error_response()) else { return Explanation::default() };
        let server_name = refusal.service().zip(refusal.rpc_method());
        let server_method =
            server_name.and_then(|(api, name)| Catalog::built_in().method_by_server_name(api, name));
        // The argument `--call` takes precedence over the method that the server reported, and that
        // method takes precedence over a request in the text.
        let named_call = self.call.clone().or_else(|| match server_method {
            Some(_) => None,
            None => NamedCall::find_in(&response.body()),
        });
        let method = named_call.as_ref().map_or(server_method, NamedCall::method);
        let named_call = named_call.unwrap_or_default();
        let call = named_call.call();
        let denial = self.guard.explain(&call, &self.granted, &response.error_response());
        let denial = denial.map(|denial| denial.with_environment(self.environment.clone()));
        let steps = match &denial {
            Some(denial) => denial.steps().to_vec(),
            None => for_refused_call(&refusal, &self.environment, &call),
        };
        Explanation { refusal: Some(refusal), denial, method, steps }
    }
}

/// A refusal and the steps that fix the refusal. Empty if a response is not a refusal.
#[derive(Default)]
pub(crate) struct Explanation {
    refusal: Option<Refusal>,
    /// The full report of the library, which exists only for a refusal for lack of scopes.
    denial: Option<Denial>,
    /// The method that was called, if the method is known.
    method: Option<ApiMethod>,
    steps: Vec<Step>,
}

impl Explanation {
    pub(crate) fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }

    /// Returns the gate that refused the call; `None` if the response is not a refusal.
    pub(crate) fn gate(&self) -> Option<Gate> {
        self.refusal.as_ref().map(Refusal::gate)
    }

    /// Checks whether the response is a refusal whose gate is at least likely.
    pub(crate) fn is_likely(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.certainty() > Certainty::Possible)
    }

    /// Checks whether both refusals have the same gate, method, service and permission. A method,
    /// service or permission that only one of the refusals names is not compared.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.gate() == other.gate()
            && self.names().into_iter().zip(other.names()).all(|pair| match pair {
                (Some(one), Some(other)) => one == other,
                _ => true,
            })
    }

    /// Returns the method, the service and the permission.
    fn names(&self) -> [Option<String>; 3] {
        let permission = self.refusal.as_ref().and_then(Refusal::permission).map(str::to_owned);
        [self.method.map(|method| method.id().to_owned()), self.service(), permission]
    }

    /// Checks whether this is a scope refusal for which the accepted scopes are not known.
    pub(crate) fn lacks_accepted_scopes(&self) -> bool {
        self.gate() == Some(Gate::Scope) && self.accepted().is_empty()
    }

    /// Returns the explanation with the greater certainty; `self` if both are equally certain.
    fn more_certain(self, other: Self) -> Self {
        let certainty = |explanation: &Self| explanation.refusal.as_ref().map(Refusal::certainty);
        if certainty(&other) > certainty(&self) { other } else { self }
    }

    /// Returns the explanation as a line of `--jsonl`, without the line end.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// Returns the keys of [`json`](Self::json) and the report, for `--format json`.
    pub(crate) fn json_with_report(&self, layout: Layout) -> String {
        to_json(&ExplanationJsonWithReport { fields: self.fields(), report: self.text(layout) })
    }

    /// Returns the report as text.
    pub(crate) fn text(&self, layout: Layout) -> String {
        let text = match (&self.denial, &self.refusal) {
            (Some(denial), _) => denial.report_in(&layout),
            (None, Some(refusal)) => report::of_refusal(refusal, self.method, &self.steps, layout),
            (None, None) => report::of_no_refusal(layout),
        };
        text.trim_end().to_owned()
    }

    fn fields(&self) -> ExplanationJson<'_> {
        let refusal = self.refusal.as_ref();
        let certainty =
            self.denial.as_ref().map(Denial::certainty).or_else(|| refusal.map(Refusal::certainty));
        let accepted = self.accepted();
        let mut accepted: Vec<String> = accepted.iter().map(|scope| scope.to_string()).collect();
        accepted.sort();
        ExplanationJson {
            gate: refusal.map_or(Gate::Other, Refusal::gate).as_str(),
            certainty: certainty.unwrap_or(Certainty::Possible).as_str(),
            accepted,
            service: self.service(),
            method: self.method.and_then(|method| method.discovery_id()),
            steps: self.steps.iter().map(StepJson::new).collect(),
        }
    }

    /// Returns the scopes any one of which the call accepts. The set is empty if another gate than
    /// scopes refused the call.
    fn accepted(&self) -> ScopeSet {
        match (&self.denial, &self.refusal) {
            (Some(denial), _) => denial.accepted().clone(),
            (None, Some(refusal)) if refusal.gate() == Gate::Scope => {
                let listed = self.method.map(|method| method.accepted()).unwrap_or_default();
                listed.union(refusal.alternatives())
            }
            _ => ScopeSet::new(),
        }
    }

    /// Returns the service that the server reported, or else the service of the method.
    fn service(&self) -> Option<String> {
        let reported = self.refusal.as_ref().and_then(Refusal::service).map(str::to_owned);
        reported.or_else(|| {
            let method = self.method?;
            // The older APIs share the host www.googleapis.com, which is not the name of a service.
            let named_after_api = method.api().split('.').next().map(|api| format!("{api}.googleapis.com"));
            match method.host() {
                "www.googleapis.com" => named_after_api,
                host => Some(host.to_owned()),
            }
        })
    }
}

/// The keys that `gcp-scopes explain --help` documents.
#[derive(Serialize)]
struct ExplanationJson<'a> {
    gate: &'static str,
    certainty: &'static str,
    accepted: Vec<String>,
    service: Option<String>,
    method: Option<&'static str>,
    steps: Vec<StepJson<'a>>,
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
