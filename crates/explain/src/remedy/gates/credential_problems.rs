//! Data: problems of credentials, the words in the server's message by which a problem is
//! recognized, and the section of advice for each problem.

/// Texts in lower case of which the server's message contains one, and the section of advice. The
/// first row that matches counts.
pub(super) static PROBLEMS: &[(&[&str], &str)] = &[
    (&["api keys are not supported"], "key_instead_of_token"),
    // Before expired logins: a request to sign in again has the error `invalid_grant`, too.
    (&["rapt", "reauth"], "sign_in_again"),
    // Before expired logins: a wrong key gives `invalid_grant: Invalid JWT Signature.`
    (
        &["invalid jwt", "signature", "key is disabled", "invalid_client", "private key"],
        "key_does_not_work",
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
    (&["expired", "revoked", "invalid_grant", "bad request"], "expired"),
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
