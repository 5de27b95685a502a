//! `cargo xtask release --dry-run`: does everything for a release of the published crates, except
//! the uploads.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::workspace::{self, Member};
use crate::{links, package};

/// The page that documents the order in which the crates are published.
const PAGE: &str = "docs/releasing.md";

/// A package in the output of `cargo metadata`.
struct ReleasedCrate {
    member: Member,
    package: Value,
}

/// Checks everything that a release needs, builds every crate from its package, and prints the
/// uploads in their order.
pub(crate) fn dry_run() -> Result<()> {
    ensure_committed()?;
    let crates = in_order(published()?)?;
    crates.iter().try_for_each(|released| check(released, &crates))?;
    links::check()?;
    package::package()?;
    let without_repository = crates.iter().any(|released| released.package["repository"].is_null());
    if without_repository {
        println!("TO DO before the first upload: set `repository`, see {PAGE}");
    }
    println!("release: {} crates are ready. The uploads, in this order:", crates.len());
    crates.iter().for_each(|released| println!("  cargo publish -p {}", released.member.name));
    Ok(())
}

/// Returns an error if a file differs from what is committed: the package of a crate would contain
/// changes that no tag contains.
fn ensure_committed() -> Result<()> {
    let arguments = ["status", "--porcelain"];
    let output = Command::new("git").args(arguments).current_dir(workspace::root()).output()?;
    let changed = String::from_utf8_lossy(&output.stdout);
    ensure!(changed.is_empty(), "commit or remove these files before a release:\n{changed}");
    Ok(())
}

fn published() -> Result<Vec<ReleasedCrate>> {
    let metadata = workspace::metadata()?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` names no package")?;
    let package = |member: Member| {
        let package = packages.iter().find(|package| package["name"] == member.name.as_str());
        let package = package.with_context(|| member.name.clone())?.clone();
        Ok(ReleasedCrate { member, package })
    };
    workspace::published()?.into_iter().map(package).collect()
}

/// Sorts the crates as the page names them. Returns an error if the page does not name each crate
/// once, after the crates that it depends on.
fn in_order(mut rest: Vec<ReleasedCrate>) -> Result<Vec<ReleasedCrate>> {
    let page = fs::read_to_string(workspace::root().join(PAGE))?;
    let line = page.lines().find(|line| line.trim_start().starts_with("cargo publish -p "));
    let line = line.with_context(|| format!("{PAGE} has no line `cargo publish -p …`"))?;
    let mut ordered: Vec<ReleasedCrate> = Vec::new();
    for name in line.split(" -p ").skip(1).map(str::trim) {
        let place = rest.iter().position(|released| released.member.name == name);
        let place = place.with_context(|| format!("{PAGE}: {name} is no crate of this release"))?;
        let released = rest.remove(place);
        let later = |name: &str| rest.iter().any(|other| other.member.name == name);
        if let Some((later, _)) = released.requirements().find(|(name, _)| later(name)) {
            bail!("{PAGE} must name {later} before {name}, which depends on it");
        }
        ordered.push(released);
    }
    if let Some(missing) = rest.first() {
        bail!("{PAGE} does not name {}", missing.member.name);
    }
    Ok(ordered)
}

impl ReleasedCrate {
    /// Returns the names and version requirements of dependencies that a user's build needs, and
    /// of development dependencies that have a version.
    fn requirements(&self) -> impl Iterator<Item = (&str, &str)> {
        let dependencies = self.package["dependencies"].as_array().into_iter().flatten();
        dependencies.filter_map(named)
    }
}

/// Returns the name and the version requirement of a dependency, unless it is one of development
/// without a version, which is not part of a package.
fn named(dependency: &Value) -> Option<(&str, &str)> {
    let (name, requirement) = (dependency["name"].as_str()?, dependency["req"].as_str()?);
    (dependency["kind"] != "dev" || requirement != "*").then_some((name, requirement))
}

/// Checks what the page of a crate on crates.io shows, its changelog, and the versions of the
/// crates that it depends on.
fn check(released: &ReleasedCrate, all: &[ReleasedCrate]) -> Result<()> {
    let ReleasedCrate { member, package } = released;
    let Member { name, version, .. } = member;
    for field in ["description", "license", "readme", "rust_version"] {
        ensure!(package[field].is_string(), "the Cargo.toml of {name} has no `{field}`");
    }
    for list in ["keywords", "categories"] {
        let count = package[list].as_array().map_or(0, Vec::len);
        // crates.io accepts five of each.
        ensure!((1..=5).contains(&count), "the Cargo.toml of {name} has {count} {list}");
    }
    let changelog = fs::read_to_string(member.folder.join("CHANGELOG.md"))?;
    let has_version = changelog.lines().any(|line| line.starts_with(&format!("## {version}")));
    ensure!(has_version, "the CHANGELOG.md of {name} has no section `## {version}`");
    for (dependency, requirement) in released.requirements() {
        let own = all.iter().find(|other| other.member.name == dependency);
        let Some(own) = own else { continue };
        let expected = format!("^{}", own.member.version);
        ensure!(
            requirement == expected,
            "{name} depends on {dependency} {requirement}, but this release is {expected}"
        );
    }
    println!("release: {name} {version}");
    Ok(())
}
