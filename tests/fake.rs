//! What the fake Google shows is what the guard sees, although neither knows the other's tables.

use anyhow::Result;
use bytes::Bytes;
use gcp_scopes::environment;
use gcp_scopes::refusal::{Answer, Gate, classify};
use gcp_scopes_testing::{FakeGoogle, Platform, RefusalForm, Service, Vm};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

#[tokio::test]
async fn the_variables_of_a_platform_are_recognised() -> Result<()> {
    let google =
        FakeGoogle::builder().vm(Vm::new("shop").platform(Platform::CloudRunService)).start().await?;
    let guard = gcp_scopes::Guard::builder().env(google.env()).build();
    assert_eq!(guard.environment().platform(), environment::Platform::CloudRunService);
    Ok(())
}

#[tokio::test]
async fn every_form_of_lack_of_scope_is_classified_as_such() -> Result<()> {
    let google = FakeGoogle::builder().start().await?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for wire in RefusalForm::all().iter().filter(|wire| wire.is_scope_refusal() && !wire.is_grpc()) {
        google.other_api().respond_with(*wire);
        let request = http::Request::get(google.url_of(Service::OtherApi))
            .header("authorization", format!("Bearer {}", google.token()));
        let answer = client.request(request.body(Empty::new())?).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        let refusal = classify(&Answer::new(&body).with_status(status));
        assert_eq!(refusal.map(|refusal| refusal.gate()), Some(Gate::Scope), "{wire:?}: {body:?}");
    }
    Ok(())
}
