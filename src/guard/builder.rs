//! [`GuardBuilder`]: the settings of a guard, and how the guard is put together from them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};

use super::denial_hook::DenialHook;
use super::lessons::Lessons;
use super::notes::SetupNotes;
use super::recent_denials::RecentDenials;
use super::repeats::Repeats;
use super::{DenialDelivery, Guard, Preflight, State, WAIT};
use crate::background::Background;
use crate::catalog::Endpoints;
use crate::denial::Denial;
use crate::detect;
use crate::environment::{Credential, Snapshot};
use crate::error::{BoxError, Error};
use crate::granted::clock::{Clock, SystemClock};
use crate::granted::fetch::Fetch;
use crate::granted::metadata::MetadataScopes;
use crate::granted::own_fetch::own_fetch;
use crate::granted::source::DynSource;
use crate::granted::sync::Spawner;
use crate::granted::token_cache::{Limits, TokenCache};
use crate::granted::token_table::Stage;
use crate::granted::tokeninfo::{self, Tokeninfo};
use crate::granted::{GrantSource, GrantedScopesSource};
use crate::live_environment::LiveEnvironment;
use crate::telemetry::{SetupNote, unusable_variable};

/// The settings of a [`Guard`]. Created by [`Guard::builder`].
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// let guard = Guard::builder()
///     .preflight(Preflight::Deny)
///     .endpoint("http://127.0.0.1:4443", "storage.googleapis.com")? // an emulator
///     .build();
/// # Ok::<(), gcp_scopes::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct GuardBuilder {
    preflight: Preflight,
    delivery: DenialDelivery,
    endpoints: Endpoints,
    /// The sources that the program added.
    sources: Vec<StagedSource>,
    /// The kinds of sources that are queried before all others.
    order: Vec<GrantSource>,
    tokeninfo: TokeninfoUse,
    /// `None` for Google's endpoint.
    tokeninfo_endpoint: Option<Uri>,
    limits: Limits,
    /// `None` for the default, [`WAIT`].
    deny_wait: Option<Duration>,
    /// The HTTP client that the program set. `None` for the guard's own client.
    fetch: Option<Arc<dyn Fetch>>,
    /// The fixed environment. `None` to detect the environment of the process.
    snapshot: Option<Snapshot>,
    /// The credential that the program declared. `None` to detect it.
    credential: Option<Credential>,
    /// `None` for the system's clock.
    clock: Option<Arc<dyn Clock>>,
    background: Background,
    on_denial: Option<DenialHook>,
}

/// The largest size of the token cache. A new cache allocates its whole table, and a table of
/// `usize::MAX` entries would exhaust the memory.
const MAX_TOKENS: usize = 65_536;

/// When the guard queries tokeninfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum TokeninfoUse {
    /// After a refusal, if the guard detects the real environment or the user configured an
    /// endpoint.
    #[default]
    Usual,
    /// For each new token, before a refusal.
    BeforeCalls,
    Never,
}

impl GuardBuilder {
    /// Sets what happens before a call whose token lacks the scope. Default:
    /// [`Preflight::Confirm`].
    ///
    /// ```
    /// use gcp_scopes::{Guard, Preflight};
    ///
    /// // Sends every call, also one that Google is expected to refuse.
    /// let guard = Guard::builder().preflight(Preflight::Warn).build();
    /// ```
    pub fn preflight(mut self, preflight: Preflight) -> Self {
        self.preflight = preflight;
        self
    }

    /// Calls `hook` for denials, for example to count them in a metric or to alert somebody. The
    /// second argument is the number of calls that the first argument stands for.
    ///
    /// The guard calls the hook whenever it logs the [event](crate::telemetry) *denied*: for the
    /// first denial of a method and a token, for the 10th, the 100th and so on, and for the next
    /// denial after ten minutes without an event. The hook runs on the thread of the refused call,
    /// so it must not block. A panic of the hook does not affect the call. The last hook that is
    /// set replaces the others.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder()
    ///     .on_denial(|denial, calls| {
    ///         let method = denial.method().map_or("unknown", |method| method.id());
    ///         eprintln!("scope_denials{{method={method:?}}} +{calls}"); // or a counter of metrics
    ///     })
    ///     .build();
    /// ```
    pub fn on_denial(mut self, hook: impl Fn(&Denial, u64) + Send + Sync + 'static) -> Self {
        self.on_denial = Some(DenialHook::new(hook));
        self
    }

    /// Sets how a refusal reaches the caller. Default: [`DenialDelivery::Error`].
    pub fn denial_delivery(mut self, delivery: DenialDelivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Treats calls to `from` as calls to the Google API host `to`. `from` is a host, a `host:port`
    /// or a URL without a path: an emulator, a proxy, or a private endpoint with its own name.
    /// `localhost`, `127.0.0.1` and `[::1]` at the same port are one endpoint.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// // An emulator of Cloud Storage. Without the mapping, the guard ignores calls to it.
    /// let guard = Guard::builder().endpoint("127.0.0.1:4443", "storage.googleapis.com")?.build();
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error if `from` is not a host or `to` is not a Google API host; the message names the
    /// invalid value.
    pub fn endpoint(mut self, from: impl AsRef<str>, to: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.endpoint(from.as_ref(), to)?;
        Ok(self)
    }

    /// Treats `SERVICE.domain` as `SERVICE.googleapis.com`, for a universe of Google Cloud with its
    /// own domain.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().universe("s3nsapis.fr")?.build();
    /// assert!(Guard::builder().universe("https://s3nsapis.fr/").is_err());
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error if `domain` is not a domain name without scheme, port and path; the message names
    /// the value.
    pub fn universe(mut self, domain: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.universe(domain)?;
        Ok(self)
    }

    /// Adds a source of the scopes of tokens. Sources are queried before the metadata server, in
    /// the order in which they were added.
    ///
    /// ```
    /// use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
    /// use gcp_scopes::{Guard, ScopeSet};
    ///
    /// /// The prefix of our broker's tokens reveals their scopes.
    /// struct Broker;
    ///
    /// impl GrantedScopesSource for Broker {
    ///     fn name(&self) -> &str {
    ///         "our token broker"
    ///     }
    ///
    ///     async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
    ///         token.secret().strip_prefix("pubsub-")?;
    ///         let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
    ///         Some(GrantedScopes::known(scopes, GrantSource::Custom))
    ///     }
    /// }
    ///
    /// let guard = Guard::builder().source(Broker).build();
    /// ```
    pub fn source(mut self, source: impl GrantedScopesSource + 'static) -> Self {
        self.sources.push((GrantSource::Custom, Stage::BeforeRefusal, Arc::new(source)));
        self
    }

    /// Sets the order in which the kinds of sources are queried. Kinds that are not listed follow
    /// in the default order: the sources of the program, the metadata server, tokeninfo.
    ///
    /// The claims of a JWT and the scopes that a program [declares](Guard::declare) always come
    /// first.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::granted::GrantSource;
    ///
    /// // The program's own source is queried only for tokens that the metadata server does not
    /// // know.
    /// let order = [GrantSource::Metadata, GrantSource::Custom];
    /// let guard = Guard::builder().source_order(order).build();
    /// ```
    pub fn source_order(mut self, order: impl IntoIterator<Item = GrantSource>) -> Self {
        self.order = order.into_iter().collect();
        self
    }

    /// Queries tokeninfo for each new token as soon as the token is seen, not only after a refusal.
    /// This sends a request to Google for each token that no other source knows. Calls wait for the
    /// response only with [`Preflight::Deny`].
    ///
    /// ```
    /// use gcp_scopes::{Guard, Preflight};
    ///
    /// // Off Google Cloud, only tokeninfo knows the scopes of a user's token.
    /// let guard = Guard::builder().preflight(Preflight::Deny).tokeninfo_before_calls().build();
    /// ```
    pub fn tokeninfo_before_calls(mut self) -> Self {
        self.tokeninfo = TokeninfoUse::BeforeCalls;
        self
    }

    /// Never queries tokeninfo.
    ///
    /// Without this setting, a guard from [`detect`](Self::detect) queries tokeninfo after a
    /// refusal. The guard sends a query only for a token whose scopes no other source knows, once
    /// per token and less than once a second. The token is in the body of a POST. A guard with a
    /// fixed environment ([`env`](Self::env), [`snapshot`](Self::snapshot)) queries tokeninfo only
    /// if a [`tokeninfo_endpoint`](Self::tokeninfo_endpoint) is set, so that tests do not reach
    /// Google. The same holds for a guard with another [`universe`](Self::universe), because
    /// Google's tokeninfo does not know the tokens of another universe.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// // For a network that lets no request to oauth2.googleapis.com pass.
    /// let guard = Guard::builder().without_tokeninfo().build();
    /// ```
    pub fn without_tokeninfo(mut self) -> Self {
        self.tokeninfo = TokeninfoUse::Never;
        self
    }

    /// Sets the URL of tokeninfo. Default: `https://oauth2.googleapis.com/tokeninfo`.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// // A test uses the tokeninfo of a fake.
    /// let guard = Guard::builder().tokeninfo_endpoint("http://127.0.0.1:4444/tokeninfo")?.build();
    /// assert!(Guard::builder().tokeninfo_endpoint("http://example.com/tokeninfo").is_err());
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error if `url` is neither an https URL nor a URL of this machine; the message names the
    /// URL.
    pub fn tokeninfo_endpoint(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        self.tokeninfo_endpoint = Some(tokeninfo::endpoint(url.as_ref())?);
        Ok(self)
    }

    /// Sets the time limit for one source to return the scopes of a token. Default: 2 seconds.
    ///
    /// ```
    /// use gcp_scopes::{Guard, Preflight};
    /// use std::time::Duration;
    ///
    /// let guard = Guard::builder()
    ///     .preflight(Preflight::Deny)
    ///     .source_timeout(Duration::from_secs(1))
    ///     .deny_wait(Duration::from_millis(50)) // the first call waits at most this long
    ///     .build();
    /// ```
    pub fn source_timeout(mut self, limit: Duration) -> Self {
        self.limits.source = limit;
        self
    }

    /// Sets how long [`Preflight::Deny`] delays the first call with a token to find out the token's
    /// scopes. If the scopes are unknown after this time, the call is sent. Default: 500 ms.
    pub fn deny_wait(mut self, limit: Duration) -> Self {
        self.deny_wait = Some(limit);
        self
    }

    /// Sets how many tokens the guard's cache holds, from 1 to 65,536. A number outside this range
    /// is replaced by the nearest in it. Default: 1,024.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// // A service that calls Google with the tokens of its many users.
    /// let guard = Guard::builder().remembered_tokens(20_000).build();
    /// ```
    pub fn remembered_tokens(mut self, most: usize) -> Self {
        self.limits.tokens = most.min(MAX_TOKENS);
        self
    }

    /// Sets the HTTP client for requests to the metadata server, to tokeninfo and, for the
    /// self-check, to IAM. Default: the guard's own client with the feature `metadata`, no client
    /// without this feature.
    ///
    /// The guard's own client uses TLS for tokeninfo and IAM, with the crypto provider that the
    /// program installed for rustls (feature `tls`) or with the compiled-in provider (`tls-ring`).
    /// A program that has neither a provider nor a client of its own gets no response from
    /// tokeninfo and IAM, and reports contain the reason. A program with a `reqwest::Client` can
    /// pass it to `GuardBuilder::reqwest_client`.
    ///
    /// The guard calls `fetch` on its own thread, which has a tokio runtime with timer and I/O.
    /// `fetch` sends one request and reads the complete response; a response of any status is `Ok`.
    /// It must not block the thread, and must:
    ///
    /// 1. read at most 64 KiB of body, and return an error for a longer body;
    /// 2. use no proxy: the metadata server refuses requests that came through a proxy, and a proxy
    ///    must not see the token;
    /// 3. follow no redirect;
    /// 4. return an error after about 2 seconds, which include the time to connect.
    ///
    /// The guard never prints the errors, because a client's error may contain the request. A panic
    /// of the client is a failed request, unless the program is built with `panic = "abort"`.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// // For a program that must not open connections of its own. Scopes that would need a request
    /// // are unknown, and no call waits for them.
    /// let builder = Guard::builder().fetch(|_| async { Err("no network here".into()) });
    /// let guard = builder.detect().await;
    /// # }
    /// ```
    pub fn fetch<F, R>(self, fetch: F) -> Self
    where
        F: Fn(Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Response<Bytes>, BoxError>> + Send + 'static,
    {
        self.with_client(fetch)
    }

    /// Sets the HTTP client for the guard's own requests.
    pub(crate) fn with_client(mut self, client: impl Fetch + 'static) -> Self {
        self.fetch = Some(Arc::new(client));
        self
    }

    /// Uses these environment variables instead of the process's variables, for tests and for a
    /// program that acts on behalf of another program.
    ///
    /// ```
    /// use gcp_scopes::{Guard, environment::Platform};
    ///
    /// let guard = Guard::builder().env([("K_SERVICE", "shop")]).build();
    /// assert_eq!(guard.environment().platform(), Platform::CloudRunService);
    /// ```
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let empty = self.snapshot.take().unwrap_or_default();
        self.snapshot = Some(
            variables
                .into_iter()
                .fold(empty, |snapshot, (name, value)| snapshot.with_env(name, value)),
        );
        self
    }

    /// Uses this snapshot instead of the process's environment, and sends no request to detect
    /// where the program runs.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::environment::{Platform, Snapshot};
    ///
    /// let job = Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly");
    /// let guard = Guard::builder().snapshot(job).build();
    /// assert_eq!(guard.environment().platform(), Platform::CloudRunJob);
    /// ```
    pub fn snapshot(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// Sets the credential of a program that does not use the default credential, such as a program
    /// with an OAuth client of its own. The advice of a denial then starts from this credential. It
    /// takes precedence over credential files and the metadata server.
    ///
    /// A program that uses several credentials needs a guard for each of them.
    ///
    /// ```
    /// use gcp_scopes::{Guard, environment::Credential};
    ///
    /// let guard = Guard::builder().credential(Credential::OauthClient).build();
    /// assert_eq!(guard.environment().credential(), Credential::OauthClient);
    /// ```
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Sets the clock of the token cache and of the environment.
    #[cfg(test)]
    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs the guard's requests on the runtime of the test, whose time can be paused.
    #[cfg(test)]
    pub(crate) fn in_test(mut self) -> Self {
        self.background = Background::in_test();
        self
    }

    /// Builds the guard without detecting the environment and without a request to the metadata
    /// server. Everything that is neither set in this builder nor part of a token is unknown.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::environment::Platform;
    ///
    /// let guard = Guard::builder().build();
    /// assert_eq!(guard.environment().platform(), Platform::Unknown);
    /// ```
    #[must_use]
    pub fn build(mut self) -> Guard {
        let uses_tokeninfo = self.uses_tokeninfo(false);
        self.apply_preflight_variable();
        let snapshot = self.snapshot.take().unwrap_or_default();
        let environment = LiveEnvironment::fixed(self.with_credential(snapshot));
        let token_endpoints = self.endpoints.clone();
        self.assemble(environment, uses_tokeninfo, token_endpoints)
    }

    /// Detects the environment from environment variables, credential files and the metadata
    /// server, and builds the guard. Calls to the host in a variable such as
    /// `STORAGE_EMULATOR_HOST` count as calls to the API that the emulator stands for. The guard
    /// attaches no token to them, unless the host is `localhost`, `127.0.0.1` or `[::1]`.
    ///
    /// Never fails, and takes little more than a second. Everything that cannot be detected is
    /// unknown. If the metadata server did not respond in time, the guard queries the server again
    /// when a denial, a self-check or the scopes of a token need the environment.
    pub async fn detect(mut self) -> Guard {
        let uses_tokeninfo = self.uses_tokeninfo(self.snapshot.is_none());
        self.apply_preflight_variable();
        let snapshot = self.snapshot.take().map_or_else(detect::process, detect::with_files);
        let snapshot = self.with_credential(snapshot);
        let token_endpoints;
        (self.endpoints, token_endpoints) = detect::with_emulators(&snapshot, self.endpoints);
        self.fetch = self.fetch.or_else(own_fetch);
        let spawner = self.background.spawner().clone();
        let environment =
            LiveEnvironment::detect(snapshot, self.fetch.clone(), spawner, self.clock()).await;
        let has_no_account = environment.is_vm_without_account();
        let guard = self.assemble(environment, uses_tokeninfo, token_endpoints);
        if has_no_account {
            guard.state().notes.note(SetupNote::NoAccount, None);
        }
        guard
    }

    /// Adds the credential that the program has set.
    fn with_credential(&self, snapshot: Snapshot) -> Snapshot {
        match self.credential {
            Some(credential) => snapshot.with_credential(credential),
            None => snapshot,
        }
    }

    /// Replaces the program's [`Preflight`] by that of the environment variable, if it is set.
    fn apply_preflight_variable(&mut self) {
        let value = match &self.snapshot {
            Some(snapshot) => snapshot.env(Preflight::VARIABLE).map(str::to_owned),
            None => std::env::var(Preflight::VARIABLE).ok(),
        };
        let Some(value) = value.filter(|value| !value.is_empty()) else { return };
        match Preflight::parse(&value) {
            Some(preflight) => self.preflight = preflight,
            None => unusable_variable(Preflight::VARIABLE, "set it to off, warn, confirm or deny"),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    /// Returns whether the guard queries tokeninfo. `by_default` is the result if the program
    /// configured neither tokeninfo nor a universe.
    fn uses_tokeninfo(&self, by_default: bool) -> bool {
        match self.tokeninfo {
            TokeninfoUse::BeforeCalls => true,
            TokeninfoUse::Usual => {
                self.tokeninfo_endpoint.is_some() || (by_default && !self.endpoints.has_universes())
            }
            TokeninfoUse::Never => false,
        }
    }

    /// Returns tokeninfo as a source.
    fn tokeninfo(&self, fetch: Arc<dyn Fetch>) -> StagedSource {
        let is_early = self.tokeninfo == TokeninfoUse::BeforeCalls;
        let stage = if is_early { Stage::BeforeRefusal } else { Stage::AfterRefusal };
        let source = Tokeninfo::new(fetch, self.tokeninfo_endpoint.clone(), Arc::new(SystemClock));
        (GrantSource::Tokeninfo, stage, Arc::new(source))
    }

    /// Creates the guard. The sources of the program and the guard's own sources are put into the
    /// configured order.
    fn assemble(
        self,
        environment: LiveEnvironment,
        uses_tokeninfo: bool,
        token_endpoints: Endpoints,
    ) -> Guard {
        let clock = self.clock();
        let fetch = self.fetch.clone().or_else(own_fetch);
        let metadata = environment.may_have_server().then(|| metadata_source(environment.clone()));
        let tokeninfo = fetch.clone().filter(|_| uses_tokeninfo).map(|fetch| self.tokeninfo(fetch));
        let mut sources = self.sources;
        sources.extend(metadata.into_iter().chain(tokeninfo));
        let rank =
            |kind| self.order.iter().position(|first| *first == kind).unwrap_or(self.order.len());
        // A stable sort: sources that `order` does not name keep their usual order.
        sources.sort_by_key(|(kind, ..)| rank(*kind));
        let sources = sources.into_iter().map(|(_, stage, source)| (stage, source)).collect();
        let spawner = Spawner::for_background(&self.background);
        Guard::new(State {
            preflight: self.preflight,
            delivery: self.delivery,
            endpoints: self.endpoints,
            token_endpoints,
            tokens: TokenCache::new(sources, clock, self.limits, spawner),
            deny_wait: self.deny_wait.unwrap_or(WAIT),
            environment,
            lessons: Lessons::default(),
            fetch,
            recording: OnceLock::new(),
            repeats: Repeats::default(),
            notes: SetupNotes::default(),
            on_denial: self.on_denial,
            recent_denials: RecentDenials::default(),
            background: self.background,
        })
    }
}

/// A source with its kind and the first [`Stage`] at which it is queried.
type StagedSource = (GrantSource, Stage, Arc<dyn DynSource>);

/// Creates the source that queries the metadata server. The query is cheap, so it is sent even
/// before a refusal.
fn metadata_source(environment: LiveEnvironment) -> StagedSource {
    let source = MetadataScopes::new(environment, Arc::new(SystemClock));
    (GrantSource::Metadata, Stage::BeforeRefusal, Arc::new(source))
}

impl Guard {
    /// Creates a guard with default settings after detecting where the program runs and which
    /// credential it uses.
    ///
    /// Detection reads environment variables, credential files and the metadata server. It never
    /// fails, and takes little more than a second. Everything that cannot be detected is unknown
    /// until the guard queries the metadata server again: see [`GuardBuilder::detect`]. Without the
    /// feature `metadata` no request is sent, unless a [client](GuardBuilder::fetch) is set. The
    /// future can be awaited on any executor.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = gcp_scopes::Guard::detect().await; // once, at start
    /// println!(
    ///     "on {} with {}",
    ///     guard.environment().platform(),
    ///     guard.environment().credential().as_str()
    /// );
    /// # Ok(()) }
    /// ```
    pub async fn detect() -> Self {
        Self::builder().detect().await
    }

    /// Returns a builder for a guard with settings. [`GuardBuilder::detect`] builds the guard and
    /// detects where the program runs. [`GuardBuilder::build`] builds a guard that uses only the
    /// catalog, self-signed JWTs and the settings.
    ///
    /// ```
    /// use gcp_scopes::{DenialDelivery, Guard};
    ///
    /// let guard = Guard::builder().denial_delivery(DenialDelivery::Message).build();
    /// ```
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }
}

impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder")
            .field("preflight", &self.preflight)
            .field("delivery", &self.delivery)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Platform;
    use crate::granted::{AccessToken, GrantedScopes};

    /// An HTTP client whose requests fail.
    async fn unreachable(_: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        Err("unreachable".into())
    }

    /// A source that knows no token.
    struct Unreachable;

    impl GrantedScopesSource for Unreachable {
        fn name(&self) -> &str {
            "a source that knows no token"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            None
        }
    }

    #[test]
    fn a_setting_does_not_change_other_settings() {
        type Setting = fn(GuardBuilder) -> GuardBuilder;
        let settings: [(&str, Setting); 14] = [
            ("delivery", |builder| builder.denial_delivery(DenialDelivery::Message)),
            ("endpoint", |builder| {
                builder.endpoint("host.example", "storage.googleapis.com").unwrap()
            }),
            ("universe", |builder| builder.universe("host.example").unwrap()),
            ("source", |builder| builder.source(Unreachable)),
            ("source_order", |builder| builder.source_order([GrantSource::Tokeninfo])),
            ("tokeninfo_before_calls", GuardBuilder::tokeninfo_before_calls),
            ("without_tokeninfo", GuardBuilder::without_tokeninfo),
            ("tokeninfo_endpoint", |builder| {
                builder.tokeninfo_endpoint("https://host.example/").unwrap()
            }),
            ("source_timeout", |builder| builder.source_timeout(Duration::from_secs(1))),
            ("deny_wait", |builder| builder.deny_wait(Duration::from_secs(1))),
            ("remembered_tokens", |builder| builder.remembered_tokens(7)),
            ("fetch", |builder| builder.fetch(unreachable)),
            ("credential", |builder| builder.credential(Credential::UserAdc)),
            ("snapshot", |builder| builder.snapshot(Snapshot::new())),
        ];
        // `env` sets the platform, and only `snapshot` replaces the environment.
        for (name, set) in settings {
            let builder =
                set(Guard::builder().preflight(Preflight::Off).env([("K_SERVICE", "shop")]));
            assert_eq!(builder.preflight, Preflight::Off, "{name}");
            let built = builder.build();
            assert_eq!(
                built.environment().platform() == Platform::Unknown,
                name == "snapshot",
                "{name}"
            );
        }
        assert_eq!(
            Guard::builder()
                .denial_delivery(DenialDelivery::Message)
                .env([("UNRELATED", "1")])
                .delivery,
            DenialDelivery::Message
        );
    }

    #[test]
    fn tokens_of_another_universe_are_not_sent_to_google() {
        let uses = |builder: GuardBuilder| builder.uses_tokeninfo(true);
        // `s3nsapis.fr` is the domain of S3NS, a universe of Google Cloud in France.
        let other_universe = || Guard::builder().universe("s3nsapis.fr").unwrap();
        assert!(uses(Guard::builder()));
        assert!(!uses(other_universe()));
        assert!(uses(
            other_universe().tokeninfo_endpoint("https://oauth2.s3nsapis.fr/tokeninfo").unwrap()
        ));
    }

    #[test]
    fn a_fixed_environment_disables_tokeninfo_by_default() {
        let uses = |builder: GuardBuilder| builder.uses_tokeninfo(false);
        let endpoint = || Guard::builder().tokeninfo_endpoint("https://host.example/").unwrap();
        assert!(!uses(Guard::builder()));
        assert!(uses(Guard::builder().tokeninfo_before_calls()));
        assert!(uses(endpoint()));
        assert!(!uses(endpoint().without_tokeninfo()));
    }

    #[test]
    fn a_self_check_uses_the_guards_fetch() {
        assert!(Guard::builder().fetch(unreachable).build().state().fetch.is_some());
    }

    #[tokio::test]
    async fn a_self_check_reports_that_the_metadata_server_is_unreachable() {
        // No variable names a credential, so detection queries the metadata server.
        let guard = Guard::builder().env([("UNRELATED", "1")]).fetch(unreachable).detect().await;
        let report =
            guard.self_check().needs("pubsub.projects.topics.publish").run().await.to_string();
        let words: Vec<_> = report.split_whitespace().collect();
        let why = "no credential was found here: the metadata server";
        assert!(words.join(" ").contains(why), "{report}");
    }

    #[test]
    fn debug_output_contains_the_settings() {
        let builder = Guard::builder().preflight(Preflight::Warn).env([("K_SERVICE", "shop")]);
        let builder = builder.endpoint("host.example", "storage.googleapis.com").unwrap();
        let text = format!("{builder:?}");
        assert!(text.contains("Warn") && text.contains("host.example"), "{text}");
        let text = format!("{:?}", builder.build());
        assert!(text.contains("Warn") && text.contains("shop"), "{text}");
    }

    #[test]
    fn any_cache_size_is_accepted() {
        for size in [0, 1, MAX_TOKENS + 1, usize::MAX] {
            let _ = Guard::builder().remembered_tokens(size).build();
        }
    }
}
