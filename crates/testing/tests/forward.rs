//! Tests that the fake Google checks scopes and forwards allowed requests to another server.

use anyhow::{Result, ensure};
use bytes::Bytes;
use gcp_scopes_testing::{FakeGoogle, Service};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const ROBOT: &str = "robot@my-project.iam.gserviceaccount.com";

/// Starts a fake that forwards allowed requests to `server`.
async fn forwarding_to(server: &FakeGoogle) -> Result<FakeGoogle> {
    Ok(FakeGoogle::builder()
        .forward(Service::OtherApi, server.url_of(Service::OtherApi))
        .start()
        .await?)
}

/// Sends a POST request with a token that has only this scope.
async fn post(google: &FakeGoogle, version: Version, scope: &str) -> Result<Response<Bytes>> {
    let request = Request::post(format!("{}/v1/orders:send?x=1", google.url_of(Service::OtherApi)))
        .header("authorization", format!("Bearer {}", google.mint(ROBOT, [scope])))
        .body(Full::new(Bytes::from_static(b"hello")))?;
    let mut client = Client::builder(TokioExecutor::new());
    let client = client.http2_only(version == Version::HTTP_2).build_http();
    let (head, body) = client.request(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

#[tokio::test]
async fn requests_that_lack_a_scope_are_refused_and_others_forwarded() -> Result<()> {
    let server = FakeGoogle::builder().start().await?;
    let google = forwarding_to(&server).await?;
    google.other_api().path("/").serve(["cloud-platform"], Response::new(""));
    google.other_api().path("/v1/orders").serve(["pubsub"], Response::new(""));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let count = server.requests().len();
        let refused = post(&google, version, "cloud-platform").await?;
        ensure!(refused.status() == StatusCode::FORBIDDEN, "{refused:?}");
        server
            .other_api()
            .respond(Response::builder().status(207).header("x-custom", "kept").body("as sent")?);
        let allowed = post(&google, version, "pubsub").await?;
        ensure!(
            allowed.status() == StatusCode::MULTI_STATUS && allowed.body() == "as sent",
            "{allowed:?}"
        );
        ensure!(
            allowed.headers().get("x-custom").is_some() && allowed.version() == version,
            "{allowed:?}"
        );
        let sent = server.requests();
        ensure!(sent.len() == count + 1, "{sent:?}");
        let Some(last) = sent.last() else { unreachable!("the list has at least one request") };
        ensure!((last.path(), last.query()) == ("/v1/orders:send", "x=1"), "{last:?}");
    }
    google.wait_until_idle().await;
    Ok(())
}

#[tokio::test]
async fn trailers_are_forwarded() -> Result<()> {
    let server = FakeGoogle::builder().start().await?;
    let google = forwarding_to(&server).await?;
    let trailers = HeaderMap::from_iter([("grpc-status".parse()?, "5".parse()?)]);
    server.other_api().with_trailers(trailers.clone()).respond(Response::new("message"));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let request = Request::post(google.url_of(Service::OtherApi))
        .header("content-type", "application/grpc")
        .body(Full::default())?;
    let collected = client.request(request).await?.into_body().collect().await?;
    ensure!(collected.trailers() == Some(&trailers), "{:?}", collected.trailers());
    ensure!(collected.to_bytes() == "message", "the body should be forwarded, too");
    Ok(())
}
