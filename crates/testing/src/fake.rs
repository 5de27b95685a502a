//! The running servers, as a test sees them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::policy::Binding;
use crate::recorded::RecordedRequest;
use crate::service::Service;
use crate::shared::Shared;
use crate::state::State;
use crate::store::NewObject;
use crate::{metadata, oauth, scope};

/// The running servers. See the [crate's page](crate).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_testing::FakeGoogle;
/// # let google = FakeGoogle::builder().bucket("photos").start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// // `google` has a bucket `photos`, and a VM whose token may read it and whose account may not.
/// let bucket = agent.get(format!("{}/storage/v1/b/photos", google.storage_url()));
/// let mut answer = bucket.header("authorization", format!("Bearer {}", google.token())).call()?;
/// assert_eq!(answer.status(), 403);
/// assert!(answer.body_mut().read_to_string()?.contains("storage.buckets.get"));
/// # Ok(())
/// # }
/// ```
pub struct FakeGoogle {
    pub(crate) shared: Arc<Shared>,
    /// By service, and the place of the VM whose metadata server it is.
    pub(crate) addresses: HashMap<(Service, usize), SocketAddr>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<JoinHandle<io::Result<()>>>,
}

impl FakeGoogle {
    /// `127.0.0.1:PORT` of the first VM's metadata server, for `GCE_METADATA_HOST`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // `GCE_METADATA_HOST` for a program under test, which is not this process.
    /// assert!(google.metadata_host().starts_with("127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn metadata_host(&self) -> String {
        self.url_of(Service::Metadata).replace("http://", "")
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://storage.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos/o", google.storage_url());
    /// assert_eq!(agent.get(&url).call()?.status(), 401); // there is no token
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn storage_url(&self) -> String {
        self.url_of(Service::Storage)
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://oauth2.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let tokeninfo = format!("{}/tokeninfo?access_token={}", google.oauth_url(), google.token());
    /// let answer = agent.get(&tokeninfo).call()?.body_mut().read_to_string()?;
    /// assert!(answer.contains("devstorage.read_only"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn oauth_url(&self) -> String {
        self.url_of(Service::OAuth)
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://compute.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let owner = google.mint("owner@shop.example", ["cloud-platform"]);
    /// google.grant("my-project", "owner@shop.example", "roles/owner");
    /// let vm = "projects/my-project/zones/us-central1-a/instances/web-1";
    /// let url = format!("{}/compute/v1/{vm}", google.compute_url());
    /// let answer = agent.get(&url).header("authorization", format!("Bearer {owner}")).call()?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn compute_url(&self) -> String {
        self.url_of(Service::Compute)
    }

    /// `http://127.0.0.1:PORT` of a service; for the metadata servers, of the first VM's.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Service};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// // Any API that a test scripts.
    /// google.front().path("/v1/projects/").serve(["pubsub"], http::Response::new("{}"));
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::Front));
    /// let token = google.mint("me@shop.example", ["pubsub"]);
    /// let answer = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn url_of(&self, service: Service) -> String {
        self.addresses.get(&(service, 0)).map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// Environment variables that make a program believe it runs on the first VM: where its
    /// metadata server is, and what its platform sets.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // `std::process::Command::envs` takes them, too.
    /// assert!(google.env().iter().any(|(name, _)| name == "GCE_METADATA_HOST"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let hosts = ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"];
        let hosts = hosts.map(|name| (name.to_owned(), self.metadata_host()));
        let state = self.shared.lock();
        let set = state.machines.first().into_iter().flat_map(|first| first.filled(first.platform.env()));
        hosts.into_iter().chain(set).collect()
    }

    /// The access token that the first VM's metadata server hands out now.
    ///
    /// It speaks for the VM's service account and has the VM's scopes; on serverless platforms,
    /// the platform's default ones.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // The metadata server keeps it until it is about to expire.
    /// assert_eq!(google.token(), google.token());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// The VM has no service account, so there is no token.
    #[must_use]
    pub fn token(&self) -> String {
        let mut state = self.shared.lock();
        let token = metadata::current_token(&mut state, 0, "");
        drop(state);
        match token {
            Some(token) => token,
            None => panic!("the first VM has no service account, so its metadata server has no token"),
        }
    }

    /// A new access token for any account, with any scopes: full URIs, or what follows
    /// `https://www.googleapis.com/auth/`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["drive.readonly"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    /// let answer = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(answer.status(), 403); // the role is there, the scope is not
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mint<S: AsRef<str>>(&self, account: &str, scopes: impl IntoIterator<Item = S>) -> String {
        self.shared.lock().mint(account, scope::uris(scopes))
    }

    /// A refresh token of a user who has agreed to these scopes, for
    /// [`oauth_url`](Self::oauth_url)`/token`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let adc = serde_json::json!({
    ///     "type": "authorized_user",
    ///     "client_id": "id",
    ///     "client_secret": "secret",
    ///     "refresh_token": google.refresh_token("me@shop.example", ["drive.readonly"]),
    /// }); // to be written to where GOOGLE_APPLICATION_CREDENTIALS points
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refresh_token<S: AsRef<str>>(&self, user: &str, scopes: impl IntoIterator<Item = S>) -> String {
        oauth::log_in(&mut self.shared.lock(), user, scope::uris(scopes))
    }

    /// Gives an account a role, or one single permission, on a bucket, a project, or a resource
    /// such as `projects/my-project/topics/orders`. Roles the fake does not know give nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.put_object("photos", "cat.jpg", "meow");
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg?alt=media", google.storage_url());
    /// let mut answer = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(answer.status(), 200);
    /// assert_eq!(answer.body_mut().read_to_string()?, "meow");
    /// # Ok(())
    /// # }
    /// ```
    pub fn grant(&self, resource: &str, account: &str, role: &str) {
        self.shared.lock().policy.bindings.push(Binding::new(resource, account, role));
    }

    /// Takes a role away again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// google.revoke("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    /// let answer = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(answer.status(), 403);
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke(&self, resource: &str, account: &str, role: &str) {
        let gone = Binding::new(resource, account, role);
        self.shared.lock().policy.bindings.retain(|binding| *binding != gone);
    }

    /// Puts an object into a bucket, past every gate.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// google.put_object("photos", "cat.jpg", "meow");
    /// assert!(google.object("photos", "cat.jpg").is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// There is no such bucket.
    pub fn put_object(&self, bucket: &str, name: &str, bytes: impl Into<Bytes>) {
        let mut state = self.shared.lock();
        let now = state.clock.now();
        let found = state.store.put(bucket, NewObject::new(name, bytes, None), now).is_some();
        drop(state);
        assert!(found, "the fake Google has no bucket `{bucket}`");
    }

    /// The content of an object as it is now, past every gate.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// google.put_object("photos", "cat.jpg", "meow");
    /// assert_eq!(google.object("photos", "cat.jpg").as_deref(), Some(&b"meow"[..]));
    /// assert!(google.object("photos", "dog.jpg").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn object(&self, bucket: &str, name: &str) -> Option<Bytes> {
        self.shared.lock().store.object(bucket, name).map(|object| object.data.bytes.clone())
    }

    /// Makes a service misbehave from its next request on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Fault, Service};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.fault(Service::OAuth, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// let answer = agent.get(format!("{}/tokeninfo", google.oauth_url())).call()?;
    /// assert_eq!(answer.status(), 502);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fault(&self, service: Service, fault: Fault) {
        self.shared.lock().faults.set(service, fault);
    }

    /// Makes a service behave again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Fault, Service};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.fault(Service::Front, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// google.heal(Service::Front);
    /// assert_eq!(agent.get(google.url_of(Service::Front)).call()?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn heal(&self, service: Service) {
        self.shared.lock().faults.clear(service);
    }

    /// Moves the clock forward: tokens grow old.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let token = google.token();
    /// google.advance(std::time::Duration::from_secs(2 * 3600));
    /// let url = format!("{}/storage/v1/b/photos", google.storage_url());
    /// let answer = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(answer.status(), 401); // it has expired
    /// # Ok(())
    /// # }
    /// ```
    pub fn advance(&self, by: Duration) {
        self.shared.lock().clock.advance(by);
    }

    /// Every request so far, in the order they came.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Service};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// agent.get(format!("{}/storage/v1/b/photos", google.storage_url())).call()?;
    /// let requests = google.requests();
    /// assert_eq!(requests.iter().filter(|it| it.service() == Service::Storage).count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().log.requests.clone()
    }

    /// Waits until the requests so far satisfy a test.
    ///
    /// It waits for as long as it takes; put a timeout around it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::FakeGoogle;
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos", google.storage_url());
    /// let client = std::thread::spawn(move || agent.get(&url).call());
    /// google.wait_for(|requests| !requests.is_empty()).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(&self, satisfied: impl Fn(&[RecordedRequest]) -> bool) {
        self.until(|state| satisfied(&state.log.requests)).await;
    }

    /// Waits until no request is under way: every answer has been sent, or its client is gone.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Service};
    /// # let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// agent.get(google.url_of(Service::Front)).call()?;
    /// google.idle().await; // now every request has its status
    /// assert!(google.requests().iter().all(|request| request.status().is_some()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn idle(&self) {
        self.until(|state| state.log.in_flight == 0).await;
    }

    async fn until(&self, satisfied: impl Fn(&State) -> bool) {
        let mut changes = self.shared.changed.subscribe();
        while !satisfied(&self.shared.lock()) {
            // The sender lives in `self.shared`, so there is always a next change to wait for.
            changes.changed().await.ok();
        }
    }
}

impl Drop for FakeGoogle {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return;
        }
        let panics = std::mem::take(&mut self.shared.lock().panics);
        assert!(panics.is_empty(), "the fake Google panicked:\n{}", panics.join("\n"));
        assert!(matches!(ended, None | Some(Ok(Ok(())))), "the fake Google's thread failed");
    }
}

impl fmt::Debug for FakeGoogle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeGoogle").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}
