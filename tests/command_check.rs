//! `gcp-scopes check`, as a person runs it.
#![cfg(all(feature = "cli", feature = "catalog-full"))]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gcp_scopes::testing::{FakeGoogle, Fault, Platform, Service, Vm};
use serde_json::Value;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// The command in the fake's world, and in no other.
fn command(google: &FakeGoogle, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gcp-scopes"));
    command.env_clear().envs(google.env()).arg("check").args(args);
    for (api, service) in
        [("storage", Service::Storage), ("pubsub", Service::Front), ("oauth2", Service::OAuth)]
    {
        command.arg("--endpoint").arg(format!("{api}={}", google.url_of(service)));
    }
    command
}

/// What it says and how it ends, with time enough for a busy machine: a look at the place takes a second
/// at most, so that it may have to look again.
fn check(google: &FakeGoogle, args: &[&str]) -> Result<(Option<i32>, String, String)> {
    for _ in 0..20 {
        let told = told(command(google, args).args(["--timeout", "1m"]).output()?)?;
        if !told.1.contains("metadata server did not") {
            return Ok(told);
        }
    }
    anyhow::bail!("the fake metadata server never answered in time")
}

fn told(output: Output) -> Result<(Option<i32>, String, String)> {
    Ok((output.status.code(), String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

async fn google(vm: Vm) -> Result<FakeGoogle> {
    Ok(FakeGoogle::builder()
        .vm(vm)
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectUser")
        .start()
        .await?)
}

const IAM: &str = "gs://photos=storage.objects.create,storage.objects.get";

#[tokio::test]
async fn the_exit_code_tells_open_closed_and_unknown_apart() -> Result<()> {
    let open = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let narrow = google(Vm::new("web-1")).await?;
    let nobody = google(Vm::new("web-1").no_account()).await?;
    let upload = "storage.objects.insert";
    let rows: [(&FakeGoogle, &[&str], i32, &str); 9] = [
        (&open, &["--need", upload, "--iam", IAM], 0, "Ready"),
        (&open, &["--iam", "gs://photos=storage.buckets.get"], 1, "lacks storage.buckets.get"),
        (&open, &["--api", "pubsub"], 0, "pubsub (write)"),
        (&narrow, &["--need", upload], 1, "--scopes=storage-ro,storage-rw,"),
        (&narrow, &["--need", "storage.objects.get", "--iam", IAM], 0, "Ready"),
        (&narrow, &["--need", "GET https://storage.googleapis.com/storage/v1/b/{b}/o/{o}"], 0, "open"),
        (&narrow, &["--api", "pubsub=write"], 1, "closed for all"),
        (&nobody, &["--need", upload], 2, "no service account attached"),
        (&narrow, &["--need", "GET https://example.com/x"], 2, "no API that the catalog knows"),
    ];
    for (google, args, code, words) in rows {
        let (status, out, error) = check(google, args)?;
        ensure!(status == Some(code) && out.contains(words), "{args:?}: {status:?}\n{out}{error}");
        ensure!(!out.contains('\u{1b}') && !out.contains("ya29"), "{out}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_argument_ends_with_64_and_names_the_next_thing_to_try() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let rows: [(&[&str], &str); 13] = [
        (&[], "--need storage.objects.insert"),
        (&["--need", "storage.objects.insrt"], "did you mean `storage.objects.insert`"),
        (&["--api", "pubsbu=read"], "did you mean `pubsub`"),
        (&["--api", "pubsub=wriet"], "did you mean pubsub=write?"),
        (&["--iam", "gs://photos"], "gs://BUCKET=storage.objects.create"),
        (&["--iam", "photos=storage.objects.get"], "gs://{bucket}"),
        (&["--iam", "gs://photos=pubsub.topics.publish"], "`storage.`"),
        (&["--iam", "gs://photos="], "no permission"),
        (&["--need", "ya29.SECRET"], "--token-stdin"),
        (&["--need", "storage.objects.get", "--timeout", "2"], "500ms, 2s or 1m"),
        (&["--need", "storage.objects.get", "--timeout", "0s"], "at least 1ms"),
        (&["--need", "storage.objects.get", "--endpoint", "storage"], "http://127.0.0.1:4443"),
        (&["--neeed", "storage.objects.get"], "--need"),
    ];
    for (args, hint) in rows {
        let (status, out, error) = told(command(&google, args).output()?)?;
        ensure!(
            status == Some(64) && error.contains(hint) && out.is_empty(),
            "{args:?}: {status:?}\n{out}{error}"
        );
        ensure!(!error.contains("SECRET"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn json_is_one_object_on_one_line() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let (status, out, _) = check(&google, &["--need", "storage.objects.insert", "--format", "json"])?;
    let json: Value = serde_json::from_str(&out)?;
    ensure!(status == Some(1) && out.lines().count() == 1, "{out}");
    ensure!(
        json["state"] == "closed" && json["findings"][0]["subject"] == "storage.objects.insert",
        "{json}"
    );
    Ok(())
}

#[tokio::test]
async fn with_every_server_hanging_it_ends_soon_after_its_timeout() -> Result<()> {
    for platform in [Platform::ComputeEngine, Platform::CloudRunService] {
        let google = google(Vm::new("web-1").platform(platform)).await?;
        for service in [Service::Metadata, Service::OAuth, Service::Storage] {
            google.fault(service, Fault::Hang);
        }
        let started = Instant::now();
        let args = ["--need", "storage.objects.get", "--iam", IAM, "--timeout", "300ms"];
        let (status, out, _) = told(command(&google, &args).output()?)?;
        ensure!(status == Some(2), "{out}");
        // The machine may be busy; what is meant is that it does not take as long as a request may.
        ensure!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
    Ok(())
}

#[tokio::test]
async fn a_token_on_standard_input_is_looked_at_in_the_place_of_the_machines() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let token = google.mint("me@example.com", ["drive.readonly"]);
    let args =
        ["--need", "drive.files.list", "--need", "storage.objects.get", "--token-stdin", "--timeout", "1m"];
    let mut child = command(&google, &args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(format!("{token}\n").as_bytes())?;
    let (status, out, _) = told(child.wait_with_output()?)?;
    ensure!(status == Some(1) && out.contains("open     drive.files.list"), "{out}");
    ensure!(out.contains("CLOSED   storage.objects.get") && !out.contains(&token), "{out}");
    ensure!(!out.contains("web-1"), "the token is not the machine's: {out}");
    Ok(())
}

#[tokio::test]
async fn each_shell_gets_a_script_that_knows_the_verbs() -> Result<()> {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Command::new(env!("CARGO_BIN_EXE_gcp-scopes")).args(["completions", shell]).output()?;
        let script = String::from_utf8(output.stdout)?;
        ensure!(output.status.success(), "{shell}");
        for word in ["check", "whoami", "explain", "--need", "--token-stdin"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            ensure!(script.contains(word), "{shell}: no {word}");
        }
    }
    Ok(())
}

#[test]
fn the_help_shows_examples_and_exit_codes() -> Result<()> {
    for verb in ["check", "whoami"] {
        let output = Command::new(env!("CARGO_BIN_EXE_gcp-scopes")).args([verb, "--help"]).output()?;
        let help = String::from_utf8(output.stdout)?;
        ensure!(output.status.success() && help.contains("Examples:") && help.contains("  64  "), "{help}");
    }
    Ok(())
}
