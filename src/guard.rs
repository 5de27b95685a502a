//! [`Guard`]: the state that all clients of a process share, such as the scopes of tokens.

mod bounded;
mod builder;
mod denial_hook;
pub(crate) mod lessons;
mod notes;
mod recent_denials;
mod repeats;
mod settings;
pub(crate) mod shared;

use std::error::Error as StdError;
use std::fmt;
use std::iter;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;

use crate::background::{Background, Spawner};
use crate::catalog::Endpoints;
use crate::denial::Denial;
use crate::environment::Environment;
use crate::granted::fetch::Fetch;
use crate::granted::token_cache::TokenCache;
use crate::granted::token_table::Stage;
use crate::granted::{AccessToken, GrantedScopes};
use crate::live_environment::LiveEnvironment;
use crate::recording::Recording;
use denial_hook::DenialHook;
use lessons::Lessons;
use notes::SetupNotes;
use recent_denials::RecentDenials;
use repeats::Repeats;
use shared::Shared;

pub use builder::GuardBuilder;
pub use settings::{DenialDelivery, Preflight};

/// How long an explanation waits for the token's scopes. An explanation without the scopes shows
/// why they are unknown. This is also the default of
/// [`GuardBuilder::deny_wait`](crate::GuardBuilder::deny_wait).
pub(crate) const WAIT: Duration = Duration::from_millis(500);

/// How many errors of a chain are read, which bounds the work for a chain that never ends.
const MAX_SOURCES: usize = 32;

/// Checks calls of Google API clients against the OAuth scopes of their tokens.
///
/// One guard serves all clients of a process. A guard is cheap to clone, as are its layers and
/// middlewares: they share the guard's memory and allocate nothing. Create no guard for each
/// request: a new guard allocates its tables, and knows neither the scopes of tokens nor what
/// earlier responses have shown.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use gcp_scopes::Guard;
///
/// let guard = Guard::detect().await; // once, at start: detects where the program runs
/// let for_another_client = guard.clone(); // shares the token cache and all lessons from responses
/// # }
/// ```
///
/// To change settings, use [`Guard::builder`] and [`GuardBuilder::detect`] instead of
/// [`Guard::detect`]:
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

/// The state that all clones of a guard share.
pub(crate) struct State {
    pub(crate) preflight: Preflight,
    pub(crate) delivery: DenialDelivery,
    pub(crate) endpoints: Endpoints,
    /// The endpoints to which tokens may be sent. Unlike `endpoints`, they contain no host on
    /// another machine that only an environment variable names.
    pub(crate) token_endpoints: Endpoints,
    pub(crate) tokens: TokenCache,
    /// How long a call waits for the scopes of a new token with [`Preflight::Deny`].
    pub(crate) deny_wait: Duration,
    pub(crate) environment: LiveEnvironment,
    pub(crate) lessons: Lessons,
    /// Sends the requests of the self-check. `None` without the feature `metadata`, unless the
    /// program set a client.
    pub(crate) fetch: Option<Arc<dyn Fetch>>,
    /// Empty until the program creates a recorder.
    pub(crate) recording: OnceLock<Arc<Recording>>,
    pub(crate) repeats: Repeats,
    pub(crate) notes: SetupNotes,
    /// `None` if the program set no hook.
    pub(crate) on_denial: Option<DenialHook>,
    pub(crate) recent_denials: RecentDenials,
    pub(crate) background: Background,
}

impl Guard {
    /// Returns where the program runs and which credential it uses, as far as the guard knows. The
    /// guard may learn more later, if the metadata server did not respond when the guard was built.
    ///
    /// ```
    /// use gcp_scopes::{Guard, environment::Platform};
    ///
    /// let guard = Guard::builder().env([("K_SERVICE", "shop")]).build();
    /// assert_eq!(guard.environment().platform(), Platform::CloudRunService);
    /// assert_eq!(guard.environment().resource(), Some("shop"));
    /// ```
    #[must_use]
    pub fn environment(&self) -> Arc<Environment> {
        self.0.environment.environment()
    }

    /// Returns the environment for a denial. If a part is unknown, queries the metadata server
    /// again in the background, for later denials.
    pub(crate) fn environment_for_denial(&self) -> Arc<Environment> {
        drop(self.0.environment.query_again());
        self.environment()
    }

    /// Declares which scopes a token was granted. A program that creates or fetches its own tokens
    /// calls this function.
    ///
    /// Take the scopes from the `scope` field of the OAuth response. The requested scopes may be
    /// declared only if the issuer always grants exactly the requested scopes; the metadata server
    /// of a VM, for example, ignores the requested scopes.
    ///
    /// The function is fast enough to be called each time a token is handed out. The guard trusts
    /// the declaration until the token expires, for one hour at most, or until a refusal
    /// contradicts the declaration.
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
        self.0.tokens.declare(token, granted);
    }

    /// Returns which scopes a token holds, as far as the guard can find out. Queries the guard's
    /// sources, and waits at most 500 ms for them.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::granted::AccessToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let guard = Guard::builder().build(); // without a source of scopes
    /// let token = AccessToken::new("ya29.x").expect("a token without spaces");
    /// assert!(guard.granted(token).await.is_unknown());
    /// # }
    /// ```
    pub async fn granted(&self, token: AccessToken<'_>) -> GrantedScopes {
        let header = HeaderValue::try_from(format!("Bearer {}", token.secret())).ok();
        let (tokens, stage) = (&self.0.tokens, Stage::AfterRefusal);
        match header.as_ref().and_then(|header| tokens.inspect(header, stage)) {
            Some(key) => tokens.wait(key, header.as_ref(), stage, WAIT).await,
            None => GrantedScopes::unknown("no header can contain the token"),
        }
    }

    /// Returns the denial behind an error of a client that uses this guard. The error may also be
    /// that of a library which wraps the client's error, or quotes its text. Some clients keep only
    /// the text of a refused response; for the errors of all others,
    /// [`Denial::find`](crate::Denial::find) is enough.
    ///
    /// Compares the messages of the guard's last 64 denials with the texts of the error and of its
    /// sources. If several denials have the same message, returns the latest. Returns `None` if the
    /// error has another cause, or keeps neither the text nor the source of the client's error.
    ///
    /// ```
    /// # fn show(guard: &gcp_scopes::Guard, error: Box<dyn std::error::Error>) {
    /// // An error of object_store, or of a query engine above it.
    /// if let Some(denial) = guard.denial_of(&*error) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn denial_of(&self, error: &(dyn StdError + 'static)) -> Option<Denial> {
        let in_chain = Denial::find(error).cloned();
        in_chain.or_else(|| {
            let errors = iter::successors(Some(error), |&error| error.source()).take(MAX_SOURCES);
            let texts: Vec<String> = errors.map(ToString::to_string).collect();
            self.0.recent_denials.find(&texts)
        })
    }

    /// Logs the calls that no event has reported yet, in one event of each kind. Repeated events
    /// are counted and reported later, so a program that evaluates the counts calls this function
    /// before the program ends. Dropping the guard does the same if the thread that drops the guard
    /// has made one of the counted calls.
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// // … calls, many of which Google refuses
    /// guard.log_unreported_calls();
    /// ```
    pub fn log_unreported_calls(&self) {
        self.0.repeats.log_unreported();
    }

    /// Returns the handle that starts work on the guard's thread.
    pub(crate) fn spawner(&self) -> &Spawner {
        self.0.background.spawner()
    }

    pub(crate) fn new(state: State) -> Self {
        Self(Shared::new(state))
    }

    /// Returns a second handle to the guard for the duration of one call.
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
            .field("environment", &self.environment())
            .finish_non_exhaustive()
    }
}
