//! `cargo xtask msrv`: checks that each published crate compiles with its `rust-version`, as far as
//! code and dependencies show without that compiler. [`compile`] uses the compiler itself.

mod compiler;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use syn::visit::Visit;

use crate::tree::lines;
use crate::workspace::{self, Member, minor};

pub(crate) use compiler::check as compile;

/// The minor version of Rust that stabilized let-chains: 1.88.
const LET_CHAINS: u32 = 88;
/// Crates whose indirect dependencies, too, must support the promised version. For the other
/// crates, only the direct dependencies must support it, because cargo can select older versions of
/// indirect dependencies.
const WITH_INDIRECT: [&str; 4] =
    ["gcp-scopes-catalog", "gcp-scopes-explain", "gcp-scopes-needs", "gcp-scopes"];

/// Checks the code and the dependencies of each published crate.
pub(crate) fn check() -> Result<()> {
    let (members, required) = (workspace::published()?, required_versions()?);
    for member in &members {
        let promised =
            member.rust.with_context(|| format!("{} has no rust-version", member.name))?;
        check_syntax(member, promised)?;
        check_dependencies(member, promised, &required)?;
        println!("msrv: {} keeps to Rust 1.{promised}", member.name);
    }
    Ok(())
}

/// Returns an error if a crate uses let-chains that its `rust-version` does not support.
///
/// A newer compiler accepts let-chains without a warning. Library functions that are too new are
/// found by clippy (`incompatible_msrv`).
fn check_syntax(member: &Member, promised: u32) -> Result<()> {
    let mut files = Vec::new();
    if promised < LET_CHAINS {
        rust_files(&member.folder.join("src"), &mut files)?;
    }
    let mut let_chains = Vec::new();
    for file in &files {
        let code = fs::read_to_string(file)?;
        let tree = syn::parse_file(&code).with_context(|| file.display().to_string())?;
        let mut finder = LetChains::default();
        finder.visit_file(&tree);
        let_chains.extend(finder.lines.iter().map(|line| format!("{}:{line}", file.display())));
    }
    if !let_chains.is_empty() {
        bail!(
            "let-chains need Rust 1.{LET_CHAINS}, but {} promises 1.{promised}:\n  {}",
            member.name,
            let_chains.join("\n  ")
        );
    }
    Ok(())
}

/// Compares the versions of Rust that dependencies require with the version that the crate
/// promises. The direct dependencies of a feature may require the newer version that its
/// documentation states for the feature.
fn check_dependencies(
    member: &Member,
    promised: u32,
    required: &BTreeMap<String, u32>,
) -> Result<()> {
    let newest = |lines: BTreeSet<String>| {
        lines.into_iter().filter_map(|line| Some((*required.get(&line)?, line))).max()
    };
    let depth: &[&str] =
        if WITH_INDIRECT.contains(&member.name.as_str()) { &[] } else { &["--depth", "1"] };
    if let Some((newer, name)) =
        newest(lines(&member.name, depth)?).filter(|(newer, _)| *newer > promised)
    {
        let crate_name = &member.name;
        bail!(
            "{name}, a dependency of {crate_name}, needs Rust 1.{newer}; the crate promises \
             1.{promised}"
        );
    }
    let page = workspace::features_page(member);
    for feature in &member.features {
        let direct = lines(&member.name, &["--depth", "1", "--features", feature])?;
        let needed = newest(direct).map(|(newer, _)| newer).filter(|newer| *newer > promised);
        if feature_row(&page, feature).is_none() && member.folder == workspace::root() {
            bail!("docs/features.md has no row for the feature `{feature}`; add one");
        }
        let stated = stated_version(&page, feature);
        if needed != stated {
            bail!(
                "`{feature}` of {} needs {}, but its documentation states {}",
                member.name,
                version_text(needed),
                version_text(stated)
            );
        }
    }
    Ok(())
}

/// Returns the row of a feature in the table of features.
fn feature_row<'r>(readme: &'r str, feature: &str) -> Option<&'r str> {
    readme.lines().find(|line| line.starts_with(&format!("| `{feature}`")))
}

/// Returns the minor version of Rust that the documentation states for a feature, if it states one.
fn stated_version(readme: &str, feature: &str) -> Option<u32> {
    minor(feature_row(readme, feature)?.split_once("; Rust ")?.1.trim_end_matches(" |"))
}

fn version_text(minor: Option<u32>) -> String {
    minor.map_or_else(|| "no newer Rust".into(), |minor| format!("Rust 1.{minor}"))
}

/// Returns the minor version of Rust that each package of the workspace's dependencies requires, by
/// `name vVERSION`. A package without `rust-version` is left out.
fn required_versions() -> Result<BTreeMap<String, u32>> {
    let arguments = ["metadata", "--all-features", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(workspace::root()).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages =
        metadata["packages"].as_array().context("`cargo metadata` printed no packages")?;
    let version = |package: &Value| {
        let line = format!("{} v{}", package["name"].as_str()?, package["version"].as_str()?);
        Some((line, minor(package["rust_version"].as_str()?)?))
    };
    Ok(packages.iter().filter_map(version).collect())
}

/// Collects the lines with let-chains.
#[derive(Default)]
struct LetChains {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for LetChains {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let sides = [&binary.left, &binary.right];
        if let Some(syn::Expr::Let(condition)) =
            sides.into_iter().map(|side| &**side).find(|side| matches!(side, syn::Expr::Let(_)))
        {
            self.lines.push(condition.let_token.span.start().line);
        }
        syn::visit::visit_expr_binary(self, binary);
    }
}

/// Adds the Rust files in a folder and in its subfolders.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
