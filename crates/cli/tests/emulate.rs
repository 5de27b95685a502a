//! `gcp-scopes emulate`, as a person runs it.
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

/// A running emulator, and the variables it printed.
struct Emulator(Child, HashMap<String, String>);

impl Emulator {
    fn start(args: &[&str]) -> Result<Self> {
        let mut child = command(args).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let mut variables = HashMap::new();
        for line in lines.map_while(Result::ok).take_while(|line| !line.starts_with('#')) {
            let (name, value) =
                line.strip_prefix("export ").and_then(|line| line.split_once('=')).context(line.clone())?;
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        Ok(Self(child, variables))
    }

    /// As Ctrl-C does.
    fn interrupt(mut self) -> Result<Output> {
        ensure!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status()?.success());
        let status = self.0.wait()?;
        Ok(Output { status, stdout: Vec::new(), stderr: Vec::new() })
    }
}

#[tokio::test]
async fn a_program_with_the_printed_variables_meets_the_refusal_and_ctrl_c_cleans_up() -> Result<()> {
    let emulator = Emulator::start(&["--scopes", "default", "--role", "roles/storage.objectAdmin"])?;
    let storage = emulator.1["STORAGE_EMULATOR_HOST"].clone();
    let folder = emulator.1["CLOUDSDK_CONFIG"].clone();
    // Chooses rustls' provider for the guard as well.
    let _ = plain::client();
    let guard = Guard::builder().env(emulator.1.clone()).endpoint(&storage, "storage.googleapis.com")?;
    let guard = guard.detect().await;
    ensure!(guard.environment().platform() == Platform::ComputeEngine, "{:?}", guard.environment());

    let place = "computeMetadata/v1/instance/service-accounts/default/token";
    let question = plain::client().get(format!("http://{}/{place}", emulator.1["GCE_METADATA_HOST"]));
    let answer = question.header("metadata-flavor", "Google").send().await?.text().await?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let token = answer["access_token"].as_str().context("a token")?;
    let client = reqwest_middleware::ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let list = client.get(format!("{storage}/storage/v1/b/photos/o")).bearer_auth(token).send().await?;
    ensure!(list.status() == 200, "reading is allowed: {}", list.status());
    let url = format!("{storage}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg");
    let error = client.post(url).bearer_auth(token).body("meow").send().await.err().context("refused")?;
    ensure!(Denial::find(&error).is_some(), "{error}");

    ensure!(Path::new(&folder).is_dir());
    let output = emulator.interrupt()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(!Path::new(&folder).exists(), "{folder} is gone");
    Ok(())
}

#[test]
fn other_platforms_set_their_own_variables() -> Result<()> {
    let emulator = Emulator::start(&["--platform", "cloud-run", "--name", "shop"])?;
    ensure!(emulator.1["K_SERVICE"] == "shop");
    ensure!(emulator.interrupt()?.status.success());
    Ok(())
}

#[test]
fn what_cannot_be_emulated_is_refused_with_what_can() -> Result<()> {
    let rows: [(&[&str], &str); 9] = [
        (&["--platform", "vms"], "gke-node"),
        (&["--scopes", "devstorage.read_onyl"], "devstorage.read_only"),
        (&["--role", "roles/king"], "roles/storage.objectAdmin"),
        (&["--zone", "us"], "unusable zone `us`: expected a zone such as us-central1-a"),
        (&["--project", "p"], "unusable project id `p`: expected 6 to 30"),
        (&["--name", "Web 1"], "unusable name `Web 1`: expected 1 to 63"),
        (&["--account", "me@example.com"], "NAME@PROJECT.iam.gserviceaccount.com"),
        (&["--bucket", "gs://photos"], "unusable bucket `gs://photos`: expected a name without gs://"),
        (&["--bucket", ""], "unusable bucket ``"),
    ];
    for (args, hint) in rows {
        let Finished { code, out, err } = finish(&mut command(args), b"");
        ensure!(code == 2 && out.is_empty() && err.contains(hint), "{args:?}: {err}");
    }
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_the_variable_that_says_where() -> Result<()> {
    let Finished { code, err, .. } = finish(command(&[]).env("TMPDIR", "/no/such/folder"), b"");
    ensure!(code == 1 && err.contains("/no/such/folder/") && err.contains("TMPDIR"), "{err}");
    Ok(())
}
