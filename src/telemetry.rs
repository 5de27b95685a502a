//! Everything this crate logs: one function per event, and nothing else logs.
//!
//! Field names follow OpenTelemetry's semantic conventions and the names that Google's own Rust
//! client libraries emit, so that one query covers both; what is ours stands under `oauth.scope`.
//! No URL, object name, query, token or user identifier is ever a field.

use tracing::{debug, warn};

use crate::catalog::ApiMethod;
use crate::denial::{Denial, DenialKind};
use crate::granted::GrantedScopes;
use crate::refusal::Refusal;
use crate::remedy::least;
use crate::scope::ScopeSet;

/// The target of every event, for filters such as `gcp_scopes=warn`.
pub const TARGET: &str = "gcp_scopes";
/// `error.type` of a scope refusal: the reason that Google's `ErrorInfo` gives.
/// Source: <https://docs.cloud.google.com/apis/design/errors#error_info>
pub const SCOPE_INSUFFICIENT: &str = "ACCESS_TOKEN_SCOPE_INSUFFICIENT";

/// Before a call: its token lacks the scope, and the call goes out all the same.
pub(crate) fn predicted(method: ApiMethod, granted: &GrantedScopes) {
    warn!(
        target: TARGET,
        {
            "error.type" = SCOPE_INSUFFICIENT,
            "rpc.method" = method.id(),
            "server.address" = method.host(),
            "gcp.client.service" = service(method),
            "oauth.scope.verdict" = "missing",
            "oauth.scope.evidence" = "predicted",
            "oauth.scope.accepted" = names(&method.accepted()),
            "oauth.scope.granted" = granted.scopes().map(names),
            "oauth.scope.suggested" = least(&method.accepted()).as_ref().map(|scope| scope.as_str()),
            "oauth.scope.grant_source" = granted.source().map(|source| source.as_str()),
        },
        "the token lacks an OAuth scope for this call, which is sent all the same"
    );
}

/// A call was refused for lack of scope, by the server or by us before it was sent.
pub(crate) fn denied(denial: &Denial) {
    let method = denial.method();
    let evidence = match (denial.refusal(), denial.kind()) {
        (Some(refusal), _) => refusal.evidence().as_str(),
        (None, DenialKind::Confirmed) => "confirmed",
        (None, _) => "predicted",
    };
    warn!(
        target: TARGET,
        {
            "error.type" = SCOPE_INSUFFICIENT,
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "missing",
            "oauth.scope.evidence" = evidence,
            "oauth.scope.accepted" = names(denial.accepted()),
            "oauth.scope.granted" = denial.granted().scopes().map(names),
            "oauth.scope.suggested" = least(denial.accepted()).as_ref().map(|scope| scope.as_str()),
            "oauth.scope.grant_source" = denial.granted().source().map(|source| source.as_str()),
            "cloud.platform" = denial.environment().platform().as_str(),
        },
        "{denial}"
    );
}

/// Google let a call through that its token was known to lack the scope for: the catalog, or what is
/// known of the token, is wrong. Once for each method.
pub(crate) fn contradicted(method: ApiMethod) {
    warn!(
        target: TARGET,
        {
            "rpc.method" = method.id(),
            "server.address" = method.host(),
            "gcp.client.service" = service(method),
            "oauth.scope.verdict" = "ok",
            "oauth.scope.evidence" = "contradicted",
            "oauth.scope.accepted" = names(&method.accepted()),
        },
        "Google accepts this call without any of the scopes listed for it, and no more is predicted of it"
    );
}

/// A generated client asked for a token with scopes that do not fit the method.
#[cfg(feature = "google-apis")]
pub(crate) fn asked_amiss(method: ApiMethod, asked: &ScopeSet) {
    warn!(
        target: TARGET,
        {
            "rpc.method" = method.id(),
            "server.address" = method.host(),
            "gcp.client.service" = service(method),
            "oauth.scope.asked" = names(asked),
            "oauth.scope.accepted" = names(&method.accepted()),
            "oauth.scope.suggested" = least(&method.accepted()).as_ref().map(|scope| scope.as_str()),
        },
        "the program asks for a scope that does not fit the call; name another one with .add_scope(…)"
    );
}

/// Google refused the call, but not for lack of scope. The answer goes to the caller untouched.
pub(crate) fn other_gate(method: Option<ApiMethod>, refusal: &Refusal) {
    debug!(
        target: TARGET,
        {
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "ok",
            "oauth.scope.evidence" = refusal.evidence().as_str(),
            "oauth.scope.gate" = refusal.gate().as_str(),
        },
        "the call was refused by another gate than the scope gate"
    );
}

/// A source could not say what a token holds. The call that wanted to know is not affected.
pub(crate) fn not_inspected(source: &str, why: &str) {
    debug!(
        target: TARGET,
        {
            "oauth.scope.grant_source" = source,
            "oauth.scope.why_unknown" = why,
        },
        "the scopes of a token could not be found out"
    );
}

fn names(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>().join(" ")
}

/// `storage` of `storage.googleapis.com`, as Google's own clients name their service.
fn service(method: ApiMethod) -> &'static str {
    method.host().split('.').next().unwrap_or_default()
}
