//! The environment of a scenario: a fake Google and a token.

use std::io;

use bytes::Bytes;
use http::Version;

use super::api::TestedApi;
use crate::fake::FakeGoogle;
use crate::recorded::RecordedRequest;
use crate::scope;
use crate::vm::Vm;

/// The environment of a scenario: a fake Google that only this scenario uses, and the token that
/// the client sends.
#[derive(Debug)]
pub struct Scene {
    google: FakeGoogle,
    api: TestedApi,
    version: Version,
    scope: &'static str,
}

/// The scope of the token in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenScope {
    /// The scope of [`TestedApi::scope`], which every operation accepts.
    Accepted,
    /// `logging.write`, which no operation accepts. It is a scope of Google Cloud, because a guard
    /// may give no verdict on a token with a scope that the guard does not know.
    Unrelated,
}

impl Scene {
    /// The project of all resources.
    pub const PROJECT: &'static str = "my-project";
    /// A bucket. The token's account has every IAM permission on the bucket.
    pub const BUCKET: &'static str = "photos";
    /// The name of a small object that exists in every scene.
    pub const OBJECT: &'static str = "cat.jpg";
    /// The name of a large object with the content [`Scene::content`]. The object exists only for
    /// [`Operation::Download`](super::Operation::Download).
    pub const LARGE: &'static str = "film.mkv";
    /// The name of the object that an upload creates.
    pub const NEW: &'static str = "new.bin";

    /// Starts the fake.
    pub(super) async fn start(
        api: TestedApi,
        token_scope: TokenScope,
        version: Version,
    ) -> io::Result<Self> {
        let scope = if token_scope == TokenScope::Accepted { api.scope } else { "logging.write" };
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

    /// Returns the fake. The guard needs its [environment variables](FakeGoogle::env).
    #[must_use]
    pub fn google(&self) -> &FakeGoogle {
        &self.google
    }

    /// Returns the API that the client calls.
    #[must_use]
    pub fn api(&self) -> TestedApi {
        self.api
    }

    /// Returns the HTTP version that the client must use. The fake accepts HTTP/2 without TLS and
    /// with prior knowledge only. gRPC always uses HTTP/2, even if this is HTTP/1.1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the URL that stands for the API's host, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.google.url_of(self.api.service)
    }

    /// Returns the token that the client must use, which is the token of the VM.
    #[must_use]
    pub fn token(&self) -> String {
        self.google.token()
    }

    /// Returns the URI of the token's only scope. Declare this scope to the guard, so that the
    /// scenario does not depend on how fast the metadata server responds.
    #[must_use]
    pub fn scope(&self) -> String {
        scope::uri(self.scope)
    }

    /// Returns the content of uploads and downloads: 2 MiB that look random, so that missing,
    /// repeated or reordered parts change the content.
    ///
    /// ```
    /// use gcp_scopes_testing::scenarios::Scene;
    ///
    /// assert_eq!(Scene::content().len(), 2 * 1024 * 1024);
    /// ```
    #[must_use]
    pub fn content() -> Bytes {
        let size = 2 * 1024 * 1024_u32;
        // The number is the multiplier of Knuth's multiplicative hash.
        (0..size).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    /// Returns the requests that reached the API.
    #[must_use]
    pub fn sent(&self) -> Vec<RecordedRequest> {
        let requests = self.google.requests().into_iter();
        requests.filter(|request| request.service() == self.api.service).collect()
    }
}

/// The default service account of the VM, which belongs to [`Scene::PROJECT`].
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
