//! What an answer means, as text and as JSON.

use gcp_scopes::catalog::{ApiMethod, Catalog};
use gcp_scopes::environment::Environment;
use gcp_scopes::granted::GrantedScopes;
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::{Certainty, Gate, Refusal, classify};
use gcp_scopes::remedy::{Step, for_refused_call};
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_explain::reader::{NamedCall, RecordedAnswer};
use serde::Serialize;

use super::report;
use crate::output::to_json;

/// Explains answers that came from one place, with one token.
pub(crate) struct Explainer {
    pub(crate) guard: Guard,
    pub(crate) environment: Environment,
    pub(crate) granted: GrantedScopes,
    /// The call, if an argument names it.
    pub(crate) call: Option<NamedCall>,
}

impl Explainer {
    /// The most certain explanation of the answers that a log record may hold.
    pub(crate) fn explain_record(&self, record: &RecordedAnswer) -> ExplainedAnswer {
        let all = record.candidates().map(|answer| self.explain(&answer));
        all.reduce(ExplainedAnswer::or_more_certain).unwrap_or_default()
    }

    pub(crate) fn explain(&self, answer: &RecordedAnswer) -> ExplainedAnswer {
        let Some(refusal) = classify(&answer.answer()) else { return ExplainedAnswer::default() };
        let by_server = refusal.service().zip(refusal.rpc_method());
        let by_server =
            by_server.and_then(|(api, name)| Catalog::built_in().method_by_server_name(api, name));
        let named = self.call.clone().or_else(|| match by_server {
            Some(_) => None,
            None => NamedCall::find_in(&answer.body()),
        });
        let method = named.as_ref().map_or(by_server, NamedCall::method);
        let named = named.unwrap_or_default();
        let call = named.call();
        let denial = self.guard.explain(&call, &self.granted, &answer.answer());
        let denial = denial.map(|denial| denial.with_environment(self.environment.clone()));
        let steps = match &denial {
            Some(denial) => denial.steps().to_vec(),
            None => for_refused_call(&refusal, &self.environment, &call),
        };
        ExplainedAnswer { refusal: Some(refusal), denial, method, steps }
    }
}

/// One answer and what is known of it. It is empty if the answer is no refusal.
#[derive(Default)]
pub(crate) struct ExplainedAnswer {
    refusal: Option<Refusal>,
    denial: Option<Denial>,
    method: Option<ApiMethod>,
    steps: Vec<Step>,
}

impl ExplainedAnswer {
    pub(crate) fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }

    /// The gate that refused, if one did.
    pub(crate) fn gate(&self) -> Option<Gate> {
        self.refusal.as_ref().map(Refusal::gate)
    }

    /// Whether it is at least likely which gate refused.
    pub(crate) fn is_likely(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.certainty() > Certainty::Possible)
    }

    /// Whether the same gate refused the same method and permission, as far as both name them.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.gate() == other.gate()
            && self.names().into_iter().zip(other.names()).all(|pair| match pair {
                (Some(one), Some(other)) => one == other,
                _ => true,
            })
    }

    fn names(&self) -> [Option<String>; 3] {
        let permission = self.refusal.as_ref().and_then(Refusal::permission).map(str::to_owned);
        [self.method.map(|method| method.id().to_owned()), self.service(), permission]
    }

    /// Whether the token lacks a scope, and it is not known which scopes the call accepts.
    pub(crate) fn lacks_call(&self) -> bool {
        self.gate() == Some(Gate::Scope) && self.accepted().is_empty()
    }

    /// The more certain one, or this one if both are as certain.
    fn or_more_certain(self, other: Self) -> Self {
        let certainty = |one: &Self| one.refusal.as_ref().map(Refusal::certainty);
        if certainty(&other) > certainty(&self) { other } else { self }
    }

    /// One line of the stream.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// With the report, as text.
    pub(crate) fn json_with_report(&self, layout: Layout) -> String {
        to_json(&ExplanationJsonWithReport { fields: self.fields(), report: self.text(layout) })
    }

    /// The report.
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
            steps: self.steps.iter().map(StepJson::of).collect(),
        }
    }

    /// The scopes of which one is enough. Other gates do not ask for scopes.
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

    fn service(&self) -> Option<String> {
        let by_server = self.refusal.as_ref().and_then(Refusal::service).map(str::to_owned);
        by_server.or_else(|| {
            let method = self.method?;
            // Older APIs share a host, but each has a name of its own.
            let own = method.api().split('.').next().map(|api| format!("{api}.googleapis.com"));
            if method.host() == "www.googleapis.com" { own } else { Some(method.host().to_owned()) }
        })
    }
}

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
    fn of(step: &'a Step) -> Self {
        let text = step.text();
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
