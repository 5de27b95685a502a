//! Credentials and a retry policy for Google's own `google-cloud-*` clients.
//!
//! ```no_run
//! use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
//! use gcp_scopes_google_cloud::gcp_scopes::Guard;
//! use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
//!
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = Guard::detect().await;
//! let credentials = guard.credentials(google_cloud_auth::credentials::Builder::default().build()?);
//! let retries = Aip194Strict.with_attempt_limit(10).with_time_limit(std::time::Duration::from_secs(60));
//! let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
//! // Client::builder().with_credentials(credentials).with_retry_policy(retries).build().await?
//! # Ok(()) }
//! ```
//!
//! The clients let nobody see their requests, so there are two hooks, each of use alone:
//!
//! 1. **The retry policy** explains a refusal for lack of scope, HTTP or gRPC, without a change where
//!    calls are made. Code, status, details and headers of the error stay, and
//!    [`Denial::find`](gcp_scopes::Denial::find) finds the denial behind it. The policy of a single request takes
//!    its place, and streams do not ask it: use [`Guard::explain_error`](gcp_scopes::Guard::explain_error)
//!    there. What it wraps keeps the word on retries and takes the place of the client's own: above is
//!    what generated clients do by themselves. Cloud Storage and a Pub/Sub `Publisher` do something else:
//!    see [the recipe](https://docs.rs/crate/gcp-scopes/latest/source/docs/recipes.md).
//! 2. **The credentials** tell the guard which tokens there are, and check a call before it is sent if
//!    it runs inside [`Guard::calling`](gcp_scopes::Guard::calling). They also hand tokens to the middlewares
//!    of this crate ([`token_source`](gcp_scopes::token_source)), but not the quota project.
//!
//! What was asked for is not what a token holds, so nothing is concluded from it. A service account key
//! makes JWTs that say themselves what they hold; for others the metadata server or tokeninfo is asked.
//!
//! # Errors
//! A call that is not sent fails with a [`CredentialsError`](google_cloud_auth::errors::CredentialsError) that is not transient, so that nobody
//! retries it.

mod credentials;
mod retry;

pub use gcp_scopes;

use gcp_scopes::Guard;
use google_cloud_auth::credentials::Credentials;
use google_cloud_gax::retry_policy::RetryPolicy;

pub use credentials::GuardCredentials;
pub use retry::{GoogleCloud, GuardRetryPolicy};

/// What a guard makes for the clients of google-cloud-rust.
pub trait GuardGoogleCloudExt {
    /// Credentials that the guard observes.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use google_cloud_auth::credentials::anonymous;
    ///
    /// let guard = Guard::builder().build();
    /// let credentials = guard.credentials(anonymous::Builder::new().build()); // an emulator asks for none
    /// ```
    #[must_use]
    fn credentials(&self, inner: impl Into<Credentials>) -> GuardCredentials;

    /// A retry policy that explains the refusals on which `inner` gives up.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
    ///
    /// let guard = Guard::builder().build();
    /// let retries = guard.retry_policy(Aip194Strict.with_attempt_limit(10));
    /// ```
    #[must_use]
    fn retry_policy(&self, inner: impl RetryPolicy + 'static) -> GuardRetryPolicy;
}

impl GuardGoogleCloudExt for Guard {
    fn credentials(&self, inner: impl Into<Credentials>) -> GuardCredentials {
        GuardCredentials::new(self, inner)
    }

    fn retry_policy(&self, inner: impl RetryPolicy + 'static) -> GuardRetryPolicy {
        GuardRetryPolicy::new(self, inner)
    }
}
