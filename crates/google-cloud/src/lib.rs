//! Credentials and a retry policy for Google's own `google-cloud-*` clients.
//!
//! ```no_run
//! use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
//! use gcp_scopes_google_cloud::gcp_scopes::Guard;
//! use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt};
//!
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = Guard::detect().await;
//! let credentials =
//!     guard.credentials(google_cloud_auth::credentials::Builder::default().build()?);
//! let retries =
//!     Aip194Strict.with_attempt_limit(10).with_time_limit(std::time::Duration::from_secs(60));
//! let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
//! // Client::builder().with_credentials(credentials).with_retry_policy(retries).build().await?
//! # Ok(()) }
//! ```
//!
//! These clients have no middleware that could see a request. The guard uses two hooks instead.
//! Each hook also works without the other:
//!
//! 1. **The retry policy** explains a refusal for lack of scope, over HTTP or gRPC. The code that
//!    makes the calls does not change. The error keeps its code, status, details and headers, and
//!    [`Denial::find`](gcp_scopes::Denial::find) finds the denial among its sources.
//!
//!    The wrapped policy still decides about retries, and replaces the client's default policy. The
//!    policy in the example is the default of the generated clients. Cloud Storage and a Pub/Sub
//!    `Publisher` have other defaults: see
//!    [the recipe](https://docs.rs/crate/gcp-scopes/latest/source/docs/recipes.md).
//!
//!    Streams do not use a retry policy, and a request with its own policy does not use the
//!    client's. For these, call [`Guard::explain_error`](gcp_scopes::Guard::explain_error) with the
//!    error.
//! 2. **The credentials** report each token to the guard. If a call runs inside
//!    [`Guard::calling`](gcp_scopes::Guard::calling), the credentials check the call before it is
//!    sent. The credentials are also a [token source](gcp_scopes::token_source) for the middleware
//!    of gcp-scopes. In this use, the middleware sets the token but not the quota project.
//!
//! The scopes that a program requests can differ from the scopes that its token holds, so the guard
//! does not infer one from the other. The guard reads the scopes from the JWTs that a service
//! account key signs. For other tokens the guard queries the metadata server or tokeninfo.
//!
//! # Errors
//! A call that is not sent fails with a
//! [`CredentialsError`](google_cloud_auth::errors::CredentialsError) that is not transient, so that
//! the client does not retry the call.

mod credentials;
mod retry;

pub use gcp_scopes;

use gcp_scopes::Guard;
use google_cloud_auth::credentials::Credentials;
use google_cloud_gax::retry_policy::RetryPolicy;

pub use credentials::GuardCredentials;
pub use retry::{GoogleCloud, GuardRetryPolicy};

/// Adds the hooks for the clients of google-cloud-rust to [`Guard`] as methods.
pub trait GuardGoogleCloudExt {
    /// Returns credentials that wrap `inner` and report each token to this guard.
    ///
    /// ```
    /// use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
    /// use gcp_scopes_google_cloud::gcp_scopes::Guard;
    /// use google_cloud_auth::credentials::anonymous;
    ///
    /// let guard = Guard::builder().build();
    /// // Anonymous credentials are enough for an emulator.
    /// let credentials = guard.credentials(anonymous::Builder::new().build());
    /// ```
    #[must_use]
    fn credentials(&self, inner: impl Into<Credentials>) -> GuardCredentials;

    /// Returns a retry policy that wraps `inner` and explains the refusals that `inner` does not
    /// retry.
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
