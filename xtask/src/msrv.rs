//! Whether the library keeps to the version of Rust that it promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use syn::visit::Visit;

use crate::checks::{feature_names, lines, package};

/// Checks the code and the dependencies.
pub(crate) fn check() -> Result<()> {
    syntax()?;
    dependencies()
}

/// Refuses syntax newer than the `rust-version` of the core, 1.85: today that is let-chains (1.88),
/// which a newer compiler takes without a word. Newer library functions are clippy's to find.
fn syntax() -> Result<()> {
    let mut files = Vec::new();
    for folder in ["src", "crates/testing/src"] {
        rust_files(Path::new(folder), &mut files)?;
    }
    let mut found = Vec::new();
    for file in &files {
        let code = fs::read_to_string(file)?;
        let tree = syn::parse_file(&code).with_context(|| file.display().to_string())?;
        let mut finder = LetChains::default();
        finder.visit_file(&tree);
        found.extend(finder.lines.iter().map(|line| format!("{}:{line}", file.display())));
    }
    if !found.is_empty() {
        bail!("let-chains need Rust 1.88, the crate promises 1.85:\n  {}", found.join("\n  "));
    }
    println!("msrv: no let-chain in {} files", files.len());
    Ok(())
}

/// Compares what dependencies say they need: every crate of the core with the core's own version, and those that
/// a feature names itself with what README says of the feature. What these bring along, cargo can pick older.
fn dependencies() -> Result<()> {
    let needs = needs()?;
    let newest =
        |lines: BTreeSet<String>| lines.into_iter().filter_map(|line| Some((*needs.get(&line)?, line))).max();
    let own = package()?["rust_version"].as_str().and_then(minor).context("the core has no rust-version")?;
    if let Some((newer, name)) = newest(lines(&[])?).filter(|(newer, _)| *newer > own) {
        bail!("{name}, a dependency of the core, needs Rust 1.{newer}; the crate promises 1.{own}");
    }
    let readme = fs::read_to_string("README.md")?;
    for feature in feature_names()? {
        let needed = newest(lines(&["--depth", "1", "--features", &feature])?).map(|(newer, _)| newer);
        let needed = needed.filter(|newer| *newer > own);
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{feature}`")));
        let row = row.with_context(|| format!("README.md has no row for the feature `{feature}`"))?;
        let said = row.split_once("; Rust ").and_then(|(_, version)| minor(version.trim_end_matches(" |")));
        if needed != said {
            let text = |minor: Option<u32>| {
                minor.map_or_else(|| "no newer Rust".into(), |minor| format!("Rust 1.{minor}"))
            };
            bail!("`{feature}` needs {}, README.md says {}", text(needed), text(said));
        }
    }
    println!("msrv: dependencies need what README.md says");
    Ok(())
}

/// The minor version of Rust that each package needs, if it says so, by `name vVERSION`.
fn needs() -> Result<BTreeMap<String, u32>> {
    let output = Command::new("cargo").args(["metadata", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let need = |package: &Value| {
        let line = format!("{} v{}", package["name"].as_str()?, package["version"].as_str()?);
        Some((line, minor(package["rust_version"].as_str()?)?))
    };
    Ok(packages.iter().filter_map(need).collect())
}

/// The minor version of `1.85` and `1.85.0`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

#[derive(Default)]
struct LetChains {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for LetChains {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let sides = [&binary.left, &binary.right];
        if let Some(syn::Expr::Let(found)) =
            sides.into_iter().map(|side| &**side).find(|side| matches!(side, syn::Expr::Let(_)))
        {
            self.lines.push(found.let_token.span.start().line);
        }
        syn::visit::visit_expr_binary(self, binary);
    }
}

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
