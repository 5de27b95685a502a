//! What one catalog has that another has not, in words for a changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::model::{Catalog, Kind};

/// The differences between two catalogs, as Markdown.
pub(crate) fn describe(old: &Catalog, new: &Catalog) -> String {
    let (before, after) = (methods(old), methods(new));
    let mut text = String::new();
    scopes(&mut text, &old.scopes(), &new.scopes());
    listing(&mut text, "Methods gained", missing(&after, &before));
    listing(&mut text, "Methods lost", missing(&before, &after));
    let changed = before.iter().filter_map(|(name, had)| {
        let has = after.get(name).filter(|has| *has != had)?;
        Some((name.0, format!("{}{}", name.1, changes(had, has))))
    });
    listing(&mut text, "Methods whose accepted scopes changed", changed.collect());
    if text.is_empty() { "Nothing differs.\n".to_owned() } else { text }
}

/// API and id, and the accepted scopes.
type Methods<'c> = BTreeMap<(&'c str, &'c str), &'c BTreeSet<String>>;

/// An rpc that is a REST method has no scopes of its own to compare.
fn methods(catalog: &Catalog) -> Methods<'_> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    let groups = catalog.groups.iter();
    let rows = groups.flat_map(|group| group.rows.iter().map(move |row| (group, row)));
    rows.map(|(group, row)| {
        let own = matches!(row.kind, Kind::Rest | Kind::Coarse);
        ((group.api.as_str(), row.id.as_str()), if own { &row.scopes } else { &NONE })
    })
    .collect()
}

fn missing<'c>(of: &Methods<'c>, from: &Methods<'_>) -> Vec<(&'c str, String)> {
    of.keys().filter(|name| !from.contains_key(*name)).map(|(api, id)| (*api, (*id).to_owned())).collect()
}

fn scopes(text: &mut String, old: &[String], new: &[String]) {
    let gained: Vec<_> =
        new.iter().filter(|scope| !old.contains(scope)).map(|scope| ("", scope.clone())).collect();
    let lost: Vec<_> =
        old.iter().filter(|scope| !new.contains(scope)).map(|scope| ("", scope.clone())).collect();
    listing(text, "Scopes gained", gained);
    listing(text, "Scopes lost", lost);
}

fn changes(had: &BTreeSet<String>, has: &BTreeSet<String>) -> String {
    let short = |scope: &String| scope.rsplit("/auth/").next().unwrap_or(scope).to_owned();
    let gained = has.difference(had).map(|scope| format!(" +{}", short(scope)));
    let lost = had.difference(has).map(|scope| format!(" -{}", short(scope)));
    gained.chain(lost).collect()
}

/// A heading with the count, then the items by API.
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
    fn what_was_gained_and_lost_is_named_by_its_short_name() {
        assert_eq!(changes(&set("a b"), &set("b c")), " +c -a");
    }

    #[test]
    fn a_listing_counts_and_groups() {
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
