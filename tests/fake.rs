//! Checks that the guard recognises the platforms and the refusals of the fake Google. The fake and
//! the guard share no code, so each has its own tables of platforms and refusals.

use anyhow::Result;
use bytes::Bytes;
use gcp_scopes::environment;
use gcp_scopes::refusal::{ErrorResponse, Gate, classify};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, RefusalForm, Service, Vm};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

#[tokio::test]
async fn the_guard_recognises_the_platform_of_the_fake() -> Result<()> {
    let google = FakeGoogle::builder()
        .vm(Vm::new("shop").platform(FakePlatform::CloudRunService))
        .start()
        .await?;
    let guard = gcp_scopes::Guard::builder().env(google.env()).build();
    assert_eq!(guard.environment().platform(), environment::Platform::CloudRunService);
    Ok(())
}

#[tokio::test]
async fn every_scope_refusal_of_the_fake_is_classified_as_scope_refusal() -> Result<()> {
    let google = FakeGoogle::builder().start().await?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    for form in RefusalForm::all().iter().filter(|form| form.is_scope_refusal() && !form.is_grpc())
    {
        google.other_api().respond_with(*form);
        let request = http::Request::get(google.url_of(Service::OtherApi))
            .header("authorization", format!("Bearer {}", google.token()));
        let response = client.request(request.body(Empty::new())?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        let refusal = classify(&ErrorResponse::new(&body).with_status(status));
        assert_eq!(refusal.map(|refusal| refusal.gate()), Some(Gate::Scope), "{form:?}: {body:?}");
    }
    Ok(())
}
