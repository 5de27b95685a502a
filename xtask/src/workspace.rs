//! Reads the crates of the workspace from `cargo metadata`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The minor version of the crate's `rust-version`: 85 for `1.85`.
    pub(crate) rust: Option<u32>,
    pub(crate) is_published: bool,
    /// The folder of the crate's manifest.
    pub(crate) folder: PathBuf,
    /// The features, except `default`.
    pub(crate) features: Vec<String>,
    /// The name of the library in code; `None` if the crate has no library.
    pub(crate) library: Option<String>,
    /// The root files of the library and of the programs.
    pub(crate) roots: Vec<PathBuf>,
}

/// Returns all crates of the workspace.
pub(crate) fn members() -> Result<Vec<Member>> {
    let metadata = metadata()?;
    let packages =
        metadata["packages"].as_array().context("`cargo metadata` printed no packages")?;
    packages.iter().map(member).collect()
}

/// Returns the crates that are published.
pub(crate) fn published() -> Result<Vec<Member>> {
    Ok(members()?.into_iter().filter(|member| member.is_published).collect())
}

/// Returns the published libraries, with their names in code.
pub(crate) fn libraries() -> Result<Vec<(Member, String)>> {
    let libraries = published()?.into_iter().filter_map(|mut member| {
        let name = member.library.take()?;
        Some((member, name))
    });
    Ok(libraries.collect())
}

/// Returns cargo's target folder.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str();
    Ok(folder.context("`cargo metadata` printed no target_directory")?.into())
}

/// The page that lists the features of `gcp-scopes`. Other crates list theirs in their README.
const FEATURES: &str = "docs/features.md";

/// Returns the text that lists the features of a crate; empty if there is none.
pub(crate) fn features_page(member: &Member) -> String {
    let name = if member.folder == root() { FEATURES } else { "README.md" };
    std::fs::read_to_string(member.folder.join(name)).unwrap_or_default()
}

/// Returns the root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Returns the minor version of a version of Rust: 85 for `1.85` and `1.85.0`.
pub(crate) fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

/// Reads a crate from its object in the output of `cargo metadata`.
fn member(package: &Value) -> Result<Member> {
    let text = |key: &str| package[key].as_str().with_context(|| format!("a package has no {key}"));
    let targets = package["targets"].as_array().context("a package has no targets")?;
    let of_kind = |wanted: &'static [&str]| {
        let is_wanted = |kind: &Value| kind.as_str().is_some_and(|kind| wanted.contains(&kind));
        targets
            .iter()
            .filter(move |target| target["kind"].as_array().into_iter().flatten().any(is_wanted))
    };
    let root = |target: &Value| target["src_path"].as_str().map(PathBuf::from);
    let features = package["features"].as_object().context("a package has no features")?.keys();
    Ok(Member {
        name: text("name")?.to_owned(),
        version: text("version")?.to_owned(),
        rust: package["rust_version"].as_str().and_then(minor),
        // cargo prints `publish = false` as an empty list of registries.
        is_published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        folder: Path::new(text("manifest_path")?)
            .parent()
            .context("a manifest has no parent folder")?
            .to_owned(),
        features: features.filter(|name| *name != "default").cloned().collect(),
        library: of_kind(&["lib"]).find_map(|target| target["name"].as_str().map(str::to_owned)),
        roots: of_kind(&["lib", "bin", "proc-macro"]).filter_map(root).collect(),
    })
}

/// Returns the output of `cargo metadata` for the packages of the workspace, without dependencies.
pub(crate) fn metadata() -> Result<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(root()).output();
    let output = output.context("cannot run `cargo metadata`")?;
    ensure!(
        output.status.success(),
        "`cargo metadata` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("`cargo metadata` printed invalid JSON")
}
