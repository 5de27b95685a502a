//! Uses a guard with gcloud-storage: adds the guard's middleware to the reqwest-middleware client
//! that gcloud-storage accepts.
//!
//! Prints the error that the program gets with `DenialDelivery::Error`, the default, and then the
//! error with `DenialDelivery::Message`, which is the client's own 403 error. Programs that match
//! on the 403 error use `DenialDelivery::Message`.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example gcloud_storage`
//! sends its requests to a fake Google on 127.0.0.1.

use gcloud_storage::client::{Client, ClientConfig};
use gcloud_storage::http::Error;
use gcloud_storage::http::objects::upload::{Media, UploadObjectRequest, UploadType};
use gcp_scopes::{Denial, DenialDelivery, Guard};
use gcp_scopes_testing::{FakeGoogle, Service, Vm, default_scopes};
use reqwest_middleware::ClientBuilder;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(default_scopes()))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;

    println!("== DenialDelivery::Error, the default\n");
    let client = guarded(&google, DenialDelivery::Error).await?;
    for name in ["cat.jpg", "dog.jpg"] {
        let error = upload(&client, name).await.expect_err("the upload was not refused");
        println!("{}", Denial::find(&error).expect("the error has no denial"));
    }
    println!("\n{} of 2 uploads reached Cloud Storage.\n", storage_calls(&google));

    println!(
        "== DenialDelivery::Message: the error that the program knows, with the guard's words\n"
    );
    let client = guarded(&google, DenialDelivery::Message).await?;
    match upload(&client, "cat.jpg").await {
        Err(Error::Response(response)) if response.code == 403 => {
            println!("{}\n", response.message)
        }
        other => anyhow::bail!("not an error with status 403: {other:?}"),
    }

    println!("== The fix: stop, set scopes, start\n");
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    upload(&guarded(&google, DenialDelivery::Error).await?, "cat.jpg").await?;
    println!("cat.jpg is stored.");
    Ok(())
}

/// Builds a client with a guard and with the VM's current token, as a program does when it starts.
async fn guarded(google: &FakeGoogle, delivery: DenialDelivery) -> anyhow::Result<Client> {
    // In a program: Guard::detect().await, or
    // Guard::builder().denial_delivery(delivery).detect().await
    let guard = Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")?;
    let guard = guard.denial_delivery(delivery).detect().await;
    let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    // In a program: ClientConfig { http: Some(http), ..ClientConfig::default() }.with_auth().await?
    Ok(Client::new(ClientConfig {
        http: Some(http),
        storage_endpoint: google.storage_url(),
        token_source_provider: Some(Box::new(clients::fixed_token(google.token()))),
        ..ClientConfig::default()
    }))
}

async fn upload(client: &Client, name: &str) -> Result<(), Error> {
    let request = UploadObjectRequest { bucket: "photos".into(), ..Default::default() };
    client
        .upload_object(&request, "meow", &UploadType::Simple(Media::new(name.to_owned())))
        .await?;
    Ok(())
}

/// Returns how many requests Cloud Storage has received.
fn storage_calls(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}
