//! Checks with gcloud's own linter every gcloud command that the reports of `tests/worlds` contain.
//!
//! Without gcloud on the `PATH`, each test prints a message and passes. With `REQUIRE_GCLOUD=1`,
//! each test fails without gcloud.
#![cfg(all(feature = "reqwest", feature = "catalog-full"))]

#[path = "worlds/world.rs"]
#[allow(dead_code, reason = "this test uses only the options of a world")]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use world::World;

/// One result of `gcloud meta lint-gcloud-commands`, which needs no network.
#[derive(Debug, Deserialize)]
struct LintResult {
    command_string: String,
    success: bool,
    /// `None` if gcloud accepts the command.
    error_message: Option<String>,
}

/// Checks whether gcloud can be run. Prints a message if not.
///
/// # Errors
/// Returns an error if gcloud cannot be run and `REQUIRE_GCLOUD=1` is set.
fn is_gcloud_installed() -> Result<bool> {
    if Command::new("gcloud").arg("--version").output().is_ok_and(|output| output.status.success())
    {
        return Ok(true);
    }
    if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") {
        bail!("REQUIRE_GCLOUD=1, but there is no gcloud on the PATH");
    }
    // The test harness hides the output of `eprintln!` when a test passes.
    writeln!(std::io::stderr(), "SKIPPED: gcloud not found")?;
    Ok(false)
}

/// Lints the commands in one run of gcloud, which takes a second to start. Returns the error of
/// each command, or `None` for a correct one. `name` makes the name of the temporary file unique.
fn lint(name: &str, commands: &BTreeSet<String>) -> Result<BTreeMap<String, Option<String>>> {
    let file =
        std::env::temp_dir().join(format!("gcp-scopes-lint-{name}-{}.json", std::process::id()));
    let input: Vec<_> =
        commands.iter().map(|command| serde_json::json!({ "command_string": command })).collect();
    std::fs::write(&file, serde_json::to_string(&input)?)?;
    let mut gcloud = Command::new("gcloud");
    gcloud
        .args(["meta", "lint-gcloud-commands"])
        .arg(format!("--commands-file={}", file.display()));
    let output = gcloud.env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1").output();
    std::fs::remove_file(&file)?;
    let output = output?;
    let results: Vec<LintResult> = serde_json::from_slice(&output.stdout).with_context(|| {
        format!("gcloud printed no JSON: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let error =
        |result: LintResult| (!result.success).then(|| result.error_message.unwrap_or_default());
    Ok(results.into_iter().map(|result| (result.command_string.clone(), error(result))).collect())
}

/// Returns the commands of a command line, also those in substitutions. Replaces the placeholder
/// for the project, because for some commands the linter checks the project ID. Also replaces the
/// shell variable `S`, which holds the present scopes.
fn commands(line: &str) -> impl Iterator<Item = String> + '_ {
    let commands = line.split(" && ").flat_map(|command| command.split(" || "));
    let commands = commands.flat_map(|command| command.split(" | "));
    commands.filter(|command| !command.starts_with("test ")).map(|command| {
        let inner = command.strip_prefix("S=$(").and_then(|inner| inner.strip_suffix(')'));
        inner
            .unwrap_or(command)
            .replace("\"$S,", "\"compute-ro,")
            .replace("--project=PROJECT", "--project=my-project")
    })
}

#[tokio::test]
async fn gcloud_accepts_every_printed_command() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let mut printed = BTreeSet::new();
    for world in World::all()? {
        let explained = world.explain().await?;
        let steps = explained.options().iter().flat_map(|option| option.steps());
        printed.extend(steps.filter_map(|step| step.command_line()).flat_map(commands));
    }
    // All commands are commands of gcloud, except these.
    let others = ["gcp-scopes ", "terraform apply", "kubectl ", "gcluster ", "export "];
    let others = [&others[..], &["unset ", "sudo scontrol "]].concat();
    printed.retain(|command| !others.iter().any(|other| command.starts_with(other)));
    ensure!(
        printed.len() > 40 && printed.iter().all(|command| command.starts_with("gcloud ")),
        "{printed:#?}"
    );
    let results = lint("worlds", &printed)?;
    ensure!(
        results.len() == printed.len(),
        "gcloud checked {} of {} commands",
        results.len(),
        printed.len()
    );
    let wrong: Vec<_> =
        results.into_iter().filter_map(|(command, error)| Some((command, error?))).collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn the_linter_rejects_wrong_commands() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let right = [
        "gcloud compute instances set-service-account web-1 --zone=us-central1-a \
         --scopes=storage-rw",
        "gcloud auth application-default login \
         --scopes=openid,https://www.googleapis.com/auth/cloud-platform",
    ];
    let wrong = [
        "gcloud compute instances set-scopes web-1 --zone=us-central1-a --scopes=storage-rw",
        "gcloud run services update web --region=us-central1 --scopes=cloud-platform",
        "gcloud container node-pools update pool-1 --cluster=prod --location=us-central1 \
         --scopes=cloud-platform",
        "gcloud dataproc clusters update spark --region=us-central1 --scopes=cloud-platform",
    ];
    let results = lint("both", &right.into_iter().chain(wrong).map(str::to_owned).collect())?;
    let accepted: BTreeSet<&str> = results
        .iter()
        .filter(|(_, error)| error.is_none())
        .map(|(command, _)| command.as_str())
        .collect();
    ensure!(accepted == BTreeSet::from(right), "{results:#?}");
    Ok(())
}
