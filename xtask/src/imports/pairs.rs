//! Reads the pairs of files that may use each other from a table in DESIGN.md.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// The heading above the table. A row has the form ``| `one.rs` | `other.rs` | the reason |``.
pub(crate) const HEADING: &str = "## Files that know each other";

/// Two files, in alphabetical order.
pub(crate) type Pair = (String, String);

/// Returns the pair of two files, in alphabetical order.
pub(crate) fn pair(one: &str, other: &str) -> Pair {
    if one < other {
        (one.to_owned(), other.to_owned())
    } else {
        (other.to_owned(), one.to_owned())
    }
}

/// Returns the pairs in the table of a page; none if the page does not have the heading. Returns an
/// error for a row that is not two files and a reason.
pub(crate) fn allowed(page: &str) -> Result<BTreeSet<Pair>> {
    let below = page.split_once(&format!("{HEADING}\n")).map_or("", |(_, below)| below);
    let section = below.split("\n## ").next().unwrap_or_default();
    let mut pairs = BTreeSet::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [one, other, reason] = cells.as_slice() else {
            anyhow::bail!("expected a row of two files and a reason, found: {line}")
        };
        ensure!(!reason.is_empty(), "this row has no reason: {line}");
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
                "# Design\n\n{HEADING}\n\nText.\n\n| one | other | why \
                 |\n|---|---|---|\n{rows}\n## Next\n| `c` | `d` | no |\n"
            )
        };
        let pairs = allowed(&page("| `src/b.rs` | `src/a.rs` | a reason |\n")).unwrap();
        assert_eq!(pairs, BTreeSet::from([pair("src/a.rs", "src/b.rs")]));
        assert!(allowed(&page("| `src/b.rs` | `src/a.rs` | |\n")).is_err());
        assert!(allowed(&page("| `src/b.rs` | `src/a.rs` |\n")).is_err());
        assert_eq!(allowed("# Design\n").unwrap(), BTreeSet::new());
    }
}
