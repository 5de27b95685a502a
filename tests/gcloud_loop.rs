//! The printed fix, run by the real gcloud against the fake Google.
//!
//! Where there is no gcloud this says that it was skipped; with `REQUIRE_GCLOUD=1` it fails instead.

#[path = "support/plain.rs"]
mod plain;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
#[cfg(feature = "reqwest-middleware")]
use gcp_scopes_testing::Service;
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, Vm, default_scopes};
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// A directory of this test's own, gone when it ends.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("gcp-scopes-{name}-{}", std::process::id()));
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
    // Not `eprintln!`, which the test harness swallows when a test passes.
    writeln!(std::io::stderr(), "SKIPPED: gcloud not found")?;
    Ok(false)
}

fn gcloud(google: &FakeGoogle, config: &TempDir, words: &str) -> Result<Output> {
    let inherited = ["PATH", "HOME", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default()));
    let mut command = Command::new("gcloud");
    command.env_clear().envs(inherited).envs(google.gcloud_env(&config.0)?).args(words.split(' '));
    command.output().with_context(|| format!("gcloud {words}"))
}

fn gcloud_succeeds(google: &FakeGoogle, config: &TempDir, words: &str) -> Result<String> {
    let output = gcloud(google, config, words)?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "gcloud {words}: {said}\n{:?}", google.requests());
    Ok(said)
}

/// Runs a command as a person does who pastes it into a shell.
#[cfg(feature = "reqwest-middleware")]
fn paste(google: &FakeGoogle, config: &TempDir, command: &str) -> Result<String> {
    let inherited = ["PATH", "HOME", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default()));
    let resource_manager =
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", google.url_of(Service::OtherApi) + "/");
    let mut shell = Command::new("sh");
    shell.env_clear().envs(inherited).envs(google.gcloud_env(&config.0)?).envs([resource_manager]);
    let output = shell.args(["-c", command]).output().with_context(|| command.to_owned())?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command}: {said}\n{:?}", google.requests());
    Ok(said)
}

fn story() -> FakeGoogleBuilder {
    FakeGoogle::builder()
        .project("my-project", 123_456_789_012)
        .vm(Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes()))
        .bucket("photos")
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
    let google = story().iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await?;
    let config = TempDir::new("scope-gate")?;
    let place = "web-1 --zone=us-central1-a --project=my-project";
    let set = format!("compute instances set-service-account {place} --scopes=storage-rw,logging-write");
    assert_eq!(upload(&google).await?, 403);

    let too_early = gcloud(&google, &config, &set)?;
    let said = String::from_utf8_lossy(&too_early.stderr).into_owned();
    assert!(!too_early.status.success() && said.contains("must be stopped"), "{said}");

    gcloud_succeeds(&google, &config, &format!("compute instances stop {place}"))?;
    gcloud_succeeds(&google, &config, &set)?;
    gcloud_succeeds(&google, &config, &format!("compute instances start {place}"))?;
    let shown =
        gcloud_succeeds(&google, &config, &format!("compute instances describe {place} --format=json"))?;
    assert!(shown.contains("devstorage.read_write") && !shown.contains("read_only"), "{shown}");
    let listed = gcloud_succeeds(&google, &config, "compute instances list --format=value(name,status)")?;
    assert!(listed.contains("web-1\tRUNNING"), "{listed}");
    assert_eq!(upload(&google).await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_role_binding_opens_the_iam_gate() -> Result<()> {
    if !is_gcloud_there()? {
        return Ok(());
    }
    let google = story().start().await?;
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    assert_eq!(upload(&google).await?, 403);
    let config = TempDir::new("iam-gate")?;
    let bind = format!(
        "storage buckets add-iam-policy-binding gs://photos --member=serviceAccount:{ACCOUNT} \
         --role=roles/storage.objectCreator"
    );
    gcloud_succeeds(&google, &config, &bind)?;
    assert_eq!(upload(&google).await?, 200);
    Ok(())
}

/// The steps of the denial itself, pasted one after another, and nothing else.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn the_steps_of_a_denial_run_as_printed_and_the_refused_call_succeeds() -> Result<()> {
    if !is_gcloud_there()? {
        return Ok(());
    }
    let google = story().iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await?;
    let config = TempDir::new("steps")?;
    plain::provider();
    let guard = gcp_scopes::Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?.detect().await;
    let client = reqwest_middleware::ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let upload = || {
        let path = "upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg";
        let url = format!("{}/{path}", google.storage_url());
        client.post(url).bearer_auth(google.token()).body("meow").send()
    };
    let error = upload().await.err().context("the upload is refused")?;
    let denial = gcp_scopes::Denial::find(&error).context("for lack of scope")?;
    let commands: Vec<&str> = denial.steps().iter().filter_map(|step| step.command_line()).collect();
    let policy = format!(
        r#"{{"version":1,"bindings":[{{"role":"roles/storage.objectAdmin","members":["serviceAccount:{ACCOUNT}"]}}]}}"#
    );
    let answer = http::Response::builder().header("content-type", "application/json").body(policy)?;
    google.other_api().path("/v1/projects/my-project:getIamPolicy").respond(answer);
    let [stop, set, recommended, start, roles] = commands.as_slice() else { bail!("{commands:#?}") };
    for command in [stop, set, start] {
        paste(&google, &config, command)?;
    }
    ensure!(paste(&google, &config, roles)?.contains("roles/storage.objectAdmin"), "step 5 lists the roles");
    assert_eq!(upload().await?.status(), 200, "with the union of scopes");

    for command in [stop, recommended, start] {
        paste(&google, &config, command)?;
    }
    assert_eq!(upload().await?.status(), 200, "with the recommended scope");
    Ok(())
}

/// The look-up stands first where nothing is known of the VM's scopes, and changes nothing.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn the_first_step_shows_the_scopes_of_a_running_vm() -> Result<()> {
    use gcp_scopes::environment::{Credential, Environment, Platform};

    if !is_gcloud_there()? {
        return Ok(());
    }
    let google = story().start().await?;
    let config = TempDir::new("look")?;
    let refusal = gcp_scopes::refusal::classify_text("Request had insufficient authentication scopes.");
    for credential in [Credential::MetadataServer, Credential::Unknown] {
        let vm = Environment::new(Platform::ComputeEngine, credential);
        let vm = vm.with_instance("web-1")?.with_zone("us-central1-a")?.with_project("my-project")?;
        let steps = gcp_scopes::remedy::for_refusal(refusal.as_ref().context("a refusal")?, &vm);
        let shown = paste(&google, &config, steps[0].command_line().context("a command")?)?;
        for scope in default_scopes() {
            ensure!(shown.contains(scope), "{scope} is not in {shown}");
        }
        ensure!(
            google.requests().iter().all(|request| request.verb() == http::Method::GET),
            "{credential:?}"
        );
    }
    Ok(())
}
