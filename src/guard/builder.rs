use std::fmt;
use std::sync::Arc;

use super::{Guard, Inner, Preflight, Surface};
use crate::catalog::Endpoints;
use crate::environment::{Environment, Platform, Snapshot};
use crate::error::Error;
use crate::granted::cache::Stage;
use crate::granted::clock::SystemClock;
use crate::granted::flight::{Grants, Limits};
use crate::granted::metadata::{MetadataScopes, MetadataServer};
use crate::granted::{Fetch, GrantedScopesSource};

/// Sets up a [`Guard`]. Made by [`Guard::builder`].
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// let guard = Guard::builder()
///     .preflight(Preflight::Deny)
///     .endpoint("http://127.0.0.1:4443", "storage.googleapis.com")? // an emulator of Cloud Storage
///     .build();
/// # Ok::<(), gcp_scopes::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct GuardBuilder {
    preflight: Preflight,
    surface: Surface,
    endpoints: Endpoints,
    sources: Vec<Arc<dyn GrantedScopesSource>>,
    fetch: Option<Arc<dyn Fetch>>,
    world: Option<Snapshot>,
}

impl GuardBuilder {
    /// What happens before a call whose token lacks the scope. Default: [`Preflight::Warn`].
    pub fn preflight(mut self, preflight: Preflight) -> Self {
        self.preflight = preflight;
        self
    }

    /// How a refusal reaches the caller. Default: [`Surface::Error`].
    pub fn surface(mut self, surface: Surface) -> Self {
        self.surface = surface;
        self
    }

    /// Treats a host, `host:port` or URL without a path as a Google API host: an emulator, a proxy,
    /// a private endpoint with a name of its own.
    ///
    /// # Errors
    /// `from` is no host, or `to` is no API host of Google's; the message names it.
    pub fn endpoint(mut self, from: impl AsRef<str>, to: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.endpoint(from.as_ref(), to)?;
        Ok(self)
    }

    /// Treats `SERVICE.domain` as `SERVICE.googleapis.com`: another universe of Google Cloud.
    ///
    /// # Errors
    /// `domain` is not a bare domain name; the message names it.
    pub fn universe(mut self, domain: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.universe(domain)?;
        Ok(self)
    }

    /// Asks this source for the scopes of a token, before the metadata server and in the order in
    /// which sources are given.
    pub fn source(mut self, source: impl GrantedScopesSource + 'static) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    /// Asks the metadata server through this client. Default: a reqwest client of its own with the
    /// feature `reqwest`, and nobody without it.
    pub fn fetch(mut self, fetch: impl Fetch + 'static) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Uses these environment variables instead of the process's: for tests, and for a program that
    /// acts for another.
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let empty = self.world.take().unwrap_or_default();
        self.world =
            Some(variables.into_iter().fold(empty, |world, (name, value)| world.with_env(name, value)));
        self
    }

    /// Uses this snapshot of the world, and asks no server where the program runs.
    pub fn snapshot(mut self, snapshot: Snapshot) -> Self {
        self.world = Some(snapshot);
        self
    }

    /// The guard, without a look at the world: what neither the builder nor a token says itself is
    /// unknown.
    #[must_use]
    pub fn build(self) -> Guard {
        let environment = Environment::of(&self.world.clone().unwrap_or_default());
        self.assemble(environment, None)
    }

    /// The guard, after a look at environment variables, credential files and the metadata server.
    ///
    /// Never fails, and takes little more than a second: what it cannot learn is unknown.
    pub async fn from_env(mut self) -> Guard {
        let fetch = self.fetch.take().or_else(default_fetch);
        let world = match self.world.take() {
            Some(world) => world.completed(fetch.clone()).await,
            None => Snapshot::take(fetch.clone()).await,
        };
        let environment = Environment::of(&world);
        let metadata = fetch.and_then(|fetch| metadata_source(&world, &environment, fetch));
        self.assemble(environment, metadata)
    }

    fn assemble(self, environment: Environment, metadata: Option<Arc<dyn GrantedScopesSource>>) -> Guard {
        let sources = self.sources.into_iter().chain(metadata).map(|source| (Stage::Ahead, source)).collect();
        Guard(Arc::new(Inner {
            preflight: self.preflight,
            surface: self.surface,
            endpoints: self.endpoints,
            grants: Grants::new(sources, Arc::new(SystemClock), Limits::default(), |_| ()),
            environment: Arc::new(environment),
        }))
    }
}

/// Where there is no metadata server, none is asked about every new token.
fn metadata_source(
    world: &Snapshot,
    environment: &Environment,
    fetch: Arc<dyn Fetch>,
) -> Option<Arc<dyn GrantedScopesSource>> {
    if environment.platform() == Platform::Unknown {
        return None;
    }
    let server = MetadataServer::new(fetch, world.metadata_host()?).ok()?;
    Some(Arc::new(MetadataScopes::new(server, environment.platform(), Arc::new(SystemClock))))
}

#[cfg(feature = "reqwest")]
fn default_fetch() -> Option<Arc<dyn Fetch>> {
    Some(Arc::new(crate::granted::ReqwestFetch::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_fetch() -> Option<Arc<dyn Fetch>> {
    None
}

impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder")
            .field("preflight", &self.preflight)
            .field("surface", &self.surface)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
