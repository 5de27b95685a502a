//! Tests of `gcp-scopes whoami`, run as a program.

#[path = "support/command.rs"]
mod command;

use anyhow::{Result, ensure};
use command::{command, finish};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, Service, Vm};
use serde_json::Value;

/// Runs [`whoami`] until the metadata server answers in time, at most 20 times: detection waits one
/// second for the server, which is too short on a busy machine.
fn whoami_with_retries(
    env: &[(String, String)],
    args: &[&str],
) -> Result<(Option<i32>, String, String)> {
    for _ in 0..20 {
        let finished = whoami(env.to_vec(), args, "")?;
        if !finished.1.contains("metadata server did not") {
            return Ok(finished);
        }
    }
    anyhow::bail!("the fake metadata server never answered in time")
}

/// Runs `gcp-scopes whoami` with no other environment variables than these. Returns the exit code,
/// standard output with single spaces in place of line breaks, and standard error.
fn whoami(
    env: Vec<(String, String)>,
    args: &[&str],
    input: &str,
) -> Result<(Option<i32>, String, String)> {
    let finished = finish(command(&["whoami"]).args(args).envs(env), input.as_bytes());
    Ok((Some(finished.code), finished.words(), finished.err))
}

/// Returns the value of `--endpoint` for the fake's tokeninfo.
fn oauth(google: &FakeGoogle) -> String {
    format!("oauth2={}", google.oauth_url())
}

#[tokio::test]
async fn the_report_shows_everything_but_the_token() -> Result<()> {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await?;
    let token = google.token();
    let (status, out, error) = whoami_with_retries(&google.env(), &["--timeout", "1m"])?;
    let expected = "runs on Compute Engine: web-1 (zone us-central1-a, project my-project) \
                    credential the attached service account, from the metadata server account \
                    123456789012-compute@developer.gserviceaccount.com holds pubsub (from the VM's \
                    metadata server; 59 min left)";
    ensure!(status == Some(0) && out == expected, "{out}{error}");
    let (_, json, _) =
        whoami_with_retries(&google.env(), &["--timeout", "1m", "--format", "json"])?;
    let value: Value = serde_json::from_str(&json)?;
    ensure!(
        value["grant_source"] == "metadata" && value["expires_in_seconds"].as_u64() > Some(3000),
        "{json}"
    );
    ensure!(
        value["granted"] == serde_json::json!(["https://www.googleapis.com/auth/pubsub"]),
        "{json}"
    );
    ensure!(!out.contains(&token) && !json.contains(&token));
    Ok(())
}

#[tokio::test]
async fn a_vm_without_an_account_has_no_credential() -> Result<()> {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").no_account()).start().await?;
    let (status, out, error) = whoami_with_retries(&google.env(), &["--timeout", "1m"])?;
    let credential = "credential none: no service account, or one without scopes, is attached";
    ensure!(status == Some(0) && out.contains(credential), "{out}{error}");
    ensure!(out.contains("holds no scopes") && out.contains("set-service-account"), "{out}");
    Ok(())
}

/// Starts a fake with a VM of an instance group, and runs `whoami` on the VM. The metadata server
/// responds in `rounds`. Runs again if the server did not answer in time, at most 20 times: on a
/// busy machine the 300 ms for the first response may be too short.
async fn whoami_in_rounds(rounds: &'static [u32]) -> Result<(FakeGoogle, Value)> {
    for _ in 0..20 {
        let vm = Vm::new("web-1").platform(FakePlatform::ManagedInstanceGroup);
        let google = FakeGoogle::builder().vm(vm).start().await?;
        google.set_fault(Service::Metadata, Fault::Rounds(rounds));
        let (_, out, _) = whoami(google.env(), &["--format", "json", "--timeout", "1m"], "")?;
        if !out.contains("metadata server did not") {
            return Ok((google, serde_json::from_str(&out)?));
        }
    }
    anyhow::bail!("the metadata server never answered in time with the rounds {rounds:?}")
}

#[tokio::test]
async fn the_report_takes_at_most_five_rounds_of_requests() -> Result<()> {
    // The first run shows how many requests there are.
    let (google, _) = whoami_in_rounds(&[]).await?;
    let count = |matches: fn(&str) -> bool| -> u32 {
        google.requests().iter().map(|request| u32::from(matches(request.path()))).sum()
    };
    let attributes = count(|path| path.contains("/attributes/") && !path.ends_with('/'));
    // Three rounds of detection, a round for the token, and a round for the scopes of the token.
    // The second round has all requests except those for attributes and the four of other rounds.
    // The last round requests the token again, because the server may have issued a newer token.
    let rounds = vec![1, count(|_| true) - attributes - 4, attributes, 1, 2].leak();
    let (_, report) = whoami_in_rounds(rounds).await?;
    ensure!(report["runs_on"] == "managed_instance_group", "{report}");
    ensure!(report["location"] == "us-central1-a" && report["granted"].is_array(), "{report}");
    Ok(())
}

#[tokio::test]
async fn on_cloud_run_scopes_come_from_tokeninfo_with_a_caveat() -> Result<()> {
    let google = FakeGoogle::builder()
        .vm(Vm::new("shop").platform(FakePlatform::CloudRunService))
        .start()
        .await?;
    let (status, out, _) =
        whoami_with_retries(&google.env(), &["--timeout", "1m", "--endpoint", &oauth(&google)])?;
    ensure!(status == Some(0) && out.contains("cloud-platform and userinfo.email"), "{out}");
    ensure!(out.contains("tokeninfo") && out.contains("The program may"), "{out}");
    Ok(())
}

#[tokio::test]
async fn scopes_of_a_token_from_standard_input_come_from_tokeninfo() -> Result<()> {
    let google = FakeGoogle::builder().start().await?;
    let token = google.mint("me@example.com", ["drive.readonly"]);
    let args = ["--timeout", "1m", "--token-stdin", "--endpoint", &oauth(&google)];
    for input in [format!("{token}\n"), format!("Bearer {token}")] {
        let (status, out, error) = whoami(google.env(), &args, &input)?;
        ensure!(
            status == Some(0) && out.contains("drive.readonly (from Google's tokeninfo"),
            "{out}{error}"
        );
        ensure!(!out.contains(&token) && !out.contains("web-1"), "{out}");
    }
    let (status, out, _) = whoami(google.env(), &args, "ya29.unheard-of")?;
    ensure!(status == Some(2) && out.contains("does not know this token"), "{out}");
    let (_, out, _) = whoami(google.env(), &[&args[..], &["--plain"]].concat(), &token)?;
    ensure!(out.starts_with("credential: the token from standard input "), "{out}");
    let key_file = r#"{"type":"service_account","private_key":"-----BEGIN"}"#;
    for input in ["", "two words", key_file, "t\u{f6}ken", "\0", &"x".repeat(10 << 20)] {
        let (status, _, error) = whoami(google.env(), &args, input)?;
        ensure!(
            status == Some(64) && error.contains("gcloud auth print-access-token |"),
            "{error}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_credential_file_is_named_with_a_command_for_its_token() -> Result<()> {
    let key = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/worlds/laptop-service-account-key/key.json"
    );
    let env = [("GOOGLE_APPLICATION_CREDENTIALS", key), ("NO_GCE_CHECK", "true")];
    let env: Vec<(String, String)> =
        env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (status, out, error) = whoami(env, &[], "")?;
    ensure!(status == Some(2) && out.contains("a service account key file"), "{out}");
    ensure!(out.contains("found in GOOGLE_APPLICATION_CREDENTIALS:"), "{out}");
    ensure!(error.contains("print-access-token | gcp-scopes whoami --token-stdin"), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_report_names_a_hanging_metadata_server() -> Result<()> {
    let google = FakeGoogle::builder().start().await?;
    google.set_fault(Service::Metadata, Fault::Hang);
    let (status, out, _) = whoami(google.env(), &["--timeout", "5s"], "")?;
    ensure!(status == Some(2) && out.contains("the metadata server did not"), "{out}");
    Ok(())
}

#[tokio::test]
async fn requests_to_the_metadata_server_bypass_proxies() -> Result<()> {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await?;
    let proxy = std::net::TcpListener::bind("127.0.0.1:0")?;
    proxy.set_nonblocking(true)?;
    let url = format!("http://{}", proxy.local_addr()?);
    let names =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let mut env = google.env();
    env.extend(names.map(|name| (name.to_owned(), url.clone())));
    let (status, out, error) = whoami_with_retries(&env, &["--timeout", "1m"])?;
    ensure!(status == Some(0) && out.contains("holds pubsub"), "{out}{error}");
    ensure!(proxy.accept().is_err(), "the proxy was connected to");
    Ok(())
}
