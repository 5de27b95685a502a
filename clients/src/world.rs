//! Where a case takes place: a fake Google of its own, a token, and a guard.

use std::time::Duration;

use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::guard::Surface;
use gcp_scopes::{Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RecordedRequest, Vm};
use http::Version;

use crate::kind::{Api, BoxError, Kind};

/// How long a guard may wait for what it wants to know. On a busy machine no case must fail for a
/// deadline that it does not test.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the token of a world holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// The scope of the API.
    Enough,
    /// A scope that the catalog knows and no operation accepts.
    Another,
}

/// A fake Google, and who calls it.
pub(crate) struct World {
    google: FakeGoogle,
    api: Api,
    version: Version,
    surface: Surface,
    scope: &'static str,
}

impl World {
    /// The project that everything is in.
    pub(crate) const PROJECT: &'static str = "my-project";
    /// A bucket in which the token's account may do anything.
    pub(crate) const BUCKET: &'static str = "photos";
    /// A small object that is there.
    pub(crate) const OBJECT: &'static str = "cat.jpg";
    /// A large object that is there, [`World::content`].
    pub(crate) const LARGE: &'static str = "film.mkv";
    /// The name of the object to be written.
    pub(crate) const NEW: &'static str = "new.bin";

    /// A world for one client, in which this version of HTTP is spoken.
    pub(crate) async fn start(kind: &dyn Kind, held: Held, version: Version) -> Result<Self, BoxError> {
        let (api, surface) = (kind.api(), kind.surface());
        let scope = if held == Held::Enough { api.scope } else { "logging.write" };
        let google = FakeGoogle::builder()
            .project(Self::PROJECT, 123_456_789_012)
            .vm(Vm::new("web-1").scopes([scope]))
            .bucket(Self::BUCKET)
            .iam(Self::BUCKET, ACCOUNT, "roles/storage.admin")
            .start()
            .await?;
        google.put_object(Self::BUCKET, Self::OBJECT, "meow");
        kind.prepare(&google);
        // The only line that may hold it, for the test that looks for it in all others.
        tracing::trace!(target: "clients::token", token = %google.token());
        Ok(Self { google, api, version, surface, scope })
    }

    /// The version of HTTP that the client is to speak; HTTP/2 without TLS begins at once ("prior
    /// knowledge").
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// `http://127.0.0.1:PORT` in the place of the API's host.
    pub(crate) fn url(&self) -> String {
        self.google.url_of(self.api.service)
    }

    /// The token that the client is to use: that of the VM.
    pub(crate) fn token(&self) -> String {
        self.google.token()
    }

    pub(crate) fn google(&self) -> &FakeGoogle {
        &self.google
    }

    pub(crate) fn api(&self) -> Api {
        self.api
    }

    /// Two MiB in which every byte has its place.
    pub(crate) fn content() -> Bytes {
        (0..2 * 1024 * 1024_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    /// The HTTP client that the user of a client on top of reqwest gives it.
    pub(crate) fn reqwest(&self) -> reqwest::ClientBuilder {
        match self.version {
            Version::HTTP_2 => reqwest::Client::builder().http2_prior_knowledge(),
            _ => reqwest::Client::builder().http1_only(),
        }
    }

    /// A guard that runs on the world's VM and knows what its token holds, so that no case depends on how
    /// fast the metadata server answers.
    pub(crate) async fn guard(&self, preflight: Preflight) -> Result<Guard, BoxError> {
        let guard = Guard::builder()
            .env(self.google.env())
            .endpoint(self.url(), self.api.host)?
            .preflight(preflight)
            .surface(self.surface)
            .deny_wait(PATIENCE)
            .no_tokeninfo();
        let guard = guard.from_env().await;
        let scopes = ScopeSet::from_iter([self.scope.parse()?]);
        let token = self.token();
        let token = AccessToken::new(&token).ok_or("the token is one")?;
        guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
        Ok(guard)
    }

    /// The requests that reached the API.
    pub(crate) fn sent(&self) -> Vec<RecordedRequest> {
        let requests = self.google.requests().into_iter();
        requests.filter(|request| request.service() == self.api.service).collect()
    }
}

/// The service account of the VM that [`FakeGoogle`] makes by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
