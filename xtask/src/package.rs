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

/// Packages every published crate as crates.io would get it, and builds each from its package.
pub(crate) fn package() -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["package", "--workspace", "--allow-dirty", "--quiet"]).current_dir(workspace::root());
    for member in workspace::members()?.iter().filter(|member| !member.is_published) {
        command.args(["--exclude", &member.name]);
    }
    println!("==> {command:?}");
    if !command.status().context("cargo package")?.success() {
        bail!("a crate cannot be built from its package");
    }
    let folder = workspace::target()?.join("package");
    workspace::published()?.iter().try_for_each(|member| package_of(&folder, member))
}

fn package_of(folder: &Path, member: &Member) -> Result<()> {
    let file = format!("{}-{}.crate", member.name, member.version);
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
