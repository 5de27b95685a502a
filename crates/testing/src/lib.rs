//! A fake Google on `127.0.0.1`, for tests that want to see a program meet its scopes.
//!
//! [`FakeGoogle`] is a set of small servers on real sockets. It enforces access scopes and IAM
//! **from tables of its own**, so it does not agree with gcp-scopes by construction.
//!
//! ```
//! use gcp_scopes_testing::{FakeGoogle, Vm, default_scopes};
//! # fn upload(google: &FakeGoogle) -> Result<u16, ureq::Error> {
//! #     let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
//! #     let path = "upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg";
//! #     let request = agent.build().new_agent().post(format!("{}/{path}", google.storage_url()));
//! #     let request = request.header("authorization", format!("Bearer {}", google.token()));
//! #     Ok(request.send("meow")?.status().as_u16())
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
//! assert_eq!(upload(&google)?, 403);
//!
//! // Compute Engine changes scopes of stopped VMs only, and so does the fake.
//! let vm = google.vm("web-1");
//! assert!(vm.set_scopes(["devstorage.read_write"]).is_err());
//! vm.stop()?;
//! vm.set_scopes(["devstorage.read_write"])?;
//! vm.start()?;
//! assert_eq!(upload(&google)?, 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! | server | address | in the place of |
//! |---|---|---|
//! | metadata server of each VM, for twelve [`Platform`]s | [`metadata_host`], [`env`] | `metadata.google.internal` |
//! | Cloud Storage: JSON API, objects over the XML API | [`storage_url`] | `storage.googleapis.com` |
//! | token endpoint and tokeninfo | [`oauth_url`] | `oauth2.googleapis.com` |
//! | what changes a VM's scopes | [`compute_url`], [`gcloud_env`] | `compute.googleapis.com` |
//! | any other API, [scripted] in any form of [`Wire`] | [`url_of`] | `anything.googleapis.com` |
//!
//! Of other APIs it knows `testIamPermissions` by itself.
//!
//! [`metadata_host`]: FakeGoogle::metadata_host
//! [`env`]: FakeGoogle::env
//! [`storage_url`]: FakeGoogle::storage_url
//! [`oauth_url`]: FakeGoogle::oauth_url
//! [`compute_url`]: FakeGoogle::compute_url
//! [`gcloud_env`]: FakeGoogle::gcloud_env
//! [scripted]: FakeGoogle::front
//! [`url_of`]: FakeGoogle::url_of
//!
//! Any answer can be [replaced](FakeGoogle::on), and every server can be made to
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
//! A service can also stand [before another server](FakeGoogleBuilder::forward), such as an
//! emulator, which then answers what the token's scopes allow.
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
//! 5. **It runs on a thread of its own**, so that blocking clients and paused clocks do not stop
//!    it.
//!
//! # What it is not
//!
//! It checks no signatures, keeps everything in memory, and knows a dozen roles. It speaks HTTP/1.1
//! and, to clients that begin with it, HTTP/2; never TLS. Of gRPC it knows refusals only, and what
//! it [forwards](FakeGoogleBuilder::forward). `wait_for_change` of the metadata server answers at
//! once.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod clock;
mod compute;
mod encoding;
mod error;
mod fake;
mod fault;
mod forward;
mod gcloud;
mod iam;
mod incoming;
mod metadata;
mod oauth;
mod platform;
mod policy;
mod profiles;
mod recorded;
mod reply;
pub mod scenarios;
mod scope;
mod script;
mod scripted;
mod server;
mod service;
mod shared;
mod state;
mod storage;
mod store;
mod vm;
mod vm_control;
mod wire;

pub use builder::FakeGoogleBuilder;
pub use error::Error;
pub use fake::FakeGoogle;
pub use fault::Fault;
pub use platform::Platform;
pub use profiles::{default_scopes, gcloud_default_scopes};
pub use recorded::RecordedRequest;
pub use script::Script;
pub use service::Service;
pub use vm::Vm;
pub use vm_control::VmControl;
pub use wire::Wire;

/// The code in the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
