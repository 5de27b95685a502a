//! Data: problems of credentials, the words in the server's message by which a problem is
//! recognized, and the step for each problem.

pub(super) const ADC: &str =
    "https://docs.cloud.google.com/docs/authentication/provide-credentials-adc";
const TOKENS: &str = "https://docs.cloud.google.com/docs/authentication/token-types";

/// A problem of a credential, and its step.
pub(super) struct CredentialProblem {
    /// Texts in lower case. The server's message contains one of these texts.
    pub(super) words: &'static [&'static str],
    pub(super) text: &'static str,
    pub(super) command: Option<&'static str>,
    pub(super) link: &'static str,
}

const LOGIN: &str = "gcloud auth application-default login";
/// The known problems. The first problem that matches counts.
pub(super) static PROBLEMS: &[CredentialProblem] = &[
    CredentialProblem {
        words: &["api keys are not supported"],
        text: "This API takes an OAuth token, not an API key: use a service account or a person's \
               login, and drop the key.",
        command: Some(LOGIN),
        link: TOKENS,
    },
    CredentialProblem {
        // Before expired logins: a request to sign in again has the error `invalid_grant`, too.
        words: &["rapt", "reauth"],
        text: "The organisation asks people to sign in again from time to time: log in, or let \
               the program use a service account.",
        command: Some(LOGIN),
        link: ADC,
    },
    CredentialProblem {
        // Before expired logins: a wrong key gives `invalid_grant: Invalid JWT Signature.`
        words: &["invalid jwt", "signature", "key is disabled", "invalid_client", "private key"],
        text: "The service account key does not work: it was deleted or disabled, belongs to \
               another account, or this machine's clock is wrong. Compare the key's id with the \
               list, and check the clock.",
        command: Some("gcloud iam service-accounts keys list --iam-account={account}"),
        link: "https://docs.cloud.google.com/iam/docs/keys-list-get",
    },
    CredentialProblem {
        words: &[
            "account not found",
            "account does not exist",
            "has been deleted",
            "account_state_invalid",
            "is disabled",
        ],
        text: "The account behind the credential is deleted or disabled: look at it, and use one \
               that works.",
        command: Some("gcloud iam service-accounts describe {account}"),
        link: "https://docs.cloud.google.com/iam/docs/service-accounts-disable-enable",
    },
    CredentialProblem {
        words: &["expired", "revoked", "invalid_grant", "bad request"],
        text: "The login or token has expired or was taken back: log in again. A program that \
               keeps an access token must refresh it, as it lives one hour.",
        command: Some(LOGIN),
        link: ADC,
    },
    CredentialProblem {
        words: &["default credentials", "application default", "load the default"],
        text: "The program found no credential: log in on your own machine, attach a service \
               account on Google Cloud, or set GOOGLE_APPLICATION_CREDENTIALS to a credential \
               file.",
        command: Some(LOGIN),
        link: ADC,
    },
    CredentialProblem {
        words: &["metadata", "generate access token", "getaccesstoken"],
        text: "The place where the program runs gave it no token: check that a service account is \
               attached to it, and on GKE that the Kubernetes account may act as it.",
        command: None,
        link: "https://docs.cloud.google.com/kubernetes-engine/docs/troubleshooting/authentication",
    },
    CredentialProblem {
        words: &[
            "missing",
            "anonymous",
            "login required",
            "unregistered callers",
            "no credentials",
            "unauthenticated",
        ],
        text: "The call carried no usable token: send the header Authorization: Bearer TOKEN, or \
               give the client credentials. On your own machine, log in first.",
        command: Some(LOGIN),
        link: ADC,
    },
];

/// The problem for messages that match none of [`PROBLEMS`].
pub(super) static OTHER: CredentialProblem = CredentialProblem {
    words: &[],
    text: "The token or login was not accepted: it is missing, expired, of the wrong kind, or of \
           another client. Get a new one, and check which credential the program really uses.",
    command: Some(LOGIN),
    link: ADC,
};
