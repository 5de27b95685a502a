//! Describes the differences between two catalogs, for a changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::model::{CatalogModel, RowKind};

/// Returns the differences between two catalogs as Markdown.
pub(crate) fn describe(old: &CatalogModel, new: &CatalogModel) -> String {
    let (before, after) = (methods(old), methods(new));
    let mut text = String::new();
    scopes(&mut text, &old.scopes(), &new.scopes());
    listing(&mut text, "Methods gained", missing(&after, &before));
    listing(&mut text, "Methods lost", missing(&before, &after));
    let changed = before.iter().filter_map(|((api, id), old)| {
        let new = after.get(&(*api, *id)).filter(|new| *new != old)?;
        Some((*api, format!("{id}{}", changes(old, new))))
    });
    listing(&mut text, "Methods whose accepted scopes changed", changed.collect());
    if text.is_empty() { "Nothing differs.\n".to_owned() } else { text }
}

/// The accepted scopes of each method, by the method's API and id.
type Methods<'c> = BTreeMap<(&'c str, &'c str), &'c BTreeSet<String>>;

/// Returns the methods of a catalog. An rpc that has the scopes of a REST method is listed without
/// scopes, so that a change of these scopes is described once.
fn methods(catalog: &CatalogModel) -> Methods<'_> {
    static NO_SCOPES: BTreeSet<String> = BTreeSet::new();
    let groups = catalog.groups.iter();
    let rows = groups.flat_map(|group| group.rows.iter().map(move |row| (group, row)));
    rows.map(|(group, row)| {
        let has_own_scopes = matches!(row.kind, RowKind::Rest | RowKind::Coarse);
        ((group.api.as_str(), row.id.as_str()), if has_own_scopes { &row.scopes } else { &NO_SCOPES })
    })
    .collect()
}

/// Returns the APIs and ids of the methods that are in `methods` but not in `other`.
fn missing<'c>(methods: &Methods<'c>, other: &Methods<'_>) -> Vec<(&'c str, String)> {
    methods
        .keys()
        .filter(|name| !other.contains_key(*name))
        .map(|(api, id)| (*api, (*id).to_owned()))
        .collect()
}

/// Adds to a text the scopes that only the new catalog contains, and those that only the old
/// catalog contains.
fn scopes(text: &mut String, old: &[String], new: &[String]) {
    let gained: Vec<_> =
        new.iter().filter(|scope| !old.contains(scope)).map(|scope| ("", scope.clone())).collect();
    let lost: Vec<_> =
        old.iter().filter(|scope| !new.contains(scope)).map(|scope| ("", scope.clone())).collect();
    listing(text, "Scopes gained", gained);
    listing(text, "Scopes lost", lost);
}

/// Returns the short names of the scopes that only `new` contains, marked `+`, and of those that
/// only `old` contains, marked `-`.
fn changes(old: &BTreeSet<String>, new: &BTreeSet<String>) -> String {
    let short = |scope: &String| scope.rsplit("/auth/").next().unwrap_or(scope).to_owned();
    let gained = new.difference(old).map(|scope| format!(" +{}", short(scope)));
    let lost = old.difference(new).map(|scope| format!(" -{}", short(scope)));
    gained.chain(lost).collect()
}

/// Adds a heading with the number of items, and the items by API. Adds nothing if there are no
/// items.
fn listing(text: &mut String, title: &str, items: Vec<(&str, String)>) {
    if items.is_empty() {
        return;
    }
    let mut by_api = BTreeMap::<&str, Vec<String>>::new();
    let count = items.len();
    items.into_iter().for_each(|(api, item)| by_api.entry(api).or_default().push(item));
    let _ = writeln!(text, "## {title}: {count}");
    for (api, items) in by_api {
        let _ = match api {
            "" => writeln!(text, "- {}", items.join("\n- ")),
            api => writeln!(text, "- {api} ({}): {}", items.len(), items.join(", ")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> BTreeSet<String> {
        text.split(' ').map(crate::catalog::model::uri).collect()
    }

    #[test]
    fn changes_have_short_names() {
        assert_eq!(changes(&set("a b"), &set("b c")), " +c -a");
    }

    #[test]
    fn a_listing_has_counts_and_groups() {
        let mut text = String::new();
        listing(
            &mut text,
            "Methods gained",
            vec![("b.v1", "b.y".into()), ("a.v1", "a.x".into()), ("b.v1", "b.z".into())],
        );
        listing(&mut text, "Methods lost", Vec::new());
        assert_eq!(text, "## Methods gained: 3\n- a.v1 (1): a.x\n- b.v1 (2): b.y, b.z\n");
    }
}
