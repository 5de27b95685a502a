//! A guard over the fake Google.

use gcp_scopes::Guard;
use gcp_scopes::guard::GuardBuilder;
use gcp_scopes_testing::{FakeGoogle, Service};

/// It runs on the fake's VM, asks the fake's tokeninfo, and knows its Cloud Storage, and its front end as
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
