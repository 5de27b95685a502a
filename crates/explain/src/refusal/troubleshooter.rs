//! Reads answers of Google's Policy Troubleshooter, which name the kind of IAM policy that refuses.
//!
//! Sources: `google/cloud/policytroubleshooter/iam/v3/troubleshooter.proto` of
//! <https://github.com/googleapis/googleapis> for allow and deny policies, and v3beta of the same
//! API for principal access boundaries.

use serde_json::Value;

use super::details::{Details, IamFinding};
use super::gate::{Certainty, Gate};
use super::syntax;
use super::verdict::{Evidence, Verdict};
use super::{Refusal, ScopeSet};
use crate::error::Error;

/// How many policies, rules and bindings of an answer are examined, each.
const ITEM_LIMIT: usize = 1024;

/// Reads the JSON that `gcloud policy-intelligence troubleshoot-policy iam … --format=json` prints.
///
/// The refusal has the gate [`Gate::Iam`], and [`Refusal::iam_cause`] returns what refuses. If no
/// policy refuses, the certainty is [`Certainty::Possible`].
///
/// ```
/// use gcp_scopes_explain::refusal::from_troubleshooter;
///
/// let answer = br#"{"overallAccessState": "CANNOT_ACCESS",
///     "accessTuple": {"principal": "ana@example.com", "permission": "run.services.get",
///         "fullResourceName": "//run.googleapis.com/projects/p/services/s"},
///     "denyPolicyExplanation": {"denyAccessState": "DENY_ACCESS_STATE_DENIED"}}"#;
/// let refusal = from_troubleshooter(answer)?;
/// assert_eq!(refusal.iam_cause(), Some("deny_policy"));
/// assert_eq!(refusal.permission(), Some("run.services.get"));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the text is not such an answer.
pub fn from_troubleshooter(answer: &[u8]) -> Result<Refusal, Error> {
    let answer: Value = serde_json::from_slice(answer)
        .map_err(|error| format!("not JSON: {error}; expected {EXPECTED}"))?;
    let answer = answer.as_array().and_then(|items| items.first()).unwrap_or(&answer);
    let tuple = answer.get("accessTuple").filter(|tuple| tuple.is_object());
    let tuple = tuple.ok_or_else(|| format!("no `accessTuple`; expected {EXPECTED}"))?;
    let finding = finding(answer);
    let certainty = match finding.cause {
        None | Some("granted") => Certainty::Possible,
        Some(_) => Certainty::Certain,
    };
    Ok(Refusal {
        verdict: Verdict::new(Gate::Iam, certainty),
        evidence: Evidence::Troubleshooter,
        is_structured: true,
        alternatives: ScopeSet::new(),
        details: Box::new(Details { iam: finding, ..details(tuple) }),
    })
}

/// The expected input, for error messages.
const EXPECTED: &str =
    "what `gcloud policy-intelligence troubleshoot-policy iam … --format=json` prints";

/// Returns the values of the query, which the answer repeats.
fn details(tuple: &Value) -> Details {
    let mut details = Details::default();
    let text = |name| tuple.get(name).and_then(Value::as_str).unwrap_or_default();
    let resource = text("fullResourceName");
    details.add("principal", text("principal"));
    details.add("permission", text("permission"));
    details.add("permission", text("permissionFqdn"));
    details.add("resource", resource);
    let host = resource.trim_start_matches('/').split('/').next().unwrap_or_default();
    details.add("service", host);
    details
}

/// Returns which kinds of policies refuse. Deny policies and boundaries come first, because no role
/// helps against them.
fn finding(answer: &Value) -> IamFinding {
    let deny = state(answer, "/denyPolicyExplanation/denyAccessState");
    let boundary = state(answer, "/pabPolicyExplanation/principalAccessBoundaryAccessState");
    let allow = state(answer, "/allowPolicyExplanation/allowAccessState");
    let names = [("boundary", boundary), ("deny", deny), ("allow", allow)];
    let states = names.into_iter().map(|(name, state)| (name, openness(state))).collect();
    let condition = || condition(answer);
    let (cause, policy) = match (deny, boundary, allow) {
        ("DENIED" | "UNKNOWN_CONDITIONAL", ..) => (Some("deny_policy"), deny_policy(answer)),
        (_, "NOT_ALLOWED", _) => (Some("access_boundary"), boundary_policy(answer)),
        (.., "UNKNOWN_CONDITIONAL") => (Some("condition"), condition()),
        (.., "NOT_GRANTED") if condition().is_some() => (Some("condition"), condition()),
        (.., "NOT_GRANTED") => (Some("no_role"), None),
        (.., "GRANTED") if state(answer, "/overallAccessState") == "CAN_ACCESS" => {
            (Some("granted"), None)
        }
        _ => (None, None),
    };
    IamFinding { cause, policy: policy.map(|text| syntax::sanitized(&text)), states }
}

/// Returns a state without the name of its enumeration.
fn state<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    let state = answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    state.split_once("_STATE_").map_or(state, |(_, state)| state)
}

/// Returns whether policies in a state let the call pass.
fn openness(state: &str) -> &'static str {
    match state {
        "GRANTED" | "NOT_DENIED" | "ALLOWED" | "NOT_ENFORCED" => "open",
        "NOT_GRANTED" | "DENIED" | "NOT_ALLOWED" => "closed",
        _ => "unknown",
    }
}

/// Returns the items of a list in a value.
fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().take(ITEM_LIMIT)
}

/// Returns the name of the first deny policy that refuses.
fn deny_policy(answer: &Value) -> Option<String> {
    let resources = items(answer.get("denyPolicyExplanation")?, "explainedResources");
    let mut policies = resources.flat_map(|resource| items(resource, "explainedPolicies"));
    // `DENIED`, or a state that begins with `UNKNOWN`.
    let is_closed = |policy: &&Value| state(policy, "/denyAccessState").starts_with(['D', 'U']);
    Some(policies.find(is_closed)?.pointer("/policy/name")?.as_str()?.to_owned())
}

/// Returns the name of the first principal access boundary that refuses.
fn boundary_policy(answer: &Value) -> Option<String> {
    let mut all = items(answer.get("pabPolicyExplanation")?, "explainedBindingsAndPolicies");
    let is_closed = |item: &&Value| state(item, "/bindingAndPolicyAccessState") == "NOT_ALLOWED";
    let policy = all.find(is_closed)?.pointer("/explainedPolicy/policy/name")?;
    Some(policy.as_str()?.to_owned())
}

/// Returns the condition of the first binding that has the permission and the account, but does not
/// grant the permission.
fn condition(answer: &Value) -> Option<String> {
    let policies = items(answer.get("allowPolicyExplanation")?, "explainedPolicies");
    let mut bindings = policies.flat_map(|policy| items(policy, "bindingExplanations"));
    let is_unmet = |binding: &&Value| {
        let is = |pointer, word| {
            binding.pointer(pointer).and_then(Value::as_str).is_some_and(|text| text == word)
        };
        is("/rolePermission", "ROLE_PERMISSION_INCLUDED")
            && is("/combinedMembership/membership", "MEMBERSHIP_MATCHED")
            && !is("/allowAccessState", "ALLOW_ACCESS_STATE_GRANTED")
    };
    Some(bindings.find(is_unmet)?.pointer("/condition/expression")?.as_str()?.to_owned())
}
