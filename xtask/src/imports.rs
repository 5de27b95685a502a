//! `cargo xtask imports`: checks that the imports within each crate go in one direction, that no
//! two types of the repository have the same name, and that no line of Rust is too long.
//!
//! The imports of tests are not checked. For the rest of a crate:
//!
//! 1. No three or more files use one another in a cycle.
//! 2. No top-level modules use one another in a cycle. The crate's root counts as one of them, and
//!    a file in a folder belongs to the top-level module that contains the file.
//! 3. Two files may use each other only if a table in DESIGN.md lists them with a reason. At most
//!    two such pairs are allowed in one module.
//!
//! The names of types are compared in all crates, tests and examples. Only the name `Error` may
//! occur in several crates. A line of Rust has at most 100 columns, except a line with only a URL:
//! rustfmt leaves strings, comments and the arguments of macros as long as they are.
//!
//! [`uses`] defines what counts as a use. The file of a module with child modules is treated like
//! any other file: `mod child;` and a re-export of a child's item are not uses of the child.

mod findings;
mod graph;
mod line_length;
mod pairs;
mod resolve;
mod type_names;
mod uses;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::source::Disk;
use crate::workspace;
use findings::Findings;
use type_names::TypeNames;

/// Checks the crates with these names, or all crates if there are no names. Prints what breaks a
/// rule.
pub(crate) fn check(names: &[&str]) -> Result<()> {
    let root = workspace::root();
    let allowed = pairs::allowed(&std::fs::read_to_string(root.join("DESIGN.md"))?)?;
    let (mut violations, mut pairs, mut files) = (0, BTreeSet::new(), 0);
    let members = workspace::members()?;
    let checked =
        members.iter().filter(|member| names.is_empty() || names.contains(&member.name.as_str()));
    for target in checked.flat_map(|member| &member.roots) {
        let findings = Findings::from_crate(&Disk, &root, target)?;
        let texts = findings.violations(&allowed);
        texts.iter().for_each(|text| println!("{text}"));
        violations += texts.len();
        files += findings.files;
        pairs.extend(findings.pairs.into_keys());
    }
    for (one, other) in allowed.difference(&pairs).filter(|_| names.is_empty()) {
        println!("{one} and {other} no longer use each other: remove their row from DESIGN.md");
        violations += 1;
    }
    let texts = if names.is_empty() { repository_violations(&root)? } else { Vec::new() };
    texts.iter().for_each(|text| println!("{text}"));
    if violations > 0 || !texts.is_empty() {
        bail!(
            "{violations} findings about imports and {} about names of types and long lines, \
             printed above",
            texts.len()
        );
    }
    println!(
        "imports: {files} files, {} pairs of files that use each other, no cycle",
        pairs.len()
    );
    Ok(())
}

/// Reads all Rust files that git tracks or does not ignore. Returns a text for each name that
/// several types have, and for each long line.
fn repository_violations(root: &Path) -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"];
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let output = output.context("cannot run `git ls-files`")?;
    ensure!(output.status.success(), "`git ls-files` failed: {}", output.stderr.escape_ascii());
    let (mut names, mut texts) = (TypeNames::default(), Vec::new());
    // A deleted file stays in the list until the deletion is staged.
    let files =
        std::str::from_utf8(&output.stdout)?.lines().filter(|file| root.join(file).exists());
    for file in files {
        let text = std::fs::read_to_string(root.join(file))?;
        names.add_file(file, &text)?;
        texts.extend(line_length::violations(file, &text));
    }
    texts.extend(names.violations());
    Ok(texts)
}
