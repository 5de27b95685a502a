//! What must hold after a call.

use std::collections::BTreeMap;

use http::{StatusCode, Version};

use super::api::ApiFormat;
use super::outcome::{DenialStage, Failure, Received};
use super::scene::Scene;
use super::subject::DenialPlace;
use crate::recorded::RecordedRequest;
use crate::scope;

/// Something that does not hold: what, and what was found instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(pub(super) String);

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Unmet> {
    if holds { Ok(()) } else { Err(Unmet(what())) }
}

pub(super) fn succeeded(outcome: Result<Received, Failure>) -> Result<Received, Unmet> {
    outcome.map_err(|failure| Unmet(format!("the call fails: {failure:#?}")))
}

pub(super) fn failed(outcome: Result<Received, Failure>) -> Result<Failure, Unmet> {
    match outcome {
        Err(failure) => Ok(failure),
        Ok(received) => Err(Unmet(format!("the call succeeds with {} bytes", received.bytes.len()))),
    }
}

/// The caller gets the same with the guard as without it.
pub(super) fn same(
    bare: &Result<Received, Failure>,
    guarded: &Result<Received, Failure>,
) -> Result<(), Unmet> {
    let same = match (bare, guarded) {
        (Ok(bare), Ok(guarded)) => bare == guarded,
        (Err(bare), Err(guarded)) => bare.kind == guarded.kind && lines(bare) == lines(guarded),
        _ => false,
    };
    ensure(same, || format!("{guarded:#?}\nin the place of\n{bare:#?}"))
}

fn lines(failure: &Failure) -> Vec<&str> {
    failure.text.lines().filter(|line| *line != REWRAPPED).collect()
}

/// What reqwest puts between its error and the cause when a body was taken out of a response and
/// wrapped into another one, for which `reqwest::Body::wrap` is the only way.
const REWRAPPED: &str = "request or response body error";

/// The requests are the same, but for what a client makes up anew for every request.
pub(super) fn same_requests(bare: &[RecordedRequest], guarded: &[RecordedRequest]) -> Result<(), Unmet> {
    ensure(shown(bare) == shown(guarded), || {
        format!("other requests went out: {guarded:#?}\nin the place of\n{bare:#?}")
    })
}

fn shown(sent: &[RecordedRequest]) -> Vec<String> {
    let show = |request: &RecordedRequest| {
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let headers = headers.filter(|(name, _)| !CHANGING.contains(name));
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
        let line = (request.verb(), request.path(), request.query(), request.version(), request.status());
        format!("{line:?} {headers:?}")
    };
    sent.iter().map(show).collect()
}

/// Headers with a number of the request's own.
const CHANGING: [&str; 3] = ["x-goog-gcs-idempotency-token", "x-goog-api-client", "grpc-timeout"];

/// The caller can find out why, where the client shows it.
pub(super) fn explained(
    scene: &Scene,
    place: DenialPlace,
    failure: &Failure,
    stage: DenialStage,
) -> Result<(), Unmet> {
    if place != DenialPlace::Text {
        found(scene, failure, stage)?;
    }
    if place == DenialPlace::Value {
        return Ok(());
    }
    let verb = if stage == DenialStage::Refused { "was refused" } else { "was not sent" };
    [verb, NO_ROLE].into_iter().try_for_each(|words| {
        ensure(failure.text.contains(words), || format!("{words:?} is not in the text: {}", failure.text))
    })
}

/// The sentence that every denial has.
const NO_ROLE: &str = "No IAM role fixes this";

fn found(scene: &Scene, failure: &Failure, stage: DenialStage) -> Result<(), Unmet> {
    let missing = || Unmet(format!("there is a denial: {failure:#?}"));
    let denial = failure.denial.as_ref().ok_or_else(missing)?;
    ensure(denial.stage == stage, || format!("{:?} in the place of {stage:?}", denial.stage))?;
    ensure(denial.method.is_some(), || format!("the denial names no method: {denial:#?}"))?;
    let accepted = scope::uri(scene.api().scope);
    ensure(denial.accepted.contains(&accepted), || format!("{accepted} is not accepted: {denial:#?}"))
}

/// The bytes that a client uploaded are what the fake has.
pub(super) fn stored(scene: &Scene) -> Result<(), Unmet> {
    let stored = scene.google().object(Scene::BUCKET, Scene::NEW).unwrap_or_default();
    ensure(stored == Scene::content(), || format!("{} bytes were stored, or others", stored.len()))
}

/// Every request was of the version of HTTP that was to be spoken, and met something.
pub(super) fn spoken(scene: &Scene) -> Result<(), Unmet> {
    let is_grpc = scene.api().format == ApiFormat::Grpc;
    let version = if is_grpc { Version::HTTP_2 } else { scene.version() };
    let sent = scene.sent();
    ensure(sent.iter().all(|request| request.version() == version), || {
        format!("{version:?} was to be spoken: {sent:#?}")
    })?;
    let is_met = |request: &RecordedRequest| request.status() != Some(StatusCode::NOT_FOUND);
    ensure(sent.iter().all(is_met), || format!("a request met nothing: {sent:#?}"))
}

/// No text has twelve characters of the token in a row.
pub(super) fn no_leak(failure: &Failure, token: &str) -> Result<(), Unmet> {
    let starts = 0..=token.len().saturating_sub(12);
    let pieces: Vec<&str> = starts.filter_map(|start| token.get(start..start + 12)).collect();
    failure.texts().try_for_each(|text| {
        ensure(!pieces.iter().any(|piece| text.contains(piece)), || format!("a token in {text}"))
    })
}
