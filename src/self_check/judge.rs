//! What the answers mean: the guard's verdict for each need, and IAM's word for each resource.

use http::StatusCode;
use serde::Deserialize;

use super::SelfCheck;
use super::ask::{Tokens, Told};
use super::finding::{Finding, GateState};
use super::need::{Need, Probe};
use super::resource::{Resource, Wanted};
use crate::call::{Call, Why};
use crate::catalog::{Endpoints, lookup};
use crate::granted::GrantedScopes;
use crate::guard::Verdict;
use crate::refusal::{self, Answer, Certainty, Gate, Refusal};
use crate::scope::{Scope, ScopeSet};
use crate::token_source::scope_for;

/// One method that the token lacks the scope for: what it accepts, and what that token holds.
pub(super) struct Lacking {
    pub(super) method: &'static str,
    pub(super) accepted: ScopeSet,
    pub(super) granted: GrantedScopes,
}

impl SelfCheck {
    /// What is said of a need, and the methods for which the gate is closed.
    pub(super) fn judge_need(&self, need: &Need, tokens: &Tokens) -> (Finding, Vec<Lacking>) {
        let finding = |state| Finding::new(Gate::Scope, &need.subject, state);
        let probes = match &need.probes {
            Ok(probes) => probes,
            Err(why) => return (finding(GateState::Invalid).because(why), Vec::new()),
        };
        let (mut lacking, mut doubts) = (Vec::new(), Vec::new());
        for probe in probes {
            match self.judge_probe(probe, tokens) {
                Ok(None) => {}
                Ok(Some(lacks)) => lacking.push(lacks),
                Err(doubt) => doubts.push(doubt),
            }
        }
        let finding = match (lacking.as_slice(), doubts.first(), probes.len()) {
            ([], None, _) => finding(GateState::Open),
            ([], Some(why), 1) => finding(GateState::Unknown).because(why),
            ([], Some(why), all) => {
                finding(GateState::Unknown).because(format!("{} of {all} methods: {why}", doubts.len()))
            }
            (lacking, _, all) => close(finding(GateState::Closed), lacking, all),
        };
        (finding, lacking)
    }

    /// Whether the gate is open for a method, what is lacking, or why that cannot be said.
    fn judge_probe(&self, probe: &Probe, tokens: &Tokens) -> Result<Option<Lacking>, String> {
        let granted = granted(tokens, probe);
        match (self.guard.judge_method(probe, &granted), probe) {
            (Verdict::Allow, _) => Ok(None),
            (Verdict::Lacking, Ok(found)) => {
                let (method, accepted) = (found.method().id(), self.guard.accepted(found.method()));
                Ok(Some(Lacking { method, accepted, granted }))
            }
            (Verdict::Abstain(Why::Granted), _) => Err(granted.why_unknown().unwrap_or_default().to_owned()),
            (Verdict::Abstain(why), _) | (Verdict::Lacking, &Err(why)) => Err(why.describe().to_owned()),
        }
    }

    pub(super) fn judge_resource(&self, wanted: &Wanted, told: &Told, tokens: &Tokens) -> Finding {
        let finding = Finding {
            asked: wanted.permissions.clone(),
            ..Finding::new(Gate::Iam, &wanted.subject, GateState::Unknown)
        };
        let resource = match &wanted.resource {
            Ok(resource) => resource,
            Err(why) => return Finding { state: GateState::Invalid, ..finding }.because(why),
        };
        let response = match told {
            Ok(response) => response,
            Err(why) => return finding.because(why),
        };
        if response.status() != StatusCode::OK {
            return finding.because(self.refused(resource, response, tokens));
        }
        let Ok(granted) = serde_json::from_slice::<Granted>(response.body()) else {
            return finding.because("the answer cannot be read");
        };
        let is_missing = |permission: &&String| !granted.permissions.contains(permission);
        let missing: Vec<String> = wanted.permissions.iter().filter(is_missing).cloned().collect();
        match missing.is_empty() {
            true => Finding { state: GateState::Open, ..finding },
            false => Finding { state: GateState::Closed, missing, ..finding },
        }
    }

    /// Why the question itself was refused, which says nothing of what was asked.
    fn refused(
        &self,
        resource: &Resource,
        response: &http::Response<bytes::Bytes>,
        tokens: &Tokens,
    ) -> String {
        let answer = Answer::new(response.body()).with_status(response.status().as_u16());
        let refusal = refusal::classify(&answer.with_headers(response.headers()));
        let probe = self.test_method(resource);
        let lacks = self.guard.judge_method(&probe, &granted(tokens, &probe)) == Verdict::Lacking;
        let is_scope = |refusal: &Refusal| {
            refusal.gate() == Gate::Scope && (lacks || refusal.certainty() >= Certainty::Likely)
        };
        let what = resource.kind.what;
        match (refusal.as_ref(), response.status()) {
            (Some(refusal), _) if is_scope(refusal) => asking_needs(&probe),
            (_, StatusCode::NOT_FOUND) => format!("there is no such {what}, or the account may not see it"),
            (_, StatusCode::UNAUTHORIZED) => "Google did not accept the token".to_owned(),
            (_, StatusCode::BAD_REQUEST) => {
                format!("Google answered 400: no such permission of a {what}, or no such name")
            }
            (Some(refusal), status) => by_gate(refusal.gate(), what, status),
            (None, status) => format!("{} answered {}", resource.host(), status.as_u16()),
        }
    }

    /// The method by which a resource is asked about.
    pub(super) fn test_method(&self, resource: &Resource) -> Probe {
        let uri = resource.uri().ok_or(Why::Method)?;
        lookup(&Call::new(resource.verb(), &uri), &Endpoints::new())
    }

    pub(super) fn scope_to_test(&self, resource: &Resource) -> Scope {
        scope_for(&self.test_method(resource))
    }
}

#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    permissions: Vec<String>,
}

/// What the token that a call of this kind would carry holds.
fn granted(tokens: &Tokens, probe: &Probe) -> GrantedScopes {
    let held = tokens.for_scope(&scope_for(probe));
    held.map_or_else(|| GrantedScopes::unknown("there is no token"), |held| held.granted.clone())
}

fn asking_needs(probe: &Probe) -> String {
    let scope = scope_for(probe);
    format!(
        "IAM was not asked: to ask takes an OAuth scope itself, such as {}, which the token lacks",
        scope.short()
    )
}

fn by_gate(gate: Gate, what: &str, status: StatusCode) -> String {
    let why = match gate {
        Gate::Iam => return format!("the account may not ask this, or there is no such {what}"),
        Gate::ServiceDisabled => "the API is not enabled in the project",
        Gate::Billing => "the project has no usable billing account",
        Gate::VpcSc => "a VPC Service Controls perimeter refused the question",
        Gate::OrgPolicy => "a policy of the organisation refused the question",
        Gate::RateLimit => "it was asked too often",
        Gate::QuotaProject => "the project that calls are charged to is missing or not usable",
        Gate::Credentials => "Google did not accept the token",
        _ => return format!("Google answered {}", status.as_u16()),
    };
    why.to_owned()
}

/// What a need lacks: of an API, for which of its methods.
fn close(finding: Finding, lacking: &[Lacking], all: usize) -> Finding {
    let accepted = lacking.first().map(|first| &first.accepted);
    let is_same = lacking.iter().all(|other| Some(&other.accepted) == accepted);
    let accepted = accepted.filter(|_| is_same).cloned().unwrap_or_default();
    let finding = Finding { accepted, ..finding };
    match lacking.len() {
        _ if all == 1 => finding,
        count if count == all => finding.because(format!("closed for all {all} methods")),
        count => {
            let missing = lacking.iter().map(|lacking| lacking.method.to_owned()).collect();
            Finding { missing, ..finding.because(format!("closed for {count} of {all} methods")) }
        }
    }
}
