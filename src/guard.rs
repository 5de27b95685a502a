//! [`Guard`]: what all clients of a process share of tokens, methods and refusals.

mod builder;
pub(crate) mod lessons;
mod repeats;
mod settings;
mod shared;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::background::{Background, Spawner};
use crate::catalog::Endpoints;
use crate::environment::Environment;
use crate::granted::fetch::DynFetch;
use crate::granted::inspection::TokenMemory;
use crate::granted::metadata::MetadataServer;
use crate::granted::{AccessToken, GrantedScopes};
use crate::recording::Recording;
use lessons::Lessons;
use repeats::Repeats;
use shared::Shared;

pub use builder::GuardBuilder;
pub use settings::{DenialDelivery, Preflight};

/// How long an explanation waits for the scopes that it would like to show, and how long by default
/// [`Preflight::Deny`] waits for scopes that are not yet known.
pub(crate) const WAIT: Duration = Duration::from_millis(500);

/// Judges calls of Google API clients by the OAuth scopes of their tokens.
///
/// Cheap to clone; one guard serves all clients of a process.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use gcp_scopes::Guard;
///
/// let guard = Guard::detect().await; // once, at start: knows where the program runs
/// let for_another_client = guard.clone(); // shares all that is known of tokens and methods
/// # }
/// ```
///
/// With settings, [`GuardBuilder::detect`] takes the place of [`Guard::detect`]:
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use gcp_scopes::{Guard, Preflight};
///
/// let guard = Guard::builder().preflight(Preflight::Warn).detect().await;
/// # }
/// ```
#[derive(Clone)]
pub struct Guard(Shared<State>);

/// What the clones of a guard share.
pub(crate) struct State {
    pub(crate) preflight: Preflight,
    pub(crate) delivery: DenialDelivery,
    pub(crate) endpoints: Endpoints,
    pub(crate) grants: TokenMemory,
    pub(crate) deny_wait: Duration,
    pub(crate) environment: Arc<Environment>,
    pub(crate) lessons: Lessons,
    /// Sends the questions of the self-check.
    pub(crate) fetch: Option<Arc<dyn DynFetch>>,
    /// The metadata server, where there is one.
    pub(crate) metadata: Option<MetadataServer>,
    /// Why the metadata server gave no answer about where the program runs.
    pub(crate) problem: Option<String>,
    pub(crate) recording: OnceLock<Arc<Recording>>,
    pub(crate) repeats: Repeats,
    pub(crate) background: Background,
}

impl Guard {
    /// Where the program runs and which credential it uses, as far as is known now.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, environment::Platform};
    /// let guard = Guard::builder().env([("K_SERVICE", "shop")]).build();
    /// assert_eq!(guard.environment().platform(), Platform::CloudRunService);
    /// assert_eq!(guard.environment().resource(), Some("shop"));
    /// ```
    #[must_use]
    pub fn environment(&self) -> Arc<Environment> {
        Arc::clone(&self.0.environment)
    }

    /// States what a token was granted, for a program that made or fetched it: by the `scope` of an OAuth
    /// answer, or by the scopes asked for where these are always granted. The metadata server of a VM, for
    /// one, ignores the scopes that are asked for.
    ///
    /// Cheap enough to be called each time a token is handed out. The statement is believed until the
    /// token expires, for an hour at most, or until a refusal contradicts it.
    ///
    /// ```
    /// use gcp_scopes::{Guard, ScopeSet};
    /// use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
    ///
    /// let guard = Guard::builder().build();
    /// // From the token endpoint: {"access_token": "ya29.x", "scope": "https://…/auth/pubsub", …}
    /// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
    /// if let Some(token) = AccessToken::new("ya29.x") {
    ///     guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
    /// }
    /// ```
    pub fn declare(&self, token: AccessToken<'_>, granted: GrantedScopes) {
        self.0.grants.declare(token, granted);
    }

    /// Begins work on the guard's own thread.
    pub(crate) fn spawner(&self) -> &Spawner {
        self.0.background.spawner()
    }

    pub(crate) fn new(state: State) -> Self {
        Self(Shared::new(state))
    }

    /// The guard, for the time of one call.
    #[inline]
    pub(crate) fn hold(&self) -> Self {
        Self(self.0.hold())
    }

    #[inline]
    pub(crate) fn state(&self) -> &State {
        &self.0
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("preflight", &self.0.preflight)
            .field("environment", &self.0.environment)
            .finish_non_exhaustive()
    }
}
