//! Whether each published crate keeps to the version of Rust that it promises.

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

/// The version of Rust that first took let-chains.
const LET_CHAINS: u32 = 88;
/// Crates of which everything they bring keeps to their own version. What the others bring along beside
/// their direct dependencies, cargo can pick older.
const WHOLE: [&str; 3] = ["gcp-scopes-catalog", "gcp-scopes-explain", "gcp-scopes"];

/// Checks the code and the dependencies.
pub(crate) fn check() -> Result<()> {
    let (members, needs) = (workspace::published()?, needs()?);
    for member in &members {
        let own = member.rust.with_context(|| format!("{} has no rust-version", member.name))?;
        syntax(member, own)?;
        dependencies(member, own, &needs)?;
        println!("msrv: {} keeps to Rust 1.{own}", member.name);
    }
    Ok(())
}

/// Refuses syntax newer than the crate's `rust-version`: that is let-chains, which a newer compiler
/// takes without a word. Newer library functions are clippy's to find.
fn syntax(member: &Member, own: u32) -> Result<()> {
    let mut files = Vec::new();
    if own < LET_CHAINS {
        rust_files(&member.folder.join("src"), &mut files)?;
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
        bail!(
            "let-chains need Rust 1.{LET_CHAINS}, {} promises 1.{own}:\n  {}",
            member.name,
            found.join("\n  ")
        );
    }
    Ok(())
}

/// Compares what dependencies say they need with the crate's own version, and for the direct ones of a feature
/// with what the crate's README says of it.
fn dependencies(member: &Member, own: u32, needs: &BTreeMap<String, u32>) -> Result<()> {
    let newest =
        |lines: BTreeSet<String>| lines.into_iter().filter_map(|line| Some((*needs.get(&line)?, line))).max();
    let depth: &[&str] = if WHOLE.contains(&member.name.as_str()) { &[] } else { &["--depth", "1"] };
    if let Some((newer, name)) = newest(lines(&member.name, depth)?).filter(|(newer, _)| *newer > own) {
        bail!("{name}, a dependency of {}, needs Rust 1.{newer}; the crate promises 1.{own}", member.name);
    }
    let readme = fs::read_to_string(member.folder.join("README.md")).unwrap_or_default();
    for feature in &member.features {
        let direct = lines(&member.name, &["--depth", "1", "--features", feature])?;
        let needed = newest(direct).map(|(newer, _)| newer).filter(|newer| *newer > own);
        if row(&readme, feature).is_none() && member.folder == workspace::root() {
            bail!("README.md has no row for the feature `{feature}`");
        }
        let stated = stated(&readme, feature);
        if needed != stated {
            bail!("`{feature}` of {} needs {}, its README says {}", member.name, rust(needed), rust(stated));
        }
    }
    Ok(())
}

fn row<'r>(readme: &'r str, feature: &str) -> Option<&'r str> {
    readme.lines().find(|line| line.starts_with(&format!("| `{feature}`")))
}

/// The minor version of Rust that a crate's README states for a feature.
fn stated(readme: &str, feature: &str) -> Option<u32> {
    minor(row(readme, feature)?.split_once("; Rust ")?.1.trim_end_matches(" |"))
}

fn rust(minor: Option<u32>) -> String {
    minor.map_or_else(|| "no newer Rust".into(), |minor| format!("Rust 1.{minor}"))
}

/// The minor version of Rust that each package needs, if it says so, by `name vVERSION`.
fn needs() -> Result<BTreeMap<String, u32>> {
    let arguments = ["metadata", "--all-features", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(workspace::root()).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let need = |package: &Value| {
        let line = format!("{} v{}", package["name"].as_str()?, package["version"].as_str()?);
        Some((line, minor(package["rust_version"].as_str()?)?))
    };
    Ok(packages.iter().filter_map(need).collect())
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
