//! Evaluates the responses: whether scopes are sufficient for each need, and permissions for each
//! resource.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;

use super::ask::{IamReply, NO_TOKEN, TokenScopes};
use super::finding::{Finding, GateState};
use super::need::Need;
use super::refused::{BY_GATE, BY_STATUS};
use super::resource::{IamNeed, IamResource};
use crate::call::AbstainReason;
use crate::catalog::Lookup;
use crate::granted::GrantedScopes;
use crate::guard::Guard;
use crate::refusal::{self, Certainty, ErrorResponse, Gate, Refusal};
use crate::scope::ScopeSet;
use crate::token_source::scope_for;

/// A method for which the token lacks the scope, with the scopes that the method accepts and the
/// scopes of the token.
pub(super) struct Lacking {
    pub(super) method: &'static str,
    pub(super) accepted: ScopeSet,
    pub(super) granted: GrantedScopes,
}

/// Evaluates needs and resources with the scopes of the program's tokens.
pub(super) struct Judge<'a> {
    pub(super) guard: &'a Guard,
    pub(super) granted: &'a TokenScopes,
}

impl Judge<'_> {
    /// Returns the finding for a need, and the methods for which the token lacks the scope.
    pub(super) fn need(&self, need: &Need) -> (Finding, Vec<Lacking>) {
        let finding = |state| Finding::new(Gate::Scope, &need.subject, state);
        let lookups = match &need.lookups {
            Ok(lookups) => lookups,
            Err(why) => return (finding(GateState::Invalid).with_reason(why), Vec::new()),
        };
        let (mut lacking, mut doubts) = (Vec::new(), Vec::new());
        for lookup in lookups {
            match self.method(lookup) {
                Ok(lacks) => lacking.extend(lacks),
                Err(doubt) => doubts.push(doubt),
            }
        }
        let finding = match (lacking.as_slice(), doubts.as_slice(), lookups.len()) {
            ([], [], _) => finding(GateState::Open),
            ([], [why, ..], 1) => finding(GateState::Unknown).with_reason(why),
            ([], [why, ..], count) => {
                let why = format!("{} of {count} methods: {why}", doubts.len());
                finding(GateState::Unknown).with_reason(why)
            }
            // One method that lacks its scope closes the gate, even if the results for the other
            // methods are unknown.
            (lacking, _, count) => with_lacking(finding(GateState::Closed), lacking, count),
        };
        (finding, lacking)
    }

    /// Returns what the token lacks for a method, or `None` if the token's scopes are sufficient.
    /// Returns the reason as an error if this cannot be decided.
    fn method(&self, lookup: &Lookup) -> Result<Option<Lacking>, String> {
        let granted = self.granted(lookup);
        let why = match (self.guard.judge(lookup, &granted), lookup.method()) {
            (Ok(true), _) => return Ok(None),
            (Ok(false), Some(method)) => {
                let (method, accepted) = (method.id(), method.accepted());
                return Ok(Some(Lacking { method, accepted, granted }));
            }
            (Err(AbstainReason::Granted), _) => granted.why_unknown().unwrap_or_default(),
            (Err(why), _) => why.describe(),
            (Ok(false), None) => AbstainReason::Method.describe(),
        };
        Err(why.to_owned())
    }

    /// Returns the scopes of the token that a call of this method sends.
    fn granted(&self, lookup: &Lookup) -> GrantedScopes {
        let granted = self.granted.get(&scope_for(lookup)).cloned();
        granted.unwrap_or_else(|| GrantedScopes::unknown(NO_TOKEN))
    }

    /// Returns the finding for a resource: whether IAM grants the permissions.
    pub(super) fn resource(&self, need: &IamNeed, reply: &IamReply) -> Finding {
        let finding = Finding::new(Gate::Iam, &need.subject, GateState::Unknown);
        let finding = Finding { permissions: need.permissions.clone(), ..finding };
        let (resource, response) = match (&need.resource, reply) {
            (Err(why), _) => {
                return Finding { state: GateState::Invalid, ..finding }.with_reason(why);
            }
            (_, Err(why)) => return finding.with_reason(why),
            (Ok(resource), Ok(response)) => (resource, response),
        };
        // `testIamPermissions` responds with 200 even if the account has none of the permissions:
        // <https://cloud.google.com/iam/docs/testing-permissions>.
        if response.status() != StatusCode::OK {
            return finding.with_reason(self.why_refused(resource, response));
        }
        let Ok(held) = serde_json::from_slice::<TestedPermissions>(response.body()) else {
            return finding.with_reason("the response cannot be read");
        };
        let mut missing = need.permissions.clone();
        missing.retain(|permission| !held.permissions.contains(permission));
        let state = if missing.is_empty() { GateState::Open } else { GateState::Closed };
        Finding { state, missing, ..finding }
    }

    /// Returns why Google refused to check the permissions of the resource.
    fn why_refused(&self, resource: &IamResource, response: &Response<Bytes>) -> String {
        let status = response.status().as_u16();
        let answer = ErrorResponse::new(response.body()).with_status(status);
        let refusal = refusal::classify(&answer.with_headers(response.headers()));
        let lookup = resource.method();
        let lacks = self.guard.judge(&lookup, &self.granted(&lookup)) == Ok(false);
        let is_for_scope = |refusal: &Refusal| {
            refusal.gate() == Gate::Scope && (lacks || refusal.certainty() >= Certainty::Likely)
        };
        if refusal.as_ref().is_some_and(is_for_scope) {
            let scope = scope_for(&lookup);
            return format!("{NOT_ASKED}, such as {}, which the token lacks", scope.short());
        }
        let gate = refusal.map(|refusal| refusal.gate());
        let by_status = BY_STATUS.iter().find(|row| row.0 == status).map(|row| row.1);
        let by_gate = || BY_GATE.iter().find(|row| Some(row.0) == gate).map(|row| row.1);
        match by_status.or_else(by_gate) {
            Some(why) => why.replace("{what}", resource.kind.what),
            None if gate.is_some() => format!("Google answered {status}"),
            None => format!("{} answered {status}", resource.kind.host),
        }
    }

    /// Returns the scopes of all tokens, or unknown scopes if the tokens differ.
    pub(super) fn common(&self) -> GrantedScopes {
        let mut distinct: Vec<&GrantedScopes> = self.granted.values().collect();
        // `dedup` compares neighbours only. That is enough, because any two different tokens lead
        // to the same result.
        distinct.dedup_by_key(|granted| (granted.scopes(), granted.is_unrestricted()));
        match distinct.as_slice() {
            [] => GrantedScopes::unknown(NO_TOKEN),
            [granted] => (*granted).clone(),
            _ => GrantedScopes::unknown(DIFFERENT_TOKENS),
        }
    }
}

/// Why the report contains no scopes of the token if the token source returned different tokens.
const DIFFERENT_TOKENS: &str = "the calls have different tokens";
/// Why IAM was not queried if the token lacks the scope for the query.
const NOT_ASKED: &str = "IAM was not queried: the query itself needs an OAuth scope";

/// The response of `testIamPermissions`: the requested permissions that the account has.
#[derive(Deserialize)]
struct TestedPermissions {
    // IAM leaves the field out if the account has none of the permissions.
    #[serde(default)]
    permissions: Vec<String>,
}

/// Completes the finding of a closed need with the accepted scopes. If the token's scopes allow a
/// part of `count` methods, adds the methods that the scopes do not allow.
fn with_lacking(finding: Finding, lacking: &[Lacking], count: usize) -> Finding {
    let is_same = lacking.windows(2).all(|pair| pair[0].accepted == pair[1].accepted);
    let accepted = lacking.first().filter(|_| is_same).map(|first| first.accepted.clone());
    let finding = Finding { accepted: accepted.unwrap_or_default(), ..finding };
    if count == 1 {
        return finding;
    }
    if lacking.len() == count {
        return finding.with_reason(format!("closed for all {count} methods"));
    }
    let missing = lacking.iter().map(|lacking| lacking.method.to_owned()).collect();
    let why = format!("closed for {} of {count} methods", lacking.len());
    Finding { missing, ..finding.with_reason(why) }
}
