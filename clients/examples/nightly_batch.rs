//! A nightly batch on a workstation, with the credentials of a user, built with Google's own client
//! of Cloud Storage. The batch checks both gates before it begins, so that it does not fail after
//! hours of work, and ends with an exit code for the scheduler.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example nightly_batch`
//! sends its requests to a fake Google on 127.0.0.1.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use gcp_scopes::{Denial, Guard};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::FakeGoogle;
use google_cloud_auth::credentials::user_account;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_storage::client::Storage;
use google_cloud_storage::retry_policy::RetryableErrors;
use serde_json::json;

const USER: &str = "ann@shop.example";

/// Runs the batch with a credential file, and returns the exit code.
async fn run(google: &FakeGoogle, file: &Path) -> Result<i32> {
    // In a program: Guard::detect().await, and credentials::Builder::default().build()?
    let variables = [
        ("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), file.display().to_string()),
        ("NO_GCE_CHECK".to_owned(), "true".to_owned()),
    ];
    let guard = Guard::builder().env(variables);
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?;
    let guard = guard.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?;
    let guard = guard.detect().await;
    let login = serde_json::from_slice(&std::fs::read(file)?)?;
    let credentials = user_account::Builder::new(login);
    let credentials = credentials.with_token_uri(format!("{}/token", google.oauth_url()));
    let credentials = guard.credentials(credentials.build()?);

    // Exit code 78 of sysexits.h: something is wrong with the configuration.
    let check = guard.self_check().needs("storage.objects.insert").with_token(credentials.clone());
    let check = check.iam("gs://photos", ["storage.objects.create"]);
    if let Err(closed) = check.run().await.into_result() {
        println!("{}\n", closed.report());
        return Ok(78);
    }
    let retries = RetryableErrors.with_time_limit(Duration::from_secs(300));
    let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
    let storage = Storage::builder().with_endpoint(google.storage_url());
    let storage = storage.with_retry_policy(retries).with_credentials(credentials).build().await?;
    for day in ["monday", "tuesday"] {
        let bucket = "projects/_/buckets/photos";
        let upload = storage.write_object(bucket, format!("{day}.csv"), "cat,1\ndog,2\n");
        if let Err(error) = upload.send_unbuffered().await {
            match Denial::find(&error) {
                Some(denial) => println!("{}\n", denial.report()),
                None => println!("{error}\n"),
            }
            return Ok(75); // EX_TEMPFAIL: the scheduler may try again
        }
        println!("stored {day}.csv");
    }
    Ok(0)
}

#[tokio::main]
async fn main() -> Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder().bucket("photos");
    let google = google.iam("photos", USER, "roles/storage.objectAdmin").start().await?;
    let folder = std::env::temp_dir().join(format!("nightly-batch-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    // A path that is the same in every run.
    std::env::set_current_dir(&folder)?;
    let file = Path::new("application_default_credentials.json");
    for scopes in [&["devstorage.read_only"][..], &["cloud-platform"]] {
        println!("== The user logged in with the scope {}\n", scopes.join(", "));
        let login = json!({
            "type": "authorized_user",
            // The OAuth client of gcloud.
            "client_id": "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
            "client_secret": "secret",
            "refresh_token": google.refresh_token(USER, scopes),
        });
        std::fs::write(file, login.to_string())?;
        println!("exit code {}\n", run(&google, file).await?);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
