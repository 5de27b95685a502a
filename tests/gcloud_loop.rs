//! The printed fix, run by the real gcloud against the fake Google.
//!
//! Where there is no gcloud this says that it was skipped; with `REQUIRE_GCLOUD=1` it fails instead.
#![cfg(feature = "testing")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use gcp_scopes::testing::{FakeGoogle, Vm, default_scopes};
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// A directory of this test's own, gone when it ends.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn is_gcloud_there() -> Result<bool> {
    if Command::new("gcloud").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(true);
    }
    if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") {
        bail!("REQUIRE_GCLOUD=1, but there is no gcloud on the PATH");
    }
    eprintln!("SKIPPED: gcloud not found");
    Ok(false)
}

fn gcloud(google: &FakeGoogle, config: &Path, args: &[&str]) -> Result<Output> {
    let inherited = ["PATH", "HOME", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default()));
    let command = Command::new("gcloud")
        .env_clear()
        .envs(inherited)
        .envs(google.gcloud_env(config)?)
        .args(["compute", "instances"])
        .args(args)
        .arg("--project=my-project")
        .args((args[0] != "list").then_some("--zone=us-central1-a"))
        .output();
    command.with_context(|| format!("gcloud compute instances {}", args.join(" ")))
}

fn gcloud_succeeds(google: &FakeGoogle, config: &Path, args: &[&str]) -> Result<String> {
    let output = gcloud(google, config, args)?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "gcloud {}: {said}\n{:?}", args.join(" "), google.requests());
    Ok(said)
}

async fn upload(google: &FakeGoogle) -> Result<u16> {
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url());
    let request = Request::post(url).header("authorization", format!("Bearer {}", google.token()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.body(Full::new(Bytes::from_static(b"meow")))?).await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn the_printed_commands_open_the_scope_gate() -> Result<()> {
    if !is_gcloud_there()? {
        return Ok(());
    }
    let google = FakeGoogle::builder()
        .project("my-project", 123_456_789_012)
        .vm(Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes()))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let config = TempDir::new("gcp-scopes-gcloud")?;
    let set = ["set-service-account", "web-1", "--scopes=storage-rw,logging-write"];
    assert_eq!(upload(&google).await?, 403);

    let too_early = gcloud(&google, &config.0, &set)?;
    let said = String::from_utf8_lossy(&too_early.stderr).into_owned();
    assert!(!too_early.status.success() && said.contains("must be stopped"), "{said}");

    gcloud_succeeds(&google, &config.0, &["stop", "web-1"])?;
    gcloud_succeeds(&google, &config.0, &set)?;
    gcloud_succeeds(&google, &config.0, &["start", "web-1"])?;
    let shown = gcloud_succeeds(&google, &config.0, &["describe", "web-1", "--format=json"])?;
    let listed = gcloud_succeeds(&google, &config.0, &["list", "--format=value(name,status)"]);
    assert!(listed?.contains("web-1\tRUNNING"));
    assert!(shown.contains("devstorage.read_write") && !shown.contains("read_only"), "{shown}");
    assert_eq!(upload(&google).await?, 200);
    Ok(())
}
