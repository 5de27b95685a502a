//! The upload of the quickstart example, through a tower stack: a timeout, the guard, and
//! hyper-util's client. With `Preflight::Deny`, a call whose token lacks the scope is not sent.
//!
//! `cargo run --example tower` needs no network: the fake Google listens on 127.0.0.1.

use std::time::Duration;

use bytes::Bytes;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, Vm};
use http::{Request, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1"))
        .bucket("photos")
        .iam(
            "photos",
            "123456789012-compute@developer.gserviceaccount.com",
            "roles/storage.objectAdmin",
        )
        .start()
        .await?;
    let guard = Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")?
        .tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?
        .preflight(Preflight::Deny)
        .detect()
        .await;

    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut service =
        ServiceBuilder::new().timeout(Duration::from_secs(10)).layer(guard.layer()).service(client);

    let upload = |google: &FakeGoogle| {
        Request::post(format!(
            "{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg",
            google.storage_url()
        ))
        .header(header::AUTHORIZATION, format!("Bearer {}", google.token()))
        .body(Full::new(Bytes::from("meow")))
    };

    let error = service
        .ready()
        .await?
        .call(upload(&google)?)
        .await
        .err()
        .ok_or("the upload should have been refused")?;
    let denial = Denial::find(&*error).ok_or("the error should hold a denial")?;
    println!("one line for the log:\n  {denial}\n\nthe report:\n{}", denial.report());

    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    let response = service.ready().await?.call(upload(&google)?).await?;
    println!("after the fix: HTTP {}", response.status());
    Ok(())
}
