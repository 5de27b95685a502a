//! The rules that determine which gate refused. Each rule is a function from the facts of a
//! response to a verdict. The rules are tried in order, and the first rule that applies decides.
//! There is one exception: a verdict that is only possible gives way to the challenge in
//! `WWW-Authenticate`.

use super::gate::{Certainty, Gate};
use super::other_servers::{
    GOOGLE_WORDS, OTHER_OAUTH_SERVER, OTHER_REASONS, OTHER_SENTENCES, OTHER_SERVER, PAGES_OF_OTHERS,
};
use super::phrases::{
    ACCESS_PHRASES, BARE_MESSAGE, BARE_WORDS, DRY_RUN_WORDS, MISSING_FILE_PHRASES, PHRASES,
    REFUSAL_WORDS, REGISTRIES, REGISTRY_REFUSALS, VIOLATES_CONSTRAINT,
};
use super::reasons::{
    AMBIGUOUS_REASON, ERROR_INFO, REASON_ENDINGS, REASON_EXCEPTIONS, REASON_PARTS, REASONS,
    TOKEN_ERRORS, VIOLATIONS,
};
use super::response_facts::{ResponseFacts, is_general};
use super::text;
use super::verdict::{
    DRY_RUN, Evidence, FoundVerdict, REGISTRY, Verdict, likely, possible, refused_by,
};

/// What a rule finds; `None` if the rule does not apply.
type RuleResult = Option<FoundVerdict>;

/// Determines which gate refused. Returns `None` for a response that is not a refusal.
pub(super) fn verdict(facts: &ResponseFacts) -> RuleResult {
    if facts.is_success() {
        return None;
    }
    // The order goes from parts that only a server fills to words that anyone may write: structured
    // details, phrases of messages, single reasons, the status, plain words.
    let result = verdict_from_dry_run(facts)
        .or_else(|| verdict_from_error_info(facts))
        .or_else(|| verdict_from_violation(facts))
        // Before the token errors: every OAuth server may send the words of RFC 6750, such as
        // `insufficient_scope`.
        .or_else(|| verdict_from_other_server(facts))
        .or_else(|| verdict_from_token_error(facts))
        .or_else(|| verdict_from_specific_reason(facts))
        .or_else(|| verdict_from_phrase(facts, PHRASES))
        .or_else(|| verdict_from_constraint(facts))
        .or_else(|| verdict_from_ambiguous_reason(facts))
        .or_else(|| verdict_from_reason(facts))
        .or_else(|| verdict_from_unknown_token_error(facts))
        // After the reasons: YouTube sends `youtubeSignupRequired` with 401 for an account without
        // a channel (<https://developers.google.com/youtube/v3/docs/errors>).
        .or_else(|| verdict_from_status(facts, 401, Gate::Credentials, Certainty::Likely))
        .or_else(|| verdict_from_missing_file(facts))
        .or_else(|| verdict_from_permission(facts))
        .or_else(|| verdict_from_access_phrase(facts))
        .map(|finding| with_limited_certainty(finding, facts));
    match result {
        Some(finding) if finding.verdict.certainty > Certainty::Possible => result,
        _ => verdict_from_challenge(facts)
            .or_else(|| verdict_from_registry(facts, result))
            .or_else(|| {
                let result = result.filter(|_| facts.may_be_refused());
                let weak = result.or_else(|| verdict_from_status_or_words(facts))?;
                verdict_from_other_host(facts).or(Some(weak))
            }),
    }
}

/// Recognizes the report of a service perimeter in dry-run mode, in which the call was not refused.
fn verdict_from_dry_run(facts: &ResponseFacts) -> RuleResult {
    let begins = || facts.messages.iter().any(|message| text::begins_with(message, DRY_RUN_WORDS));
    let is_named = facts.prose.contains(DRY_RUN_WORDS) && (!facts.is_response || begins());
    let is_dry_run = facts.is_dry_run || is_named;
    is_dry_run.then_some(FoundVerdict {
        words: DRY_RUN_WORDS,
        ..FoundVerdict::new(DRY_RUN, Evidence::Message)
    })
}

/// Returns whether the server filled the part of the response that the verdict is based on, so that
/// the part contains no name that a user chose: a field with a reason, or a message that is nothing
/// but the server's sentence.
pub(super) fn is_structured(facts: &ResponseFacts, finding: &FoundVerdict) -> bool {
    facts.is_response
        && !facts.is_indirect
        && match finding.evidence {
            Evidence::ErrorInfo
            | Evidence::Violation
            | Evidence::TokenEndpoint
            | Evidence::Troubleshooter => true,
            Evidence::Reason => finding.verdict.certainty == Certainty::Certain,
            Evidence::Message => facts.is_scope_sentence(),
            Evidence::Header | Evidence::Status => false,
        }
}

/// Searches for a known reason of `ErrorInfo`.
fn verdict_from_error_info(facts: &ResponseFacts) -> RuleResult {
    let known = |reason: &String| ERROR_INFO.iter().find(|(name, _)| name == reason);
    let (name, verdict) = facts.reasons.iter().find_map(known)?;
    let applies =
        |(reason, words, _): &&(&str, &str, Gate)| reason == name && facts.mentions(words);
    let verdict = match REASON_EXCEPTIONS.iter().find(applies) {
        Some((_, _, gate)) => Verdict::new(*gate, Certainty::Certain),
        None => *verdict,
    };
    Some(FoundVerdict::new(verdict, Evidence::ErrorInfo))
}

/// Searches for a known type or subject of a violation.
fn verdict_from_violation(facts: &ResponseFacts) -> RuleResult {
    let has =
        |(mark, _): &&(&str, Verdict)| facts.violations.iter().any(|text| text.contains(mark));
    let listed = VIOLATIONS.iter().find(has);
    listed.map(|(_, verdict)| FoundVerdict::new(*verdict, Evidence::Violation))
}

/// Recognizes `'us-west1' violates constraint 'constraints/gcp.resourceLocations'`. The phrases do
/// not, because quoted names are removed before they are searched for.
fn verdict_from_constraint(facts: &ResponseFacts) -> RuleResult {
    let is_said = |message: &String| text::normalized(message).contains(VIOLATES_CONSTRAINT);
    let is_other = facts.details.is_explicit_permission || facts.has_ordinary_reason();
    let is_constraint = facts.details.constraint.is_some() && !is_other;
    let is_violated = is_constraint && facts.messages.iter().any(is_said);
    is_violated.then_some(FoundVerdict::from_phrase(likely(Gate::OrgPolicy), VIOLATES_CONSTRAINT))
}

/// Recognizes a server that is not one of Google's. In the response of a server, only fields count,
/// because a message may contain a name that a user chose. In a text, sentences count unless
/// Google is named beside them.
fn verdict_from_other_server(facts: &ResponseFacts) -> RuleResult {
    let is_in_reasons =
        |(reason, _): &&(&str, &str)| facts.reasons.iter().any(|other| other == reason);
    let by_reason = || OTHER_REASONS.iter().find(is_in_reasons).map(|(_, server)| *server);
    let is_said = |(words, _): &&(&str, &str)| text::contains_phrase(&facts.prose, words);
    let by_sentence = || OTHER_SENTENCES.iter().find(is_said).copied();
    if let Some(server) = facts.other_server.or_else(by_reason) {
        return Some(FoundVerdict::new(refused_by(server), Evidence::Reason));
    }
    if facts.challenge.is_of_other_realm && !facts.challenge.is_insufficient_scope {
        return verdict_from_challenge(facts);
    }
    let (words, server) = by_sentence().filter(|_| !facts.is_response && !names_google(facts))?;
    Some(FoundVerdict::from_phrase(refused_by(server), words))
}

/// Returns whether the text contains a word of Google or its clients.
fn names_google(facts: &ResponseFacts) -> bool {
    GOOGLE_WORDS.iter().any(|words| facts.prose.contains(words))
}

/// Recognizes a text that shows a request to a host that is not Google's, such as `GET
/// https://example.com/…`, and the error page of a web server that is not Google's.
fn verdict_from_other_host(facts: &ResponseFacts) -> RuleResult {
    let is_page = facts.is_page && PAGES_OF_OTHERS.iter().any(|name| facts.prose.contains(name));
    let is_request = || !facts.is_response && text::has_request(&facts.prose);
    let is_other = !names_google(facts) && (is_page || is_request());
    let verdict = Verdict { certainty: Certainty::Possible, ..refused_by(OTHER_SERVER) };
    is_other.then_some(FoundVerdict::new(verdict, Evidence::Message))
}

/// Reads the `error` of a token endpoint, if it is in [`TOKEN_ERRORS`].
fn verdict_from_token_error(facts: &ResponseFacts) -> RuleResult {
    let error = facts.token_error.as_deref()?;
    let row = TOKEN_ERRORS.iter().find(|(name, _)| *name == error);
    row.map(|(_, verdict)| FoundVerdict::new(*verdict, Evidence::TokenEndpoint))
}

/// Searches a server's response for a reason that belongs to one gate. It gives way to a sentence
/// of another gate only if a message begins with that sentence, because the rest of a message may
/// be a name that a user chose.
fn verdict_from_specific_reason(facts: &ResponseFacts) -> RuleResult {
    let is_specific = |reason: &&String| !is_general(reason);
    let finding = find_reason(facts.reasons.iter().filter(is_specific))?;
    let is_exception = |(reason, words, _): &(&str, &str, Gate)| {
        facts.reasons.iter().any(|other| other == reason) && facts.mentions(words)
    };
    let begins = |(phrase, verdict): &(&str, Verdict)| {
        verdict.gate != finding.verdict.gate
            && text::contains_phrase(&facts.prose, phrase)
            && facts.is_led_by(phrase)
    };
    let gives_way = REASON_EXCEPTIONS.iter().any(is_exception) || PHRASES.iter().any(begins);
    (facts.is_response && !gives_way).then_some(finding)
}

/// The permission without which a project cannot be the quota project.
const QUOTA_PERMISSION: &str = "serviceusage.services.use";

/// Searches for known phrases. A sentence about scopes may be part of an object's name, so it
/// counts only under two conditions:
///
/// 1. The response does not name an IAM permission that the account lacks.
/// 2. In a server's response, and beside the reason of another gate, a message begins with the
///    sentence.
///
/// In a server's response, a message must also begin with any other sentence if a reason is that of
/// an ordinary error, or if the response names an IAM permission and the sentence is not that of
/// IAM. The permission for the quota project is an exception.
fn verdict_from_phrase(facts: &ResponseFacts, phrases: &'static [(&str, Verdict)]) -> RuleResult {
    let names_permission = facts.details.is_explicit_permission;
    let is_in_its_place = |phrase: &str| match facts.is_response {
        true => facts.begins_with_phrase(phrase),
        false => !facts.has_other_reason() || facts.is_led_by(phrase),
    };
    let is_quota_permission = facts.details.permission.as_deref() == Some(QUOTA_PERMISSION);
    let is_accepted = |phrase: &str, verdict: &Verdict| match verdict.gate {
        _ if verdict.is_about_scopes() => {
            !(names_permission && verdict.gate == Gate::Scope) && is_in_its_place(phrase)
        }
        _ if !facts.is_response => true,
        _ if facts.has_ordinary_reason() => facts.is_led_by(phrase),
        Gate::Iam => true,
        Gate::QuotaProject if is_quota_permission => true,
        _ => !names_permission || facts.is_led_by(phrase),
    };
    let has_phrase = |phrase: &str| text::contains_phrase(&facts.prose, phrase);
    let row =
        phrases.iter().find(|(phrase, verdict)| has_phrase(phrase) && is_accepted(phrase, verdict));
    row.map(|(phrase, verdict)| FoundVerdict::from_phrase(*verdict, phrase))
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
    let has_other =
        facts.reasons.iter().any(|reason| reason.starts_with(|c: char| c.is_ascii_lowercase()));
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
        // Analytics refuses so for lack of access
        // (<https://github.com/spatie/laravel-analytics/issues/289>). Its responses have a
        // challenge for lack of scope, too, so the challenge does not count here.
        (true, false) => return access_verdict(facts),
        (false, false) => return None,
    };
    let evidence = if facts.has_bare_message() { Evidence::Message } else { Evidence::Reason };
    let words = if facts.has_bare_message() { BARE_WORDS } else { "" };
    Some(FoundVerdict { verdict: Verdict::missing(certainty), evidence, words })
}

/// Returns the verdict for the reason `insufficientPermissions` with a message that is not about
/// scopes.
fn access_verdict(facts: &ResponseFacts) -> RuleResult {
    let acl =
        FoundVerdict::new(Verdict::new(Gate::ResourceAcl, Certainty::Likely), Evidence::Reason);
    verdict_from_permission(facts).or(Some(acl))
}

/// Searches for a known one-word reason.
fn verdict_from_reason(facts: &ResponseFacts) -> RuleResult {
    find_reason(facts.reasons.iter())
}

/// Finds the first reason that is known, or has a known ending or a known part.
fn find_reason<'r>(mut reasons: impl Iterator<Item = &'r String>) -> RuleResult {
    let verdict = reasons.find_map(|reason| {
        let exact = REASONS.iter().find(|(name, _)| name == reason);
        let lower = reason.to_ascii_lowercase();
        let end = || REASON_ENDINGS.iter().find(|(end, _)| lower.ends_with(end));
        let part = || REASON_PARTS.iter().find(|(part, _)| reason.contains(part));
        exact.or_else(end).or_else(part).map(|(_, verdict)| *verdict)
    });
    verdict.map(|verdict| FoundVerdict::new(verdict, Evidence::Reason))
}

/// Reads the `error` of a token endpoint that is not in [`TOKEN_ERRORS`]. Only token endpoints send
/// an `error_description`.
fn verdict_from_unknown_token_error(facts: &ResponseFacts) -> RuleResult {
    let verdict = Verdict::new(Gate::Credentials, Certainty::Likely);
    facts.is_token_endpoint.then_some(FoundVerdict::new(verdict, Evidence::TokenEndpoint))
}

/// Recognizes the message with which Drive hides a file from a caller with whom the file is not
/// shared. Other programs report missing local files in the same words, without an id.
fn verdict_from_missing_file(facts: &ResponseFacts) -> RuleResult {
    let has_id = facts.details.others.iter().any(|(name, _)| *name == "file");
    let phrase = MISSING_FILE_PHRASES.iter().find(|phrase| facts.prose.contains(**phrase));
    let phrase = phrase.filter(|_| has_id)?;
    Some(FoundVerdict::from_phrase(likely(Gate::ResourceAcl), phrase))
}

/// Attributes the refusal to IAM if the response names an IAM permission.
fn verdict_from_permission(facts: &ResponseFacts) -> RuleResult {
    let verdict = Verdict::new(Gate::Iam, Certainty::Likely);
    facts.details.permission.as_ref().map(|_| FoundVerdict::new(verdict, Evidence::Message))
}

/// Reads the challenge in `WWW-Authenticate`. A challenge alone makes a missing scope possible, but
/// not likely.
fn verdict_from_challenge(facts: &ResponseFacts) -> RuleResult {
    if facts.challenge.is_insufficient_scope {
        return Some(FoundVerdict::new(Verdict::missing(Certainty::Possible), Evidence::Header));
    }
    let other = Verdict { certainty: Certainty::Possible, ..refused_by(OTHER_OAUTH_SERVER) };
    facts.challenge.is_of_other_realm.then_some(FoundVerdict::new(other, Evidence::Header))
}

/// Recognizes a refusal by a container registry of Google, in the words of a container runtime. The
/// runtime does not show the registry's own message, and missing scopes of a node are the usual
/// cause: <https://github.com/hashicorp/terraform/issues/26196>.
fn verdict_from_registry(facts: &ResponseFacts, result: RuleResult) -> RuleResult {
    let find = |words: &'static [&str]| words.iter().find(|words| facts.prose.contains(**words));
    // The runtime's words show a refused or missing credential, which is another cause.
    let is_other = result.is_none_or(|finding| finding.verdict.gate != Gate::Credentials);
    let refused = find(&REGISTRY_REFUSALS);
    let is_refused = is_other && (result.is_some() || refused.is_some());
    let registry = find(&REGISTRIES).filter(|_| !facts.is_response && is_refused)?;
    Some(FoundVerdict::from_phrase(REGISTRY, refused.unwrap_or(registry)))
}

/// Reads the status or, in a text without a status, words such as `forbidden`.
fn verdict_from_status_or_words(facts: &ResponseFacts) -> RuleResult {
    let words = REFUSAL_WORDS.iter().find(|words| facts.status.is_none() && facts.mentions(words));
    verdict_from_status(facts, 429, Gate::RateLimit, Certainty::Likely)
        .or_else(|| verdict_from_status(facts, 403, Gate::Other, Certainty::Possible))
        .or_else(|| words.map(|_| FoundVerdict::new(possible(Gate::Other), Evidence::Message)))
}

/// Returns this gate and certainty if the response has this status.
fn verdict_from_status(
    facts: &ResponseFacts,
    status: u16,
    gate: Gate,
    certainty: Certainty,
) -> RuleResult {
    (facts.status == Some(status))
        .then_some(FoundVerdict::new(Verdict::new(gate, certainty), Evidence::Status))
}

/// Limits the certainty of a scope refusal in two cases:
///
/// 1. The status is not 403, with which Google refuses for lack of scope. The server may relay the
///    refusal of a call that it sent to another API.
/// 2. In a text, the message is also that of another gate. The words about scopes may be a name.
fn with_limited_certainty(finding: FoundVerdict, facts: &ResponseFacts) -> FoundVerdict {
    let is_relayed = || facts.status.is_some_and(|status| status != 403);
    let is_unclear = || !facts.is_response && is_of_other_gate(facts, &finding);
    let is_limited = finding.verdict.gate == Gate::Scope && (is_relayed() || is_unclear());
    let limit = if is_limited { Certainty::Likely } else { Certainty::Certain };
    let certainty = finding.verdict.certainty.min(limit);
    FoundVerdict { verdict: Verdict { certainty, ..finding.verdict }, ..finding }
}

/// Returns whether the message that determined the verdict contains a phrase of a gate other than
/// that of the scopes.
fn is_of_other_gate(facts: &ResponseFacts, finding: &FoundVerdict) -> bool {
    let message = text::normalized(facts.quote(finding).unwrap_or_default());
    let is_likely = |verdict: &Verdict| {
        !matches!(verdict.gate, Gate::Scope) && verdict.certainty > Certainty::Possible
    };
    let mut phrases = PHRASES.iter().chain(ACCESS_PHRASES);
    phrases.any(|(phrase, verdict)| is_likely(verdict) && text::contains_phrase(&message, phrase))
}
