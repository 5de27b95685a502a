//! What Google says about methods outside the scope lists of its Discovery documents.
//!
//! One hand-written table, a public source per row. The generator includes this file: effects that
//! only add scopes are baked into the catalog's sets, the others mark their rows with one byte.

/// One fact about some methods.
#[derive(Debug)]
pub(crate) struct Override {
    /// Method ids; a trailing `*` stands for any rest.
    pub(crate) methods: &'static [&'static str],
    pub(crate) effect: Effect,
    /// Where Google, or someone who tried it, says so.
    #[allow(dead_code, reason = "read by people and tests")]
    pub(crate) source: &'static str,
}

/// What the fact changes.
#[derive(Debug)]
pub(crate) enum Effect {
    /// These scopes are accepted as well. Silences nothing.
    AlsoAccepts(&'static [&'static str]),
    /// There is no verdict, for this reason.
    NoVerdict(Reason),
    /// There is no verdict if the query matches.
    NoVerdictWhen(Query, Reason),
    /// There is no verdict for a token that holds this scope if the query matches.
    NoVerdictWith(&'static str, Query, Reason),
}

/// Why a row of the table keeps a verdict back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The method needs two scopes at once.
    NeedsSeveral,
    /// What is accepted depends on the query or the body.
    DependsOnRequest,
    /// A scope that is held restricts what may be asked.
    Restricted,
    /// Two documents list different scopes for the same request.
    Ambiguous,
}

/// A condition on the query.
#[derive(Debug)]
pub(crate) enum Query {
    /// The key is there.
    Has(&'static str),
    /// The key is absent, or has none of these values.
    IsNot(&'static str, &'static [&'static str]),
}

const AUTH: &str = "https://www.googleapis.com/auth/";

impl Override {
    /// Whether the row speaks of this method.
    pub(crate) fn covers(&self, id: &str) -> bool {
        self.methods.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => id.starts_with(prefix),
            None => *pattern == id,
        })
    }
}

/// A scope's URI, from its name after Google's prefix.
pub(crate) fn uri(short: &str) -> String {
    format!("{AUTH}{short}")
}

/// The table. The first row that is not [`Effect::AlsoAccepts`] and covers a method marks it.
pub(crate) static OVERRIDES: &[Override] = &[Override {
    methods: &[],
    effect: Effect::NoVerdict(Reason::Ambiguous),
    source: "set by the generator where documents disagree",
}];

/// Scopes that are in use but in no Discovery document, and where they are to be seen. A token is
/// judged only if we have heard of all its scopes; these are what Google's own tools, defaults and
/// pages hand out.
pub(crate) static HEARD_OF: &[(&str, &str)] = &[
    (
        "accounts.reauth",
        "https://github.com/googleapis/google-auth-library-python/blob/main/google/oauth2/reauth.py",
    ),
    ("bigquery.readonly", "https://github.com/googleapis/nodejs-bigquery/issues/1362"),
    ("business.manage", "https://developers.google.com/my-business/content/implement-oauth"),
    ("carddav", "https://developers.google.com/people/carddav"),
    (
        "cloud.useraccounts",
        "https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts",
    ),
    (
        "cloud.useraccounts.readonly",
        "https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts",
    ),
    ("devstorage.write_only", "https://cloud.google.com/storage/docs/oauth-scopes"),
    (
        "iam",
        "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken",
    ),
    ("sqlservice", "https://cloud.google.com/sdk/gcloud/reference/compute/instances/create"),
    ("sqlservice.login", "https://cloud.google.com/sdk/gcloud/reference/auth/application-default/login"),
    ("taskqueue", "https://cloud.google.com/sdk/gcloud/reference/compute/instances/create"),
];
