//! Middleware for clients of Google APIs that turns a refusal for lack of OAuth scope into an error
//! that says what to do.
//!
//! Two gates stand between a call and a Google Cloud resource: the OAuth scopes of the token, and the IAM
//! roles of the account. On a VM the scopes are a ceiling that no role lifts, and Google's 403 names
//! neither gate clearly. A [`Guard`] stands inside the client, knows which scopes each method accepts and
//! which the token holds, and turns such a refusal into a [`Denial`] with the commands that end it here.
//! By default it never blocks what Google would allow.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # use http_body_util::Full;
//! # use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! # use gcp_scopes_testing::FakeGoogle;
//! # let google = FakeGoogle::builder().bucket("photos").start().await?;
//! # let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
//! # let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url());
//! # let upload = http::Request::post(url).header("authorization", format!("Bearer {}", google.token()));
//! # let upload = upload.body(Full::from("meow"))?;
//! use gcp_scopes::{Denial, Guard};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! // let guard = Guard::detect().await;
//! # let guard = Guard::builder().env(google.env()).endpoint(google.storage_url(), "storage.googleapis.com")?;
//! # let guard = guard.detect().await;
//! let client = ServiceBuilder::new().layer(guard.layer()).service(client); // hyper's, or what you have
//!
//! // On a VM with the default access scopes, whose account may write to the bucket:
//! let error = client.oneshot(upload).await.unwrap_err();
//! let denial = Denial::find(&*error).expect("the token may only read");
//! assert!(denial.to_string().contains("storage.objects.insert"));
//! println!("{}", denial.report()); // gcloud compute instances stop web-1 --zone=us-central1-a …
//! # Ok(()) }
//! ```
//!
//! # Which one is mine
//!
//! | client | add | begin with |
//! |---|---|---|
//! | tower, hyper | feature `tower` | [`Guard::layer`], [`adapter::tower`] |
//! | reqwest-middleware, gcloud-storage, gcloud-bigquery | feature `reqwest-middleware` | [`Guard::middleware`], [`adapter::reqwest_middleware`] |
//! | gcp_auth, for tokens | feature `gcp-auth` | [`Guard::gcp_auth`], [`adapter::gcp_auth`] |
//! | tonic, gcloud-sdk | crate [gcp-scopes-tonic] | `guard.tonic_layer()` |
//! | google-cloud-* | crate [gcp-scopes-google-cloud] | `guard.retry_policy(…)`, [`calling`] |
//! | google-apis-rs | crate [gcp-scopes-google-apis] | `guard.google_apis(…)`, [`calling`] |
//! | object_store | crate [gcp-scopes-object-store] | `guard.object_store(…)` |
//! | opendal | crate [gcp-scopes-opendal] | `guard.opendal()` |
//! | another one | | [`flight`]: the path that all of these walk |
//!
//! [gcp-scopes-tonic]: https://docs.rs/gcp-scopes-tonic
//! [gcp-scopes-google-cloud]: https://docs.rs/gcp-scopes-google-cloud
//! [gcp-scopes-google-apis]: https://docs.rs/gcp-scopes-google-apis
//! [gcp-scopes-object-store]: https://docs.rs/gcp-scopes-object-store
//! [gcp-scopes-opendal]: https://docs.rs/gcp-scopes-opendal
//!
//! # What else there is
//!
//! - [`Preflight`] says what happens to a call that Google would refuse, [`DenialDelivery`] how a denial
//!   reaches the caller.
//! - [`self_check`] asks at start-up whether both gates are open, [`recorder`] learns which scopes a program
//!   needs.
//! - [`judge`] is the verdict on a call as a pure function, before it is sent and after it was refused.
//! - [`refusal`] finds which gate refused, from any answer or log line; [`remedy`] what to do about it.
//! - [gcp-scopes-testing](https://docs.rs/gcp-scopes-testing) is a fake Google on 127.0.0.1 for the tests of your own
//!   service; [`telemetry`] lists the events.
//! - Errors are of two kinds: a [`Denial`] (the answer is no) and an [`Error`] (a wrong configuration), which never stops a call.
//!
//! Nothing needs a tokio runtime of the program's: what a guard asks, it asks on a thread of its own. The
//! [README](https://docs.rs/crate/gcp-scopes/latest/source/README.md) has all features, limits and what is
//! known of which token, [recipes](https://docs.rs/crate/gcp-scopes/latest/source/docs/recipes.md) have more clients.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use gcp_scopes_catalog::call;
use gcp_scopes_catalog::scope;

/// Which Google API method a call is, and which scopes that method accepts.
///
/// It is the crate [`gcp_scopes_catalog`], whose data is compiled in: nothing is parsed, allocated or fetched
/// at start.
pub mod catalog {
    pub(crate) use gcp_scopes_catalog::KnownHost;
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

/// The code in the README is compiled.
#[cfg(all(doctest, feature = "tower", feature = "reqwest-middleware"))]
#[doc = include_str!("../README.md")]
struct Readme;
