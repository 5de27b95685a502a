//! `cargo xtask imports`: checks that the imports within each crate go in one direction, and that
//! no two types of the repository have the same name.
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
//! occur in several crates.
//!
//! [`uses`] defines what counts as a use. The file of a module with child modules is treated like
//! any other file: `mod child;` and a re-export of a child's item are not uses of the child.

mod findings;
mod graph;
mod pairs;
mod resolve;
mod type_names;
mod uses;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

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
    let duplicates =
        if names.is_empty() { TypeNames::of_repository()?.violations() } else { Vec::new() };
    duplicates.iter().for_each(|text| println!("{text}"));
    if violations > 0 || !duplicates.is_empty() {
        bail!(
            "{violations} findings about imports and {} about names of types, printed above",
            duplicates.len()
        );
    }
    println!(
        "imports: {files} files, {} pairs of files that use each other, no cycle",
        pairs.len()
    );
    Ok(())
}
