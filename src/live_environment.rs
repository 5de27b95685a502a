//! Where the program runs, as far as is known by now.
//!
//! A metadata server may answer later than a program starts, or too late for the first look. What it did not
//! answer is unknown until a denial, a self-check or a token needs it: then it is queried again, with pauses that
//! double.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::background::Spawner;
use crate::detect;
use crate::environment::{Environment, Platform, Snapshot};
use crate::granted::clock::Clock;
use crate::granted::fetch::DynFetch;
use crate::granted::metadata::MetadataServer;

/// Between the first look and the second.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The environment, and how it is looked at again.
pub(crate) struct LiveEnvironment {
    known: RwLock<Known>,
    /// `None` where no server is queried.
    server: Option<Server>,
}

/// What a look takes.
struct Server {
    /// Everything but the answers of the metadata server.
    base: Snapshot,
    fetch: Arc<dyn DynFetch>,
    spawner: Spawner,
    clock: Arc<dyn Clock>,
    next: Mutex<NextLook>,
}

/// When the next look is due, and how long after it the one that follows.
struct NextLook {
    due: Instant,
    pause: Duration,
}

/// What is known after one look.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) environment: Arc<Environment>,
    /// The metadata server, where there is one.
    pub(crate) metadata: Option<MetadataServer>,
    /// Why the metadata server did not answer, or not everything.
    pub(crate) problem: Option<String>,
}

impl Known {
    fn from_snapshot(snapshot: &Snapshot, fetch: Option<Arc<dyn DynFetch>>) -> Self {
        let environment = Environment::from_snapshot(snapshot);
        // Where the program runs on no platform of Google's, no metadata server is queried for every new token.
        let is_known = environment.platform() != Platform::Unknown;
        let host = snapshot.metadata_host().filter(|_| is_known);
        let metadata = fetch.zip(host).and_then(|(fetch, host)| MetadataServer::new(fetch, host).ok());
        let problem = snapshot.metadata_problem().map(str::to_owned);
        Self { environment: Arc::new(environment), metadata, problem }
    }
}

impl LiveEnvironment {
    /// An environment that is never looked at again.
    pub(crate) fn fixed(snapshot: &Snapshot) -> Self {
        Self { known: RwLock::new(Known::from_snapshot(snapshot, None)), server: None }
    }

    /// Queries the metadata server for the first time.
    pub(crate) async fn look(
        base: Snapshot,
        fetch: Arc<dyn DynFetch>,
        spawner: Spawner,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let next = Mutex::new(NextLook { due: clock.now() + FIRST_PAUSE, pause: 2 * FIRST_PAUSE });
        let server = Server { base, fetch, spawner, clock, next };
        Self { known: RwLock::new(server.look().await), server: Some(server) }
    }

    /// What is known now.
    pub(crate) fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Queries the metadata server again, if something is unknown and the pause is over.
    pub(crate) async fn look_again(&self) {
        if let Some(server) = self.unanswered().filter(|server| server.begin_if_due()) {
            self.replace(server.look().await);
        }
    }

    /// Begins [`look_again`](Self::look_again), and does not wait for it.
    pub(crate) fn begin_look_again(self: &Arc<Self>) {
        if let Some(server) = self.unanswered().filter(|server| server.is_due()) {
            let environment = Arc::clone(self);
            server.spawner.spawn(async move { environment.look_again().await });
        }
    }

    /// The server, if there is something that it did not answer.
    fn unanswered(&self) -> Option<&Server> {
        self.server.as_ref().filter(|_| self.known().problem.is_some())
    }

    /// A look that saw less than the one before changes nothing.
    fn replace(&self, seen: Known) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if seen.problem.is_none() || known.metadata.is_none() {
            *known = seen;
        }
    }
}

impl Server {
    async fn look(&self) -> Known {
        let fetch = Arc::clone(&self.fetch);
        let snapshot = detect::with_metadata(&self.spawner, self.base.clone(), fetch).await;
        Known::from_snapshot(&snapshot, Some(Arc::clone(&self.fetch)))
    }

    fn is_due(&self) -> bool {
        self.next().due <= self.clock.now()
    }

    /// Lets one caller begin a look that is due.
    fn begin_if_due(&self) -> bool {
        let (now, mut next) = (self.clock.now(), self.next());
        if now < next.due {
            return false;
        }
        let pause = next.pause;
        *next = NextLook { due: now + pause, pause: (2 * pause).min(LONGEST_PAUSE) };
        true
    }

    fn next(&self) -> MutexGuard<'_, NextLook> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LiveEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known().environment.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use bytes::Bytes;
    use http::{Request, Response};

    use super::*;
    use crate::background::Background;
    use crate::error::BoxError;
    use crate::granted::Fetch;
    use crate::granted::clock::tests::ManualClock;
    use crate::granted::fetch::tests::answer;

    /// A metadata server of a VM that does not answer until it is up.
    struct LateServer(Arc<AtomicBool>);

    impl Fetch for LateServer {
        async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
            if !self.0.load(Ordering::SeqCst) {
                return Err("connection refused".into());
            }
            Ok(match request.uri().path().trim_start_matches("/computeMetadata/v1/") {
                "instance/zone" => answer(200, "projects/1/zones/us-central1-a"),
                "instance/name" => answer(200, "web-1"),
                "project/project-id" => answer(200, "my-project"),
                _ => answer(404, ""),
            })
        }
    }

    #[tokio::test]
    async fn a_server_that_comes_up_late_is_seen_after_a_pause_that_doubles() {
        let (is_up, clock) = (Arc::new(AtomicBool::new(false)), Arc::new(ManualClock::new()));
        let (background, fetch) = (Background::here(), Arc::new(LateServer(Arc::clone(&is_up))));
        let spawner = background.spawner().clone();
        let live = LiveEnvironment::look(Snapshot::new(), fetch, spawner, Arc::clone(&clock) as _).await;
        let platform = || live.known().environment.platform();
        assert_eq!(platform(), Platform::Unknown);
        assert!(live.known().problem.is_some());
        clock.advance(FIRST_PAUSE);
        live.look_again().await;
        is_up.store(true, Ordering::SeqCst);
        clock.advance(FIRST_PAUSE);
        live.look_again().await;
        assert_eq!(platform(), Platform::Unknown, "the second pause is longer");
        clock.advance(FIRST_PAUSE);
        live.look_again().await;
        assert_eq!(platform(), Platform::ComputeEngine);
        assert!(live.known().problem.is_none() && live.known().metadata.is_some());
    }

    #[tokio::test]
    async fn what_was_once_known_stays_if_the_server_goes_away() {
        let is_up = Arc::new(AtomicBool::new(true));
        let (background, fetch) = (Background::here(), Arc::new(LateServer(Arc::clone(&is_up))));
        let (spawner, clock) = (background.spawner().clone(), Arc::new(ManualClock::new()));
        let live = LiveEnvironment::look(Snapshot::new(), fetch, spawner, Arc::clone(&clock) as _).await;
        is_up.store(false, Ordering::SeqCst);
        clock.advance(LONGEST_PAUSE);
        live.look_again().await;
        assert_eq!(live.known().environment.platform(), Platform::ComputeEngine);
    }
}
