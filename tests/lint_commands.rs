//! Every gcloud command that a report prints, checked by gcloud itself.
//!
//! Where there is no gcloud this says that it was skipped; with `REQUIRE_GCLOUD=1` it fails instead.
#![cfg(all(feature = "reqwest", feature = "catalog-full"))]

#[path = "worlds/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use world::World;

/// What `gcloud meta lint-gcloud-commands` says of one command. It needs no network.
#[derive(Debug, Deserialize)]
struct Verdict {
    command_string: String,
    success: bool,
    error_message: Option<String>,
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

/// All of them in one run of gcloud, which takes a second to start.
fn lint(name: &str, commands: &BTreeSet<String>) -> Result<BTreeMap<String, Option<String>>> {
    let file = std::env::temp_dir().join(format!("gcp-scopes-lint-{name}-{}.json", std::process::id()));
    let questions: Vec<_> =
        commands.iter().map(|command| serde_json::json!({ "command_string": command })).collect();
    std::fs::write(&file, serde_json::to_string(&questions)?)?;
    let mut gcloud = Command::new("gcloud");
    gcloud.args(["meta", "lint-gcloud-commands"]).arg(format!("--commands-file={}", file.display()));
    let output = gcloud.env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1").output();
    std::fs::remove_file(&file)?;
    let output = output?;
    let verdicts: Vec<Verdict> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("gcloud said {}", String::from_utf8_lossy(&output.stderr)))?;
    let why = |verdict: Verdict| (!verdict.success).then(|| verdict.error_message.unwrap_or_default());
    Ok(verdicts.into_iter().map(|verdict| (verdict.command_string.clone(), why(verdict))).collect())
}

/// The commands of a line, which a shell would run one after another. Some commands check the
/// project even here, so that one has to be filled in.
fn commands(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split(" && ").map(|command| command.replace("--project=PROJECT", "--project=my-project"))
}

#[tokio::test]
async fn gcloud_knows_every_command_of_every_world() -> Result<()> {
    if !is_gcloud_there()? {
        return Ok(());
    }
    let mut all = BTreeSet::new();
    for world in World::all()? {
        let denial = world.denial().await?;
        all.extend(denial.steps().iter().filter_map(|step| step.command_line()).flat_map(commands));
    }
    // The one command of our own that a step has; the command's own tests run it.
    all.remove("gcp-scopes whoami");
    ensure!(all.len() > 40 && all.iter().all(|command| command.starts_with("gcloud ")), "{all:#?}");
    let verdicts = lint("worlds", &all)?;
    ensure!(verdicts.len() == all.len(), "gcloud judged {} of {} commands", verdicts.len(), all.len());
    let wrong: Vec<_> = verdicts.into_iter().filter_map(|(command, why)| Some((command, why?))).collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn the_check_knows_right_from_wrong() -> Result<()> {
    if !is_gcloud_there()? {
        return Ok(());
    }
    let right = [
        "gcloud compute instances set-service-account web-1 --zone=us-central1-a --scopes=storage-rw",
        "gcloud auth application-default login --scopes=openid,https://www.googleapis.com/auth/cloud-platform",
    ];
    let wrong = [
        "gcloud compute instances set-scopes web-1 --zone=us-central1-a --scopes=storage-rw",
        "gcloud run services update web --region=us-central1 --scopes=cloud-platform",
        "gcloud container node-pools update pool-1 --cluster=prod --location=us-central1 --scopes=cloud-platform",
        "gcloud dataproc clusters update spark --region=us-central1 --scopes=cloud-platform",
    ];
    let verdicts = lint("both", &right.into_iter().chain(wrong).map(str::to_owned).collect())?;
    let known: BTreeSet<&str> =
        verdicts.iter().filter(|(_, why)| why.is_none()).map(|(command, _)| command.as_str()).collect();
    ensure!(known == BTreeSet::from(right), "{verdicts:#?}");
    Ok(())
}
