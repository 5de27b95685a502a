//! An upload to Cloud Storage that lacks an OAuth scope: first as a bare 403, then as a denial that
//! explains what to do, and at the end, after the fix, as a success.
//!
//! `cargo run --example quickstart` needs no network: an embedded fake Google runs on 127.0.0.1,
//! and a real client talks to it over real sockets.

use std::error::Error;

use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Vm};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let google = FakeGoogle::builder()
        .project("my-project", 123_456_789_012)
        .vm(Vm::new("web-1").zone("us-central1-a").account(ACCOUNT))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    println!(
        "A service on VM web-1 uploads to bucket photos. Its account has \
         roles/storage.objectAdmin.\n"
    );

    println!("== Without the guard: what a service sees today\n");
    let plain = ClientBuilder::new(reqwest::Client::new()).build();
    let response = upload(&plain, &google).await?;
    println!("HTTP {}\n{}\n", response.status(), response.text().await?.trim());

    println!("== With the guard\n");
    let guard = Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")?
        .tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?
        .detect()
        .await;
    let guarded = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    let error =
        upload(&guarded, &google).await.err().ok_or("the upload should have been refused")?;
    let denial = Denial::find(&error).ok_or("the error should hold a denial")?;
    println!("{}", denial.report());

    println!("== The fix is applied: stop, set scopes, start\n");
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    let response = upload(&guarded, &google).await?.error_for_status()?;
    println!("HTTP {}: the same upload succeeds. Both gates are open.", response.status());
    Ok(())
}

/// Uploads one object with the token that the VM's metadata server currently issues.
async fn upload(
    client: &ClientWithMiddleware,
    google: &FakeGoogle,
) -> Result<reqwest::Response, reqwest_middleware::Error> {
    client
        .post(format!(
            "{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg",
            google.storage_url()
        ))
        .bearer_auth(google.token())
        .body("meow")
        .send()
        .await
}
