//! A fake Google Cloud on `127.0.0.1`, for tests of programs that call Google Cloud APIs.
//!
//! [`FakeGoogle`] is a set of small servers on real sockets. It enforces OAuth scopes and IAM
//! permissions **from its own tables**. gcp-scopes does not share these tables, so tests can
//! find a row that is wrong in only one of the two crates.
//!
//! ```
//! use gcp_scopes_testing::{FakeGoogle, Vm, default_scopes};
//!
//! // The program under test uploads an object with the token of the VM's metadata server.
//! fn upload(google: &FakeGoogle) -> Result<u16, ureq::Error> {
//!     let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
//!     let path = "upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg";
//!     let request = agent.build().new_agent().post(format!("{}/{path}", google.storage_url()));
//!     let request = request.header("authorization", format!("Bearer {}", google.token()));
//!     Ok(request.send("meow")?.status().as_u16())
//! }
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
//! // The service account has the role, but the token lacks the scope.
//! assert_eq!(upload(&google)?, 403);
//!
//! // As on Compute Engine, the scopes of a VM can only be changed while the VM is stopped.
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
//! # Servers
//!
//! | server | address | stands for |
//! |---|---|---|
//! | metadata server of each VM | [`metadata_host`], [`env`] | `metadata.google.internal` |
//! | Cloud Storage | [`storage_url`] | `storage.googleapis.com` |
//! | token endpoint and tokeninfo | [`oauth_url`] | `oauth2.googleapis.com` |
//! | part of Compute Engine | [`compute_url`], [`gcloud_env`] | `compute.googleapis.com` |
//! | any other API | [`url_of`] | `anything.googleapis.com` |
//!
//! Each VM runs on a [`FakePlatform`]. Cloud Storage has its JSON API, and objects over its XML
//! API. Compute Engine has the part that changes a VM's scopes. Any other API sends [scripted]
//! responses, such as each [`RefusalForm`]. Without a script, it implements only
//! `testIamPermissions`, and responds to every other request with status 200 and `{}`.
//!
//! [`metadata_host`]: FakeGoogle::metadata_host
//! [`env`]: FakeGoogle::env
//! [`storage_url`]: FakeGoogle::storage_url
//! [`oauth_url`]: FakeGoogle::oauth_url
//! [`compute_url`]: FakeGoogle::compute_url
//! [`gcloud_env`]: FakeGoogle::gcloud_env
//! [scripted]: FakeGoogle::other_api
//! [`url_of`]: FakeGoogle::url_of
//!
//! A test can [script](FakeGoogle::script) the response to any request, and can give every server
//! a [fault](Fault):
//!
//! ```
//! use gcp_scopes_testing::{FakeGoogle, Fault, Service, RefusalForm};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let google = FakeGoogle::builder().start().await?;
//! google.set_fault(Service::Metadata, Fault::Hang);
//! google.set_fault(Service::Storage, Fault::Flaky { failures: 2, group: 3 });
//! google.clear_fault(Service::Metadata);
//! google.other_api().path("/v1/projects/my-project/topics").respond_with(RefusalForm::IamDenied);
//! # Ok(())
//! # }
//! ```
//!
//! A service can also [forward](FakeGoogleBuilder::forward) the requests that the token's scopes
//! allow to another server, such as an emulator.
//!
//! # Guarantees
//!
//! 1. **Order of the checks**: a valid token (401), the token's scopes (403), IAM (403), then the
//!    resource (404). A scope refusal never depends on IAM or on the existence of the resource.
//! 2. **A token keeps its scopes** until the token expires, even if the VM's scopes change.
//! 3. **Time** is the wall clock, plus the time that [`FakeGoogle::advance`] adds. Tests need no
//!    sleep: [`FakeGoogle::wait_for`] and [`FakeGoogle::wait_until_idle`] return as soon as their
//!    condition holds.
//! 4. **Dropping the fake stops the servers** and closes every connection. If a request handler
//!    panicked, dropping the fake panics too, so that a test cannot pass with a broken fake.
//! 5. **The servers run on their own thread**, so that blocking clients and paused tokio clocks do
//!    not stop them.
//!
//! # Limits
//!
//! The fake checks no signatures, keeps all data in memory, and knows the basic roles and a dozen
//! predefined roles. The servers accept HTTP/1.1 and HTTP/2 with prior knowledge, without TLS. For
//! gRPC, the fake sends refusals and scripted responses, and can
//! [forward](FakeGoogleBuilder::forward) calls.

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
mod refusal_form;
mod response;
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

pub use builder::FakeGoogleBuilder;
pub use error::Error;
pub use fake::FakeGoogle;
pub use fault::Fault;
pub use platform::FakePlatform;
pub use profiles::{default_scopes, gcloud_default_scopes};
pub use recorded::RecordedRequest;
pub use refusal_form::RefusalForm;
pub use script::Script;
pub use service::Service;
pub use vm::Vm;
pub use vm_control::VmControl;

/// Compiles the code in the README as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct TestingReadme;
