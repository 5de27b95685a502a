//! Uses a guard with an opendal operator, on a VM whose token lacks a scope. Prints the errors of
//! refused writes and the steps that help, and writes again after these steps.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example opendal`
//! sends its requests to a fake Google on 127.0.0.1.

use std::error::Error;

use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_opendal::GuardOpendalExt as _;
use gcp_scopes_testing::{FakeGoogle, Service, Vm, default_scopes};
use opendal::layers::RetryLayer;
use opendal::services::Gcs;
use opendal::{HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In this workspace rustls is built without a default crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(default_scopes()))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    // In a program: Guard::detect().await
    let guard = Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")?
        .preflight(Preflight::Confirm)
        .detect()
        .await;

    println!(
        "The default access scopes of a VM allow to read from Cloud Storage, and its role to \
         write.\n"
    );
    let photos = operator(&google)?.layer(guard.opendal()).layer(RetryLayer::new());
    let listed = photos.list("").await?;
    println!("list:  {} objects", listed.len());
    for attempt in ["write", "again"] {
        let Err(error) = photos.write("cat.jpg", "meow").await else {
            return Err("the write was not refused".into());
        };
        println!("{attempt}: {} (temporary: {})", error.kind(), error.is_temporary());
        println!("       {}", error.to_string().split(", source: ").last().unwrap_or_default());
    }
    println!(
        "\n{} requests reached Cloud Storage: no refusal is retried or repeated.",
        storage_calls(&google)
    );

    let Err(error) = photos.write("cat.jpg", "meow").await else {
        return Err("the write was not refused".into());
    };
    let denial = Denial::find(&error).ok_or("the error has no denial")?;
    println!("\nWhat helps, in order:");
    for step in denial.steps() {
        println!("- {}", step.command_line().unwrap_or_else(|| step.text()));
    }

    println!("\nThat is done:");
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["devstorage.read_write"])?;
    vm.start()?;
    operator(&google)?.layer(guard.opendal()).write("cat.jpg", "meow").await?;
    println!("write: done");
    Ok(())
}

/// Builds an operator with the VM's current token.
fn operator(google: &FakeGoogle) -> opendal::Result<Operator> {
    let gcs = Gcs::default().bucket("photos").endpoint(&google.storage_url()).token(google.token());
    // A program with opendal's default features does not need this transport.
    let transport = HttpTransporter::new(ReqwestTransport::default());
    let context = OperationContext::new().with_http_transport(transport);
    Ok(Operator::new(gcs.disable_vm_metadata().disable_config_load())?.with_context(context))
}

/// Returns how many requests Cloud Storage has received.
fn storage_calls(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}
