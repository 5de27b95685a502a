//! Tests of `gcp-scopes emulate`, run as a program.
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;
#[path = "../../../tests/support/plain.rs"]
mod plain;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output};

use anyhow::{Context, Result, ensure};
use command::{Finished, finish};
use gcp_scopes::environment::Platform;
use gcp_scopes::{Denial, Guard};

fn command(args: &[&str]) -> Command {
    command::command(&[&["emulate"], args].concat())
}

/// A running emulator, and the variables that the emulator printed.
struct Emulator {
    child: Child,
    variables: HashMap<String, String>,
}

impl Emulator {
    /// Starts an emulator and reads the variables that it prints.
    fn start(args: &[&str]) -> Result<Self> {
        let mut child = command(args).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no pipe")?).lines();
        let mut variables = HashMap::new();
        for line in lines.map_while(Result::ok).take_while(|line| !line.starts_with('#')) {
            let (name, value) = line
                .strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .context(line.clone())?;
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        Ok(Self { child, variables })
    }

    /// Sends the signal that Ctrl-C sends, and waits for the end of the emulator.
    fn interrupt(self) -> Result<Output> {
        self.end_with("-INT")
    }

    /// Sends a signal, and waits for the end of the emulator.
    fn end_with(mut self, signal: &str) -> Result<Output> {
        ensure!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status()?.success()
        );
        let status = self.child.wait()?;
        Ok(Output { status, stdout: Vec::new(), stderr: Vec::new() })
    }
}

#[tokio::test]
async fn printed_variables_work_and_ctrl_c_removes_the_folder() -> Result<()> {
    let emulator =
        Emulator::start(&["--scopes", "default", "--role", "roles/storage.objectAdmin"])?;
    let storage = emulator.variables["STORAGE_EMULATOR_HOST"].clone();
    let folder = emulator.variables["CLOUDSDK_CONFIG"].clone();
    // Installs a crypto provider for rustls in this process. The guard builds an HTTP client, for
    // which a provider must be installed.
    let _ = plain::client();
    let guard = Guard::builder()
        .env(emulator.variables.clone())
        .endpoint(&storage, "storage.googleapis.com")?;
    let guard = guard.detect().await;
    ensure!(guard.environment().platform() == Platform::ComputeEngine, "{:?}", guard.environment());

    let path = "computeMetadata/v1/instance/service-accounts/default/token";
    let request =
        plain::client().get(format!("http://{}/{path}", emulator.variables["GCE_METADATA_HOST"]));
    let response = request.header("metadata-flavor", "Google").send().await?.text().await?;
    let response: serde_json::Value = serde_json::from_str(&response)?;
    let token = response["access_token"].as_str().context("no token")?;
    let client =
        reqwest_middleware::ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let list =
        client.get(format!("{storage}/storage/v1/b/photos/o")).bearer_auth(token).send().await?;
    ensure!(list.status() == 200, "reading should be allowed: {}", list.status());
    let url = format!("{storage}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg");
    let error = client
        .post(url)
        .bearer_auth(token)
        .body("meow")
        .send()
        .await
        .err()
        .context("no refusal")?;
    ensure!(Denial::find(&error).is_some(), "{error}");

    ensure!(Path::new(&folder).is_dir());
    let output = emulator.interrupt()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(!Path::new(&folder).exists(), "{folder} should be removed");
    Ok(())
}

#[test]
fn cloud_run_has_its_own_variables() -> Result<()> {
    let emulator = Emulator::start(&["--platform", "cloud-run", "--name", "shop"])?;
    ensure!(emulator.variables["K_SERVICE"] == "shop");
    ensure!(emulator.interrupt()?.status.success());
    Ok(())
}

#[tokio::test]
async fn several_vms_have_no_account_and_an_attribute_and_sigterm_removes_the_folder() -> Result<()>
{
    let args = ["--name", "web-1", "--name", "db-1", "--no-account", "--attribute", "team=a=b"];
    let emulator = Emulator::start(&args)?;
    for (variable, name) in [("GCE_METADATA_HOST", "web-1"), ("GCE_METADATA_HOST_DB_1", "db-1")] {
        let root = format!("http://{}/computeMetadata/v1", emulator.variables[variable]);
        let get = |path: &str| {
            plain::client().get(format!("{root}/{path}")).header("metadata-flavor", "Google").send()
        };
        ensure!(get("instance/name").await?.text().await? == name, "{variable}");
        ensure!(get("instance/attributes/team").await?.text().await? == "a=b", "{variable}");
        let token = get("instance/service-accounts/default/token").await?;
        ensure!(token.status() == 404, "{variable}: {}", token.status());
    }
    let folder = emulator.variables["CLOUDSDK_CONFIG"].clone();
    ensure!(Path::new(&folder).is_dir());
    let output = emulator.end_with("-TERM")?;
    ensure!(output.status.success() && !Path::new(&folder).exists(), "{output:?} {folder}");
    Ok(())
}

#[test]
fn unusable_arguments_are_refused_with_the_expected_form() -> Result<()> {
    let rows: [(&[&str], &str); 12] = [
        (&["--attribute", "team"], "unusable attribute `team`: expected NAME=VALUE"),
        (&["--no-account", "--account", "a@p.iam.gserviceaccount.com"], "cannot be used with"),
        (&["--name", "web-1", "--name", "web-1"], "web-1"),
        (&["--platform", "vms"], "gke-node"),
        (&["--scopes", "devstorage.read_onyl"], "devstorage.read_only"),
        (&["--role", "roles/king"], "roles/storage.objectAdmin"),
        (&["--zone", "us"], "unusable zone `us`: expected a zone such as us-central1-a"),
        (&["--project", "p"], "unusable project id `p`: expected 6 to 30"),
        (&["--name", "Web 1"], "unusable name `Web 1`: expected 1 to 63"),
        (&["--account", "me@example.com"], "NAME@PROJECT.iam.gserviceaccount.com"),
        (
            &["--bucket", "gs://photos"],
            "unusable bucket `gs://photos`: expected a name without gs://",
        ),
        (&["--bucket", ""], "unusable bucket ``"),
    ];
    for (args, hint) in rows {
        let Finished { code, out, err } = finish(&mut command(args), b"");
        ensure!(code == 2 && out.is_empty() && err.contains(hint), "{args:?}: {err}");
    }
    Ok(())
}

#[test]
fn the_error_about_a_temporary_folder_names_tmpdir() -> Result<()> {
    let Finished { code, err, .. } = finish(command(&[]).env("TMPDIR", "/no/such/folder"), b"");
    ensure!(code == 1 && err.contains("/no/such/folder/") && err.contains("TMPDIR"), "{err}");
    Ok(())
}
