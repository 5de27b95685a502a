//! What an answer means, for people and for programs.

use gcp_scopes::catalog::ApiMethod;
use gcp_scopes::environment::Environment;
use gcp_scopes::granted::GrantedScopes;
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::{Certainty, Gate, Refusal, classify};
use gcp_scopes::remedy::{Step, for_refused_call};
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_explain::reader::{LogRecord, NamedCall, RecordedAnswer};
use serde::Serialize;

use crate::answer::to_json;

/// Everything that does not change from one answer to the next.
pub(crate) struct Explainer {
    pub(crate) guard: Guard,
    pub(crate) environment: Environment,
    pub(crate) granted: GrantedScopes,
    /// The call, if the person told it.
    pub(crate) call: Option<NamedCall>,
}

impl Explainer {
    /// The surest of what a record of a log may mean.
    pub(crate) fn explain_record(&self, record: LogRecord) -> Explanation {
        let all = record.answers().into_iter().map(|said| self.explain(&said));
        all.reduce(Explanation::or_surer).unwrap_or_default()
    }

    pub(crate) fn explain(&self, said: &RecordedAnswer) -> Explanation {
        let Some(refusal) = classify(&said.answer()) else { return Explanation::default() };
        let named = refusal.service().zip(refusal.rpc_method());
        let named = named.and_then(|(service, name)| ApiMethod::by_server_name(service, name));
        let call = self
            .call
            .clone()
            .or_else(|| if named.is_none() { NamedCall::in_text(&said.body()) } else { None });
        let method = call.as_ref().map_or(named, NamedCall::method);
        let called = call.unwrap_or_default();
        let call = called.call();
        let denial = self.guard.explain(&call, &self.granted, &said.answer());
        let denial = denial.map(|denial| denial.elsewhere(self.environment.clone()));
        let steps = match &denial {
            Some(denial) => denial.steps().to_vec(),
            None => for_refused_call(&refusal, &self.environment, &call),
        };
        Explanation { refusal: Some(refusal), denial, method, steps }
    }
}

/// What is known of one answer. Without a refusal it is none.
#[derive(Default)]
pub(crate) struct Explanation {
    refusal: Option<Refusal>,
    denial: Option<Denial>,
    method: Option<ApiMethod>,
    steps: Vec<Step>,
}

impl Explanation {
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

    /// Whether the same gate refused the same thing, as far as both tell.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let named = |one: &Self| {
            let permission = one.refusal.as_ref().and_then(Refusal::permission).map(str::to_owned);
            [one.method.map(|method| method.id().to_owned()), one.service(), permission]
        };
        let is_same =
            |(one, other): (Option<String>, Option<String>)| one.is_none() || other.is_none() || one == other;
        self.gate() == other.gate() && named(self).into_iter().zip(named(other)).all(is_same)
    }

    /// Whether scopes closed the gate, and nobody knows which would open it.
    pub(crate) fn lacks_call(&self) -> bool {
        self.gate() == Some(Gate::Scope) && self.accepted().is_empty()
    }

    /// The surer one, or this one if they are alike.
    fn or_surer(self, other: Self) -> Self {
        let certainty = |one: &Self| one.refusal.as_ref().map(Refusal::certainty);
        if certainty(&other) > certainty(&self) { other } else { self }
    }

    /// One line, in the form of the stream.
    pub(crate) fn json(&self) -> String {
        to_json(&self.fields())
    }

    /// The same with the report for a person.
    pub(crate) fn json_with_report(&self, layout: Layout) -> String {
        to_json(&Reported { fields: self.fields(), report: self.text(layout) })
    }

    /// The report for a person.
    pub(crate) fn text(&self, layout: Layout) -> String {
        let text = match (&self.denial, &self.refusal) {
            (Some(denial), _) => denial.report_in(&layout),
            (None, Some(refusal)) => self.report(refusal, layout),
            (None, None) => NO_REFUSAL.map(|text| layout.paragraph(text)).join("\n"),
        };
        text.trim_end().to_owned()
    }

    fn fields(&self) -> Fields<'_> {
        let refusal = self.refusal.as_ref();
        let certainty =
            self.denial.as_ref().map(Denial::certainty).or_else(|| refusal.map(Refusal::certainty));
        let mut accepted: Vec<String> = self.accepted().iter().map(|scope| scope.to_string()).collect();
        accepted.sort();
        Fields {
            gate: refusal.map_or(Gate::Other, Refusal::gate).as_str(),
            certainty: certainty.unwrap_or(Certainty::Possible).as_str(),
            accepted,
            service: self.service(),
            method: self.method.and_then(|method| method.discovery_id()),
            steps: self.steps.iter().map(Todo::of).collect(),
        }
    }

    /// What would have opened the scope gate. Other gates do not ask for scopes.
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
        let said = self.refusal.as_ref().and_then(|refusal| refusal.service()).map(str::to_owned);
        said.or_else(|| {
            let method = self.method?;
            // Older APIs share a host, but each has a name of its own.
            let own = method.api().split('.').next().map(|api| format!("{api}.googleapis.com"));
            if method.host() == "www.googleapis.com" { own } else { Some(method.host().to_owned()) }
        })
    }

    fn report(&self, refusal: &Refusal, layout: Layout) -> String {
        let mut out = layout.paragraph(&headline(refusal)) + "\n";
        let told = format!(
            "{} ({}, told by the {})",
            refusal.gate().as_str(),
            refusal.certainty().as_str(),
            source(refusal)
        );
        let method = self.method.map(|method| method.id());
        let rows = [
            ("gate", Some(told.as_str())),
            ("method", method.or_else(|| refusal.rpc_method())),
            ("service", refusal.service()),
            ("permission", refusal.permission()),
            ("project", refusal.project()),
            ("server said", refusal.server_message()),
            ("request id", refusal.request_id()),
        ];
        for (name, value) in rows {
            out += &value.map(|value| layout.fact(name, value)).unwrap_or_default();
        }
        let no_matter = match refusal.certainty() {
            _ if refusal.gate() == Gate::Scope => None,
            Certainty::Certain => Some("OAuth scopes are not the reason: other scopes would not help."),
            Certainty::Likely => {
                Some("OAuth scopes are probably not the reason: other scopes would hardly help.")
            }
            _ => None,
        };
        if let Some(text) = no_matter {
            out += "\n";
            out += &layout.paragraph(text);
        }
        out + "\nWhat to do:\n" + &layout.steps(&self.steps)
    }
}

fn headline(refusal: &Refusal) -> String {
    let what = match refusal.gate() {
        Gate::Scope => "The token lacks an OAuth scope for this call",
        Gate::Iam => "IAM refused this call",
        Gate::ServiceDisabled => "The API is not enabled in the project",
        Gate::Billing => "The project has no usable billing account",
        Gate::VpcSc => "A VPC Service Controls perimeter refused this call",
        Gate::OrgPolicy => "A policy of the organisation refused this call",
        Gate::RateLimit => "A rate limit or a quota refused this call",
        Gate::QuotaProject => "The project that the call is charged to is missing or not usable",
        Gate::Credentials if refusal.names_scopes() => {
            "No token was made: the token endpoint refused the scopes it was asked for"
        }
        Gate::Credentials => "The credential was missing or not accepted",
        Gate::ApiKey => "The API key was missing or not accepted",
        Gate::ResourceAcl => "The resource is not shared with this account",
        _ => return "The call was refused, but the answer does not say by which gate.".to_owned(),
    };
    match refusal.certainty() {
        Certainty::Certain => format!("{what}."),
        Certainty::Likely => format!("Probably {}.", inside(what)),
        _ => format!("Perhaps {}.", inside(what)),
    }
}

/// The same words further in than at the start of a sentence. An abbreviation keeps its capitals.
fn inside(what: &str) -> String {
    let mut letters = what.chars();
    match (letters.next(), letters.next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            format!("{}{}", first.to_lowercase(), &what[first.len_utf8()..])
        }
        _ => what.to_owned(),
    }
}

fn source(refusal: &Refusal) -> &'static str {
    match refusal.evidence().as_str() {
        "error_info" => "error's machine-readable reason",
        "violation" => "error's list of violations",
        "token_endpoint" => "error of a token endpoint",
        "message" => "words of the message",
        "reason" => "error's one-word reason",
        "header" => "header WWW-Authenticate",
        _ => "status",
    }
}

const NO_REFUSAL: [&str; 2] = [
    "Nothing in this says that Google refused a call.",
    "Give the whole answer: the status line, the headers (WWW-Authenticate above all) and the body, or the whole line \
     that the client printed.",
];

#[derive(Serialize)]
struct Fields<'a> {
    gate: &'static str,
    certainty: &'static str,
    accepted: Vec<String>,
    service: Option<String>,
    method: Option<&'static str>,
    steps: Vec<Todo<'a>>,
}

#[derive(Serialize)]
struct Todo<'a> {
    text: String,
    command: Option<&'a str>,
}

impl<'a> Todo<'a> {
    fn of(step: &'a Step) -> Self {
        let text = step.text();
        let lead_in = if text.ends_with(':') { "" } else { " Write:" };
        let code = step.code_line().map_or_else(String::new, |code| format!("{lead_in} {code}"));
        Self { text: format!("{text}{code}"), command: step.command_line() }
    }
}

#[derive(Serialize)]
struct Reported<'a> {
    #[serde(flatten)]
    fields: Fields<'a>,
    report: String,
}
