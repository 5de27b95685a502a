//! The log events of this crate. All events are sent from this module, by one function per event.
//!
//! Field names follow the semantic conventions of OpenTelemetry and the names in Google's own Rust
//! client libraries, so that one query finds the events of both. The names of all other fields
//! begin with `oauth.scope`. No field contains a URL, an object name, a query, a token or a user
//! identifier.
//!
//! The events of level WARN:
//!
//! - denied: Google refused a call for lack of scopes, or the guard stopped a call that Google
//!   would refuse
//! - predicted: a call is sent although its token lacks the scope
//! - wrong scope requested: a generated client requests a token with a scope that the method does
//!   not accept
//! - contradicted: Google accepted a call although its token lacks the scope, or refused a call for
//!   lack of scopes although its token holds one; once per method
//! - disproved: the message of a refusal contains a sentence about scopes beside other words,
//!   although the token holds an accepted scope; the response is passed on
//! - set-up: the guard cannot work as it was set up, or a variable has a value that cannot be used;
//!   the event contains what to change. Once per guard and cause
//!
//! The events of level DEBUG:
//!
//! - other gate: a call was refused for another reason than scopes
//! - not inspected: a source could not return the scopes of a token
//!
//! The event *summary*, with level WARN or DEBUG, counts the calls that no other event reports.
//!
//! The repository's `docs/logs.md` lists the fields of each event, and a test compares the list
//! with the events.
//!
//! The first event of its kind for a method and a token is logged immediately. Repeats are counted:
//! the 10th, the 100th and so on are logged, and the next repeat after ten minutes without an
//! event. The field `oauth.scope.calls` contains the number of calls that an event represents, so
//! that the sum of the field is the number of calls. A guard logs at most 2,048 events in ten
//! minutes.
//!
//! ```
//! use gcp_scopes::telemetry;
//! use tracing::Level;
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! // Shows only events of this crate that need an action.
//! let filter =
//!     tracing_subscriber::filter::Targets::new().with_target(telemetry::TARGET, Level::WARN);
//! let subscriber =
//!     tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with(filter);
//! ```

mod event_kind;
mod setup_note;

use std::time::{Duration, Instant};

use http::StatusCode;
use tracing::{Level, Span, debug, error_span, event, warn};

use crate::catalog::{ApiMethod, VERSION};
use crate::denial::Denial;
use crate::refusal::{Gate, Refusal};
use crate::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::least_scope;
use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};

pub(crate) use event_kind::EventKind;
pub(crate) use setup_note::SetupNote;

/// The target of every event, for filters such as `gcp_scopes=warn`.
pub const TARGET: &str = "gcp_scopes";
/// The `error.type` of a scope refusal, which is the reason in Google's `ErrorInfo`. Source:
/// <https://docs.cloud.google.com/apis/design/errors#error_info>
const SCOPE_INSUFFICIENT: &str = "ACCESS_TOKEN_SCOPE_INSUFFICIENT";
/// The maximum number of scopes that one field names. The others are only counted.
const MAX_NAMES: usize = 16;

/// The time for which the number of events is bounded.
pub(crate) const PERIOD: Duration = Duration::from_secs(600);
/// How many events about calls a guard logs in one [`PERIOD`], and how many events about tokens
/// whose scopes are unknown. Any ten minutes touch two periods at most, and so have at most twice
/// as many events. With the summaries and the notes about the set-up, these are fewer than the
/// 2,048 events that the repository's `docs/logs.md` promises.
const MAX_CALL_EVENTS: u32 = 960;
const MAX_INSPECTION_EVENTS: u32 = 48;

/// Bounds the number of events in each [`PERIOD`].
pub(crate) struct EventBudget {
    /// The maximum number of events in one period.
    max: u32,
    /// The number of events in the current period.
    logged: u32,
    /// When the current period ends.
    ends_at: Option<Instant>,
}

impl EventBudget {
    /// Creates the budget of the events about tokens whose scopes are unknown.
    pub(crate) fn for_inspections() -> Self {
        Self { max: MAX_INSPECTION_EVENTS, ..Self::default() }
    }

    /// Returns whether one more event may be logged at `now`. If so, counts the event.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        if self.ends_at.is_none_or(|end| now >= end) {
            (self.ends_at, self.logged) = (Some(now + PERIOD), 0);
        }
        let is_allowed = self.logged < self.max;
        self.logged += u32::from(is_allowed);
        is_allowed
    }
}

/// The budget of the events about calls.
impl Default for EventBudget {
    fn default() -> Self {
        Self { max: MAX_CALL_EVENTS, logged: 0, ends_at: None }
    }
}

/// Logs an event about calls of a method, with the fields that name the method.
macro_rules! log_call {
    ($level:ident, $method:expr, { $($fields:tt)* }, $($message:tt)+) => {{
        let method: Option<ApiMethod> = $method;
        event!(
            target: TARGET,
            Level::$level,
            {
                "rpc.system.name" = method.map(rpc_system),
                "rpc.method" = method.and_then(|method| method.rpc_path()),
                "oauth.scope.method" = method.map(|method| method.id()),
                "server.address" = method.map(|method| method.host()),
                "gcp.client.service" = method.map(service),
                $($fields)*
            },
            $($message)+
        )
    }};
}

/// Returns the protocol of calls to a method, as Google's Rust clients name it in their events.
fn rpc_system(method: ApiMethod) -> &'static str {
    if method.is_rpc() { "grpc" } else { "http" }
}

/// Returns the name of the RPC status with which Google refuses a call for lack of scope. Over
/// HTTP, too, Google's Rust clients log this name.
fn rpc_status(status: StatusCode) -> &'static str {
    if status == StatusCode::UNAUTHORIZED { "UNAUTHENTICATED" } else { "PERMISSION_DENIED" }
}

/// Logs calls of this kind that no other event reports, because their methods and tokens are too
/// many.
pub(crate) fn not_logged_singly(kind: EventKind, calls: u64) {
    let (verdict, what) = kind.summary();
    match kind {
        EventKind::OtherGate => log_call!(DEBUG, None, {
            "oauth.scope.verdict" = verdict,
            "oauth.scope.calls" = calls,
        }, "further calls, not logged one by one, {what}"),
        _ => log_call!(WARN, None, {
            "oauth.scope.verdict" = verdict,
            "oauth.scope.calls" = calls,
        }, "further calls, not logged one by one, {what}"),
    }
}

/// Logs that a call is sent although its token lacks the scope.
pub(crate) fn predicted(
    method: Option<ApiMethod>,
    accepted: &ScopeSet,
    granted: &GrantedScopes,
    calls: u64,
) {
    log_call!(WARN, method, {
        "error.type" = SCOPE_INSUFFICIENT,
        "oauth.scope.verdict" = "missing",
        "oauth.scope.evidence" = "predicted",
        "oauth.scope.accepted" = names(accepted),
        "oauth.scope.granted" = granted.scopes().map(names),
        "oauth.scope.suggested" = least_scope(accepted).as_ref().map(Scope::as_str),
        "oauth.scope.grant_source" = granted.source().map(GrantSource::as_str),
        "oauth.scope.calls" = calls,
    }, "the token lacks an OAuth scope for this call, but the call is sent");
}

/// Logs that a call was refused for lack of scopes: by Google with this status, or by the guard
/// before the call was sent.
pub(crate) fn denied(denial: &Denial, status: Option<StatusCode>, calls: u64) {
    log_call!(WARN, denial.method(), {
        "error.type" = SCOPE_INSUFFICIENT,
        "oauth.scope.verdict" = "missing",
        "http.response.status_code" = status.map(|status| status.as_u16()),
        "rpc.response.status_code" = status.map(rpc_status),
        "gcp.errors.domain" = denial.refusal().and_then(Refusal::error_domain),
        "oauth.scope.evidence" = denial.evidence(),
        "oauth.scope.accepted" = known(denial.accepted()),
        "oauth.scope.granted" = denial.granted().scopes().map(names),
        "oauth.scope.suggested" = denial.required_scopes().least().as_ref().map(Scope::as_str),
        "oauth.scope.grant_source" = denial.granted().source().map(GrantSource::as_str),
        "oauth.scope.calls" = calls,
        "cloud.platform" = denial.environment().platform().otel_name(),
    }, "{denial}");
}

/// Creates a span with the gate, method, scopes and remedy of a denial as fields. Use the span for
/// the event with which a service reports its own failure. Most formatters print the fields of a
/// span with every event inside the span.
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
/// The repository's `docs/logs.md` lists the fields.
#[must_use]
pub fn span(denial: &Denial) -> Span {
    let method = denial.method();
    error_span!(
        target: TARGET,
        "denial",
        "error.type" = SCOPE_INSUFFICIENT,
        "rpc.system.name" = method.map(rpc_system),
        "rpc.method" = method.and_then(|method| method.rpc_path()),
        "oauth.scope.method" = method.map(|method| method.id()),
        "server.address" = method.map(|method| method.host()),
        "gcp.client.service" = method.map(service),
        "oauth.scope.gate" = Gate::Scope.as_str(),
        "oauth.scope.evidence" = denial.evidence(),
        "oauth.scope.accepted" = known(denial.accepted()),
        "oauth.scope.granted" = denial.granted().scopes().map(names),
        "oauth.scope.suggested" = denial.required_scopes().least().as_ref().map(Scope::as_str),
        "oauth.scope.remedy" = denial.summary(),
        "cloud.platform" = denial.environment().platform().otel_name(),
    )
}

/// Logs that Google's response contradicts the catalog or the known scopes of the token: one of
/// them is wrong. Either Google accepted a call although its token was known to lack the scope, or
/// Google refused a call for lack of scopes although its token is known to hold a listed scope.
/// `refused` contains the scopes of the token if the call was refused. Logged once per method.
pub(crate) fn contradicted(
    method: Option<ApiMethod>,
    accepted: &ScopeSet,
    refused: Option<&GrantedScopes>,
) {
    let (verdict, what) = match refused {
        Some(_) => ("missing", "refuses this call although its token holds a scope listed for it"),
        None => ("ok", "accepts this call without any of the scopes listed for it"),
    };
    log_call!(WARN, method, {
        "oauth.scope.verdict" = verdict,
        "oauth.scope.evidence" = "contradicted",
        "oauth.scope.accepted" = names(accepted),
        "oauth.scope.granted" = refused.and_then(|granted| granted.scopes().map(names)),
        "oauth.scope.grant_source" = refused.and_then(|granted| Some(granted.source()?.as_str())),
        "oauth.scope.catalog" = VERSION,
    }, "Google {what}; the guard makes no more predictions for the method");
}

/// Logs that the message of a refusal contains a sentence about scopes beside other words, although
/// the token is known to hold an accepted scope. The response is passed on unchanged.
pub(crate) fn disproved(
    method: Option<ApiMethod>,
    refusal: &Refusal,
    granted: &GrantedScopes,
    calls: u64,
) {
    log_call!(WARN, method, {
        "oauth.scope.verdict" = "ok",
        "oauth.scope.evidence" = refusal.evidence(),
        "oauth.scope.granted" = granted.scopes().map(names),
        "oauth.scope.grant_source" = granted.source().map(GrantSource::as_str),
        "oauth.scope.calls" = calls,
    }, "the refusal is passed on: its message mentions scopes beside other words, but the token \
        holds an accepted scope");
}

/// Logs that a generated client requested a token with scopes that the method does not accept.
pub(crate) fn wrong_scope_requested(method: ApiMethod, asked: &ScopeSet, calls: u64) {
    log_call!(WARN, Some(method), {
        "oauth.scope.requested" = names(asked),
        "oauth.scope.accepted" = names(&method.accepted()),
        "oauth.scope.suggested" = least_scope(&method.accepted()).as_ref().map(Scope::as_str),
        "oauth.scope.calls" = calls,
    }, "the program asks for a scope that does not fit the call; name another one with \
        .add_scope(…)");
}

/// Logs that Google refused a call for another reason than scopes. The response is passed on
/// unchanged.
pub(crate) fn other_gate(method: Option<ApiMethod>, refusal: &Refusal, calls: u64) {
    log_call!(DEBUG, method, {
        "oauth.scope.verdict" = "ok",
        "oauth.scope.evidence" = refusal.evidence(),
        "oauth.scope.gate" = refusal.gate().as_str(),
        "oauth.scope.calls" = calls,
    }, "the call was refused by another gate than the scope gate");
}

/// Logs what to change in the set-up of the guard. Logged once for each guard and note.
pub(crate) fn setup(note: SetupNote, server: Option<&str>) {
    warn!(
        target: TARGET,
        { "oauth.scope.setup" = note.as_str(), "server.address" = server },
        "{}", note.advice()
    );
}

/// Logs that the value of an environment variable cannot be used, and changes nothing. `advice`
/// contains what to change.
pub(crate) fn unusable_variable(name: &str, advice: &str) {
    warn!(
        target: TARGET,
        { "oauth.scope.setup" = "unusable_variable" },
        "{advice}: the value of {name} cannot be used, and changes nothing"
    );
}

/// Logs that a source could not return the scopes of a token. The call with the token is not
/// affected.
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

/// Returns the names of the scopes of which one is enough; `None` if they are not known.
fn known(accepted: &ScopeSet) -> Option<String> {
    (!accepted.is_empty()).then(|| names(accepted))
}

/// Returns scopes as one field, by their short names, because people search for short names. At
/// most [`MAX_NAMES`] scopes are named, because a few methods accept more than seventy.
fn names(scopes: &ScopeSet) -> String {
    let mut names: Vec<_> =
        scopes.iter().take(MAX_NAMES).map(|scope| scope.short().to_owned()).collect();
    if scopes.len() > MAX_NAMES {
        names.push(format!("+{}", scopes.len() - MAX_NAMES));
    }
    names.join(" ")
}

/// Returns the first label of the method's host, such as `storage` of `storage.googleapis.com`,
/// which Google's own clients use as the service name. Drive and other APIs share the host
/// `www.googleapis.com`: the ids of their methods begin with the service.
fn service(method: ApiMethod) -> &'static str {
    let is_shared = method.host().starts_with("www.");
    let name = if is_shared { method.id() } else { method.host() };
    name.split('.').next().unwrap_or_default()
}
