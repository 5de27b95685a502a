//! Which two files may know each other: a table in DESIGN.md, with the reason.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// The heading above the table, whose rows are ``| `one.rs` | `other.rs` | why |``.
pub(crate) const HEADING: &str = "## Files that know each other";

/// Two files, in order.
pub(crate) type Pair = (String, String);

pub(crate) fn pair(one: &str, other: &str) -> Pair {
    if one < other { (one.to_owned(), other.to_owned()) } else { (other.to_owned(), one.to_owned()) }
}

/// The pairs that a page allows.
pub(crate) fn allowed(page: &str) -> Result<BTreeSet<Pair>> {
    let after = page.split_once(&format!("{HEADING}\n")).map_or("", |(_, after)| after);
    let section = after.split("\n## ").next().unwrap_or_default();
    let mut pairs = BTreeSet::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [one, other, why] = cells.as_slice() else {
            anyhow::bail!("not a row of two files and a reason: {line}")
        };
        ensure!(!why.is_empty(), "no reason: {line}");
        pairs.insert(pair(one.trim_matches('`'), other.trim_matches('`')));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_two_files_and_a_reason() {
        let page = |rows: &str| {
            format!(
                "# Design\n\n{HEADING}\n\nText.\n\n| one | other | why |\n|---|---|---|\n{rows}\n## Next\n| `c` | `d` | no |\n"
            )
        };
        let found = allowed(&page("| `src/b.rs` | `src/a.rs` | a reason |\n")).unwrap();
        assert_eq!(found, BTreeSet::from([pair("src/a.rs", "src/b.rs")]));
        assert!(allowed(&page("| `src/b.rs` | `src/a.rs` | |\n")).is_err());
        assert!(allowed(&page("| `src/b.rs` | `src/a.rs` |\n")).is_err());
        assert_eq!(allowed("# Design\n").unwrap(), BTreeSet::new());
    }
}
