//! Describes the differences between two catalogs, for a changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::model::{CatalogModel, short};

/// The largest number of lines about APIs that only gained. Losses are always listed.
const MAX_GAINS: usize = 120;

/// Returns the differences between two catalogs as Markdown: what was lost, what was gained, and
/// one line with the counts.
pub(crate) fn describe(old: &CatalogModel, new: &CatalogModel) -> String {
    let changes = Changes::new(&methods(old), &methods(new));
    let mut text = String::new();
    let (scopes_before, scopes_after) = (known(old), known(new));
    listing(&mut text, "Scopes lost", &names(&scopes_before, &scopes_after), usize::MAX);
    listing(&mut text, "Lost", &changes.lost, usize::MAX);
    listing(&mut text, "Scopes gained", &names(&scopes_after, &scopes_before), MAX_GAINS);
    listing(&mut text, "Gained", &changes.gained, MAX_GAINS);
    let _ = writeln!(text, "{}", changes.summary());
    text
}

/// The scopes that each method accepts, by the method's API, host and id.
type Methods<'c> = BTreeMap<(&'c str, &'c str, &'c str), &'c BTreeSet<String>>;

/// Returns the methods of a catalog. An rpc that is another name of a REST method accepts the
/// scopes of that method.
fn methods(catalog: &CatalogModel) -> Methods<'_> {
    let groups = catalog.groups.iter();
    let rows = groups.flat_map(|group| group.rows.iter().map(move |row| (group, row)));
    rows.map(|(group, row)| {
        let scopes = match row.kind.target() {
            Some((group, row)) => &catalog.groups[group].rows[row].scopes,
            None => &row.scopes,
        };
        ((group.api.as_str(), group.host.as_str(), row.id.as_str()), scopes)
    })
    .collect()
}

/// The lines about what changed.
#[derive(Debug, Default)]
struct Changes {
    lost: Vec<String>,
    gained: Vec<String>,
    /// How many methods were gained and lost, and how many gained and lost scopes.
    counts: [usize; 4],
}

impl Changes {
    fn new(before: &Methods<'_>, after: &Methods<'_>) -> Self {
        let mut changes = Self::default();
        let (gained, lost) = (by_api(after, before), by_api(before, after));
        changes.counts = [&gained, &lost, &BTreeMap::new(), &BTreeMap::new()]
            .map(|methods| methods.values().map(Vec::len).sum());
        changes.gained =
            gained.iter().map(|(api, ids)| format!("{api}: {}", first(ids, 5))).collect();
        changes.lost =
            lost.iter().map(|(api, ids)| format!("{api}: {}", first(ids, usize::MAX))).collect();
        // The methods of an API that changed in the same way are on one line.
        let mut more = BTreeMap::<(&str, String), Vec<&str>>::new();
        let mut less = BTreeMap::<(&str, String), Vec<&str>>::new();
        for (key @ (api, _, id), old) in before {
            let Some(new) = after.get(key) else { continue };
            let (gained, lost) = (difference(new, old, '+'), difference(old, new, '-'));
            for (change, lines) in [(gained, &mut more), (lost, &mut less)] {
                if !change.is_empty() {
                    lines.entry((*api, change)).or_default().push(*id);
                }
            }
        }
        changes.counts[2] = more.values().map(Vec::len).sum();
        changes.counts[3] = less.values().map(Vec::len).sum();
        let line = |((api, change), ids): (&(&str, String), &Vec<&str>), most| {
            format!("{api}:{change}: {}", first(ids, most))
        };
        changes.gained.extend(more.iter().map(|entry| line(entry, 3)));
        changes.lost.extend(less.iter().map(|entry| line(entry, usize::MAX)));
        changes.gained.sort();
        changes.lost.sort();
        changes
    }

    fn summary(&self) -> String {
        let [gained, lost, more, less] = self.counts;
        format!(
            "gained {gained} methods, lost {lost}; {more} methods accept more scopes, {less} \
             accept fewer"
        )
    }
}

/// Returns the ids of the methods that are in `methods` but not in `other`, by API.
fn by_api<'c>(methods: &Methods<'c>, other: &Methods<'_>) -> BTreeMap<&'c str, Vec<&'c str>> {
    let mut ids = BTreeMap::<&str, Vec<&str>>::new();
    for (api, _, id) in methods.keys().filter(|key| !other.contains_key(*key)) {
        ids.entry(api).or_default().push(id);
    }
    ids
}

/// Returns the number of ids and the first ones.
fn first(ids: &[&str], most: usize) -> String {
    let shown: Vec<&str> = ids.iter().take(most).copied().collect();
    let more = if ids.len() > most { ", …" } else { "" };
    format!("{} ({}{more})", ids.len(), shown.join(", "))
}

/// Returns the short names of the scopes that only `set` contains, each behind a blank and `sign`.
fn difference(set: &BTreeSet<String>, other: &BTreeSet<String>, sign: char) -> String {
    set.difference(other).map(|scope| format!(" {sign}{}", short(scope))).collect()
}

fn known(catalog: &CatalogModel) -> BTreeSet<String> {
    catalog.scopes().into_iter().collect()
}

fn names(set: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    set.difference(other).map(|scope| short(scope).to_owned()).collect()
}

/// Adds a heading and the first `most` lines. Adds nothing if there are no lines.
fn listing(text: &mut String, title: &str, lines: &[String], most: usize) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "## {title}");
    lines.iter().take(most).for_each(|line| _ = writeln!(text, "- {line}"));
    if lines.len() > most {
        let _ = writeln!(text, "- … and {} more lines", lines.len() - most);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model::{Group, ModelRow, Routes, RowKind, uri};

    /// Returns a catalog with one REST method and one rpc.
    fn catalog(rest: &str, rest_scopes: &str, kind: RowKind, rpc_scopes: &str) -> CatalogModel {
        let set = |text: &str| text.split_whitespace().map(uri).collect();
        let row = |id: &str, scopes, kind| ModelRow {
            id: id.into(),
            verb: "GET".into(),
            scopes,
            special: 0,
            routes: Routes::default(),
            kind,
        };
        let group = |api: &str, row| {
            Group::from_package(api.into(), "a.googleapis.com".into(), true, vec![row])
        };
        CatalogModel {
            groups: vec![
                group("a.v1", row(rest, set(rest_scopes), RowKind::Rest)),
                group("google.a.v1", row("google.a.v1.A.Get", set(rpc_scopes), kind)),
            ],
            declared: BTreeSet::new(),
            newest_revision: String::new(),
            documents: 1,
        }
    }

    #[test]
    fn losses_come_first_and_every_change_is_counted() {
        let old = catalog("a.get", "x y", RowKind::Coarse, "x");
        let new = catalog("a.list", "x", RowKind::Coarse, "x z");
        let text = describe(&old, &new);
        let places =
            ["- y\n", "- a.v1: 1 (a.get)\n", "- z\n", "- a.v1: 1 (a.list)\n", "google.a.v1: +z: 1"]
                .map(|line| text.find(line).unwrap_or_else(|| panic!("{line} is not in {text}")));
        assert!(places.is_sorted(), "{text}");
        let summary = "gained 1 methods, lost 1; 1 methods accept more scopes, 0 accept fewer\n";
        assert!(text.ends_with(summary), "{text}");
    }

    #[test]
    fn an_rpc_that_becomes_a_name_of_a_rest_method_loses_nothing_if_its_scopes_stay() {
        let old = catalog("a.get", "x y", RowKind::Coarse, "x y");
        let new = catalog("a.get", "x y", RowKind::SameAs((0, 0)), "");
        assert!(describe(&old, &new).starts_with("gained 0 methods, lost 0; 0"));
    }
}
