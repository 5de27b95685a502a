//! The crates of the workspace, from `cargo metadata`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The minor version of Rust that it promises, as in `1.85`.
    pub(crate) rust: Option<u32>,
    pub(crate) is_published: bool,
    /// The folder of its manifest.
    pub(crate) folder: PathBuf,
    /// Its features but for `default`.
    pub(crate) features: Vec<String>,
    /// The name of its library in code.
    pub(crate) library: Option<String>,
    /// The root files of its library and programs.
    pub(crate) roots: Vec<PathBuf>,
}

/// All crates of the workspace.
pub(crate) fn members() -> Result<Vec<Member>> {
    metadata()?["packages"].as_array().context("no packages")?.iter().map(member).collect()
}

/// The crates that are published.
pub(crate) fn published() -> Result<Vec<Member>> {
    Ok(members()?.into_iter().filter(|member| member.is_published).collect())
}

/// The published libraries, with their names in code.
pub(crate) fn libraries() -> Result<Vec<(Member, String)>> {
    let named = published()?.into_iter().filter_map(|mut it| it.library.take().map(|name| (it, name)));
    Ok(named.collect())
}

/// Where cargo builds.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    Ok(metadata["target_directory"].as_str().context("no target_directory")?.into())
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// The minor version of `1.85` and `1.85.0`.
pub(crate) fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

fn member(package: &Value) -> Result<Member> {
    let text = |key: &str| package[key].as_str().with_context(|| format!("a package without {key}"));
    let targets = package["targets"].as_array().context("no targets")?;
    let of_kind = |wanted: &'static [&str]| {
        let is_wanted = |kind: &Value| kind.as_str().is_some_and(|kind| wanted.contains(&kind));
        targets.iter().filter(move |target| target["kind"].as_array().into_iter().flatten().any(is_wanted))
    };
    let root = |target: &Value| target["src_path"].as_str().map(PathBuf::from);
    let features = package["features"].as_object().context("no features")?.keys();
    Ok(Member {
        name: text("name")?.to_owned(),
        version: text("version")?.to_owned(),
        rust: package["rust_version"].as_str().and_then(minor),
        // `publish = false` is an empty list of registries.
        is_published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        folder: Path::new(text("manifest_path")?).parent().context("a manifest in no folder")?.to_owned(),
        features: features.filter(|name| *name != "default").cloned().collect(),
        library: of_kind(&["lib"]).find_map(|target| target["name"].as_str().map(str::to_owned)),
        roots: of_kind(&["lib", "bin", "proc-macro"]).filter_map(root).collect(),
    })
}

/// What `cargo metadata` says of the workspace's own packages.
fn metadata() -> Result<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(root()).output().context("cargo")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}
