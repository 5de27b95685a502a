//! Data: problems of credentials, the words in the server's message by which a problem is
//! recognized, and the section of advice for each problem, as a table.

/// The section of advice for a VM without a service account, or without scopes.
pub(super) const NO_ACCOUNT_SECTION: &str = "no_account";

/// What Google's libraries print if the metadata server has no token, in lower case.
const NO_ACCOUNT: [&str; 5] = [
    "metadata service. status: 404",
    "gce metadata \"instance/service-accounts/",
    "error code 404 trying to get security access token",
    "a not found error was returned while attempting to retrieve an access",
    "no service account scopes specified",
];

/// Texts in lower case of which the server's message contains one, and the section of advice. The
/// first row that matches counts.
pub(super) static PROBLEMS: &[(&[&str], &str)] = &[
    (&["api keys are not supported"], "key_instead_of_token"),
    // These rows precede the row of expired logins, because the messages of these problems may
    // contain `invalid_grant`, too.
    (&["rapt", "reauth"], "sign_in_again"),
    (&["audience in id token", "allowed audiences"], "provider_audience"),
    (&["audience"], "wrong_audience"),
    (&["attribute condition", "attribute mapping", "mapped attribute"], "attribute_condition"),
    (&["invalid jwt", "signature", "key is disabled", "private key"], "key_does_not_work"),
    (
        &[
            "invalid_client",
            "deleted_client",
            "disabled_client",
            "oauth_client_disabled",
            "oauth client",
        ],
        "rejected_client",
    ),
    (
        &[
            "account not found",
            "account does not exist",
            "has been deleted",
            "account_state_invalid",
            "is disabled",
        ],
        "account_is_gone",
    ),
    // A missing or invalid file, in the words of the libraries for Go, Java, Node.js and Python.
    // The row precedes missing credentials, because the messages may contain their words, too.
    (
        &[
            "not a file",
            "no such file",
            "file does not exist",
            ".json was not found",
            "credential file",
            "using google_application_credentials",
        ],
        "credential_file",
    ),
    (&["access_token_type_unsupported"], "wrong_token"),
    (&["expired", "revoked", "invalid_grant", "bad request"], "expired"),
    (&["gaia id not found"], "account_is_gone"),
    // The metadata server answers 404 for the token of a VM without an account or scopes, in the
    // words of Google's libraries for Python, Go, Java and Node.js:
    // <https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshoot-metadata-server>.
    (&NO_ACCOUNT, NO_ACCOUNT_SECTION),
    (&["default credentials", "application default", "load the default"], "no_credential"),
    (&["metadata", "generate access token", "getaccesstoken"], "no_token_from_platform"),
    (
        &[
            "missing",
            "anonymous",
            "login required",
            "unregistered callers",
            "no credentials",
            "unauthenticated",
        ],
        "no_token_in_call",
    ),
];
