//! Selects the groups of one blob, and orders their rows.

use std::collections::BTreeSet;

use super::model::{CatalogModel, Group, ModelRow, RowIndex};

/// A group in the blob, with its index among the groups of the catalog.
pub(crate) type KeptGroup<'c> = (usize, &'c Group);

/// A row in the blob.
pub(crate) struct OrderedRow<'c> {
    pub(crate) row: &'c ModelRow,
    /// The index of the row in the catalog.
    pub(crate) index: RowIndex,
    /// The index of the row's group among the groups in the blob.
    pub(crate) api: usize,
}

impl OrderedRow<'_> {
    /// Returns the service and the method of an rpc; `None` for a REST method.
    pub(crate) fn rpc(&self) -> Option<(&str, &str)> {
        self.row.id.rsplit_once('.').filter(|_| !self.row.kind.is_rest())
    }

    /// Returns the part of the id that the row's record refers to: the whole id of a REST method,
    /// or the method name of an rpc. The service of an rpc is stored separately.
    pub(crate) fn stored_name(&self) -> &str {
        self.rpc().map_or(&self.row.id, |(_, method)| method)
    }
}

/// Returns all groups of every host for which `keep` returns `true` for at least one group. All
/// groups of a host are returned, because they share the host's trie.
pub(crate) fn kept_groups(
    catalog: &CatalogModel,
    keep: impl Fn(&Group) -> bool,
) -> Vec<KeptGroup<'_>> {
    let hosts: BTreeSet<&str> = catalog
        .groups
        .iter()
        .filter(|group| keep(group))
        .map(|group| group.host.as_str())
        .collect();
    catalog
        .groups
        .iter()
        .enumerate()
        .filter(|(_, group)| hosts.contains(group.host.as_str()))
        .collect()
}

/// Returns the rows of these groups, sorted by id: first the REST methods, then the rpcs. Rows with
/// the same id are sorted by the rank of their versions, the greatest first.
pub(crate) fn ordered_rows<'c>(groups: &[KeptGroup<'c>]) -> Vec<OrderedRow<'c>> {
    let rows_of_group = |(api, (g, group)): (usize, &KeptGroup<'c>)| {
        let g = *g;
        group.rows.iter().enumerate().map(move |(r, row)| OrderedRow { row, index: (g, r), api })
    };
    let mut rows: Vec<_> = groups.iter().enumerate().flat_map(rows_of_group).collect();
    rows.sort_by(|a, b| {
        let (left, right) = (groups[a.api].1, groups[b.api].1);
        let is_rpc = |ordered: &OrderedRow<'_>| !ordered.row.kind.is_rest();
        (is_rpc(a), &a.row.id, &right.rank, &left.api).cmp(&(
            is_rpc(b),
            &b.row.id,
            &left.rank,
            &right.api,
        ))
    });
    rows
}
