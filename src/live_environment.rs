//! Where the program runs, as far as the guard knows.
//!
//! A metadata server may start later than the program, or respond too late for the detection at the
//! start. What the server did not report is unknown. The server is queried again when a denial, a
//! self-check or the scopes of a token need the environment. There is a pause between two queries,
//! which doubles with each failure in a row.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::background::Spawner;
use crate::detect::{self, AT_START, DetectionLimits, LATER, NO_ANSWER};
use crate::environment::{Credential, Environment, Platform, Snapshot};
use crate::granted::clock::Clock;
use crate::granted::fetch::Fetch;
use crate::granted::metadata::{FindServer, MetadataServer};

/// The pause after the detection at the start, as long as the first pause after a failed inspection
/// of a token.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause. It limits how long an environment stays unknown after the server has started.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The environment of the program. Clones share their content.
#[derive(Clone)]
pub(crate) struct LiveEnvironment(Arc<LiveState>);

/// The content that the clones of an environment share.
struct LiveState {
    known: ArcSwap<Known>,
    /// `None` if no server is queried.
    detector: Option<Detector>,
}

/// What the guard knows after a query.
struct Known {
    snapshot: Snapshot,
    environment: Arc<Environment>,
    /// Whether the server was silent, as on a network that drops packets, and has not responded
    /// since.
    is_silent: bool,
}

/// Queries the metadata server.
struct Detector {
    server: MetadataServer,
    /// The snapshot without values of the metadata server.
    base: Snapshot,
    spawner: Spawner,
    clock: Arc<dyn Clock>,
    /// Locked while a query runs.
    next: Arc<Mutex<NextQuery>>,
}

/// When the next query may begin.
struct NextQuery {
    not_before: Instant,
    /// The pause after the next query.
    pause: Duration,
}

impl Known {
    fn from_snapshot(snapshot: Snapshot) -> Self {
        let environment = Arc::new(Environment::from_snapshot(&snapshot));
        let is_silent = !snapshot.has_metadata() && snapshot.metadata_problem() == Some(NO_ANSWER);
        Self { snapshot, environment, is_silent }
    }

    /// Returns why the metadata server did not report everything, or `None` if it did.
    fn problem(&self) -> Option<&str> {
        self.snapshot.metadata_problem()
    }

    fn is_platform_known(&self) -> bool {
        self.environment.platform() != Platform::Unknown
    }
}

impl LiveEnvironment {
    /// Creates an environment that does not change.
    pub(crate) fn fixed(snapshot: Snapshot) -> Self {
        Self(Arc::new(LiveState {
            known: ArcSwap::from_pointee(Known::from_snapshot(snapshot)),
            detector: None,
        }))
    }

    /// Detects the environment at the start of the program. `base` is the snapshot without values
    /// of the metadata server.
    pub(crate) async fn detect(
        base: Snapshot,
        fetch: Option<Arc<dyn Fetch>>,
        spawner: Spawner,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let server = match fetch.map(|fetch| detect::metadata_server(&base, fetch)).transpose() {
            Ok(server) => server.flatten(),
            Err(error) => return Self::fixed(base.with_metadata_problem(error.to_string())),
        };
        let Some(server) = server else { return Self::fixed(base) };
        let next = NextQuery { not_before: clock.now() + FIRST_PAUSE, pause: 2 * FIRST_PAUSE };
        let detector = Detector { server, base, spawner, clock, next: Arc::new(Mutex::new(next)) };
        let known = ArcSwap::from_pointee(Known::from_snapshot(detector.query(AT_START).await));
        Self(Arc::new(LiveState { known, detector: Some(detector) }))
    }

    /// Returns the environment.
    pub(crate) fn environment(&self) -> Arc<Environment> {
        Arc::clone(&self.0.known.load().environment)
    }

    /// Returns whether the program runs on a VM whose metadata server reported everything but the
    /// scopes of a service account. Such a server has no token, either.
    pub(crate) fn is_vm_without_account(&self) -> bool {
        let known = self.0.known.load();
        let environment = &known.environment;
        environment.platform() == Platform::ComputeEngine
            && environment.credential() == Credential::MetadataServer
            && environment.scopes().is_none()
            && self.0.detector.is_some()
            && known.problem().is_none()
    }

    /// Returns why the metadata server did not report everything, or `None` if it did or was not
    /// queried.
    pub(crate) fn problem(&self) -> Option<String> {
        self.0.known.load().problem().map(str::to_owned)
    }

    /// Returns the metadata server. Returns `None` if the platform is unknown, so that new tokens
    /// cause no requests to a server that may not exist.
    pub(crate) fn server(&self) -> Option<MetadataServer> {
        let detector = self.0.detector.as_ref().filter(|_| self.0.known.load().is_platform_known());
        detector.map(|detector| detector.server.clone())
    }

    /// Returns whether the program has a metadata server, or may have one that has not responded
    /// yet.
    pub(crate) fn may_have_server(&self) -> bool {
        let known = self.0.known.load();
        self.0.detector.is_some() && (known.is_platform_known() || known.problem().is_some())
    }

    /// Queries the metadata server again in the background, if something is unknown and the pause
    /// is over.
    ///
    /// The returned future waits for the end of the query, also of a query that was already
    /// running. It does not wait for a [silent](Known::is_silent) server, because on a machine that
    /// does not belong to Google, no wait would lead to a response.
    pub(crate) fn query_again(&self) -> impl Future<Output = ()> + Send + 'static {
        // The query begins here, because a denial drops the future without polling it.
        let next = self.begin_query().filter(|_| !self.0.known.load().is_silent);
        async {
            if let Some(next) = next {
                drop(next.lock().await);
            }
        }
    }

    /// Begins a query if something is unknown and the pause is over. Returns the lock that a
    /// running query holds.
    fn begin_query(&self) -> Option<Arc<Mutex<NextQuery>>> {
        self.0.known.load().problem()?;
        let detector = self.0.detector.as_ref()?;
        let next = Arc::clone(&detector.next).try_lock_owned().ok();
        if let Some(next) = next.filter(|next| detector.clock.now() >= next.not_before) {
            let inner = Arc::clone(&self.0);
            detector.spawner.spawn(async move { inner.run_query(next).await });
        }
        Some(Arc::clone(&detector.next))
    }
}

impl LiveState {
    /// Queries the metadata server, adds its values to what is known, and sets when the next query
    /// may begin.
    async fn run_query(&self, mut next: OwnedMutexGuard<NextQuery>) {
        let Some(detector) = &self.detector else { return };
        let (found, known) = (detector.query(LATER).await, self.known.load());
        let mut found = Known::from_snapshot(with_earlier_values(found, &known.snapshot));
        // The guard's client stops connecting before the time limit of the query. So if the server
        // is still silent, the problem of the snapshot is not `NO_ANSWER` here.
        found.is_silent |= known.is_silent && !found.snapshot.has_metadata();
        next.not_before = detector.clock.now() + next.pause;
        next.pause = (2 * next.pause).min(MAX_PAUSE);
        self.known.store(Arc::new(found));
    }
}

impl Detector {
    async fn query(&self, limits: DetectionLimits) -> Snapshot {
        let (base, server) = (self.base.clone(), self.server.clone());
        detect::with_metadata(&self.spawner, base, server, limits).await
    }
}

/// Adds the values that an earlier query read and the last query did not. So values stay known if
/// the server stops responding in the middle of a query.
fn with_earlier_values(found: Snapshot, earlier: &Snapshot) -> Snapshot {
    let paths = Snapshot::metadata_rounds().concat().into_iter();
    paths.fold(found, |found, path| match earlier.metadata(path) {
        Some(text) if found.metadata(path).is_none() => found.with_metadata(path, text),
        _ => found,
    })
}

impl FindServer for LiveEnvironment {
    async fn find(&self) -> Result<(MetadataServer, Platform), String> {
        self.query_again().await;
        let unknown = || self.problem().unwrap_or_else(|| NO_PLATFORM.to_owned());
        self.server().map(|server| (server, self.environment().platform())).ok_or_else(unknown)
    }
}

/// Why there is no server to query if the server reported everything except the platform.
const NO_PLATFORM: &str = "the metadata server does not show where the program runs";

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::task::{Context, Waker};

    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::background::Background;
    use crate::granted::clock::tests::ManualClock;
    use crate::granted::fetch::BoxedResponse;
    use crate::granted::fetch::tests::answer;

    // The states of an `UnsteadyServer`.
    /// Refuses connections.
    const DOWN: u8 = 0;
    /// Never responds.
    const SILENT: u8 = 1;
    /// Only the name of the VM is missing.
    const PARTIAL: u8 = 2;
    /// Responds to every request.
    const UP: u8 = 3;
    /// Only the zone is missing.
    const WITHOUT_ZONE: u8 = 4;

    /// A metadata server in a state that the test sets. Counts the requests.
    #[derive(Default)]
    struct UnsteadyServer {
        state: AtomicU8,
        requests: AtomicU8,
    }

    impl Fetch for Arc<UnsteadyServer> {
        fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
            self.requests.fetch_add(1, Ordering::SeqCst);
            let path = request.uri().path().trim_start_matches("/computeMetadata/v1/");
            let response = match (self.state.load(Ordering::SeqCst), path) {
                (DOWN, _) => Err("connection refused".into()),
                (SILENT, _) | (PARTIAL, "instance/name") | (WITHOUT_ZONE, "instance/zone") => {
                    return Box::pin(std::future::pending());
                }
                (_, "instance/zone") => Ok(answer(200, "projects/1/zones/us-central1-a")),
                (_, "instance/name") => Ok(answer(200, "web-1")),
                (_, "project/project-id") => Ok(answer(200, "my-project")),
                _ => Ok(answer(404, "")),
            };
            Box::pin(std::future::ready(response))
        }
    }

    /// An environment whose server and clock the test controls.
    struct LiveSetup {
        server: Arc<UnsteadyServer>,
        clock: Arc<ManualClock>,
        live: LiveEnvironment,
        _background: Background,
    }

    impl LiveSetup {
        /// Detects the environment while the server is in `state`.
        async fn detect(state: u8) -> Self {
            let (server, clock) =
                (Arc::new(UnsteadyServer::default()), Arc::new(ManualClock::new()));
            server.state.store(state, Ordering::SeqCst);
            let background = Background::in_test();
            let (fetch, spawner) = (Arc::new(Arc::clone(&server)), background.spawner().clone());
            let clock_of_guard = Arc::clone(&clock) as _;
            let live =
                LiveEnvironment::detect(Snapshot::new(), Some(fetch), spawner, clock_of_guard)
                    .await;
            Self { server, clock, live, _background: background }
        }

        /// Lets `pause` pass, and then queries the server again if it is due. Returns the platform
        /// and the zone that are then known.
        async fn query_after(&self, pause: Duration, state: u8) -> (Platform, Option<String>) {
            self.server.state.store(state, Ordering::SeqCst);
            self.clock.advance(pause);
            self.live.query_again().await;
            // The future of `query_again` does not wait for a silent server.
            self.wait_for_query().await;
            let environment = self.live.environment();
            (environment.platform(), environment.zone().map(str::to_owned))
        }

        /// Waits for the end of a running query, which holds the lock.
        async fn wait_for_query(&self) {
            drop(self.live.0.detector.as_ref().unwrap().next.lock().await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_server_is_queried_again_after_pauses_that_double() {
        let setup = LiveSetup::detect(DOWN).await;
        assert!(setup.live.server().is_none() && setup.live.may_have_server());
        assert!(setup.live.problem().unwrap().contains("could not be reached"));
        let just_before = |pause: Duration| pause - Duration::from_millis(1);
        let mut pause = FIRST_PAUSE;
        for _ in 0..10 {
            let before = setup.server.requests.load(Ordering::SeqCst);
            setup.query_after(just_before(pause), DOWN).await;
            assert_eq!(setup.server.requests.load(Ordering::SeqCst), before, "{pause:?}");
            setup.query_after(Duration::from_millis(1), DOWN).await;
            assert_eq!(setup.server.requests.load(Ordering::SeqCst), before + 1, "{pause:?}");
            pause = (2 * pause).min(MAX_PAUSE);
        }
        let (platform, _) = setup.query_after(MAX_PAUSE, UP).await;
        assert_eq!(platform, Platform::ComputeEngine);
        assert!(setup.live.problem().is_none() && setup.live.server().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_environment_is_not_queried_again() {
        let setup = LiveSetup::detect(UP).await;
        let before = setup.server.requests.load(Ordering::SeqCst);
        let (platform, _) = setup.query_after(2 * MAX_PAUSE, DOWN).await;
        assert_eq!(platform, Platform::ComputeEngine);
        assert_eq!(setup.server.requests.load(Ordering::SeqCst), before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_that_finds_less_changes_nothing() {
        let setup = LiveSetup::detect(PARTIAL).await;
        let zone = Some("us-central1-a".to_owned());
        assert_eq!(setup.query_after(FIRST_PAUSE, DOWN).await, (Platform::Unknown, zone.clone()));
        assert_eq!(setup.query_after(2 * FIRST_PAUSE, UP).await, (Platform::ComputeEngine, zone));
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_adds_to_what_earlier_queries_read() {
        let setup = LiveSetup::detect(PARTIAL).await;
        let known = |path| setup.live.0.known.load().snapshot.metadata(path).map(str::to_owned);
        let names = || (known("instance/name"), known("instance/zone").is_some());
        assert_eq!(names(), (None, true));
        setup.query_after(FIRST_PAUSE, WITHOUT_ZONE).await;
        assert_eq!(names(), (Some("web-1".to_owned()), true));
        assert!(setup.live.problem().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_a_silent_server() {
        let setup = LiveSetup::detect(SILENT).await;
        setup.clock.advance(FIRST_PAUSE);
        let is_ready = || {
            let mut query = pin!(setup.live.query_again());
            query.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert!(is_ready());
        // The second query ends with an error instead of the limit.
        setup.query_after(Duration::ZERO, DOWN).await;
        setup.clock.advance(2 * FIRST_PAUSE);
        assert!(is_ready());
        let (platform, _) = setup.query_after(4 * FIRST_PAUSE, UP).await;
        assert_eq!(platform, Platform::ComputeEngine);
    }

    #[tokio::test(start_paused = true)]
    async fn many_denials_cause_one_query() {
        let setup = LiveSetup::detect(SILENT).await;
        setup.clock.advance(FIRST_PAUSE);
        // Each denial requests a query.
        (0..1000).for_each(|_| drop(setup.live.query_again()));
        setup.wait_for_query().await;
        assert_eq!(setup.server.requests.load(Ordering::SeqCst), 2, "one at the start, one later");
    }
}
