//! Uses a guard with Google's own Cloud Storage client. Uploads twice to a fake Google on
//! 127.0.0.1, and prints the denials.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example google_cloud_storage`

use std::time::Duration;

use gcp_scopes::{Denial, Guard};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::{FakeGoogle, Vm};
use google_cloud_auth::credentials::mds;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_storage::client::Storage;
use google_cloud_storage::retry_policy::RetryableErrors;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await?;
    let guard = Guard::builder().env(google.env()).detect().await;

    // In a service: google_cloud_auth::credentials::Builder::default().
    let metadata = google.vm("web-1").metadata_host()?;
    let credentials = guard
        .credentials(mds::Builder::default().with_endpoint(format!("http://{metadata}")).build()?);
    let retries = RetryableErrors.with_time_limit(Duration::from_secs(300));
    let client = Storage::builder()
        .with_endpoint(google.storage_url())
        .with_retry_policy(guard.retry_policy(retries).with_tokens_of(&credentials))
        .with_credentials(credentials)
        .build()
        .await?;

    // The retry policy explains every refused call. A call inside `insert.run` is also checked
    // before it is sent: the first upload is refused, and the second is not sent.
    let insert = guard.calling("storage.objects.insert")?;
    for _ in 0..2 {
        let upload =
            client.write_object("projects/_/buckets/photos", "cat.jpg", "meow").send_unbuffered();
        let Err(error) = insert.run(upload).await else {
            return Err("the upload went through".into());
        };
        match Denial::find(&error) {
            Some(denial) => println!("{}\n", denial.report()),
            None => return Err(error.into()),
        }
    }
    Ok(())
}
