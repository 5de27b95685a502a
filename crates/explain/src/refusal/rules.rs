//! The rules that give the verdict, in their order. The first one that applies decides, except that
//! the challenge decides before a rule that makes a gate only possible.

use super::answer_facts::AnswerFacts;
use super::gate::{Certainty, Gate};
use super::phrases::{ACCESS_PHRASES, BARE_MESSAGE, PHRASES, REFUSAL_WORDS};
use super::reasons::{
    AMBIGUOUS_REASON, ERROR_INFO, ERROR_INFO_PARTS, ERROR_INFO_UNLESS, REASON_ENDS, REASONS, TOKEN_ERRORS,
    VIOLATIONS,
};
use super::text;
use super::verdict::{Evidence, Verdict};

/// The verdict of a rule, if the rule applies.
type Finding = Option<(Verdict, Evidence)>;

pub(super) fn verdict(facts: &AnswerFacts) -> Finding {
    if facts.is_success() {
        return None;
    }
    let found = by_error_info(facts)
        .or_else(|| by_violation(facts))
        .or_else(|| by_token_error(facts))
        .or_else(|| by_phrase(facts, PHRASES))
        .or_else(|| by_ambiguous_reason(facts))
        .or_else(|| by_reason(facts))
        .or_else(|| by_unknown_token_error(facts))
        .or_else(|| by_status(facts, 401, Gate::Credentials, Certainty::Likely))
        .or_else(|| by_permission(facts))
        .or_else(|| by_access_phrase(facts))
        .map(|(verdict, evidence)| (lowered(verdict, facts), evidence));
    match found {
        Some((verdict, _)) if verdict.certainty > Certainty::Possible => found,
        _ => by_challenge(facts)
            .or_else(|| found.filter(|_| facts.may_be_refused()))
            .or_else(|| by_status_alone(facts)),
    }
}

fn by_error_info(facts: &AnswerFacts) -> Finding {
    let known = |reason: &String| ERROR_INFO.iter().find(|(name, _)| name == reason);
    let (name, verdict) = facts.reasons.iter().find_map(known)?;
    let applies = |(reason, words, _): &&(&str, &str, Gate)| reason == name && facts.mentions(words);
    let verdict = match ERROR_INFO_UNLESS.iter().find(applies) {
        Some((_, _, gate)) => Verdict::new(*gate, Certainty::Certain),
        None => *verdict,
    };
    Some((verdict, Evidence::ErrorInfo))
}

fn by_violation(facts: &AnswerFacts) -> Finding {
    let has = |(mark, _): &&(&str, Verdict)| facts.violations.iter().any(|text| text.contains(mark));
    VIOLATIONS.iter().find(has).map(|(_, verdict)| (*verdict, Evidence::Violation))
}

fn by_token_error(facts: &AnswerFacts) -> Finding {
    let error = facts.token_error.as_deref()?;
    let row = TOKEN_ERRORS.iter().find(|(name, _)| *name == error);
    row.map(|(_, verdict)| (*verdict, Evidence::TokenEndpoint))
}

/// A sentence about scopes may be the name of an object. It counts if no IAM permission is named beside it,
/// and in a server's answer only if the message begins with it.
fn by_phrase(facts: &AnswerFacts, phrases: &[(&str, Verdict)]) -> Finding {
    let names_permission = facts.details.is_called_permission;
    let counts = |phrase: &str, verdict: &Verdict| {
        !verdict.is_about_scopes()
            || (!(names_permission && verdict.gate == Gate::Scope)
                && (!facts.is_answer || facts.leads_with(phrase)))
    };
    let holds = |phrase: &str| text::has(&facts.prose, phrase);
    let row = phrases.iter().find(|(phrase, verdict)| holds(phrase) && counts(phrase, verdict));
    row.map(|(_, verdict)| (*verdict, Evidence::Message))
}

/// Ordinary words prove nothing beside a reason that only one gate has, such as that an object is
/// under a hold, nor on a page with the status of another failure.
fn by_access_phrase(facts: &AnswerFacts) -> Finding {
    let is_other_page = facts.is_page && !matches!(facts.status, None | Some(401 | 403));
    if facts.is_answer && (facts.has_other_reason() || is_other_page) {
        return None;
    }
    by_phrase(facts, ACCESS_PHRASES)
}

/// `insufficientPermissions` and `Insufficient Permission` mean the scopes only together: other
/// services use either of them for missing access.
fn by_ambiguous_reason(facts: &AnswerFacts) -> Finding {
    let has_reason = facts.reasons.iter().any(|reason| reason == AMBIGUOUS_REASON);
    let has_other = facts.reasons.iter().any(|reason| reason.starts_with(|c: char| c.is_ascii_lowercase()));
    let certainty = match (has_reason, facts.has_bare_message()) {
        (true, true) if facts.challenge.is_insufficient_scope => Certainty::Certain,
        (true, true) => Certainty::Likely,
        (false, true) if has_other => Certainty::Possible,
        (false, true) => Certainty::Likely,
        // The message goes on, or was cut off.
        (true, false) if facts.messages.iter().any(|text| text.starts_with(BARE_MESSAGE)) => {
            Certainty::Likely
        }
        (true, false) if facts.messages.is_empty() => Certainty::Possible,
        (true, false) => return by_other_message(facts),
        (false, false) => return None,
    };
    let evidence = if facts.has_bare_message() { Evidence::Message } else { Evidence::Reason };
    Some((Verdict::missing(certainty), evidence))
}

fn by_other_message(facts: &AnswerFacts) -> Finding {
    let acl = (Verdict::new(Gate::ResourceAcl, Certainty::Likely), Evidence::Reason);
    by_permission(facts).or(Some(acl))
}

fn by_reason(facts: &AnswerFacts) -> Finding {
    let verdict = facts.reasons.iter().find_map(|reason| {
        let exact = REASONS.iter().find(|(name, _)| name == reason);
        let lower = reason.to_ascii_lowercase();
        let end = || REASON_ENDS.iter().find(|(end, _)| lower.ends_with(end));
        let part = || ERROR_INFO_PARTS.iter().find(|(part, _)| reason.contains(part));
        exact.or_else(end).or_else(part).map(|(_, verdict)| *verdict)
    });
    verdict.map(|verdict| (verdict, Evidence::Reason))
}

/// An `error` that no list has, beside the `error_description` that only a token endpoint sends.
fn by_unknown_token_error(facts: &AnswerFacts) -> Finding {
    let verdict = Verdict::new(Gate::Credentials, Certainty::Likely);
    facts.is_token_endpoint.then_some((verdict, Evidence::TokenEndpoint))
}

fn by_permission(facts: &AnswerFacts) -> Finding {
    let verdict = Verdict::new(Gate::Iam, Certainty::Likely);
    facts.details.permission.as_ref().map(|_| (verdict, Evidence::Message))
}

fn by_challenge(facts: &AnswerFacts) -> Finding {
    let verdict = Verdict::missing(Certainty::Possible);
    facts.challenge.is_insufficient_scope.then_some((verdict, Evidence::Header))
}

fn by_status_alone(facts: &AnswerFacts) -> Finding {
    let is_refusal = facts.status.is_none() && REFUSAL_WORDS.iter().any(|words| facts.mentions(words));
    let unknown = (Verdict::new(Gate::Other, Certainty::Possible), Evidence::Message);
    by_status(facts, 429, Gate::RateLimit, Certainty::Likely)
        .or_else(|| by_status(facts, 403, Gate::Other, Certainty::Possible))
        .or_else(|| is_refusal.then_some(unknown))
}

fn by_status(facts: &AnswerFacts, status: u16, gate: Gate, certainty: Certainty) -> Finding {
    (facts.status == Some(status)).then_some((Verdict::new(gate, certainty), Evidence::Status))
}

/// A scope refusal has the status 403. With another status the server may pass on the message of a
/// call that it made itself.
fn lowered(verdict: Verdict, facts: &AnswerFacts) -> Verdict {
    let is_relayed = verdict.gate == Gate::Scope && facts.status.is_some_and(|status| status != 403);
    let certainty = if is_relayed { verdict.certainty.min(Certainty::Likely) } else { verdict.certainty };
    Verdict { certainty, ..verdict }
}
