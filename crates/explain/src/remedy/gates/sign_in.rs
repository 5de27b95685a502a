//! The steps for a credential that is missing or not accepted, or that a token endpoint refused.

use super::super::advice;
use super::super::option::RemedyOption;
use super::super::scope_gate;
use super::closed_gate::ClosedGate;
use super::credential_problems::{NO_ACCOUNT_SECTION, PROBLEMS};

/// Returns the options for a refusal of the credential.
pub(super) fn options(gate: &ClosedGate<'_>) -> Vec<RemedyOption> {
    let problem = || PROBLEMS.iter().find(|(words, _)| gate.message_has_any(words));
    let section = match gate.refusal.is_for_requested_scopes() {
        true => requested_scopes_section(gate),
        false => match problem().map_or("credential", |(_, section)| *section) {
            NO_ACCOUNT_SECTION => match scope_gate::for_missing_account(gate.environment) {
                Some(options) => return options,
                // The product on which the program runs lost its account or may not use it.
                None => "no_token_from_platform",
            },
            section => section,
        },
    };
    advice::remedy(section, gate).options
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
