//! `cargo xtask newest`: finds clients with a newer release than the one that is tested.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::workspace;

/// The workspace with the real clients.
const MANIFEST: &str = "clients/Cargo.toml";

/// Fails if a direct dependency of the clients' workspace has a newer release than the one in the
/// lock file, also a release that the manifest does not allow yet.
pub(crate) fn check() -> Result<()> {
    let manifest = cargo(&["metadata", "--no-deps", "--format-version", "1"])?.0;
    let direct = dependencies(&serde_json::from_str(&manifest)?);
    // cargo prints what an update would do to its standard error.
    let update = cargo(&["update", "--dry-run", "--verbose"])?.1;
    let newer: Vec<String> =
        update.lines().filter_map(newer_release).filter(|line| is_of(&direct, line)).collect();
    newer.iter().for_each(|line| println!("newest: {line}"));
    if !newer.is_empty() {
        bail!("{} dependencies of {MANIFEST} have a newer release", newer.len());
    }
    println!("newest: {} dependencies of {MANIFEST} are at their newest release", direct.len());
    Ok(())
}

/// Runs a command of cargo, and returns what it prints to its standard output and error.
fn cargo(arguments: &[&str]) -> Result<(String, String)> {
    let mut command = Command::new("cargo");
    command.args(arguments).args(["--manifest-path", MANIFEST]).current_dir(workspace::root());
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        bail!("{command:?} failed: {errors}");
    }
    Ok((printed, errors))
}

/// Returns the names of the dependencies from the registry.
fn dependencies(metadata: &Value) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let all = packages.flat_map(|package| package["dependencies"].as_array()).flatten();
    let names = all.filter(|it| !it["source"].is_null()).filter_map(|it| it["name"].as_str());
    names.map(str::to_owned).collect()
}

/// Returns `NAME TESTED -> NEWEST` for a line of `cargo update --verbose` about a crate that has a
/// newer release.
fn newer_release(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["Updating", name, tested, "->", allowed, rest @ ..] => {
            let newest = rest.last().and_then(|it| it.strip_suffix(')')).unwrap_or(allowed);
            Some(format!("{name} {tested} -> {newest}"))
        }
        ["Unchanged", name, tested, "(available:", newest] => {
            Some(format!("{name} {tested} -> {}", newest.trim_end_matches(')')))
        }
        _ => None,
    }
}

fn is_of(direct: &BTreeSet<String>, line: &str) -> bool {
    line.split(' ').next().is_some_and(|name| direct.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_release_is_read_from_the_lines_of_cargo() {
        let rows = [
            ("    Updating crates.io index", None),
            (
                "    Updating google-cloud-auth v1.18.0 -> v1.19.0",
                Some("google-cloud-auth v1.18.0 -> v1.19.0"),
            ),
            (
                "    Updating opendal v0.59.0 -> v0.59.1 (available: v0.60.0)",
                Some("opendal v0.59.0 -> v0.60.0"),
            ),
            (
                "   Unchanged google-cloud-pubsub v0.33.2 (available: v1.7.0)",
                Some("google-cloud-pubsub v0.33.2 -> v1.7.0"),
            ),
            (" Downgrading crypto-common v0.1.7 -> v0.1.6 (available: v0.1.7)", None),
        ];
        for (line, expected) in rows {
            assert_eq!(newer_release(line).as_deref(), expected, "{line}");
        }
    }
}
