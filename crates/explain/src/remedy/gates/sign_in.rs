//! What to do about a credential that is missing, wrong, or refused by a token endpoint.

use super::super::step::Step;
use super::closed::{ACCOUNT, Closed};

pub(super) const ADC: &str = "https://docs.cloud.google.com/docs/authentication/provide-credentials-adc";
const TOKENS: &str = "https://docs.cloud.google.com/docs/authentication/token-types";
const SCOPES: &str = "https://developers.google.com/identity/protocols/oauth2/scopes";
const DELEGATION: &str =
    "https://developers.google.com/identity/protocols/oauth2/service-account#delegatingauthority";
const CONSENT: &str = "https://developers.google.com/identity/protocols/oauth2/production-readiness/sensitive-scope-verification";

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

/// What the server's words, in lower case, say about a credential.
struct Trouble {
    words: &'static [&'static str],
    text: &'static str,
    command: Option<&'static str>,
    link: &'static str,
}

const LOGIN: &str = "gcloud auth application-default login";

static TROUBLES: &[Trouble] = &[
    Trouble {
        words: &["api keys are not supported"],
        text: "This API takes an OAuth token, not an API key: use a service account or a person's login, and drop the key.",
        command: Some(LOGIN),
        link: TOKENS,
    },
    Trouble {
        words: &["rapt", "reauth"],
        text: "The organisation asks people to sign in again from time to time: log in, or let the program use a service \
               account.",
        command: Some(LOGIN),
        link: ADC,
    },
    Trouble {
        words: &["invalid jwt", "signature", "key is disabled", "invalid_client", "private key"],
        text: "The service account key does not work: it was deleted or disabled, belongs to another account, or this \
               machine's clock is wrong. Compare the key's id with the list, and check the clock.",
        command: Some("gcloud iam service-accounts keys list --iam-account={account}"),
        link: "https://docs.cloud.google.com/iam/docs/keys-list-get",
    },
    Trouble {
        words: &[
            "account not found",
            "account does not exist",
            "has been deleted",
            "account_state_invalid",
            "is disabled",
        ],
        text: "The account behind the credential is deleted or disabled: look at it, and use one that works.",
        command: Some("gcloud iam service-accounts describe {account}"),
        link: "https://docs.cloud.google.com/iam/docs/service-accounts-disable-enable",
    },
    Trouble {
        words: &["expired", "revoked", "invalid_grant", "bad request"],
        text: "The login or token has expired or was taken back: log in again. A program that keeps an access token must \
               refresh it, as it lives one hour.",
        command: Some(LOGIN),
        link: ADC,
    },
    Trouble {
        words: &["default credentials", "application default", "load the default"],
        text: "The program found no credential: log in on your own machine, attach a service account on Google Cloud, or \
               set GOOGLE_APPLICATION_CREDENTIALS to a credential file.",
        command: Some(LOGIN),
        link: ADC,
    },
    Trouble {
        words: &["metadata", "generate access token", "getaccesstoken"],
        text: "The place where the program runs gave it no token: check that a service account is attached to it, and on GKE \
               that the Kubernetes account may act as it.",
        command: None,
        link: "https://docs.cloud.google.com/kubernetes-engine/docs/troubleshooting/authentication",
    },
    Trouble {
        words: &[
            "missing",
            "anonymous",
            "login required",
            "unregistered callers",
            "no credentials",
            "unauthenticated",
        ],
        text: "The call carried no usable token: send the header Authorization: Bearer TOKEN, or give the client \
               credentials. On your own machine, log in first.",
        command: Some(LOGIN),
        link: ADC,
    },
];

/// For words that say nothing more exact.
static ANY: Trouble = Trouble {
    words: &[],
    text: "The token or login was not accepted: it is missing, expired, of the wrong kind, or of another client. Get a new \
           one, and check which credential the program really uses.",
    command: Some(LOGIN),
    link: ADC,
};
