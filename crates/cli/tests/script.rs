//! Runs the scripts of `gcp-scopes explain --script` with the real gcloud against the fake Google.
//!
//! Without gcloud on the `PATH`, each test prints a message and passes. With `REQUIRE_GCLOUD=1`,
//! each test fails without gcloud.

#[path = "support/command.rs"]
mod command;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use gcp_scopes_testing::{FakeGoogle, Service, Vm, default_scopes};

const ACCOUNT: &str = "robot@my-project.iam.gserviceaccount.com";

const REFUSAL: &[u8] = b"Error 403: Request had insufficient authentication scopes. \
    POST https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg";

/// The flags that describe the VM. Without its name, a script has a placeholder.
const VM: [&str; 8] = [
    "--on=gce",
    "--project=my-project",
    "--zone=us-central1-a",
    "--account=robot@my-project.iam.gserviceaccount.com",
    "--held=storage-ro",
    "--held=logging-write",
    "--held=monitoring-write",
    "--held=pubsub",
];

fn json() -> http::response::Builder {
    http::Response::builder().header("content-type", "application/json")
}

/// A fake Google with the VM web-1, and the folder of gcloud's configuration.
struct ScriptedVm {
    google: FakeGoogle,
    folder: PathBuf,
}

impl ScriptedVm {
    /// Returns `None` if there is no gcloud.
    async fn new(name: &str) -> Result<Option<Self>> {
        let has_gcloud = Command::new("gcloud").arg("--version").output();
        if !has_gcloud.is_ok_and(|output| output.status.success()) {
            if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") {
                bail!("REQUIRE_GCLOUD=1, but there is no gcloud on the PATH");
            }
            writeln!(std::io::stderr(), "SKIPPED: gcloud not found")?;
            return Ok(None);
        }
        let vm = Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes());
        let google = FakeGoogle::builder().project("my-project", 123_456_789_012).vm(vm);
        let google = google.bucket("photos").start().await?;
        let member = format!("serviceAccount:{ACCOUNT}");
        let policy =
            format!(r#"{{"bindings":[{{"role":"roles/storage.admin","members":["{member}"]}}]}}"#);
        let policy = json().body(policy)?;
        google.other_api().path("/v1/projects/my-project:getIamPolicy").times(2).respond(policy);
        let folder = format!("gcp-scopes-script-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder)?;
        Ok(Some(Self { google, folder }))
    }

    /// Runs a script, with `input` as its standard input.
    fn run(&self, script: &Path, args: &[&str], input: &'static str) -> Result<Output> {
        let names = ["PATH", "HOME", "LANG"];
        let inherited = names.map(|name| (name, std::env::var(name).unwrap_or_default()));
        let projects = (
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER",
            self.google.url_of(Service::OtherApi) + "/",
        );
        let mut shell = Command::new("bash");
        shell.env_clear().envs(inherited).envs(self.google.gcloud_env(&self.folder)?);
        shell.envs([projects]).arg(script).args(args);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn()?;
        // The script may end without reading.
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes()).ok();
        Ok(child.wait_with_output()?)
    }

    /// Returns the script for these flags.
    fn script(&self, flags: &[&str]) -> Result<PathBuf> {
        let (code, text, error) =
            command::run(&[&["explain", "--script"], &VM[..], flags].concat(), REFUSAL);
        ensure!(code == 0, "{error}");
        let path = self.folder.join("fix.sh");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Returns whether the VM runs, and its scopes.
    fn vm(&self) -> Result<(bool, String)> {
        let names = ["PATH", "HOME", "LANG"];
        let inherited = names.map(|name| (name, std::env::var(name).unwrap_or_default()));
        let mut gcloud = Command::new("gcloud");
        gcloud.env_clear().envs(inherited).envs(self.google.gcloud_env(&self.folder)?);
        let words = "compute instances describe web-1 --zone=us-central1-a --project=my-project \
            --format=value(status,serviceAccounts[0].scopes)";
        let output = gcloud.args(words.split_whitespace()).output()?;
        let text = String::from_utf8(output.stdout)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok((text.starts_with("RUNNING"), text))
    }
}

impl Drop for ScriptedVm {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[tokio::test]
async fn a_script_changes_the_vm_only_when_it_may() -> Result<()> {
    let Some(place) = ScriptedVm::new("yes").await? else { return Ok(()) };
    let script = place.script(&["--instance=web-1"])?;
    for input in ["", "n\n", "yes please\n"] {
        let output = place.run(&script, &[], input)?;
        ensure!(output.status.code() == Some(1), "{input}: {output:?}");
    }
    let calls = place.google.requests().len();
    ensure!(calls == 0, "{calls} calls without a yes");
    let (_, before) = place.vm()?;
    ensure!(!before.contains("cloud-platform"), "{before}");
    for (args, input) in [(&["--yes"][..], ""), (&[], "y\n")] {
        let output = place.run(&script, args, input)?;
        ensure!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(text.contains("roles/storage.admin"), "the last step lists the roles: {output:?}");
        let (runs, scopes) = place.vm()?;
        ensure!(runs && scopes.contains("cloud-platform"), "{scopes}");
    }
    Ok(())
}

#[tokio::test]
async fn a_script_with_open_placeholders_calls_nothing() -> Result<()> {
    let Some(place) = ScriptedVm::new("open").await? else { return Ok(()) };
    let script = place.script(&[])?;
    for args in [&["--yes"][..], &[]] {
        let output = place.run(&script, args, "y\n")?;
        ensure!(output.status.code() == Some(2), "{output:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(error.contains("replace these words first"), "{error}");
    }
    ensure!(place.google.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_script_that_fails_leaves_no_machine_stopped() -> Result<()> {
    let Some(place) = ScriptedVm::new("fails").await? else { return Ok(()) };
    let script = place.script(&["--instance=web-1"])?;
    let refusal = r#"{"error":{"code":403,"message":"Required 'iam.serviceAccounts.actAs'"}}"#;
    let path = "/compute/v1/projects/my-project/zones/us-central1-a/instances/web-1/";
    let refused = place.google.script(Service::Compute).path(format!("{path}setServiceAccount"));
    refused.respond(json().status(403).body(refusal)?);
    let output = place.run(&script, &["--yes"], "")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1) && error.contains("actAs"), "{output:?}");
    let (runs, scopes) = place.vm()?;
    ensure!(runs && !scopes.contains("cloud-platform"), "{scopes}");
    Ok(())
}
