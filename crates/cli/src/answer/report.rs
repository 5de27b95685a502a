//! The report about a refusal for another reason than scopes, and about a response that is not a
//! refusal. The report about a refusal for lack of scopes is that of the library's `Denial`.

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_explain::layout::Layout;
use gcp_scopes_explain::refusal::{Certainty, Gate, Refusal};
use gcp_scopes_explain::remedy::RemedyOption;

/// Returns the report about a refusal for another reason than scopes.
pub fn of_refusal(
    refusal: &Refusal,
    method: Option<ApiMethod>,
    options: &[RemedyOption],
    layout: Layout,
) -> String {
    let excluded = exclusion_of_scopes(refusal).map(|text| format!(" {text}")).unwrap_or_default();
    [
        layout.paragraph(&(headline(refusal) + &excluded)),
        iam_policies(refusal, layout),
        layout.options("What to do:", options),
        facts(refusal, method, layout),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("\n")
}

/// Shows the state of each kind of IAM policy. Empty unless the Policy Troubleshooter reported the
/// states.
fn iam_policies(refusal: &Refusal, layout: Layout) -> String {
    let name = |kind| match kind {
        "boundary" => "principal access boundary",
        "deny" => "IAM deny policies",
        _ => "IAM roles of the account",
    };
    let states = refusal.iam_states().iter();
    let lines = states.map(|(kind, state)| match layout.is_plain() {
        true => layout.fact(name(kind), state),
        false => {
            let shown = if *state == "closed" { layout.red("CLOSED") } else { (*state).to_owned() };
            format!("       |\n  [ {:<25} ]  {shown}\n", name(kind))
        }
    });
    lines.collect()
}

/// Returns a line for each fact that is known of the refusal.
fn facts(refusal: &Refusal, method: Option<ApiMethod>, layout: Layout) -> String {
    let (gate, certainty) = (refusal.gate().as_str(), refusal.certainty().as_str());
    let gate = format!("{gate} ({certainty}, shown by the {})", evidence(refusal));
    let method = method.map(|method| method.id()).or_else(|| refusal.rpc_method());
    let policy = refusal.identifiers().find(|(name, _)| *name == "policy").map(|(_, name)| name);
    let rows = [
        ("gate", Some(gate.as_str())),
        ("method", method),
        ("service", refusal.service()),
        ("permission", refusal.permission()),
        ("resource", refusal.resource()),
        ("account", refusal.principal()),
        ("project", refusal.project()),
        ("policy", policy),
        ("server said", refusal.server_message()),
        ("request id", refusal.request_id()),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(layout.fact(name, value?))).collect()
}

/// Returns a sentence that rules out scopes as the reason; `None` if they may be the reason.
fn exclusion_of_scopes(refusal: &Refusal) -> Option<&'static str> {
    match refusal.certainty() {
        _ if refusal.gate() == Gate::Scope || refusal.other_server().is_some() => None,
        Certainty::Certain => Some("OAuth scopes are not the reason: other scopes would not help."),
        Certainty::Likely => {
            Some("OAuth scopes are probably not the reason: other scopes would hardly help.")
        }
        _ => None,
    }
}

/// Returns the report about a response that is not a refusal.
pub fn of_no_refusal(layout: Layout) -> String {
    let sentences = [
        "The input contains no refusal of a call by Google.",
        "Pass the complete response: the status line, the headers (WWW-Authenticate above all) and \
         the body, or the whole line that the client printed.",
    ];
    sentences.map(|text| layout.paragraph(text)).join("\n")
}

/// Returns the first sentence of the report. The words of the sentence show how certain it is that
/// this gate refused the call.
fn headline(refusal: &Refusal) -> String {
    if let Some(server) = refusal.other_server() {
        return format!("The call was refused by {server}, not by Google.");
    }
    if refusal.is_dry_run() {
        return "Nothing was refused: a service perimeter reports what it would refuse.".to_owned();
    }
    let what = match refusal.gate() {
        Gate::Iam if refusal.iam_cause() == Some("granted") => {
            return "IAM does not refuse this call.".to_owned();
        }
        Gate::Iam if refusal.iam_cause() == Some("deny_policy") => {
            "A deny policy of IAM refuses this call, and no role helps"
        }
        Gate::Iam if refusal.iam_cause() == Some("access_boundary") => {
            "A principal access boundary of IAM refuses this call, and no role helps"
        }
        Gate::Scope => "The token lacks an OAuth scope for this call",
        Gate::Iam if is_by_kubernetes(refusal) => {
            "The access control of Kubernetes (RBAC) refused this call"
        }
        Gate::Iam => "IAM refused this call",
        Gate::ServiceDisabled => "The API is not enabled in the project",
        Gate::Billing => "The project has no usable billing account",
        Gate::VpcSc => "A VPC Service Controls perimeter refused this call",
        Gate::OrgPolicy => "A policy of the organisation refused this call",
        Gate::RateLimit => "A rate limit or a quota refused this call",
        Gate::QuotaProject => "The project that the call is charged to is missing or not usable",
        Gate::Credentials if refusal.is_for_requested_scopes() => {
            "No token was made: the token endpoint refused the scopes it was asked for"
        }
        Gate::Credentials => "The credential was missing or not accepted",
        Gate::ApiKey => "The API key was missing or not accepted",
        Gate::ResourceAcl => "The resource is not shared with this account",
        _ => return "The call was refused, but the answer does not say by which gate.".to_owned(),
    };
    match refusal.certainty() {
        Certainty::Certain => format!("{what}."),
        Certainty::Likely => format!("Probably {}.", mid_sentence(what)),
        _ => format!("Perhaps {}.", mid_sentence(what)),
    }
}

/// Checks whether the message is one of Kubernetes.
fn is_by_kubernetes(refusal: &Refusal) -> bool {
    let message = refusal.server_message().unwrap_or_default();
    // The words of `forbiddenMessage` in
    // `apiserver/pkg/endpoints/handlers/responsewriters/errors.go` of
    // <https://github.com/kubernetes/kubernetes>
    message.contains("in API group") || message.contains("is forbidden: User")
}

/// Returns a text with a lower-case first letter, unless the text begins with an abbreviation.
fn mid_sentence(what: &str) -> String {
    let mut letters = what.chars();
    match (letters.next(), letters.next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            format!("{}{}", first.to_lowercase(), &what[first.len_utf8()..])
        }
        _ => what.to_owned(),
    }
}

/// Returns a name for the part of the response that identifies the gate.
fn evidence(refusal: &Refusal) -> &'static str {
    match refusal.evidence() {
        "error_info" => "error's machine-readable reason",
        "violation" => "error's list of violations",
        "token_endpoint" => "error of a token endpoint",
        "message" => "words of the message",
        "reason" => "error's one-word reason",
        "header" => "header WWW-Authenticate",
        "troubleshooter" => "Policy Troubleshooter",
        _ => "status",
    }
}
