//! Uses a guard with object_store, on a VM whose token lacks a scope. Prints the error of an upload
//! without the guard, and with the guard. Both errors are `Error::PermissionDenied`, which programs
//! match on.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example object_store`
//! sends its requests to a fake Google on 127.0.0.1.

use std::sync::Arc;

use futures::TryStreamExt;
use gcp_scopes::{Guard, Preflight};
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_testing::{FakeGoogle, Vm, default_scopes};
use object_store::client::ReqwestConnector;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, Error, ObjectStore, ObjectStoreExt, StaticCredentialProvider};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
        .preflight(Preflight::Deny)
        .detect()
        .await;
    let unguarded = builder(&google).build()?;
    let connector = guard.object_store(ReqwestConnector::default());
    let store = builder(&google).with_http_connector(connector).build()?;

    let listed: Vec<_> = store.list(None).try_collect().await?;
    println!("list: {} objects\n", listed.len());

    println!("put, without the guard:\n");
    let Err(error) = unguarded.put(&"cat.jpg".into(), "meow".into()).await else {
        return Err("not refused".into());
    };
    println!("{error}\n");

    println!("put, with the guard, which does not even send it:\n");
    match store.put(&"cat.jpg".into(), "meow".into()).await {
        Err(error @ Error::PermissionDenied { .. }) => {
            println!("{error}\n");
            let denial = guard.denial_of(&error).ok_or("the guard finds no denial")?;
            println!("In full:\n\n{}", denial.report());
        }
        other => return Err(format!("not denied: {other:?}").into()),
    }
    Ok(())
}

fn builder(google: &FakeGoogle) -> GoogleCloudStorageBuilder {
    let credential = StaticCredentialProvider::new(GcpCredential { bearer: google.token() });
    GoogleCloudStorageBuilder::new()
        .with_bucket_name("photos")
        .with_base_url(&google.storage_url())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_credentials(Arc::new(credential))
}
