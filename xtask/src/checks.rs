//! What CI checks beside tests and lints.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Prints the library's features, one a line, for a shell loop.
pub(crate) fn features() -> Result<()> {
    feature_names()?.iter().for_each(|name| println!("{name}"));
    Ok(())
}

/// The library's features, but for `default`.
pub(crate) fn feature_names() -> Result<Vec<String>> {
    let package = package()?;
    let names = package["features"].as_object().context("no features")?.keys();
    Ok(names.filter(|name| *name != "default").cloned().collect())
}

/// Direct dependencies that the core may have at most.
const MOST: usize = 12;
/// Crates whose presence means an HTTP client or TLS.
const BANNED: [&str; 11] = [
    "reqwest",
    "hyper",
    "hyper-util",
    "h2",
    "ureq",
    "rustls",
    "native-tls",
    "openssl-sys",
    "ring",
    "aws-lc-sys",
    "tower",
];

/// Proves from `cargo tree` that the core brings no HTTP client and no TLS, and few dependencies.
pub(crate) fn core() -> Result<()> {
    let all = tree(&[])?;
    let versions = lines(&[])?;
    if let Some(twice) =
        all.iter().find(|name| versions.iter().filter(|line| name_of(line) == **name).count() > 1)
    {
        bail!("the core has {twice} in two versions: `cargo tree --no-default-features -e normal -d`");
    }
    if let Some(banned) = BANNED.iter().find(|banned| all.contains(**banned)) {
        bail!(
            "the core depends on {banned}: `cargo tree --no-default-features -e normal -i {banned}` shows how"
        );
    }
    let direct = tree(&["--depth", "1"])?.len() - 1;
    if direct > MOST {
        bail!("the core has {direct} direct dependencies; at most {MOST} are allowed");
    }
    println!("core: {direct} direct dependencies, {} crates in all, no HTTP client, no TLS", all.len() - 1);
    Ok(())
}

fn tree(more: &[&str]) -> Result<BTreeSet<String>> {
    Ok(lines(more)?.iter().map(|line| name_of(line).to_owned()).collect())
}

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

/// Each crate once, as `name version`.
pub(crate) fn lines(more: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = Command::new("cargo");
    command.args([
        "tree",
        "--package",
        "gcp-scopes",
        "--no-default-features",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    let output = command.args(["--format", "{p}"]).args(more).output().context("cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(String::from_utf8(output.stdout)?.lines().map(words).collect())
}

/// What the tables compiled into a program may take, in bytes.
const MOST_TABLES: u64 = 2_000_000;
/// What crates.io takes, in bytes.
const MOST_PACKAGE: u64 = 10 * 1024 * 1024;

/// Compares the sizes that README states with the files, and the package with what can be published.
pub(crate) fn sizes() -> Result<()> {
    let readme = fs::read_to_string("README.md")?;
    for name in ["full", "cloud", "storage"] {
        let bytes = fs::metadata(format!("crates/catalog/src/data/{name}.bin"))?.len();
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
    // The fake beside it, because a dependency of the same workspace need not be published yet.
    let packages = ["--package", "gcp-scopes", "--package", "gcp-scopes-testing"];
    let arguments = [&["package", "--no-verify", "--allow-dirty", "--quiet"], packages.as_slice()].concat();
    if !Command::new("cargo").args(arguments).status().context("cargo package")?.success() {
        bail!("cargo package failed");
    }
    let version = package()?["version"].as_str().context("no version")?.to_owned();
    let bytes = fs::metadata(format!("target/package/gcp-scopes-{version}.crate"))?.len();
    if bytes > MOST_PACKAGE {
        bail!("the package takes {bytes} bytes; crates.io takes {MOST_PACKAGE}");
    }
    println!("package: {} KB", bytes.div_ceil(1000));
    Ok(())
}

pub(crate) fn package() -> Result<Value> {
    let output = Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let library = packages.iter().find(|package| package["name"] == "gcp-scopes");
    library.cloned().context("no package gcp-scopes")
}
