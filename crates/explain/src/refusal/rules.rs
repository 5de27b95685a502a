//! The rules that determine which gate refused. Each rule is a function from the facts of a
//! response to a verdict. The rules are tried in order, and the first rule that applies decides.
//! There is one exception: a verdict that is only possible gives way to the challenge in
//! `WWW-Authenticate`.

use super::gate::{Certainty, Gate};
use super::phrases::{ACCESS_PHRASES, BARE_MESSAGE, PHRASES, REFUSAL_WORDS};
use super::reasons::{
    AMBIGUOUS_REASON, ERROR_INFO, ERROR_INFO_EXCEPTIONS, REASON_ENDINGS, REASON_PARTS, REASONS, TOKEN_ERRORS,
    VIOLATIONS,
};
use super::response_facts::ResponseFacts;
use super::text;
use super::verdict::{Evidence, Verdict};

/// The verdict of a rule and the part of the response that it is based on; `None` if the rule does
/// not apply.
type RuleResult = Option<(Verdict, Evidence)>;

/// Determines which gate refused. Returns `None` for a response that is not a refusal.
pub(super) fn verdict(facts: &ResponseFacts) -> RuleResult {
    if facts.is_success() {
        return None;
    }
    // The order goes from parts that only a server fills to words that anyone may write: structured
    // details, phrases of messages, single reasons, the status, plain words.
    let result = verdict_from_error_info(facts)
        .or_else(|| verdict_from_violation(facts))
        .or_else(|| verdict_from_token_error(facts))
        .or_else(|| verdict_from_phrase(facts, PHRASES))
        .or_else(|| verdict_from_ambiguous_reason(facts))
        .or_else(|| verdict_from_reason(facts))
        .or_else(|| verdict_from_unknown_token_error(facts))
        .or_else(|| verdict_from_status(facts, 401, Gate::Credentials, Certainty::Likely))
        .or_else(|| verdict_from_permission(facts))
        .or_else(|| verdict_from_access_phrase(facts))
        .map(|(verdict, evidence)| (with_limited_certainty(verdict, facts), evidence));
    match result {
        Some((verdict, _)) if verdict.certainty > Certainty::Possible => result,
        _ => verdict_from_challenge(facts)
            .or_else(|| result.filter(|_| facts.may_be_refused()))
            .or_else(|| verdict_from_status_or_words(facts)),
    }
}

/// Returns whether the server filled the part of the response that the verdict is based on, so that
/// the part contains no name that a user chose: a field with a reason, or a message that is nothing
/// but the server's sentence.
pub(super) fn is_structured(facts: &ResponseFacts, verdict: &Verdict, evidence: Evidence) -> bool {
    facts.is_response
        && match evidence {
            Evidence::ErrorInfo | Evidence::Violation | Evidence::TokenEndpoint => true,
            Evidence::Reason => verdict.certainty == Certainty::Certain,
            Evidence::Message => facts.is_scope_sentence(),
            Evidence::Header | Evidence::Status => false,
        }
}

/// Searches for a known reason of `ErrorInfo`.
fn verdict_from_error_info(facts: &ResponseFacts) -> RuleResult {
    let known = |reason: &String| ERROR_INFO.iter().find(|(name, _)| name == reason);
    let (name, verdict) = facts.reasons.iter().find_map(known)?;
    let applies = |(reason, words, _): &&(&str, &str, Gate)| reason == name && facts.mentions(words);
    let verdict = match ERROR_INFO_EXCEPTIONS.iter().find(applies) {
        Some((_, _, gate)) => Verdict::new(*gate, Certainty::Certain),
        None => *verdict,
    };
    Some((verdict, Evidence::ErrorInfo))
}

/// Searches for a known type or subject of a violation.
fn verdict_from_violation(facts: &ResponseFacts) -> RuleResult {
    let has = |(mark, _): &&(&str, Verdict)| facts.violations.iter().any(|text| text.contains(mark));
    VIOLATIONS.iter().find(has).map(|(_, verdict)| (*verdict, Evidence::Violation))
}

/// Reads the `error` of a token endpoint, if it is in [`TOKEN_ERRORS`].
fn verdict_from_token_error(facts: &ResponseFacts) -> RuleResult {
    let error = facts.token_error.as_deref()?;
    let row = TOKEN_ERRORS.iter().find(|(name, _)| *name == error);
    row.map(|(_, verdict)| (*verdict, Evidence::TokenEndpoint))
}

/// Searches for known phrases. A sentence about scopes may be part of an object's name, so it does
/// not always count: no IAM permission may be named beside it, and the message of a server's
/// response must begin with the sentence.
fn verdict_from_phrase(facts: &ResponseFacts, phrases: &[(&str, Verdict)]) -> RuleResult {
    let names_permission = facts.details.is_explicit_permission;
    let is_accepted = |phrase: &str, verdict: &Verdict| {
        !verdict.is_about_scopes()
            || (!(names_permission && verdict.gate == Gate::Scope)
                && (!facts.is_response || facts.begins_with_phrase(phrase)))
    };
    let has_phrase = |phrase: &str| text::contains_phrase(&facts.prose, phrase);
    let row = phrases.iter().find(|(phrase, verdict)| has_phrase(phrase) && is_accepted(phrase, verdict));
    row.map(|(_, verdict)| (*verdict, Evidence::Message))
}

/// Searches for plain words for missing access. They do not count if the response has a reason that
/// belongs to one gate, such as `objectUnderActiveHold`, nor on an HTML page whose status is
/// neither 401 nor 403.
fn verdict_from_access_phrase(facts: &ResponseFacts) -> RuleResult {
    let is_other_page = facts.is_page && !matches!(facts.status, None | Some(401 | 403));
    if facts.is_response && (facts.has_other_reason() || is_other_page) {
        return None;
    }
    verdict_from_phrase(facts, ACCESS_PHRASES)
}

/// Reads the reason `insufficientPermissions` and the message `Insufficient Permission`. Only both
/// together mean a missing scope: some services use the reason or the message alone for missing
/// access.
fn verdict_from_ambiguous_reason(facts: &ResponseFacts) -> RuleResult {
    let has_reason = facts.reasons.iter().any(|reason| reason == AMBIGUOUS_REASON);
    let has_other = facts.reasons.iter().any(|reason| reason.starts_with(|c: char| c.is_ascii_lowercase()));
    let certainty = match (has_reason, facts.has_bare_message()) {
        (true, true) if facts.challenge.is_insufficient_scope => Certainty::Certain,
        (true, true) => Certainty::Likely,
        (false, true) if has_other => Certainty::Possible,
        (false, true) => Certainty::Likely,
        // The message continues after these words, or was truncated.
        (true, false) if facts.messages.iter().any(|text| text.starts_with(BARE_MESSAGE)) => {
            Certainty::Likely
        }
        (true, false) if facts.messages.is_empty() => Certainty::Possible,
        (true, false) => return access_verdict(facts),
        (false, false) => return None,
    };
    let evidence = if facts.has_bare_message() { Evidence::Message } else { Evidence::Reason };
    Some((Verdict::missing(certainty), evidence))
}

/// Returns the verdict for the reason `insufficientPermissions` with a message that is not about
/// scopes.
fn access_verdict(facts: &ResponseFacts) -> RuleResult {
    let acl = (Verdict::new(Gate::ResourceAcl, Certainty::Likely), Evidence::Reason);
    verdict_from_permission(facts).or(Some(acl))
}

/// Searches for a known one-word reason, a known ending or a known part of a reason.
fn verdict_from_reason(facts: &ResponseFacts) -> RuleResult {
    let verdict = facts.reasons.iter().find_map(|reason| {
        let exact = REASONS.iter().find(|(name, _)| name == reason);
        let lower = reason.to_ascii_lowercase();
        let end = || REASON_ENDINGS.iter().find(|(end, _)| lower.ends_with(end));
        let part = || REASON_PARTS.iter().find(|(part, _)| reason.contains(part));
        exact.or_else(end).or_else(part).map(|(_, verdict)| *verdict)
    });
    verdict.map(|verdict| (verdict, Evidence::Reason))
}

/// Reads the `error` of a token endpoint that is not in [`TOKEN_ERRORS`]. Only token endpoints send
/// an `error_description`.
fn verdict_from_unknown_token_error(facts: &ResponseFacts) -> RuleResult {
    let verdict = Verdict::new(Gate::Credentials, Certainty::Likely);
    facts.is_token_endpoint.then_some((verdict, Evidence::TokenEndpoint))
}

/// Attributes the refusal to IAM if the response names an IAM permission.
fn verdict_from_permission(facts: &ResponseFacts) -> RuleResult {
    let verdict = Verdict::new(Gate::Iam, Certainty::Likely);
    facts.details.permission.as_ref().map(|_| (verdict, Evidence::Message))
}

/// Reads the challenge in `WWW-Authenticate`. A challenge alone makes a missing scope possible, but
/// not likely.
fn verdict_from_challenge(facts: &ResponseFacts) -> RuleResult {
    let verdict = Verdict::missing(Certainty::Possible);
    facts.challenge.is_insufficient_scope.then_some((verdict, Evidence::Header))
}

/// Reads the status or, in a text without a status, words such as `forbidden`.
fn verdict_from_status_or_words(facts: &ResponseFacts) -> RuleResult {
    let is_refusal = facts.status.is_none() && REFUSAL_WORDS.iter().any(|words| facts.mentions(words));
    let unknown = (Verdict::new(Gate::Other, Certainty::Possible), Evidence::Message);
    verdict_from_status(facts, 429, Gate::RateLimit, Certainty::Likely)
        .or_else(|| verdict_from_status(facts, 403, Gate::Other, Certainty::Possible))
        .or_else(|| is_refusal.then_some(unknown))
}

/// Returns this gate and certainty if the response has this status.
fn verdict_from_status(facts: &ResponseFacts, status: u16, gate: Gate, certainty: Certainty) -> RuleResult {
    (facts.status == Some(status)).then_some((Verdict::new(gate, certainty), Evidence::Status))
}

/// Limits the certainty of a scope refusal whose status is not 403. Google refuses for lack of
/// scope with 403; with another status, the server may relay the message of a call that the server
/// sent.
fn with_limited_certainty(verdict: Verdict, facts: &ResponseFacts) -> Verdict {
    let is_relayed = verdict.gate == Gate::Scope && facts.status.is_some_and(|status| status != 403);
    let certainty = if is_relayed { verdict.certainty.min(Certainty::Likely) } else { verdict.certainty };
    Verdict { certainty, ..verdict }
}
