//! Middleware for clients of Google APIs. It explains refusals for lack of OAuth scopes, with the
//! commands that fix them.
//!
//! Google Cloud checks a call twice, at two gates: the OAuth scopes of the token, and the IAM roles
//! of the account. On a VM no role makes up for a missing scope, and Google's 403 response often
//! does not make clear which gate refused. A [`Guard`] is placed inside the client. The guard knows
//! which scopes each API method accepts and which scopes the token has. It turns a refusal for lack
//! of scopes into a [`Denial`]: an error with the commands that fix the refusal on the platform
//! where the program runs. By default a guard never stops a call that Google would allow.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use gcp_scopes::{Denial, Guard};
//! use http::Request;
//! use http_body_util::Full;
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[cfg(any())]
//! let guard = Guard::detect().await;
//! # let google = gcp_scopes_testing::FakeGoogle::builder().bucket("photos").start().await?;
//! # let guard = Guard::builder().env(google.env());
//! # let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?.detect().await;
//! # let path = "/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg";
//! # let (url, token) = (format!("{}{path}", google.storage_url()), google.token());
//! let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
//! let client = ServiceBuilder::new().layer(guard.layer()).service(client); // or another service
//!
//! // On a VM with the default access scopes, whose account may write to the bucket:
//! let upload = Request::post(url).header("authorization", format!("Bearer {token}"));
//! let error = client.oneshot(upload.body(Full::from("meow"))?).await.unwrap_err();
//! let denial = Denial::find(&*error).expect("the token may only read");
//! assert!(denial.to_string().contains("storage.objects.insert"));
//! println!("{}", denial.report()); // gcloud compute instances stop web-1 --zone=us-central1-a …
//! # Ok(())
//! # }
//! ```
//!
//! # Where to begin
//!
//! | client | add | begin with |
//! |---|---|---|
//! | tower, hyper | feature `tower` | [`Guard::layer`], [`adapter::tower`] |
//! | reqwest | feature `reqwest` | `Guard::send`, `adapter::reqwest` |
//! | reqwest::blocking | feature `reqwest-blocking` | `Guard::send_blocking` |
//! | reqwest-middleware | feature `reqwest-middleware` | [`Guard::middleware`] |
//! | gcloud-storage, gcloud-bigquery | the same feature | [`adapter::reqwest_middleware`] |
//! | gcp_auth, for tokens | feature `gcp-auth` | [`Guard::gcp_auth`], [`adapter::gcp_auth`] |
//! | tonic, gcloud-sdk | crate [gcp-scopes-tonic] | `guard.tonic_layer()` |
//! | google-cloud-* | crate [gcp-scopes-google-cloud] | `guard.retry_policy(…)`, [`calling`] |
//! | google-apis-rs | crate [gcp-scopes-google-apis] | `guard.google_apis(…)`, [`calling`] |
//! | object_store | crate [gcp-scopes-object-store] | `guard.object_store(…)` |
//! | opendal | crate [gcp-scopes-opendal] | `guard.opendal()` |
//! | another client | | [`flight`]: the functions that all these adapters call |
//!
//! [gcp-scopes-tonic]: https://docs.rs/gcp-scopes-tonic
//! [gcp-scopes-google-cloud]: https://docs.rs/gcp-scopes-google-cloud
//! [gcp-scopes-google-apis]: https://docs.rs/gcp-scopes-google-apis
//! [gcp-scopes-object-store]: https://docs.rs/gcp-scopes-object-store
//! [gcp-scopes-opendal]: https://docs.rs/gcp-scopes-opendal
//!
//! # Other modules
//!
//! - [`Preflight`] chooses what happens to a call that Google would refuse, and [`DenialDelivery`]
//!   how a denial reaches the caller.
//! - [`self_check`] checks at start-up whether scopes and IAM roles allow the calls of a program;
//!   [`recorder`] records which scopes a program needs.
//! - [`judge`] predicts as a pure function whether a token's scopes are sufficient for a call, and
//!   explains a refusal afterwards.
//! - [`refusal`] finds out from a response or a log line which gate refused; [`remedy`] contains
//!   the steps that fix a refusal.
//! - [gcp-scopes-testing](https://docs.rs/gcp-scopes-testing) is a fake of Google's APIs on
//!   127.0.0.1 for tests of your own service; [`telemetry`] lists the log events.
//! - There are two kinds of errors: a [`Denial`] (Google refuses the call) and an [`Error`] (for
//!   example a wrong configuration), which never stops a call.
//!
//! The program needs no tokio runtime: a guard sends its own requests on a thread that the guard
//! starts. The folder [docs](https://docs.rs/crate/gcp-scopes/latest/source/docs/) lists all
//! features, shows each client, and describes what a guard knows of each kind of token.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use gcp_scopes_catalog::call;
use gcp_scopes_catalog::scope;

/// Lookup of the Google API method that a call belongs to, and of the scopes that the method
/// accepts.
///
/// This module re-exports the crate [`gcp_scopes_catalog`]. Its data is compiled into the program:
/// nothing is parsed, allocated or fetched at start.
pub mod catalog {
    pub(crate) use gcp_scopes_catalog::raw::{CallPlace, OpenedSets, foreign_host};
    #[doc(inline)]
    pub use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, Lookup, lookup};
    #[doc(inline)]
    pub use gcp_scopes_catalog::{CONTENTS, SOURCES, VERSION};
}

pub mod granted;

mod detect;

#[doc(inline)]
pub use gcp_scopes_explain::{denial, environment, layout, refusal, remedy};

mod guard;

pub mod judge;

pub mod flight;

mod delivery;

mod inflate;

pub mod response;

pub mod token_source;

pub mod calling;

mod recording;

mod background;

mod parallel;

mod live_environment;

pub mod self_check;

pub mod recorder;

pub mod telemetry;

mod error;

pub mod adapter;

#[cfg(all(any(test, fuzzing), feature = "catalog-full", feature = "tower"))]
#[doc(hidden)]
#[path = "tests/fuzzing.rs"]
pub mod fuzzing;

#[doc(inline)]
pub use error::{BoxError, Error, ErrorKind};
#[doc(inline)]
pub use gcp_scopes_explain::Denial;
#[doc(inline)]
pub use guard::{DenialDelivery, Guard, GuardBuilder, Preflight};
#[doc(inline)]
pub use scope::{Scope, ScopeSet};

/// Compiles the code examples of the README and of the page about clients as doctests.
#[cfg(all(
    doctest,
    feature = "tower",
    feature = "reqwest-blocking",
    feature = "reqwest-middleware"
))]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/clients.md")]
struct Readme;
