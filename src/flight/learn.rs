//! What the guard learns from a response, and the log events of a response.

use http::StatusCode;

use super::call_in_progress::Flight;
use crate::denial::{Denial, DenialKind};
use crate::granted::token_table::{Entry, TokenKey};
use crate::granted::{GrantSource, GrantedScopes};
use crate::guard::Preflight;
use crate::guard::lessons::LessonKey;
use crate::judge::lesson_subject;
use crate::refusal::{Certainty, Gate, Refusal};
use crate::telemetry::{self, EventKind};

/// Logs a denial. A denial for the same method and token that was logged recently is only counted.
/// The guard keeps the denial, to find it by the text of an error.
pub(super) fn log_denial(flight: &Flight, denial: &Denial, status: Option<StatusCode>) {
    let state = flight.guard.state();
    state.recent_denials.add(denial);
    let event = (EventKind::Denied, denial.evidence(), denial.method(), flight.token);
    if let Some(times) = state.repeats.count(event, state.tokens.now()) {
        telemetry::denied(denial, status, times);
        if let Some(hook) = &state.on_denial {
            hook.call(denial, times);
        }
    }
}

/// Logs a refusal for another reason than scopes. If Google checks that reason only after the
/// scopes, the refusal proves that the scopes were sufficient, which the guard learns.
pub(super) fn from_other_refusal(flight: &Flight, refusal: &Refusal) {
    let (state, method) = (flight.guard.state(), flight.lookup.method());
    let event = (EventKind::OtherGate, refusal.gate().as_str(), method, flight.token);
    if let Some(times) = state.repeats.count(event, state.tokens.now()) {
        telemetry::other_gate(method, refusal, times);
    }
    if flight.is_doubted && is_after_scope_check(refusal) {
        scopes_suffice(flight);
    }
    from_trial(flight);
}

/// Logs a refusal that contains a sentence about scopes beside other words, although the token
/// holds an accepted scope. Nothing is learned, because the sentence may be part of a name that a
/// user chose.
pub(super) fn log_disproved(flight: &Flight, refusal: &Refusal, granted: &GrantedScopes) {
    let (state, method) = (flight.guard.state(), flight.lookup.method());
    let event = (EventKind::Disproved, "", method, flight.token);
    if let Some(times) = state.repeats.count(event, state.tokens.now()) {
        telemetry::disproved(method, refusal, granted, times);
    }
}

/// Learns that Google no longer refuses such calls for lack of scope, if the flight is a trial. A
/// trial is a call that is sent to find this out.
pub(super) fn from_trial(flight: &Flight) {
    if !flight.is_trial {
        return;
    }
    if let (Some(subject), Some(key)) = (lesson_subject(&flight.lookup), flight.token) {
        flight.guard.state().lessons.end_denial(key, subject);
    }
}

/// Learns that scopes are sufficient for a call whose token seemed to lack the scope.
pub(super) fn scopes_suffice(flight: &Flight) {
    let state = flight.guard.state();
    let (Some(subject), Some(key)) = (lesson_subject(&flight.lookup), flight.token) else { return };
    let seems_to_lack = |entry: &Entry| flight.guard.lacks(&flight.lookup, &entry.granted);
    let is_unverified =
        |entry: &Entry| entry.granted.source().is_some_and(GrantSource::is_unverified);
    let is_contradicted_source_unverified =
        |entry: &Entry| seems_to_lack(entry).then(|| is_unverified(entry));
    match state.tokens.read(key, is_contradicted_source_unverified).flatten() {
        // The program may have named wrong scopes for the token; the catalog may be correct.
        Some(true) => state.tokens.forget(key),
        Some(false) => withdraw_verdicts(flight, subject, None),
        None => {}
    }
}

/// Learns the scopes that Google names in a refused response.
pub(super) fn from_named_scopes(flight: &Flight, denial: &Denial) {
    let Some(refusal) = denial.refusal() else { return };
    let named = refusal.alternatives();
    let is_certain = refusal.certainty() == Certainty::Certain && refusal.is_structured();
    let is_sure = is_missing_scope(refusal) && is_certain && !named.is_empty();
    if let Some(subject) = lesson_subject(&flight.lookup).filter(|_| is_sure) {
        flight.guard.state().lessons.learn_scopes(subject, named);
    }
}

/// Learns from a refusal that the prediction was correct, that the catalog is wrong, or that the
/// scopes that the program declared were wrong.
pub(super) fn from_scope_refusal(flight: &Flight, denial: &Denial) {
    let (state, granted) = (flight.guard.state(), denial.granted());
    let (Some(subject), Some(key)) = (lesson_subject(&flight.lookup), flight.token) else { return };
    let Some(refusal) = denial.refusal().filter(|refusal| is_missing_scope(refusal)) else {
        return;
    };
    let is_unverified = granted.source().is_some_and(GrantSource::is_unverified);
    match flight.guard.judge(&flight.lookup, granted) {
        Ok(false) if refusal.is_structured() || !is_unverified => {
            stop_calls(flight, subject, key, granted)
        }
        Ok(true) if is_unverified => state.tokens.forget(key),
        // Scopes do not limit the token, so the list of scopes is not in doubt.
        Ok(true) if granted.is_unrestricted() => {}
        Ok(true) => withdraw_verdicts(flight, subject, Some(granted)),
        _ => {}
    }
}

/// Makes no more predictions on `subject`, because a response contradicted the catalog, and logs
/// this once. `refused` contains the scopes of the token if the call was refused.
fn withdraw_verdicts(flight: &Flight, subject: LessonKey, refused: Option<&GrantedScopes>) {
    let state = flight.guard.state();
    // `Repeats::count` bounds the number of the other events. This event is not counted.
    if state.lessons.mark_contradicted(subject) && state.repeats.allows_event(state.tokens.now()) {
        telemetry::contradicted(flight.lookup.method(), &flight.lookup.accepted(), refused);
    }
}

/// Stops later calls of `subject` with the token, unless the guard's [`Preflight`] stops no calls.
fn stop_calls(flight: &Flight, subject: LessonKey, key: TokenKey, granted: &GrantedScopes) {
    let state = flight.guard.state();
    if !matches!(state.preflight, Preflight::Confirm | Preflight::Deny) {
        return;
    }
    let Some(stale_at) = state.tokens.read(key, |entry| entry.stale_at) else { return };
    let denial =
        flight.guard.predicted_denial(DenialKind::Confirmed, &flight.lookup, granted.clone());
    state.lessons.remember_denial(key, subject, stale_at, denial, state.tokens.now());
}

/// Returns whether the call was refused because the token lacks a scope, and not because a scope of
/// the token restricts the call.
fn is_missing_scope(refusal: &Refusal) -> bool {
    refusal.scope_problem() == Some("missing")
}

/// Returns whether the refusal comes from a check after the scope check, so that the token's scopes
/// were sufficient. Only IAM and resource ACLs count: for the other checks Google does not document
/// an order. Words in a message do not count, because they may be part of a name.
fn is_after_scope_check(refusal: &Refusal) -> bool {
    matches!(refusal.gate(), Gate::Iam | Gate::ResourceAcl) && refusal.is_structured()
}
