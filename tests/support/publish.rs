//! A call to Pub/Sub through reqwest-middleware, for tests of several files.

use gcp_scopes_testing::{FakeGoogle, Service};
use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};

/// Creates a call to the service [`Service::OtherApi`] of the fake, which the guard treats as
/// Pub/Sub.
pub(crate) fn publish(client: &ClientWithMiddleware, google: &FakeGoogle) -> RequestBuilder {
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    client.post(url).bearer_auth(google.token()).body("{}")
}
