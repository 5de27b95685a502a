//! `cargo xtask package` and `cargo xtask sizes`: the packages of the published crates, and the
//! sizes of the catalogs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Member};

/// The maximum number of bytes that a catalog may add to a program. The number is this project's
/// own limit.
const MAX_CATALOG_BYTES: u64 = 2_000_000;
/// The maximum number of bytes of a package on crates.io. Source:
/// <https://doc.rust-lang.org/cargo/reference/publishing.html>.
const MAX_PACKAGE_BYTES: u64 = 10 * 1024 * 1024;

/// Compares the sizes of the catalogs with those that docs/features.md states.
pub(crate) fn sizes() -> Result<()> {
    let page = fs::read_to_string(workspace::root().join("docs/features.md"))?;
    for name in ["full", "cloud", "storage"] {
        let bytes = fs::metadata(blob(name)?)?.len();
        let stated = format!("{} KB", bytes.div_ceil(1000));
        let row = page.lines().find(|line| line.starts_with(&format!("| `catalog-{name}`")));
        if !row.is_some_and(|row| row.contains(&stated)) {
            bail!("the row of `catalog-{name}` in docs/features.md must state its size, {stated}");
        }
        if bytes > MAX_CATALOG_BYTES {
            bail!("catalog-{name} takes {bytes} bytes; at most {MAX_CATALOG_BYTES} are allowed");
        }
        println!("catalog-{name}: {stated}");
    }
    Ok(())
}

/// Returns the file with the data of a catalog.
fn blob(name: &str) -> Result<PathBuf> {
    let folders = ["crates/catalog/src/data", "src/catalog/data"];
    let mut files = folders
        .map(|folder| workspace::root().join(folder).join(format!("{name}.bin")))
        .into_iter();
    let file = files.find(|file| file.is_file());
    file.with_context(|| format!("{name}.bin is not in {}", folders.join(" or ")))
}

/// Creates the package of every published crate, and compiles the packages together.
///
/// `cargo package` could compile the packages, too, through a temporary registry. But cargo assumes
/// that the crates of a registry never change. After a change to a crate, cargo would still compile
/// the files that it unpacked before the change.
pub(crate) fn package() -> Result<()> {
    let folder = unpack()?;
    let target = workspace::target()?;
    let mut check = Command::new("cargo");
    check.args(["check", "--workspace", "--quiet", "--target-dir"]).arg(target).current_dir(folder);
    run(&mut check)
}

/// Creates the package of every published crate and unpacks all packages into one folder. Returns
/// the folder.
pub(crate) fn unpack() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    // `package` compiles all packages in one build; `cargo package` would compile each of them
    // alone.
    command.args(["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"]);
    for member in workspace::members()?.iter().filter(|member| !member.is_published) {
        command.args(["--exclude", &member.name]);
    }
    run(command.current_dir(workspace::root()))?;
    let (target, published) = (workspace::target()?, workspace::published()?);
    published.iter().try_for_each(|member| check_package(&target.join("package"), member))?;
    unpack_all(&target, &published)
}

/// Checks the size of a package, and that its crate has the files that every package needs.
fn check_package(folder: &Path, member: &Member) -> Result<()> {
    let file = file_name(member);
    let bytes = fs::metadata(folder.join(&file)).with_context(|| file.clone())?.len();
    if bytes > MAX_PACKAGE_BYTES {
        bail!("{file} takes {bytes} bytes; crates.io accepts at most {MAX_PACKAGE_BYTES}");
    }
    for required in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        if !member.folder.join(required).exists() {
            bail!("{} has no {required}; add it to {}", member.name, member.folder.display());
        }
    }
    println!("package: {file} takes {} KB", bytes.div_ceil(1000));
    Ok(())
}

fn file_name(member: &Member) -> String {
    format!("{}.crate", folder_name(member))
}

/// Returns the name of the folder that a package contains.
pub(crate) fn folder_name(member: &Member) -> String {
    format!("{}-{}", member.name, member.version)
}

/// Unpacks the packages into a workspace, in which they replace those on crates.io. Returns the
/// folder of the workspace.
fn unpack_all(target: &Path, published: &[Member]) -> Result<PathBuf> {
    let folder = target.join("packaged");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    // The packages depend on each other by their versions. The patches make cargo find these
    // versions in the folder instead of on crates.io.
    let (mut members, mut patches) = (String::new(), String::new());
    for member in published {
        let archive = target.join("package").join(file_name(member));
        run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&folder))?;
        let name = folder_name(member);
        members += &format!("    \"{name}\",\n");
        patches += &format!("{} = {{ path = \"{name}\" }}\n", member.name);
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = \
         [\n{members}]\n\n[patch.crates-io]\n{patches}\n{PROFILE}"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // With the same versions, cargo uses the dependencies that the workspace has compiled.
    fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

/// The profile of the workspace's manifest. With the same profile, dependencies that are compiled
/// already are not compiled again.
pub(crate) const PROFILE: &str =
    "[profile.dev]\ndebug = \"line-tables-only\"\n[profile.dev.package.\"*\"]\ndebug = false\n";

/// Prints and runs a command. Returns an error if the command fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    if !command.status()?.success() {
        bail!("failed: {command:?}");
    }
    Ok(())
}
