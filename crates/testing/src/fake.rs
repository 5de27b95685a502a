//! The handle of the running servers.

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
use crate::shared::SharedState;
use crate::state::FakeState;
use crate::store::NewObject;
use crate::{metadata, oauth, scope};

/// A running fake Google Cloud. See the [crate documentation](crate).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::FakeGoogle;
///
/// let google = FakeGoogle::builder().bucket("photos").start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// // The token's scopes allow reading the bucket `photos`, but the VM's account has no IAM role.
/// let bucket = agent.get(format!("{}/storage/v1/b/photos", google.storage_url()));
/// let mut response = bucket.header("authorization", format!("Bearer {}", google.token())).call()?;
/// assert_eq!(response.status(), 403);
/// assert!(response.body_mut().read_to_string()?.contains("storage.buckets.get"));
/// # Ok(())
/// # }
/// ```
pub struct FakeGoogle {
    pub(crate) shared: Arc<SharedState>,
    /// The address of each server, by service and by the index of the VM. The index is 0 for all
    /// services except [`Service::Metadata`].
    pub(crate) addresses: HashMap<(Service, usize), SocketAddr>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<JoinHandle<io::Result<()>>>,
}

impl FakeGoogle {
    /// Returns the address of the first VM's metadata server, `127.0.0.1:PORT`, as a value for
    /// `GCE_METADATA_HOST`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // Set GCE_METADATA_HOST to this value in the environment of the program under test.
    /// assert!(google.metadata_host().starts_with("127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn metadata_host(&self) -> String {
        self.url_of(Service::Metadata).replace("http://", "")
    }

    /// Returns `http://127.0.0.1:PORT`, which stands for `https://storage.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos/o", google.storage_url());
    /// assert_eq!(agent.get(&url).call()?.status(), 401); // the request has no token
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn storage_url(&self) -> String {
        self.url_of(Service::Storage)
    }

    /// Returns `http://127.0.0.1:PORT`, which stands for `https://oauth2.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let tokeninfo = format!("{}/tokeninfo?access_token={}", google.oauth_url(), google.token());
    /// let response = agent.get(&tokeninfo).call()?.body_mut().read_to_string()?;
    /// assert!(response.contains("devstorage.read_only"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn oauth_url(&self) -> String {
        self.url_of(Service::OAuth)
    }

    /// Returns `http://127.0.0.1:PORT`, which stands for `https://compute.googleapis.com`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let owner = google.mint("owner@shop.example", ["cloud-platform"]);
    /// google.grant("my-project", "owner@shop.example", "roles/owner");
    /// let vm = "projects/my-project/zones/us-central1-a/instances/web-1";
    /// let url = format!("{}/compute/v1/{vm}", google.compute_url());
    /// let response = agent.get(&url).header("authorization", format!("Bearer {owner}")).call()?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn compute_url(&self) -> String {
        self.url_of(Service::Compute)
    }

    /// Returns the URL of a service, `http://127.0.0.1:PORT`. For [`Service::Metadata`], returns
    /// the URL of the first VM's metadata server.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// // The test scripts an API that the fake does not implement.
    /// google.other_api().path("/v1/projects/").serve(["pubsub"], http::Response::new("{}"));
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::OtherApi));
    /// let token = google.mint("me@shop.example", ["pubsub"]);
    /// let response = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn url_of(&self, service: Service) -> String {
        self.addresses
            .get(&(service, 0))
            .map(|address| format!("http://{address}"))
            .unwrap_or_default()
    }

    /// Returns environment variables that make a program behave as if it ran on the first VM: the
    /// address of the VM's metadata server, and the variables that the VM's platform sets.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // `std::process::Command::envs` accepts the same pairs.
    /// assert!(google.env().iter().any(|(name, _)| name == "GCE_METADATA_HOST"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let hosts = ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"];
        let hosts = hosts.map(|name| (name.to_owned(), self.metadata_host()));
        let state = self.shared.lock();
        let set =
            state.machines.first().into_iter().flat_map(|first| first.filled(first.platform.env()));
        hosts.into_iter().chain(set).collect()
    }

    /// Returns the access token that the first VM's metadata server currently returns.
    ///
    /// The token belongs to the VM's service account and has the VM's scopes. On serverless
    /// platforms and with GKE Workload Identity, the token has the default scopes of the platform.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// // The metadata server caches the token until 5 minutes before it expires.
    /// assert_eq!(google.token(), google.token());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if the VM has no service account, and therefore no token.
    #[must_use]
    pub fn token(&self) -> String {
        let mut state = self.shared.lock();
        let token = metadata::current_token(&mut state, 0, "");
        drop(state);
        match token {
            Some(token) => token,
            None => {
                panic!("the first VM has no service account, so its metadata server has no token")
            }
        }
    }

    /// Creates an access token for any account, with any scopes. A scope is a full URI, or the part
    /// after `https://www.googleapis.com/auth/`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["drive.readonly"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    /// let response = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(response.status(), 403); // the account has the role, the token lacks the scope
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mint<S: AsRef<str>>(
        &self,
        account: &str,
        scopes: impl IntoIterator<Item = S>,
    ) -> String {
        self.shared.lock().mint(account, scope::uris(scopes))
    }

    /// Creates a refresh token of a user who has consented to these scopes. The token endpoint,
    /// [`oauth_url`](Self::oauth_url)`/token`, accepts the refresh token.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// let adc = serde_json::json!({
    ///     "type": "authorized_user",
    ///     "client_id": "id",
    ///     "client_secret": "secret",
    ///     "refresh_token": google.refresh_token("me@shop.example", ["drive.readonly"]),
    /// }); // write this to the file that GOOGLE_APPLICATION_CREDENTIALS names
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refresh_token<S: AsRef<str>>(
        &self,
        user: &str,
        scopes: impl IntoIterator<Item = S>,
    ) -> String {
        oauth::new_refresh_token(&mut self.shared.lock(), user, scope::uris(scopes))
    }

    /// Grants an account a role or a single permission on a resource: a bucket, a project, or
    /// another resource such as `projects/my-project/topics/orders`. A role that the fake does not
    /// know grants no permission.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.put_object("photos", "cat.jpg", "meow");
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg?alt=media", google.storage_url());
    /// let mut response =
    ///     agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(response.status(), 200);
    /// assert_eq!(response.body_mut().read_to_string()?, "meow");
    /// # Ok(())
    /// # }
    /// ```
    pub fn grant(&self, resource: &str, account: &str, role: &str) {
        self.shared.lock().policy.bindings.push(Binding::new(resource, account, role));
    }

    /// Revokes a role or a permission that was [granted](Self::grant).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// google.revoke("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    /// let response = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(response.status(), 403);
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke(&self, resource: &str, account: &str, role: &str) {
        let revoked = Binding::new(resource, account, role);
        self.shared.lock().policy.bindings.retain(|binding| *binding != revoked);
    }

    /// Stores an object in a bucket, without any check of tokens or permissions.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// google.put_object("photos", "cat.jpg", "meow");
    /// assert!(google.object("photos", "cat.jpg").is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if the bucket does not exist.
    pub fn put_object(&self, bucket: &str, name: &str, bytes: impl Into<Bytes>) {
        let mut state = self.shared.lock();
        let now = state.clock.now();
        let stored = state.store.put(bucket, NewObject::new(name, bytes, None), now).is_some();
        drop(state);
        assert!(stored, "the fake Google has no bucket `{bucket}`; add it with `.bucket(..)`");
    }

    /// Returns the content of an object, or `None` if the object does not exist. Checks no token
    /// and no permission.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
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

    /// Makes a service misbehave, beginning with its next request. Replaces the previous fault of
    /// the service.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Fault, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.set_fault(Service::OAuth, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// let response = agent.get(format!("{}/tokeninfo", google.oauth_url())).call()?;
    /// assert_eq!(response.status(), 502);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_fault(&self, service: Service, fault: Fault) {
        self.shared.lock().faults.set(service, fault);
        self.shared.changed.send_replace(());
    }

    /// Removes the fault of a service.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Fault, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// google.set_fault(Service::OtherApi, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// google.clear_fault(Service::OtherApi);
    /// assert_eq!(agent.get(google.url_of(Service::OtherApi)).call()?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_fault(&self, service: Service) {
        self.shared.lock().faults.clear(service);
        self.shared.changed.send_replace(());
    }

    /// Moves the fake's clock forward, so that tokens expire.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let token = google.token();
    /// google.advance(std::time::Duration::from_secs(2 * 3600));
    /// let url = format!("{}/storage/v1/b/photos", google.storage_url());
    /// let response = agent.get(&url).header("authorization", format!("Bearer {token}")).call()?;
    /// assert_eq!(response.status(), 401); // the token has expired
    /// # Ok(())
    /// # }
    /// ```
    pub fn advance(&self, by: Duration) {
        self.shared.lock().clock.advance(by);
    }

    /// Returns every request that the fake has received, in order of arrival.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// agent.get(format!("{}/storage/v1/b/photos", google.storage_url())).call()?;
    /// let requests = google.requests();
    /// assert_eq!(
    ///     requests.iter().filter(|request| request.service() == Service::Storage).count(),
    ///     1
    /// );
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().log.requests.clone()
    }

    /// Waits until the requests that the fake has received satisfy a condition.
    ///
    /// The wait has no timeout. Use `tokio::time::timeout` to limit it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos", google.storage_url());
    /// let client = std::thread::spawn(move || agent.get(&url).call());
    /// google.wait_for(|requests| !requests.is_empty()).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(&self, condition: impl Fn(&[RecordedRequest]) -> bool) {
        self.wait_until(|state| condition(&state.log.requests)).await;
    }

    /// Waits until no request is being served: every response has been sent, or its client has
    /// closed the connection.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// agent.get(google.url_of(Service::OtherApi)).call()?;
    /// google.wait_until_idle().await; // every request now has its status
    /// assert!(google.requests().iter().all(|request| request.status().is_some()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_idle(&self) {
        self.wait_until(|state| state.log.active_requests == 0).await;
    }

    async fn wait_until(&self, condition: impl Fn(&FakeState) -> bool) {
        let mut changes = self.shared.changed.subscribe();
        while !condition(&self.shared.lock()) {
            // `changed` fails only if the sender is dropped, and `self.shared` owns the sender.
            changes.changed().await.ok();
        }
    }
}

impl Drop for FakeGoogle {
    fn drop(&mut self) {
        drop(self.stop.take());
        let result = self.thread.take().map(JoinHandle::join);
        // A second panic would abort the test process and hide the message of the first.
        if std::thread::panicking() {
            return;
        }
        let panics = std::mem::take(&mut self.shared.lock().panics);
        assert!(
            panics.is_empty(),
            "a request handler of the fake Google panicked:\n{}",
            panics.join("\n")
        );
        let succeeded = matches!(result, None | Some(Ok(Ok(()))));
        assert!(succeeded, "the thread of the fake Google failed: {result:?}");
    }
}

impl fmt::Debug for FakeGoogle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeGoogle").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}
