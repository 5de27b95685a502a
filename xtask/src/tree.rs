//! Reads the dependencies of a crate from `cargo tree`.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Returns a crate and its dependencies in a user's build without default features, each as
/// `name vVERSION`. `more` are further arguments of `cargo tree`.
pub(crate) fn lines(name: &str, more: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = Command::new("cargo");
    command.args([
        "tree",
        "--package",
        name,
        "--no-default-features",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    command.args(["--format", "{p}"]).args(more).current_dir(workspace::root());
    let output = command.output().context("cannot run `cargo tree`")?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let name_and_version = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .map(name_and_version)
        .filter(|line| !line.is_empty())
        .collect())
}

/// Returns the name in a line `name vVERSION`.
pub(crate) fn name(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}
