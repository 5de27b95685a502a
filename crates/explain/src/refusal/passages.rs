//! Chooses among the refusals in a text. A log contains what was retried, what was refused by other
//! systems, and several calls.

use super::Refusal;
use super::gate::{Certainty, Gate};
use super::text;

/// Returns the index of the refusal that explains the failure of a program, from the refusals of a
/// log in their order.
///
/// A refusal that was probably retried (a rate limit, a refused credential) does not count if a
/// refusal of another kind follows it. Of the others, the most certain refusal counts, and the
/// first one of equally certain refusals. A refusal by a server that is not Google's counts only if
/// there is no other.
///
/// ```
/// use gcp_scopes_explain::refusal::{classify_text, decisive};
///
/// let lines = ["Error 429: Rate Limit Exceeded", "Error 403: Request had insufficient authentication scopes."];
/// let refusals: Vec<_> = lines.iter().filter_map(|line| classify_text(line)).collect();
/// assert_eq!(decisive(&refusals), Some(1));
/// ```
#[must_use]
pub fn decisive(refusals: &[Refusal]) -> Option<usize> {
    let is_final = |refusal: &Refusal| !is_retried(refusal) && is_likely_of_google(refusal);
    let last = refusals.iter().rposition(is_final);
    let counts = |(index, refusal): &(usize, &Refusal)| !(is_retried(refusal) && last > Some(*index));
    let candidates = refusals.iter().enumerate().filter(counts);
    let best = candidates.clone().map(|(_, refusal)| rank(refusal)).max()?;
    candidates.into_iter().find(|(_, refusal)| rank(refusal) == best).map(|(index, _)| index)
}

/// Returns whether Google probably refused, and how certain the gate is.
fn rank(refusal: &Refusal) -> (bool, Certainty) {
    (is_likely_of_google(refusal), refusal.certainty())
}

fn is_likely_of_google(refusal: &Refusal) -> bool {
    refusal.other_server().is_none() && refusal.certainty() > Certainty::Possible
}

/// Returns whether programs usually send a call again after such a refusal.
fn is_retried(refusal: &Refusal) -> bool {
    match refusal.gate() {
        Gate::RateLimit => true,
        Gate::Credentials => !refusal.is_for_requested_scopes(),
        _ => false,
    }
}

/// Returns the refusal in a text: that of the whole text, unless one of its lines contains a
/// refusal by another gate that [decides](decisive).
pub(super) fn choose(whole: Refusal, text: &str, of_line: impl Fn(&str) -> Option<Refusal>) -> Refusal {
    let is_whole = text.trim_start().starts_with(['{', '[', '<']);
    if is_whole || text::first_lines(text).nth(1).is_none() {
        return whole;
    }
    let mut of_lines: Vec<Refusal> = text::first_lines(text).filter_map(of_line).collect();
    let Some(index) = decisive(&of_lines) else { return whole };
    let line = of_lines.swap_remove(index);
    let is_better = rank(&line) > rank(&whole)
        || (is_retried(&whole) && !is_retried(&line) && is_likely_of_google(&line));
    if line.gate() != whole.gate() && is_better { line } else { whole }
}
