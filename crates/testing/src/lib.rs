//! A fake Google on `127.0.0.1`, for tests that want to see a program meet its scopes.
//!
//! [`FakeGoogle`] is a set of small servers on real sockets. It enforces access scopes and IAM
//! **from tables of its own**, so it does not agree with gcp-scopes by construction.
//!
//! ```
//! use gcp_scopes_testing::{FakeGoogle, Vm, default_scopes};
//! # use http_body_util::Full;
//! # use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! # async fn upload(google: &FakeGoogle) -> Result<u16, Box<dyn std::error::Error>> {
//! #     let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url());
//! #     let request = http::Request::post(url).header("authorization", format!("Bearer {}", google.token()));
//! #     let client = Client::builder(TokioExecutor::new()).build_http();
//! #     Ok(client.request(request.body(Full::<bytes::Bytes>::from("meow"))?).await?.status().as_u16())
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let account = "123456789012-compute@developer.gserviceaccount.com";
//! let google = FakeGoogle::builder()
//!     .project("my-project", 123456789012)
//!     .vm(Vm::new("web-1").zone("us-central1-a").account(account).scopes(default_scopes()))
//!     .bucket("photos")
//!     .iam("photos", account, "roles/storage.objectAdmin")
//!     .start()
//!     .await?;
//!
//! // `upload` is the program under test: it POSTs to `google.storage_url()` with the token that
//! // the VM's metadata server hands out. The role is there, the scope is not.
//! assert_eq!(upload(&google).await?, 403);
//!
//! // Compute Engine changes scopes of stopped VMs only, and so does the fake.
//! let vm = google.vm("web-1");
//! assert!(vm.set_scopes(["devstorage.read_write"]).is_err());
//! vm.stop()?;
//! vm.set_scopes(["devstorage.read_write"])?;
//! vm.start()?;
//! assert_eq!(upload(&google).await?, 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! | server | address | in the place of |
//! |---|---|---|
//! | metadata server of each VM, for twelve [`Platform`]s | [`metadata_host`](FakeGoogle::metadata_host), [`env`](FakeGoogle::env) | `metadata.google.internal` |
//! | Cloud Storage: JSON API, objects over the XML API | [`storage_url`](FakeGoogle::storage_url) | `https://storage.googleapis.com` |
//! | token endpoint and tokeninfo | [`oauth_url`](FakeGoogle::oauth_url) | `https://oauth2.googleapis.com` |
//! | the part of Compute Engine that changes a VM's scopes | [`compute_url`](FakeGoogle::compute_url), [`gcloud_env`](FakeGoogle::gcloud_env) | `https://compute.googleapis.com` |
//! | any other API, with the answers a test [scripts](FakeGoogle::front) in any form of [`Wire`]; `testIamPermissions` it knows itself | [`url_of`](FakeGoogle::url_of) | `https://anything.googleapis.com` |
//!
//! Any answer of theirs can be [replaced](FakeGoogle::on), and every one of them can be made to
//! [misbehave](Fault):
//!
//! ```
//! # use gcp_scopes_testing::{FakeGoogle, Fault, Service, Wire};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let google = FakeGoogle::builder().start().await?;
//! google.fault(Service::Metadata, Fault::Hang);
//! google.fault(Service::Storage, Fault::Flaky { failures: 2, of: 3 });
//! google.heal(Service::Metadata);
//! google.front().path("/v1/projects/my-project/topics").respond_with(Wire::IamDenied);
//! # Ok(())
//! # }
//! ```
//!
//! A service can also stand [before another server](FakeGoogleBuilder::forward), such as an emulator,
//! which then answers what the token's scopes allow.
//!
//! # Rules it keeps
//!
//! 1. **Order of the gates**: a live token (401), its scopes (403), IAM (403), then the resource
//!    (404). A refusal for lack of scope never depends on IAM or on what exists.
//! 2. **A token keeps its scopes** until it expires, whatever happens to the VM it came from.
//! 3. **Time** is the wall clock, plus what [`FakeGoogle::advance`] adds. Nothing needs a sleep:
//!    [`FakeGoogle::wait_for`] and [`FakeGoogle::idle`] wake a test when something has happened.
//! 4. **It stops on drop**, with every connection. If one of its handlers panicked, dropping it
//!    panics too, so that a test cannot pass on a broken fake.
//! 5. **It runs on a thread of its own**, so that blocking clients and paused clocks do not stop it.
//!
//! # What it is not
//!
//! It checks no signatures, keeps everything in memory, and knows a dozen roles. It speaks HTTP/1.1
//! and, to clients that begin with it, HTTP/2; never TLS. Of gRPC it knows refusals only, and what it [forwards](FakeGoogleBuilder::forward).
//! `wait_for_change` of the metadata server answers at once.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod examples;

mod builder;
mod checksum;
mod compute;
mod error;
mod exchange;
mod fault;
mod forward;
mod gcloud;
mod grpc;
mod iam;
mod metadata;
mod oauth;
mod platform;
mod policy;
mod request;
mod script;
mod server;
mod state;
mod storage;
mod vm;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use tokio::sync::oneshot;

pub use builder::FakeGoogleBuilder;
pub use error::Error;
pub use fault::Fault;
pub use platform::{Platform, default_scopes, gcloud_default_scopes};
pub use request::RecordedRequest;
pub use script::Script;
pub use vm::{Vm, VmControl};
pub use wire::Wire;

use policy::Binding;
use server::Shared;
use state::{State, scope_uri};
use storage::objects::{self, NewObject};

/// One of the servers of a [`FakeGoogle`]. Each has a port of its own.
///
/// ```
#[doc = a_fake!()]
/// for service in [Service::Metadata, Service::Storage, Service::OAuth, Service::Compute, Service::Front] {
///     assert!(google.url_of(service).starts_with("http://127.0.0.1:"));
/// }
#[doc = done!()]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The metadata servers of all VMs.
    Metadata,
    /// Cloud Storage: JSON API, and objects over the XML API.
    Storage,
    /// `/token` and `/tokeninfo`.
    OAuth,
    /// The part of Compute Engine that changes a VM's scopes.
    Compute,
    /// Any other API: answers what the test scripted with [`FakeGoogle::front`], and
    /// `testIamPermissions` by itself.
    Front,
}

/// The running servers. See the [module's page](self).
///
/// ```
#[doc = a_fake!()]
/// // `google` has a bucket `photos`, and the VM of the defaults has a token that may read it, but no role.
/// let (status, body) = get(&format!("{}/storage/v1/b/photos", google.storage_url()), &google.token()).await?;
/// assert_eq!(status, 403);
/// assert!(body.contains("storage.buckets.get"));
#[doc = done!()]
/// ```
pub struct FakeGoogle {
    pub(crate) shared: Arc<Shared>,
    addresses: HashMap<(Service, usize), SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl FakeGoogle {
    /// A description to be completed and started.
    ///
    /// ```
    #[doc = awaits!()]
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    #[doc = done!()]
    /// ```
    pub fn builder() -> FakeGoogleBuilder {
        FakeGoogleBuilder::new()
    }

    /// `127.0.0.1:PORT` of the first VM's metadata server, for `GCE_METADATA_HOST`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// // `GCE_METADATA_HOST` for a program under test, which is not this process.
    /// assert!(google.metadata_host().starts_with("127.0.0.1:"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn metadata_host(&self) -> String {
        self.url_of(Service::Metadata).replace("http://", "")
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://storage.googleapis.com`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let url = format!("{}/storage/v1/b/photos/o", google.storage_url());
    /// assert_eq!(get(&url, "no token").await?.0, 401);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn storage_url(&self) -> String {
        self.url_of(Service::Storage)
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://oauth2.googleapis.com`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let tokeninfo = format!("{}/tokeninfo?access_token={}", google.oauth_url(), google.token());
    /// assert!(get(&tokeninfo, "").await?.1.contains("devstorage.read_only"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn oauth_url(&self) -> String {
        self.url_of(Service::OAuth)
    }

    /// `http://127.0.0.1:PORT`, in the place of `https://compute.googleapis.com`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let owner = google.mint("owner@shop.example", ["cloud-platform"]);
    /// google.grant("my-project", "owner@shop.example", "roles/owner");
    /// let url = format!("{}/compute/v1/projects/my-project/zones/us-central1-a/instances/web-1", google.compute_url());
    /// assert_eq!(get(&url, &owner).await?.0, 200);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn compute_url(&self) -> String {
        self.url_of(Service::Compute)
    }

    /// `http://127.0.0.1:PORT` of a service; for the metadata servers, of the first VM's.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.front().path("/v1/projects/").serve(["pubsub"], http::Response::new("{}")); // any API that a test scripts
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::Front));
    /// assert_eq!(get(&url, &google.mint("me@shop.example", ["pubsub"])).await?.0, 200);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn url_of(&self, service: Service) -> String {
        self.addresses.get(&(service, 0)).map(|address| format!("http://{address}")).unwrap_or_default()
    }

    pub(crate) fn metadata_host_of(&self, vm: &str) -> Option<String> {
        let place = self.shared.lock().machines.iter().position(|machine| machine.name == vm)?;
        self.addresses.get(&(Service::Metadata, place)).map(ToString::to_string)
    }

    /// Environment variables that make a program believe it runs on the first VM: where its
    /// metadata server is, and what its platform sets.
    ///
    /// ```
    #[doc = a_fake!()]
    /// // `std::process::Command::envs` takes them, too.
    /// assert!(google.env().iter().any(|(name, _)| name == "GCE_METADATA_HOST"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let state = self.shared.lock();
        let host = self.metadata_host();
        let hosts = ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"];
        let platform = state.machines.first();
        let platform = platform.map(|machine| machine.platform.env(&machine.name, &machine.project));
        let hosts = hosts.map(|name| (name, host.clone()));
        let all = hosts.into_iter().chain(platform.unwrap_or_default());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Environment variables that point the real gcloud at [`Service::Compute`] and
    /// [`Service::Storage`], as an owner of every project and with nothing that calls home.
    ///
    /// `dir` becomes gcloud's configuration directory; the owner's token is written into it. Give
    /// it one that is yours alone and that you remove afterwards.
    ///
    /// ```no_run
    #[doc = a_fake!()]
    /// // Is the advice right? The real gcloud applies it.
    /// let variables = google.gcloud_env(std::path::Path::new("/tmp/gcloud-of-this-test"))?;
    /// let gcloud = |line: &str| std::process::Command::new("gcloud").args(line.split(' ')).envs(variables.clone()).status();
    /// gcloud("compute instances stop web-1 --zone=us-central1-a --project=my-project")?;
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// The token could not be written.
    pub fn gcloud_env(&self, dir: &Path) -> io::Result<Vec<(String, String)>> {
        gcloud::env(self, dir)
    }

    /// The access token that the first VM's metadata server hands out now.
    ///
    /// It speaks for the VM's service account and has the VM's scopes; on serverless platforms,
    /// the platform's default ones.
    ///
    /// ```
    #[doc = a_fake!()]
    /// assert_eq!(google.token(), google.token()); // the metadata server keeps it until it is about to expire
    #[doc = done!()]
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
    #[doc = a_fake!()]
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["drive.readonly"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    /// assert_eq!(get(&url, &token).await?.0, 403); // the role is there, the scope is not
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn mint<S: AsRef<str>>(&self, account: &str, scopes: impl IntoIterator<Item = S>) -> String {
        self.shared.lock().mint(account, uris(scopes))
    }

    /// A refresh token of a user who has agreed to these scopes, for [`oauth_url`](Self::oauth_url)`/token`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let adc = serde_json::json!({
    ///     "type": "authorized_user",
    ///     "client_id": "id",
    ///     "client_secret": "secret",
    ///     "refresh_token": google.refresh_token("me@shop.example", ["drive.readonly"]),
    /// }); // to be written to where GOOGLE_APPLICATION_CREDENTIALS points
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn refresh_token<S: AsRef<str>>(&self, user: &str, scopes: impl IntoIterator<Item = S>) -> String {
        oauth::log_in(&mut self.shared.lock(), user, uris(scopes))
    }

    /// The power switch and the scopes of a VM.
    ///
    /// ```
    #[doc = a_fake!()]
    /// assert!(google.vm("web-1").stop().is_ok());
    /// assert!(google.vm("web-2").stop().is_err()); // there is none
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn vm(&self, name: &str) -> VmControl<'_> {
        VmControl { google: self, name: name.to_owned() }
    }

    /// Scripts an answer of [`Service::Front`].
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.front().path("/v1/projects/").respond_with(Wire::Scope);
    /// let url = format!("{}/v1/projects/my-project/topics", google.url_of(Service::Front));
    /// assert_eq!(get(&url, &google.token()).await?.0, 403);
    /// assert_eq!(get(&url, &google.token()).await?.0, 200); // one answer was scripted
    #[doc = done!()]
    /// ```
    pub fn front(&self) -> Script<'_> {
        self.on(Service::Front)
    }

    /// Scripts an answer of a service, in the place of what it would say by itself.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.on(Service::Storage).respond_with(Wire::VpcSc);
    /// let (status, body) = get(&format!("{}/storage/v1/b/photos", google.storage_url()), &google.token()).await?;
    /// assert!(status == 403 && body.contains("organization's policy"));
    #[doc = done!()]
    /// ```
    pub fn on(&self, service: Service) -> Script<'_> {
        Script::new(self, service)
    }

    /// Gives an account a role, or one single permission, on a bucket, a project, or a resource such as
    /// `projects/my-project/topics/orders`. Roles the fake does not know give nothing.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.put_object("photos", "cat.jpg", "meow");
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// let url = format!("{}/storage/v1/b/photos/o/cat.jpg?alt=media", google.storage_url());
    /// assert_eq!(get(&url, &token).await?, (200, "meow".to_owned()));
    #[doc = done!()]
    /// ```
    pub fn grant(&self, resource: &str, account: &str, role: &str) {
        self.shared.lock().policy.bindings.push(Binding::new(resource, account, role));
    }

    /// Takes a role away again.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.grant("photos", "me@shop.example", "roles/storage.objectViewer");
    /// google.revoke("photos", "me@shop.example", "roles/storage.objectViewer");
    /// let token = google.mint("me@shop.example", ["devstorage.read_only"]);
    /// assert_eq!(get(&format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url()), &token).await?.0, 403);
    #[doc = done!()]
    /// ```
    pub fn revoke(&self, resource: &str, account: &str, role: &str) {
        let gone = Binding::new(resource, account, role);
        self.shared.lock().policy.bindings.retain(|binding| *binding != gone);
    }

    /// Puts an object into a bucket, past every gate.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.put_object("photos", "cat.jpg", "meow");
    /// assert!(google.object("photos", "cat.jpg").is_some());
    #[doc = done!()]
    /// ```
    ///
    /// # Panics
    /// There is no such bucket.
    pub fn put_object(&self, bucket: &str, name: &str, bytes: impl Into<Bytes>) {
        let (name, bytes) = (name.to_owned(), bytes.into());
        let content_type = "application/octet-stream".to_owned();
        let new = NewObject { name, bytes, content_type, metadata: serde_json::Value::Null };
        let found = objects::put(&mut self.shared.lock(), bucket, new).is_some();
        assert!(found, "the fake Google has no bucket `{bucket}`");
    }

    /// The content of an object as it is now, past every gate.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.put_object("photos", "cat.jpg", "meow");
    /// assert_eq!(google.object("photos", "cat.jpg").as_deref(), Some(&b"meow"[..]));
    /// assert!(google.object("photos", "dog.jpg").is_none());
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn object(&self, bucket: &str, name: &str) -> Option<Bytes> {
        let state = self.shared.lock();
        Some(state.store.buckets.get(bucket)?.objects.get(name)?.bytes.clone())
    }

    /// Makes a service misbehave from its next request on.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.fault(Service::OAuth, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// assert_eq!(get(&format!("{}/tokeninfo", google.oauth_url()), "").await?.0, 502);
    #[doc = done!()]
    /// ```
    pub fn fault(&self, service: Service, fault: Fault) {
        self.shared.lock().faults.set(service, fault);
    }

    /// Makes a service behave again.
    ///
    /// ```
    #[doc = a_fake!()]
    /// google.fault(Service::Front, Fault::Status(http::StatusCode::BAD_GATEWAY));
    /// google.heal(Service::Front);
    /// assert_eq!(get(&google.url_of(Service::Front), "").await?.0, 200);
    #[doc = done!()]
    /// ```
    pub fn heal(&self, service: Service) {
        self.shared.lock().faults.clear(service);
    }

    /// Moves the clock forward: tokens grow old.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let token = google.token();
    /// google.advance(std::time::Duration::from_secs(2 * 3600));
    /// assert_eq!(get(&format!("{}/storage/v1/b/photos", google.storage_url()), &token).await?.0, 401); // it has expired
    #[doc = done!()]
    /// ```
    pub fn advance(&self, by: Duration) {
        self.shared.lock().clock.advance(by);
    }

    /// Every request so far, in the order they came.
    ///
    /// ```
    #[doc = a_fake!()]
    /// get(&format!("{}/storage/v1/b/photos", google.storage_url()), &google.token()).await?;
    /// assert_eq!(google.requests().iter().filter(|request| request.service() == Service::Storage).count(), 1);
    #[doc = done!()]
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
    #[doc = a_fake!()]
    /// let url = format!("{}/storage/v1/b/photos", google.storage_url());
    /// let token = google.token();
    /// let (answer, ()) = tokio::join!(get(&url, &token), google.wait_for(|requests| !requests.is_empty()));
    #[doc = done!()]
    /// ```
    pub async fn wait_for(&self, satisfied: impl Fn(&[RecordedRequest]) -> bool) {
        self.until(|state| satisfied(&state.log.requests)).await;
    }

    /// Waits until no request is under way: every answer has been sent, or its client is gone.
    ///
    /// ```
    #[doc = a_fake!()]
    /// get(&google.url_of(Service::Front), "").await?;
    /// google.idle().await; // now every request has its status
    /// assert!(google.requests().iter().all(|request| request.status().is_some()));
    #[doc = done!()]
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

/// Full URIs of scopes as people write them.
fn uris<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Vec<String> {
    scopes.into_iter().map(|scope| scope_uri(scope.as_ref())).collect()
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

/// The code in the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
