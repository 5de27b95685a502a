//! Where a scenario takes place: a fake Google of its own, and a token.

use std::io;

use bytes::Bytes;
use http::Version;

use super::api::TestedApi;
use crate::fake::FakeGoogle;
use crate::recorded::RecordedRequest;
use crate::scope;
use crate::vm::Vm;

/// A fake Google, and the token of the one who calls it.
#[derive(Debug)]
pub struct Scene {
    google: FakeGoogle,
    api: TestedApi,
    version: Version,
    scope: &'static str,
}

/// What the token of a scene holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// The scope of the API.
    Enough,
    /// A scope that every catalog knows and no operation accepts.
    Another,
}

impl Scene {
    /// The project that everything is in.
    pub const PROJECT: &'static str = "my-project";
    /// A bucket in which the token's account may do anything.
    pub const BUCKET: &'static str = "photos";
    /// A small object that is there.
    pub const OBJECT: &'static str = "cat.jpg";
    /// A large object that is there in [`Operation::Download`](super::Operation::Download):
    /// [`Scene::content`].
    pub const LARGE: &'static str = "film.mkv";
    /// The name of the object to be written.
    pub const NEW: &'static str = "new.bin";

    pub(super) async fn start(api: TestedApi, held: Held, version: Version) -> io::Result<Self> {
        let scope = if held == Held::Enough { api.scope } else { "logging.write" };
        let google = FakeGoogle::builder()
            .project(Self::PROJECT, 123_456_789_012)
            .vm(Vm::new("web-1").scopes([scope]))
            .bucket(Self::BUCKET)
            .iam(Self::BUCKET, ACCOUNT, "roles/storage.admin")
            .start()
            .await?;
        google.put_object(Self::BUCKET, Self::OBJECT, "meow");
        Ok(Self { google, api, version, scope })
    }

    /// The fake itself: its [environment variables](FakeGoogle::env) are for the guard.
    #[must_use]
    pub fn google(&self) -> &FakeGoogle {
        &self.google
    }

    /// The API that is called.
    #[must_use]
    pub fn api(&self) -> TestedApi {
        self.api
    }

    /// The version of HTTP that the client is to speak; HTTP/2 without TLS begins at once ("prior
    /// knowledge"). gRPC is HTTP/2 always.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// `http://127.0.0.1:PORT` in the place of the API's host.
    #[must_use]
    pub fn url(&self) -> String {
        self.google.url_of(self.api.service)
    }

    /// The token that the client is to use: that of the VM.
    #[must_use]
    pub fn token(&self) -> String {
        self.google.token()
    }

    /// The URI of the one scope that the token holds. A guard for which it is declared does not
    /// depend on how fast the metadata server answers.
    #[must_use]
    pub fn scope(&self) -> String {
        scope::uri(self.scope)
    }

    /// What is uploaded and downloaded: two MiB in which every byte has its place.
    #[must_use]
    pub fn content() -> Bytes {
        let size = 2 * 1024 * 1024_u32;
        (0..size).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    /// The requests that reached the API.
    #[must_use]
    pub fn sent(&self) -> Vec<RecordedRequest> {
        let requests = self.google.requests().into_iter();
        requests.filter(|request| request.service() == self.api.service).collect()
    }
}

/// The service account of the VM that the fake makes by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
