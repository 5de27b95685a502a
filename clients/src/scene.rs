//! What the clients here make of a scene: a guard, and the HTTP client that a user gives them.

use std::time::Duration;

use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{DenialDelivery, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::scenarios::{GuardMode, Scene};
use http::Version;

use crate::kind::BoxError;

/// How long a guard may wait for what it wants to know. On a busy machine no scenario must fail for a
/// deadline that it does not test.
const PATIENCE: Duration = Duration::from_secs(30);

/// The HTTP client that the user of a client on top of reqwest gives it.
pub(crate) fn reqwest(scene: &Scene) -> reqwest::ClientBuilder {
    match scene.version() {
        Version::HTTP_2 => reqwest::Client::builder().http2_prior_knowledge(),
        _ => reqwest::Client::builder().http1_only(),
    }
}

/// A guard that runs on the scene's VM and knows what its token holds, so that no scenario depends on how
/// fast the metadata server answers.
pub(crate) async fn guard(
    scene: &Scene,
    mode: GuardMode,
    delivery: DenialDelivery,
) -> Result<Guard, BoxError> {
    let guard = Guard::builder()
        .env(scene.google().env())
        .endpoint(scene.url(), scene.api().host)?
        .preflight(preflight(mode)?)
        .denial_delivery(delivery)
        .deny_wait(PATIENCE)
        .without_tokeninfo();
    let guard = guard.detect().await;
    let scopes = ScopeSet::from_iter([scene.scope().parse()?]);
    let token = scene.token();
    let token = AccessToken::new(&token).ok_or("the token is one")?;
    guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
    Ok(guard)
}

fn preflight(mode: GuardMode) -> Result<Preflight, BoxError> {
    match mode {
        GuardMode::Warn => Ok(Preflight::Warn),
        GuardMode::Confirm => Ok(Preflight::Confirm),
        GuardMode::Deny => Ok(Preflight::Deny),
        other => Err(format!("there is no preflight for {other:?}").into()),
    }
}
