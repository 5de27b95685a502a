//! Checks at compile time that the adapters of client crates can be sent to other threads, and that
//! their futures can be spawned.

use std::future::Future;

use gcp_scopes::Guard;
use gcp_scopes_google_apis::GuardGetToken;
use gcp_scopes_google_cloud::{GuardCredentials, GuardRetryPolicy};
use gcp_scopes_object_store::GuardConnector;
use gcp_scopes_opendal::GuardOperatorLayer;
use object_store::client::ReqwestConnector;

fn assert_send_sync_unpin<T: Send + Sync + Unpin + 'static>() {}
fn assert_send_future<F: Future + Send>(_: F) {}

#[test]
fn adapters_are_send_sync_and_unpin() {
    assert_send_sync_unpin::<(GuardConnector<ReqwestConnector>, GuardOperatorLayer)>();
    assert_send_sync_unpin::<(GuardCredentials, GuardRetryPolicy, GuardGetToken<String>)>();
}

#[test]
fn the_future_of_a_call_is_send() {
    if let Ok(calling) = Guard::builder().build().calling("storage.objects.get") {
        let call = async { Err::<(), _>(google_apis_common::Error::Cancelled) };
        assert_send_future(calling.run(call));
    }
}
