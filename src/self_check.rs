//! Checks at start-up that a service may make its calls. The check covers two gates: the OAuth
//! scopes of the service's token and, if requested, the IAM permissions of its account.
//!
//! ```
//! use gcp_scopes::Guard;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let guard = Guard::builder().build();
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
//!     // Stop the program, or report that it is not ready.
//!     eprintln!("{closed}");
//! }
//! # }
//! ```
//!
//! # Steps of a check
//!
//! 1. The check gets a token in the same manner as the program: from the source that was set with
//!    [`SelfCheck::with_token`], or from the metadata server if the program uses the attached
//!    service account. The check requests no token for a credential in a file: without a source,
//!    the scopes of such tokens are unknown.
//! 2. The check finds out the scopes of the token from the guard's sources. If these do not know
//!    the token, the check queries tokeninfo, with the guard's settings.
//! 3. The check decides for each need whether the token's scopes are sufficient, as the guard does
//!    for a call. A need that cannot be decided is *unknown*, never closed.
//! 4. The check calls `testIamPermissions` for each resource. This call to Google needs an OAuth
//!    scope too. If the token lacks that scope, the state of the resource is *unknown*, and the
//!    report contains the reason. A permission that IAM grants does not prove that the token has
//!    the scopes of the corresponding methods.
//! 5. All requests run in parallel with a common deadline of 2 seconds. A gate without a response
//!    at the deadline is unknown. No request is retried.
//!
//! On Cloud Run and with GKE Workload Identity, tokens are issued for the scopes that a program
//! requests. There the check inspects the token that is issued if no scopes are requested.
//!
//! A report contains no token. It contains the names of the resources that the program passed.

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
pub use report::{Report, SelfCheckError};

/// Compiles the code examples of the guide as doctests.
#[cfg(doctest)]
#[doc = include_str!("../docs/self-check.md")]
struct Guide;
