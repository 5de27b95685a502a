//! Reads `rpc_scopes.txt`: the scopes of single rpcs, from Google's service configurations.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Group, RowKind, uri};

/// Replaces the scopes of each coarse row whose rpc has a list of its own.
pub(crate) fn apply(groups: &mut [Group]) {
    let lists = lists();
    for row in groups
        .iter_mut()
        .flat_map(|group| &mut group.rows)
        .filter(|row| row.kind == RowKind::Coarse)
    {
        if let Some(scopes) = lists.get(&row.id) {
            row.scopes.clone_from(scopes);
        }
    }
}

/// Returns the scopes of each rpc.
fn lists() -> BTreeMap<String, BTreeSet<String>> {
    let (mut lists, mut scopes, mut service) = (BTreeMap::new(), BTreeSet::new(), "");
    for line in include_str!("rpc_scopes.txt").lines().filter(|line| !line.starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        let mut words = line.split_whitespace();
        match indent {
            0 => {
                words.next();
                (scopes, service) = (BTreeSet::new(), "");
            }
            2 => service = words.next().unwrap_or_default(),
            _ => {}
        }
        for word in words {
            match service {
                "" => _ = scopes.insert(uri(word)),
                service => _ = lists.insert(format!("{service}.{word}"), scopes.clone()),
            }
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_continues_on_indented_lines() {
        let lists = lists();
        let mutate = &lists["google.bigtable.v2.Bigtable.MutateRows"];
        assert!(
            mutate.contains(&uri("bigtable.data"))
                && !mutate.contains(&uri("bigtable.data.readonly"))
        );
        // The names of the rpcs of the last service take several lines.
        assert!(lists.contains_key("google.maps.mapmanagement.v2.MapManagement.UpdateStyleConfig"));
        assert!(lists.len() > 250 && lists.values().all(|scopes| !scopes.is_empty()));
    }
}
