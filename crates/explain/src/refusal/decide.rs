//! The decision list. The first rule with an opinion decides, except that a mere hint gives way to the
//! header.

use super::facts::Facts;
use super::gate::{Certainty, Evidence, Gate};
use super::phrases::{ACCESS_PHRASES, BARE_MESSAGE, PHRASES, REFUSAL_WORDS};
use super::reasons::{
    AMBIGUOUS_REASON, ERROR_INFO, ERROR_INFO_PARTS, ERROR_INFO_UNLESS, REASON_ENDS, REASONS, TOKEN_ERRORS,
    VIOLATIONS,
};
use super::text;
use super::verdict::Verdict;

type Finding = Option<(Verdict, Evidence)>;

pub(super) fn decide(facts: &Facts) -> Finding {
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
        .map(|(verdict, evidence)| (softened(verdict, facts), evidence));
    match found {
        Some((verdict, _)) if verdict.certainty > Certainty::Possible => found,
        _ => by_header(facts)
            .or_else(|| found.filter(|_| facts.is_plainly_refused()))
            .or_else(|| by_nothing_else(facts)),
    }
}

fn by_error_info(facts: &Facts) -> Finding {
    let known = |reason: &String| ERROR_INFO.iter().find(|(name, _)| name == reason);
    let (name, verdict) = facts.reasons.iter().find_map(known)?;
    let applies = |(reason, words, _): &&(&str, &str, Gate)| reason == name && facts.says(words);
    let verdict = match ERROR_INFO_UNLESS.iter().find(applies) {
        Some((_, _, gate)) => Verdict::new(*gate, Certainty::Certain),
        None => *verdict,
    };
    Some((verdict, Evidence::ErrorInfo))
}

fn by_violation(facts: &Facts) -> Finding {
    let has = |(mark, _): &&(&str, Verdict)| facts.violations.iter().any(|said| said.contains(mark));
    VIOLATIONS.iter().find(has).map(|(_, verdict)| (*verdict, Evidence::Violation))
}

fn by_token_error(facts: &Facts) -> Finding {
    let error = facts.token_error.as_deref()?;
    let row = TOKEN_ERRORS.iter().find(|(name, _)| *name == error);
    row.map(|(_, verdict)| (*verdict, Evidence::TokenEndpoint))
}

/// A sentence about scopes may be the name of an object: in a server's answer it counts where it leads the
/// message, and in a text where no IAM permission is named.
fn by_phrase(facts: &Facts, phrases: &[(&str, Verdict)]) -> Finding {
    let is_said = |phrase: &str, verdict: &Verdict| match verdict.is_about_scopes() {
        false => true,
        true if facts.is_answer => facts.leads_with(phrase),
        true => !(facts.details.is_called_permission && verdict.gate == Gate::Scope),
    };
    let holds = |phrase: &str| text::has(&facts.prose, phrase);
    let row = phrases.iter().find(|(phrase, verdict)| holds(phrase) && is_said(phrase, verdict));
    row.map(|(_, verdict)| (*verdict, Evidence::Message))
}

/// Ordinary words prove nothing beside a reason of another kind, such as that an object is held, nor on a page
/// that is no refusal.
fn by_access_phrase(facts: &Facts) -> Finding {
    let is_other_page = facts.is_page && !matches!(facts.status, None | Some(401 | 403));
    if facts.is_answer && (facts.has_other_reason() || is_other_page) {
        return None;
    }
    by_phrase(facts, ACCESS_PHRASES)
}

/// Only the bare message makes the reason one of scope, and only the reason the bare message.
fn by_ambiguous_reason(facts: &Facts) -> Finding {
    let has_reason = facts.reasons.iter().any(|reason| reason == AMBIGUOUS_REASON);
    let has_other = facts.reasons.iter().any(|reason| reason.starts_with(|c: char| c.is_ascii_lowercase()));
    let certainty = match (has_reason, facts.has_bare_message()) {
        (true, true) if facts.challenge.is_insufficient_scope => Certainty::Certain,
        (true, true) => Certainty::Likely,
        (false, true) if has_other => Certainty::Possible,
        (false, true) => Certainty::Likely,
        // It goes on in a longer form of the same, or was cut off.
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

fn by_other_message(facts: &Facts) -> Finding {
    let acl = (Verdict::new(Gate::ResourceAcl, Certainty::Likely), Evidence::Reason);
    by_permission(facts).or(Some(acl))
}

fn by_reason(facts: &Facts) -> Finding {
    let verdict = facts.reasons.iter().find_map(|reason| {
        let exact = REASONS.iter().find(|(name, _)| name == reason);
        let lower = reason.to_ascii_lowercase();
        let end = || REASON_ENDS.iter().find(|(end, _)| lower.ends_with(end));
        let part = || ERROR_INFO_PARTS.iter().find(|(part, _)| reason.contains(part));
        exact.or_else(end).or_else(part).map(|(_, verdict)| *verdict)
    });
    verdict.map(|verdict| (verdict, Evidence::Reason))
}

/// A service's own `error`, beside the `error_description` that marks a token endpoint.
fn by_unknown_token_error(facts: &Facts) -> Finding {
    let verdict = Verdict::new(Gate::Credentials, Certainty::Likely);
    facts.is_token_endpoint.then_some((verdict, Evidence::TokenEndpoint))
}

fn by_permission(facts: &Facts) -> Finding {
    let verdict = Verdict::new(Gate::Iam, Certainty::Likely);
    facts.details.permission.as_ref().map(|_| (verdict, Evidence::Message))
}

fn by_header(facts: &Facts) -> Finding {
    let verdict = Verdict::missing(Certainty::Possible);
    facts.challenge.is_insufficient_scope.then_some((verdict, Evidence::Header))
}

fn by_nothing_else(facts: &Facts) -> Finding {
    let is_refusal = facts.status.is_none() && REFUSAL_WORDS.iter().any(|words| facts.says(words));
    let unknown = (Verdict::new(Gate::Other, Certainty::Possible), Evidence::Message);
    by_status(facts, 429, Gate::RateLimit, Certainty::Likely)
        .or_else(|| by_status(facts, 403, Gate::Other, Certainty::Possible))
        .or_else(|| is_refusal.then_some(unknown))
}

fn by_status(facts: &Facts, status: u16, gate: Gate, certainty: Certainty) -> Finding {
    (facts.status == Some(status)).then_some((Verdict::new(gate, certainty), Evidence::Status))
}

/// A scope refusal is a 403. With another status the words may be relayed from somebody else's call.
fn softened(verdict: Verdict, facts: &Facts) -> Verdict {
    let is_relayed = verdict.gate == Gate::Scope && facts.status.is_some_and(|status| status != 403);
    let certainty = if is_relayed { verdict.certainty.min(Certainty::Likely) } else { verdict.certainty };
    Verdict { certainty, ..verdict }
}
