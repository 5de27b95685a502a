//! Chooses among the refusals in a text. A log may contain refusals of several calls, refusals of
//! calls that were then retried, and refusals by other systems.

use super::gate::{Certainty, Gate};
use super::verdict::Verdict;

/// Returns the index of the verdict that decides, from the verdicts about the passages of a text in
/// their order.
pub(super) fn decisive(verdicts: &[Verdict]) -> Option<usize> {
    let is_final = |verdict: &Verdict| !is_retried(verdict) && is_likely_of_google(verdict);
    let last = verdicts.iter().rposition(is_final);
    let counts =
        |(index, verdict): &(usize, &Verdict)| !(is_retried(verdict) && last > Some(*index));
    let mut candidates = verdicts.iter().enumerate().filter(counts);
    let best = candidates.clone().map(|(_, verdict)| rank(verdict)).max()?;
    candidates.find(|(_, verdict)| rank(verdict) == best).map(|(index, _)| index)
}

/// Returns whether the verdict about a line is better than that about the whole text.
pub(super) fn is_better(line: &Verdict, whole: &Verdict) -> bool {
    let is_final = is_retried(whole) && !is_retried(line) && is_likely_of_google(line);
    line.gate != whole.gate && (rank(line) > rank(whole) || is_final)
}

/// Returns whether Google probably refused, and how certain the gate is. A greater rank is better.
fn rank(verdict: &Verdict) -> (bool, Certainty) {
    (is_likely_of_google(verdict), verdict.certainty)
}

fn is_likely_of_google(verdict: &Verdict) -> bool {
    verdict.other_server.is_none() && verdict.certainty > Certainty::Possible
}

/// Returns whether programs usually send a call again after such a refusal.
fn is_retried(verdict: &Verdict) -> bool {
    match verdict.gate {
        Gate::RateLimit => true,
        // A client replaces an expired token and sends the call again. A token endpoint that
        // refuses the requested scopes refuses them the next time, too.
        Gate::Credentials => !verdict.is_for_requested_scopes,
        _ => false,
    }
}
