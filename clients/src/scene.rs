//! Builds the guard and the HTTP client for a [`Scene`]: the fake Google, the URL and the token of
//! one scenario.

use std::time::Duration;

use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{DenialDelivery, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::scenarios::{GuardMode, Scene};
use http::Version;

use crate::kind::BoxError;

/// How long a call may wait for the scopes of its token. The guard's default of 500 ms could be too
/// short on a busy machine.
const DENY_WAIT: Duration = Duration::from_secs(30);

/// Returns a builder of the `reqwest::Client` that users pass to clients based on reqwest. The
/// client uses the HTTP version of the scene.
pub(crate) fn reqwest(scene: &Scene) -> reqwest::ClientBuilder {
    match scene.version() {
        Version::HTTP_2 => reqwest::Client::builder().http2_prior_knowledge(),
        _ => reqwest::Client::builder().http1_only(),
    }
}

/// Builds a guard that runs on the scene's VM. The scopes of the scene's token are declared to the
/// guard, so that no scenario depends on how fast the metadata server responds.
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
        .deny_wait(DENY_WAIT)
        .without_tokeninfo();
    let guard = guard.detect().await;
    let scopes = ScopeSet::from_iter([scene.scope().parse()?]);
    let token = scene.token();
    let token =
        AccessToken::new(&token).ok_or("the token of the scene is not a valid bearer token")?;
    guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
    Ok(guard)
}

/// Returns the [`Preflight`] that corresponds to the mode of a scenario.
fn preflight(mode: GuardMode) -> Result<Preflight, BoxError> {
    match mode {
        GuardMode::Warn => Ok(Preflight::Warn),
        GuardMode::Confirm => Ok(Preflight::Confirm),
        GuardMode::Deny => Ok(Preflight::Deny),
        other => Err(format!("no Preflight corresponds to the guard mode {other:?}").into()),
    }
}
