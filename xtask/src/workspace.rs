//! The crates of the workspace, from `cargo metadata`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The root files of its library and programs.
    pub(crate) roots: Vec<PathBuf>,
}

/// All crates of the workspace.
pub(crate) fn members() -> Result<Vec<Member>> {
    metadata()?["packages"].as_array().context("no packages")?.iter().map(member).collect()
}

fn member(package: &Value) -> Result<Member> {
    let targets = package["targets"].as_array().context("no targets")?;
    let is_own = |target: &&Value| {
        let kinds = target["kind"].as_array().into_iter().flatten().filter_map(Value::as_str);
        kinds.into_iter().any(|kind| ["lib", "bin", "proc-macro"].contains(&kind))
    };
    let root = |target: &Value| target["src_path"].as_str().map(PathBuf::from);
    Ok(Member {
        name: package["name"].as_str().context("no name")?.to_owned(),
        roots: targets.iter().filter(is_own).filter_map(root).collect(),
    })
}

/// What `cargo metadata` says of the workspace's own packages.
fn metadata() -> Result<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output =
        Command::new("cargo").args(arguments).current_dir(root()).output().context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
