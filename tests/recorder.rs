//! Checks which methods a recorder records of the calls through a guard, and which scopes the
//! recorder derives from the methods.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
mod plain;

use anyhow::{Result, ensure};
use gcp_scopes::{Guard, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Vm};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

async fn google() -> Result<FakeGoogle> {
    plain::provider();
    let google =
        FakeGoogle::builder().vm(Vm::new("web-1").scopes(["cloud-platform"])).bucket("photos");
    Ok(google.iam("photos", ACCOUNT, "roles/storage.admin").start().await?)
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

async fn upload(client: &ClientWithMiddleware, google: &FakeGoogle, name: &str) -> Result<u16> {
    let url = format!(
        "{}/upload/storage/v1/b/photos/o?uploadType=media&name={name}",
        google.storage_url()
    );
    Ok(client.post(url).bearer_auth(google.token()).body("meow").send().await?.status().as_u16())
}

async fn download(client: &ClientWithMiddleware, google: &FakeGoogle, name: &str) -> Result<u16> {
    let url = format!("{}/storage/v1/b/photos/o/{name}?alt=media", google.storage_url());
    Ok(client.get(url).bearer_auth(google.token()).send().await?.status().as_u16())
}

#[tokio::test]
async fn calls_are_recorded_once_per_method_without_resource_names() -> Result<()> {
    let google = google().await?;
    let guard = builder::builder(&google).detect().await;
    let client = client(&guard);
    ensure!(upload(&client, &google, "before").await? == 200);
    let recorder = guard.recorder();
    ensure!(recorder.methods().is_empty(), "{recorder:?}");
    for name in ["secret-cat", "secret-dog"] {
        ensure!(upload(&client, &google, name).await? == 200);
        ensure!(download(&client, &google, name).await? == 200);
    }
    // A failed call is recorded, too, but adds no method: the method has been called before.
    ensure!(download(&client, &google, "nothing").await? == 404, "the object should not exist");
    let ids: Vec<&str> = guard.recorder().methods().iter().map(|method| method.id()).collect();
    ensure!(ids == ["storage.objects.get", "storage.objects.insert"], "{ids:?}");
    let shown = format!("{recorder}{recorder:?}{}", serde_json::to_string(&recorder)?);
    for name in ["secret", "photos", "my-project", &google.token()] {
        ensure!(!shown.contains(name), "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn the_recorder_derives_scopes_the_gcloud_flag_and_needs() -> Result<()> {
    let google = google().await?;
    let guard = builder::builder(&google).detect().await;
    let (recorder, client) = (guard.recorder(), client(&guard));
    upload(&client, &google, "cat").await?;
    download(&client, &google, "cat").await?;
    ensure!(
        recorder.least_scopes()
            == ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_write")
    );
    ensure!(recorder.scopes_flag() == "--scopes=storage-rw");
    let platform = ScopeSet::from_scope_text("https://www.googleapis.com/auth/cloud-platform");
    ensure!(recorder.recommended_scopes() == platform, "{:?}", recorder.recommended_scopes());
    ensure!(
        recorder.self_check_lines().lines().count() == 2
            && recorder.self_check_lines().contains(r#".needs("storage.objects.insert")"#)
    );
    let expected = "\
2 methods of Google APIs were called:
  storage.objects.get
  storage.objects.insert

The smallest set of scopes that is enough:
  --scopes=storage-rw
Google recommends this scope instead, with access limited by IAM roles:
  --scopes=cloud-platform

IAM permissions that these calls always need, with the smallest role:
  storage.objects.create  roles/storage.objectCreator
  storage.objects.get  roles/storage.objectViewer

To check at start-up that the token has these scopes:
  guard.self_check()
    .needs(\"storage.objects.get\")
    .needs(\"storage.objects.insert\")
";
    ensure!(recorder.to_string() == expected, "{recorder}");
    let report = guard
        .self_check()
        .needs_recorded(&recorder)
        .timeout(std::time::Duration::from_secs(60))
        .run()
        .await;
    ensure!(report.is_open() && report.findings().len() == 2, "{report}");
    Ok(())
}

#[tokio::test]
async fn a_call_to_an_unknown_method_is_reported_as_missed() -> Result<()> {
    let google = google().await?;
    let guard = builder::builder(&google).detect().await;
    let (recorder, client) = (guard.recorder(), client(&guard));
    ensure!(!recorder.has_unnamed_calls());
    client.get(format!("{}/storage/v1/no/such/method", google.storage_url())).send().await?;
    ensure!(recorder.has_unnamed_calls() && recorder.methods().is_empty());
    let other_host = format!("{}/x", google.oauth_url());
    ensure!(client.get(other_host).send().await.is_ok());
    Ok(())
}

#[tokio::test]
async fn the_recorder_writes_and_compares_a_needs_file() -> Result<()> {
    let google = google().await?;
    let guard = builder::builder(&google).detect().await;
    let (recorder, client) = (guard.recorder(), client(&guard));
    upload(&client, &google, "secret-cat").await?;
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("gcp-needs.json");
    let by_hand =
        r#"{"needs": [{"method": "storage.objects.insert", "resource": "gs://pictures"}]}"#;
    // A file that has every method stays as it is, byte for byte.
    std::fs::write(&path, by_hand)?;
    recorder.write_needs(&path)?;
    ensure!(std::fs::read_to_string(&path)? == by_hand);
    recorder.require_needs(by_hand)?;
    // A new method is missing, and is added.
    download(&client, &google, "secret-cat").await?;
    let error = recorder.require_needs(by_hand).unwrap_err().to_string();
    ensure!(error.contains(r#""method": "storage.objects.get""#), "{error}");
    recorder.write_needs(&path)?;
    let text = std::fs::read_to_string(&path)?;
    recorder.require_needs(&text)?;
    ensure!(text.contains("gs://pictures") && !text.contains("secret-cat"), "{text}");
    // The first run creates the file.
    std::fs::remove_file(&path)?;
    recorder.write_needs(&path)?;
    recorder.require_needs(std::fs::read_to_string(&path)?)?;
    std::fs::write(&path, "{")?;
    ensure!(recorder.write_needs(&path).is_err());
    Ok(())
}
