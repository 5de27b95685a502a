//! Everything this crate logs: one function per event, and nothing else logs.
//!
//! Field names follow OpenTelemetry's semantic conventions and the names that Google's own Rust
//! client libraries emit, so that one query covers both; what is ours stands under `oauth.scope`.
//! No URL, object name, query, token or user identifier is ever a field.
//!
//! | event | level | when |
//! |---|---|---|
//! | denied | WARN | Google refused a call for lack of scope, or it was not sent because Google would |
//! | predicted | WARN | a call goes out although its token lacks the scope |
//! | wrong scope requested | WARN | a generated client asks for a scope that does not fit the method |
//! | contradicted | WARN | Google accepted such a call; once for each method |
//! | other gate | DEBUG | a call was refused, but not for lack of scope |
//! | not inspected | DEBUG | a source could not say what a token holds |
//!
//! The fields of each are listed in the repository's `docs/logs.md`, which a test holds them to.
//!
//! The first of its kind for a method and a token is logged at once. Repeats are counted: the 10th,
//! the 100th and so on are logged, and any one after ten silent minutes. `oauth.scope.calls` says for
//! how many calls an event stands, so that its sum is right however hard a caller retries.
//!
//! ```
//! use gcp_scopes::telemetry;
//! use tracing::Level;
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! // Of this crate only what a person should act on.
//! let filter = tracing_subscriber::filter::Targets::new().with_target(telemetry::TARGET, Level::WARN);
//! let subscriber = tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with(filter);
//! ```

use http::StatusCode;
use tracing::{Span, debug, error_span, warn};

use crate::catalog::{ApiMethod, VERSION};
use crate::denial::{Denial, DenialKind};
use crate::refusal::{Gate, Refusal};
use crate::scope::ScopeSet;
use gcp_scopes_catalog::least;
use gcp_scopes_explain::granted::GrantedScopes;

/// The target of every event, for filters such as `gcp_scopes=warn`.
pub const TARGET: &str = "gcp_scopes";
/// `error.type` of a scope refusal: the reason that Google's `ErrorInfo` gives.
/// Source: <https://docs.cloud.google.com/apis/design/errors#error_info>
const SCOPE_INSUFFICIENT: &str = "ACCESS_TOKEN_SCOPE_INSUFFICIENT";
/// Scopes named in one field before the rest is counted.
const MOST_NAMES: usize = 16;

/// Before a call: its token lacks the scope, and the call goes out all the same.
pub(crate) fn predicted(method: Option<ApiMethod>, accepted: &ScopeSet, granted: &GrantedScopes, calls: u64) {
    warn!(
        target: TARGET,
        {
            "error.type" = SCOPE_INSUFFICIENT,
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "missing",
            "oauth.scope.evidence" = "predicted",
            "oauth.scope.accepted" = names(accepted),
            "oauth.scope.granted" = granted.scopes().map(names),
            "oauth.scope.suggested" = least(accepted).as_ref().map(|scope| scope.as_str()),
            "oauth.scope.grant_source" = granted.source().map(|source| source.as_str()),
            "oauth.scope.calls" = calls,
        },
        "the token lacks an OAuth scope for this call, which is sent all the same"
    );
}

/// What a denial rests on, as one word.
pub(crate) fn evidence(denial: &Denial) -> &'static str {
    match (denial.refusal(), denial.kind()) {
        (Some(refusal), _) => refusal.evidence(),
        (None, DenialKind::Confirmed) => "confirmed",
        (None, _) => "predicted",
    }
}

/// A call was refused for lack of scope, by the server with this status, or by us before it was sent.
pub(crate) fn denied(denial: &Denial, status: Option<StatusCode>, calls: u64) {
    let method = denial.method();
    warn!(
        target: TARGET,
        {
            "error.type" = SCOPE_INSUFFICIENT,
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "missing",
            "http.response.status_code" = status.map(|status| status.as_u16()),
            "oauth.scope.evidence" = evidence(denial),
            "oauth.scope.accepted" = names(denial.accepted()),
            "oauth.scope.granted" = denial.granted().scopes().map(names),
            "oauth.scope.suggested" = least(denial.accepted()).as_ref().map(|scope| scope.as_str()),
            "oauth.scope.grant_source" = denial.granted().source().map(|source| source.as_str()),
            "oauth.scope.calls" = calls,
            "cloud.platform" = denial.environment().platform().otel_name(),
        },
        "{denial}"
    );
}

/// A span that carries gate, method, scopes and remedy of a denial as fields, for the event with which a
/// service itself reports its failure. Most formatters print a span's fields beside every event in it.
///
/// ```
/// use gcp_scopes::{Denial, telemetry};
/// use tracing::Span;
///
/// fn report(error: &(dyn std::error::Error + 'static)) {
///     let span = Denial::find(error).map_or_else(Span::none, telemetry::span);
///     span.in_scope(|| tracing::error!(error, "the upload failed"));
/// }
/// ```
///
/// The fields are listed in the repository's `docs/logs.md`.
#[must_use]
pub fn span(denial: &Denial) -> Span {
    let method = denial.method();
    error_span!(
        target: TARGET,
        "denial",
        "error.type" = SCOPE_INSUFFICIENT,
        "rpc.method" = method.map(|method| method.id()),
        "server.address" = method.map(|method| method.host()),
        "gcp.client.service" = method.map(service),
        "oauth.scope.gate" = Gate::Scope.as_str(),
        "oauth.scope.evidence" = evidence(denial),
        "oauth.scope.accepted" = names(denial.accepted()),
        "oauth.scope.granted" = denial.granted().scopes().map(names),
        "oauth.scope.suggested" = least(denial.accepted()).as_ref().map(|scope| scope.as_str()),
        "oauth.scope.remedy" = denial.summary(),
        "cloud.platform" = denial.environment().platform().otel_name(),
    )
}

/// Google let a call through that its token was known to lack the scope for: the catalog, or what is
/// known of the token, is wrong. Once for each method.
pub(crate) fn contradicted(method: Option<ApiMethod>, accepted: &ScopeSet) {
    warn!(
        target: TARGET,
        {
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "ok",
            "oauth.scope.evidence" = "contradicted",
            "oauth.scope.accepted" = names(accepted),
            "oauth.scope.catalog" = VERSION,
        },
        "Google accepts this call without any of the scopes listed for it, and no more is predicted of it"
    );
}

/// A generated client asked for a token with scopes that do not fit the method.
pub(crate) fn wrong_scope_requested(method: ApiMethod, asked: &ScopeSet, calls: u64) {
    warn!(
        target: TARGET,
        {
            "rpc.method" = method.id(),
            "server.address" = method.host(),
            "gcp.client.service" = service(method),
            "oauth.scope.asked" = names(asked),
            "oauth.scope.accepted" = names(&method.accepted()),
            "oauth.scope.suggested" = least(&method.accepted()).as_ref().map(|scope| scope.as_str()),
            "oauth.scope.calls" = calls,
        },
        "the program asks for a scope that does not fit the call; name another one with .add_scope(…)"
    );
}

/// Google refused the call, but not for lack of scope. The answer goes to the caller untouched.
pub(crate) fn other_gate(method: Option<ApiMethod>, refusal: &Refusal, calls: u64) {
    debug!(
        target: TARGET,
        {
            "rpc.method" = method.map(|method| method.id()),
            "server.address" = method.map(|method| method.host()),
            "gcp.client.service" = method.map(service),
            "oauth.scope.verdict" = "ok",
            "oauth.scope.evidence" = refusal.evidence(),
            "oauth.scope.gate" = refusal.gate().as_str(),
            "oauth.scope.calls" = calls,
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

/// Their short names in one field, as people query for them. A few methods accept over seventy scopes.
fn names(scopes: &ScopeSet) -> String {
    let mut names: Vec<_> = scopes.iter().take(MOST_NAMES).map(|scope| scope.short().to_owned()).collect();
    if scopes.len() > MOST_NAMES {
        names.push(format!("+{}", scopes.len() - MOST_NAMES));
    }
    names.join(" ")
}

/// `storage` of `storage.googleapis.com`, as Google's own clients name their service.
fn service(method: ApiMethod) -> &'static str {
    method.host().split('.').next().unwrap_or_default()
}
