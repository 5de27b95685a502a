//! Creates guards for the fake Google.

use gcp_scopes::{Guard, GuardBuilder};
use gcp_scopes_testing::{FakeGoogle, Service};

/// Returns the builder of a guard that runs on the fake's VM and queries the fake's tokeninfo. The
/// guard treats [`Service::Storage`] of the fake as Cloud Storage, and [`Service::OtherApi`] as
/// Pub/Sub.
pub(crate) fn builder(google: &FakeGoogle) -> GuardBuilder {
    crate::plain::provider();
    Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")
        .unwrap()
        .endpoint(google.url_of(Service::OtherApi), "pubsub.googleapis.com")
        .unwrap()
        .tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))
        .unwrap()
}
