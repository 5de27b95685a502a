//! The steps for a credential that is missing or not accepted, or that a token endpoint refused.

use super::super::advice;
use super::super::step::Step;
use super::closed_gate::{ACCOUNT, ClosedGate};
use super::credential_problems::{OTHER, PROBLEMS};

/// Returns the steps for a refusal of the credential.
pub(super) fn steps(gate: &ClosedGate<'_>) -> Vec<Step> {
    if gate.refusal.is_for_requested_scopes() {
        return advice::steps(requested_scopes_section(gate), gate);
    }
    let row = PROBLEMS.iter().find(|row| gate.message_has_any(row.words));
    let problem = row.unwrap_or(&OTHER);
    let account = gate.account().unwrap_or_else(|| ACCOUNT.to_owned());
    vec![Step {
        text: problem.text.to_owned(),
        command: problem.command.map(|command| command.replace("{account}", &account)),
        code: None,
        console: None,
        link: Some(problem.link),
    }]
}

/// Returns the section of advice for a token endpoint that refused the requested scopes.
fn requested_scopes_section(gate: &ClosedGate<'_>) -> &'static str {
    let delegated =
        ["unauthorized_client", "unauthorized to retrieve", "any of the scopes requested"];
    match gate {
        _ if gate.message_has_any(&delegated) => "delegated",
        _ if gate.message_has_any(&["restricted_client", "unregistered scope"]) => "consent",
        _ => "no_such_scope",
    }
}
