//! Sizes: of the catalogs as README states them, and of what is published.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Member};

/// What the tables compiled into a program may take, in bytes.
const MOST_TABLES: u64 = 2_000_000;
/// What crates.io takes, in bytes.
const MOST_PACKAGE: u64 = 10 * 1024 * 1024;

/// Compares the sizes that README states with the files.
pub(crate) fn sizes() -> Result<()> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    for name in ["full", "cloud", "storage"] {
        let bytes = fs::metadata(blob(name)?)?.len();
        let stated = format!("{} KB", bytes.div_ceil(1000));
        let row = readme.lines().find(|line| line.starts_with(&format!("| `catalog-{name}`")));
        if !row.is_some_and(|row| row.contains(&stated)) {
            bail!("README.md should say that `catalog-{name}` takes {stated}");
        }
        if bytes > MOST_TABLES {
            bail!("catalog-{name} takes {bytes} bytes; at most {MOST_TABLES} are allowed");
        }
        println!("catalog-{name}: {stated}");
    }
    Ok(())
}

/// The blob of a catalog, wherever it stands.
fn blob(name: &str) -> Result<PathBuf> {
    let places = ["crates/catalog/src/data", "src/catalog/data"];
    let mut files = places.map(|place| workspace::root().join(place).join(format!("{name}.bin"))).into_iter();
    files.find(|file| file.is_file()).with_context(|| format!("no {name}.bin in {}", places.join(" or ")))
}

/// Packages every published crate as crates.io would get it, and compiles the packages with one another.
///
/// cargo's own verification does the same by a registry of its own, whose crates it takes for unchanging: after
/// a change it would compile what it has unpacked before.
pub(crate) fn package() -> Result<()> {
    let folder = unpack()?;
    let target = workspace::target()?;
    let mut check = Command::new("cargo");
    check.args(["check", "--workspace", "--quiet", "--target-dir"]).arg(target).current_dir(folder);
    run(&mut check)
}

/// Packages every published crate as crates.io would get it, and unpacks the packages side by side. Gives the
/// folder in which they are.
pub(crate) fn unpack() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command.args(["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"]);
    for member in workspace::members()?.iter().filter(|member| !member.is_published) {
        command.args(["--exclude", &member.name]);
    }
    run(command.current_dir(workspace::root()))?;
    let (target, published) = (workspace::target()?, workspace::published()?);
    published.iter().try_for_each(|member| package_of(&target.join("package"), member))?;
    unpacked(&target, &published)
}

fn package_of(folder: &Path, member: &Member) -> Result<()> {
    let file = file_of(member);
    let bytes = fs::metadata(folder.join(&file)).with_context(|| file.clone())?.len();
    if bytes > MOST_PACKAGE {
        bail!("{file} takes {bytes} bytes; crates.io takes {MOST_PACKAGE}");
    }
    for wanted in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        if !member.folder.join(wanted).exists() {
            bail!("{} has no {wanted}", member.name);
        }
    }
    println!("package: {file} takes {} KB", bytes.div_ceil(1000));
    Ok(())
}

fn file_of(member: &Member) -> String {
    format!("{}.crate", folder_of(member))
}

/// The folder that a package unpacks to.
pub(crate) fn folder_of(member: &Member) -> String {
    format!("{}-{}", member.name, member.version)
}

/// A workspace of the unpacked packages, which takes each of them in place of what is published.
fn unpacked(target: &Path, published: &[Member]) -> Result<PathBuf> {
    let folder = target.join("packaged");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let (mut members, mut patches) = (String::new(), String::new());
    for member in published {
        let archive = target.join("package").join(file_of(member));
        run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&folder))?;
        let place = folder_of(member);
        members += &format!("    \"{place}\",\n");
        patches += &format!("{} = {{ path = \"{place}\" }}\n", member.name);
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{patches}\n{PROFILE}"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

/// As in the workspace's manifest, so that what was compiled there is not compiled again.
pub(crate) const PROFILE: &str =
    "[profile.dev]\ndebug = \"line-tables-only\"\n[profile.dev.package.\"*\"]\ndebug = false\n";

pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    if !command.status()?.success() {
        bail!("failed: {command:?}");
    }
    Ok(())
}
