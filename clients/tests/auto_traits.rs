//! What threads and tasks may do with the adapters of client crates, checked by the compiler.

use std::future::Future;

use gcp_scopes::Guard;
use gcp_scopes_google_apis::GuardGetToken;
use gcp_scopes_google_cloud::{GuardCredentials, GuardRetryPolicy};
use gcp_scopes_object_store::GuardConnector;
use gcp_scopes_opendal::GuardOperatorLayer;

fn anywhere<T: Send + Sync + Unpin + 'static>() {}
fn borrowed_in_a_task<F: Future + Send>(_: F) {}

#[test]
fn adapters_go_wherever_their_clients_go() {
    anywhere::<(GuardConnector, GuardOperatorLayer)>();
    anywhere::<(GuardCredentials, GuardRetryPolicy, GuardGetToken<String>)>();
}

#[test]
fn a_call_can_be_spawned() {
    if let Ok(calling) = Guard::builder().build().calling("storage.objects.get") {
        let call = async { Err::<(), _>(google_apis_common::Error::Cancelled) };
        borrowed_in_a_task(calling.run(call));
    }
}
