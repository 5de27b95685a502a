//! Checks that imports go one way: `cargo xtask imports`.
//!
//! Within each crate of the workspace, without tests:
//!
//! 1. No three files use one another in a circle.
//! 2. No top-level modules do, the crate's root among them. What stands in a folder belongs to its module.
//! 3. Two files that use each other stand in DESIGN.md with the reason, and there are at most two such pairs in a folder.
//!
//! What counts as a use is in [`uses`]. A module that holds other modules counts as a file like any
//! other: that it declares them or hands their items on is no use of them, but an item of its own
//! that they use, while it uses theirs, is.

mod findings;
mod graph;
mod pairs;
mod resolve;
mod uses;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::source::Disk;
use crate::workspace;
use findings::Findings;

/// Checks all crates, or those named.
pub(crate) fn check(names: &[&str]) -> Result<()> {
    let root = workspace::root();
    let allowed = pairs::allowed(&std::fs::read_to_string(root.join("DESIGN.md"))?)?;
    let (mut wrong, mut used, mut files) = (0, BTreeSet::new(), 0);
    let members = workspace::members()?;
    let wanted = members.iter().filter(|it| names.is_empty() || names.contains(&it.name.as_str()));
    for target in wanted.flat_map(|member| &member.roots) {
        let found = Findings::of(&Disk, &root, target)?;
        let texts = found.wrong(&allowed);
        texts.iter().for_each(|text| println!("{text}"));
        wrong += texts.len();
        files += found.files;
        used.extend(found.pairs.into_keys());
    }
    for (one, other) in allowed.difference(&used).filter(|_| names.is_empty()) {
        println!("{one} and {other} do not know each other any more: take the row out of DESIGN.md");
        wrong += 1;
    }
    if wrong > 0 {
        bail!("imports do not go one way: {wrong} findings");
    }
    println!("imports: {files} files, {} pairs that know each other, no circle", used.len());
    Ok(())
}
