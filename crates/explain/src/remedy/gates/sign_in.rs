//! What to do about a credential that is missing, wrong, or refused by a token endpoint.

use super::super::step::Step;
use super::closed::{ACCOUNT, Closed};
use super::pages::{CONSENT, DELEGATION, SCOPES};
use super::troubles::{ANY, TROUBLES};

pub(super) fn steps(gate: &Closed<'_>) -> Vec<Step> {
    if gate.refusal.names_scopes() {
        return token_scopes(gate);
    }
    let row = TROUBLES.iter().find(|row| row.words.iter().any(|words| gate.says(words)));
    let trouble = row.unwrap_or(&ANY);
    let step = Step::new(trouble.text).link(trouble.link);
    let account = gate.account().unwrap_or_else(|| ACCOUNT.to_owned());
    vec![match trouble.command {
        Some(command) => step.command(command.replace("{account}", &account)),
        None => step,
    }]
}

/// The token endpoint refused the scopes that it was asked for: no API was called yet.
fn token_scopes(gate: &Closed<'_>) -> Vec<Step> {
    let delegated = ["unauthorized_client", "unauthorized to retrieve", "any of the scopes requested"];
    if delegated.iter().any(|words| gate.says(words)) {
        let account = gate.account().unwrap_or_else(|| ACCOUNT.to_owned());
        return vec![
            Step::new("Get the unique id of the service account that acts for a person of the Workspace domain.")
                .command(format!("gcloud iam service-accounts describe {account} --format='value(uniqueId)'")),
            Step::new(
                "Let an administrator of the domain enter that id and every scope the program asks for, comma \
                 separated, at https://admin.google.com/ac/owl/domainwidedelegation. A new entry replaces the old one. \
                 If the program does not act for a person, take the subject out instead.",
            )
            .link(DELEGATION),
        ];
    }
    if gate.says("restricted_client") || gate.says("unregistered scope") {
        let text = "The OAuth client may not ask for one of these scopes: add it to the app's data access page (and have \
                    it verified), or leave it out.";
        return vec![Step::new(text).link(CONSENT)];
    }
    let text = "The program asked for a token with no scope, or with one that does not exist: ask for at least one scope, \
                by its full URI, separated by spaces, such as https://www.googleapis.com/auth/cloud-platform. This is set in \
                the program, not in Google Cloud.";
    vec![Step::new(text).link(SCOPES)]
}
