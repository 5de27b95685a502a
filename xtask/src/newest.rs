//! `cargo xtask newest`: finds clients with a newer release than the one that is tested.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::workspace;

/// The workspaces with the real clients.
const FOLDERS: [&str; 2] = ["clients", "clients/datafusion"];

/// Fails if a direct dependency of the clients' workspaces has a newer release than those in the
/// lock files, also a release that the manifest does not allow yet.
pub(crate) fn check() -> Result<()> {
    let locked = FOLDERS.map(|folder| workspace::root().join(folder).join("Cargo.lock"));
    let locked = locked.map(fs::read_to_string).into_iter().collect::<Result<String, _>>()?;
    let (mut count, mut newer) = (0, BTreeSet::new());
    for folder in FOLDERS {
        let manifest = cargo(folder, &["metadata", "--no-deps", "--format-version", "1"])?.0;
        let direct = dependencies(&serde_json::from_str(&manifest)?);
        // cargo prints what an update would do to its standard error.
        let update = cargo(folder, &["update", "--dry-run", "--verbose"])?.1;
        let found = update.lines().filter_map(newer_release).filter(|line| is_of(&direct, line));
        // Of some clients an older version is tested, too, because others still depend on it.
        newer.extend(found.filter(|line| !is_locked(&locked, line)));
        count += direct.len();
    }
    newer.iter().for_each(|line| println!("newest: {line}"));
    if !newer.is_empty() {
        bail!("{} dependencies of the clients have a newer release", newer.len());
    }
    println!("newest: {count} dependencies of the clients are at their newest release");
    Ok(())
}

/// Runs a command of cargo for the workspace in `folder`, and returns what it prints to its
/// standard output and error.
fn cargo(folder: &str, arguments: &[&str]) -> Result<(String, String)> {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace::root().join(folder));
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

/// Returns whether the newest release that a line names is in the text of a lock file.
fn is_locked(locked: &str, line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let [name, _, _, newest] = words[..] else { return false };
    let newest = newest.trim_start_matches('v');
    locked.contains(&format!("name = \"{name}\"\nversion = \"{newest}\"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_in_a_lock_file_is_tested() {
        let locked = "name = \"object_store\"\nversion = \"0.14.2\"\n";
        assert!(is_locked(locked, "object_store v0.13.2 -> v0.14.2"));
        assert!(!is_locked(locked, "object_store v0.13.2 -> v0.14.20"));
        assert!(!is_locked(locked, "store v0.13.2 -> v0.14.2"));
    }

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
