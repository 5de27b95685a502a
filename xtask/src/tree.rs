//! What `cargo tree` says about the dependencies of a crate.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// What a crate brings to a user's build without its default features, each crate once as
/// `name vVERSION`.
pub(crate) fn lines(name: &str, more: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = Command::new("cargo");
    command.args(["tree", "--package", name, "--no-default-features", "-e", "normal", "--prefix", "none"]);
    command.args(["--format", "{p}"]).args(more).current_dir(workspace::root());
    let output = command.output().context("cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(String::from_utf8(output.stdout)?.lines().map(words).filter(|line| !line.is_empty()).collect())
}

/// The name in a line.
pub(crate) fn name(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}
