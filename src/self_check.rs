//! Checks at start-up that the gates are open that a service needs: the OAuth scopes of its token
//! and, on request, the IAM permissions of its account.
//!
//! ```
//! use gcp_scopes::Guard;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let guard = Guard::builder().build();
//! // let guard = Guard::detect().await;
//! let report = guard
//!     .self_check()
//!     .needs("storage.objects.insert")
//!     .needs("GET https://storage.googleapis.com/storage/v1/b/{bucket}/o/{object}")
//!     .needs_write_to("pubsub")
//!     .iam("//storage.googleapis.com/projects/_/buckets/my-bucket", ["storage.objects.create"])
//!     .run()
//!     .await;
//! println!("{report}");
//! if let Err(closed) = report.into_result() {
//!     // Fail fast, or refuse readiness and go on.
//!     eprintln!("{closed}");
//! }
//! # }
//! ```
//!
//! # What it does
//!
//! 1. It gets a token as the program does: from the source given to [`SelfCheck::with_token`],
//!    else from the metadata server if the program's credential is the attached account. It mints
//!    no token from a credential in a file: without a source the scopes of those tokens are
//!    unknown.
//! 2. It finds out what the token holds, from the guard's sources and, where they do not know, from
//!    tokeninfo, under the guard's rules.
//! 3. It judges each need as the guard judges a call. A need without a verdict is *unknown*, never
//!    closed.
//! 4. It asks about each resource by its `testIamPermissions`. That is a call to Google, and takes
//!    an OAuth scope itself: if the token lacks that one, the report says so and does not blame
//!    IAM. A permission that IAM grants does not show that the token holds the scopes of its
//!    methods.
//! 5. It asks everything at once, under one deadline of 2 seconds. What has no answer by then is
//!    unknown. Nothing is retried.
//!
//! Where tokens are minted for the scopes that a program asks for, as on Cloud Run and GKE Workload
//! Identity, the check looks at the token for which no scope is asked.
//!
//! A report holds no token. It shows the names of resources that the program gave.

mod builder;

mod ask;
mod judge;

mod page;
mod report;

mod finding;
mod kinds;
mod need;
mod refused;
mod resource;

pub use builder::SelfCheck;
pub use finding::{Finding, GateState};
pub use report::{ClosedGates, Report};

/// The code in the guide is compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/self-check.md")]
struct Guide;
