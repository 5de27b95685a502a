//! The fake Google's scope gate before another server: an API that a test made up, and gRPC.

use anyhow::{Result, ensure};
use bytes::Bytes;
use gcp_scopes_testing::{FakeGoogle, Service};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const ROBOT: &str = "robot@my-project.iam.gserviceaccount.com";

async fn before(server: &FakeGoogle) -> Result<FakeGoogle> {
    Ok(FakeGoogle::builder().forward(Service::Front, server.url_of(Service::Front)).start().await?)
}

async fn post(google: &FakeGoogle, version: Version, scope: &str) -> Result<Response<Bytes>> {
    let request = Request::post(format!("{}/v1/orders:send?x=1", google.url_of(Service::Front)))
        .header("authorization", format!("Bearer {}", google.mint(ROBOT, [scope])))
        .body(Full::new(Bytes::from_static(b"hello")))?;
    let mut client = Client::builder(TokioExecutor::new());
    let client = client.http2_only(version == Version::HTTP_2).build_http();
    let (head, body) = client.request(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

#[tokio::test]
async fn the_gate_refuses_by_scope_and_passes_the_rest_on() -> Result<()> {
    let server = FakeGoogle::builder().start().await?;
    let google = before(&server).await?;
    google.front().path("/").serve(["cloud-platform"], Response::new(""));
    google.front().path("/v1/orders").serve(["pubsub"], Response::new(""));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let before = server.requests().len();
        let poor = post(&google, version, "cloud-platform").await?;
        ensure!(poor.status() == StatusCode::FORBIDDEN, "{poor:?}");
        server.front().respond(Response::builder().status(207).header("x-own", "kept").body("as sent")?);
        let good = post(&google, version, "pubsub").await?;
        ensure!(good.status() == StatusCode::MULTI_STATUS && good.body() == "as sent", "{good:?}");
        ensure!(good.headers().get("x-own").is_some() && good.version() == version, "{good:?}");
        let sent = server.requests();
        ensure!(sent.len() == before + 1, "{sent:?}");
        let Some(last) = sent.last() else { unreachable!("one more than before") };
        ensure!((last.path(), last.query()) == ("/v1/orders:send", "x=1"), "{last:?}");
    }
    google.idle().await;
    Ok(())
}

#[tokio::test]
async fn trailers_come_through_the_gate() -> Result<()> {
    let server = FakeGoogle::builder().start().await?;
    let google = before(&server).await?;
    let trailers = HeaderMap::from_iter([("grpc-status".parse()?, "5".parse()?)]);
    server.front().with_trailers(trailers.clone()).respond(Response::new("message"));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let request = Request::post(google.url_of(Service::Front))
        .header("content-type", "application/grpc")
        .body(Full::default())?;
    let whole = client.request(request).await?.into_body().collect().await?;
    ensure!(whole.trailers() == Some(&trailers), "{:?}", whole.trailers());
    ensure!(whole.to_bytes() == "message", "the body, too");
    Ok(())
}
