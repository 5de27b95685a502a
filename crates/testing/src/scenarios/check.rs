//! Checks the outcome and the requests of a call.

use std::collections::BTreeMap;

use http::{StatusCode, Version};

use super::api::ApiFormat;
use super::outcome::{DenialStage, Failure, Outcome, Received};
use super::scene::Scene;
use super::subject::DenialPlace;
use crate::recorded::RecordedRequest;
use crate::scope;

/// An expectation of a scenario that the client does not meet. The message contains the expectation
/// and the actual outcome.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnmetExpectation(pub(super) String);

pub(super) type CheckResult<T = ()> = Result<T, UnmetExpectation>;

/// Returns an error with this message unless the condition holds.
pub(super) fn ensure(condition: bool, message: impl FnOnce() -> String) -> CheckResult {
    if condition { Ok(()) } else { Err(UnmetExpectation(message())) }
}

/// Checks that a call succeeded, and returns what its caller received.
pub(super) fn expect_success(outcome: Outcome) -> CheckResult<Received> {
    outcome.map_err(|failure| {
        UnmetExpectation(format!("expected the call to succeed, but it failed: {failure:#?}"))
    })
}

/// Checks that a call failed, and returns the failure.
pub(super) fn expect_failure(outcome: Outcome) -> CheckResult<Failure> {
    match outcome {
        Err(failure) => Ok(failure),
        Ok(received) => Err(UnmetExpectation(format!(
            "expected the call to fail, but it succeeded with {} bytes",
            received.bytes.len()
        ))),
    }
}

/// Checks that the caller gets the same outcome with the guard as without the guard.
pub(super) fn same_outcome(unguarded: &Outcome, guarded: &Outcome) -> CheckResult {
    let same = match (unguarded, guarded) {
        (Ok(unguarded), Ok(guarded)) => unguarded == guarded,
        (Err(unguarded), Err(guarded)) => {
            unguarded.kind == guarded.kind && lines(unguarded) == lines(guarded)
        }
        _ => false,
    };
    ensure(same, || {
        format!(
            "the outcome with the guard differs: {guarded:#?}\nwithout the guard: {unguarded:#?}"
        )
    })
}

/// Returns the lines of a failure's text, without those of wrapped bodies.
fn lines(failure: &Failure) -> Vec<&str> {
    failure.text.lines().filter(|line| *line != WRAPPED_BODY_ERROR).collect()
}

/// The message of an additional error in reqwest's chain of sources. reqwest adds this error if an
/// adapter has replaced the body of a response with `reqwest::Body::wrap`.
const WRAPPED_BODY_ERROR: &str = "request or response body error";

/// Checks that the client sends the same requests with the guard as without the guard. Ignores
/// headers that differ in every request.
pub(super) fn same_requests(
    unguarded: &[RecordedRequest],
    guarded: &[RecordedRequest],
) -> CheckResult {
    ensure(comparable(unguarded) == comparable(guarded), || {
        format!(
            "the requests with the guard differ: {guarded:#?}\nwithout the guard: {unguarded:#?}"
        )
    })
}

/// Formats requests for a comparison.
fn comparable(sent: &[RecordedRequest]) -> Vec<String> {
    let format = |request: &RecordedRequest| {
        let headers =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let headers = headers.filter(|(name, _)| !UNIQUE_HEADERS.contains(name));
        let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(value)));
        let headers: BTreeMap<_, _> = headers.collect();
        let line =
            (request.verb(), request.path(), request.query(), request.version(), request.status());
        format!("{line:?} {headers:?}")
    };
    sent.iter().map(format).collect()
}

/// Headers whose value differs in every request.
const UNIQUE_HEADERS: [&str; 3] =
    ["x-goog-gcs-idempotency-token", "x-goog-api-client", "grpc-timeout"];

/// Checks that the caller can find the denial and its text where `place` promises them.
pub(super) fn explained(
    scene: &Scene,
    place: DenialPlace,
    failure: &Failure,
    stage: DenialStage,
) -> CheckResult {
    if place != DenialPlace::Text {
        has_denial(scene, failure, stage)?;
    }
    if place == DenialPlace::Value {
        return Ok(());
    }
    let phrase = if stage == DenialStage::Refused { "was refused" } else { "was not sent" };
    [phrase, NO_ROLE].into_iter().try_for_each(|phrase| {
        ensure(failure.text.contains(phrase), || {
            format!("expected {phrase:?} in the text: {}", failure.text)
        })
    })
}

/// The beginning of a sentence that the text of every denial contains.
const NO_ROLE: &str = "No IAM role fixes this";

/// Checks that a failure contains the expected denial.
fn has_denial(scene: &Scene, failure: &Failure, stage: DenialStage) -> CheckResult {
    let missing =
        || UnmetExpectation(format!("expected a denial, but the caller found none: {failure:#?}"));
    let denial = failure.denial.as_ref().ok_or_else(missing)?;
    ensure(denial.stage == stage, || {
        format!("expected the stage {stage:?}, got {:?}", denial.stage)
    })?;
    ensure(denial.method.is_some(), || {
        format!("expected the denial to name a method: {denial:#?}")
    })?;
    let accepted = scope::uri(scene.api().scope);
    let is_listed = denial.accepted.contains(&accepted);
    ensure(is_listed, || format!("expected {accepted} among the accepted scopes: {denial:#?}"))
}

/// Checks that the fake has stored the uploaded bytes.
pub(super) fn stored_content(scene: &Scene) -> CheckResult {
    let stored = scene.google().object(Scene::BUCKET, Scene::NEW).unwrap_or_default();
    let uploaded = Scene::content();
    ensure(stored == uploaded, || {
        let (stored, uploaded) = (stored.len(), uploaded.len());
        format!(
            "the stored object ({stored} bytes) differs from the uploaded content ({uploaded} \
             bytes)"
        )
    })
}

/// Checks that every request has the expected HTTP version, and that no request got status 404.
pub(super) fn versions_and_paths(scene: &Scene) -> CheckResult {
    let is_grpc = scene.api().format == ApiFormat::Grpc;
    let version = if is_grpc { Version::HTTP_2 } else { scene.version() };
    let sent = scene.sent();
    let has_version = |request: &RecordedRequest| request.version() == version;
    ensure(sent.iter().all(has_version), || {
        format!("expected {version:?} in every request: {sent:#?}")
    })?;
    // The fake responds with 404 to a path that it does not implement. The scenario would then test
    // the error handling of the client instead of the guard.
    let is_known_path = |request: &RecordedRequest| request.status() != Some(StatusCode::NOT_FOUND);
    ensure(sent.iter().all(is_known_path), || format!("a request got status 404: {sent:#?}"))
}

/// Checks that no text of a failure contains a part of the token.
pub(super) fn no_leak(failure: &Failure, token: &str) -> CheckResult {
    let starts = 0..=token.len().saturating_sub(LEAK);
    let pieces: Vec<&str> = starts.filter_map(|start| token.get(start..start + LEAK)).collect();
    let leaks = |text: &str| pieces.iter().any(|piece| text.contains(piece));
    failure.texts().try_for_each(|text| {
        ensure(!leaks(text), || format!("expected no part of the token in the text: {text}"))
    })
}

/// The number of consecutive characters of the token that count as a leak. All tokens of the fake
/// begin with `ya29.c.`, which is not secret and is shorter than this number. The random part of a
/// token is longer than this number.
const LEAK: usize = 12;
