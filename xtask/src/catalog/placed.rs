//! The documents and rows of one blob, in the order in which it holds them.

use std::collections::BTreeSet;

use super::model::{Catalog, Group, Kind, Place, Row};

/// A kept document, and its place among all documents.
pub(crate) type Kept<'c> = (usize, &'c Group);

/// A row, its place among all, and the place of its document among the kept ones.
pub(crate) struct Placed<'c> {
    pub(crate) row: &'c Row,
    pub(crate) place: Place,
    pub(crate) api: usize,
}

impl Placed<'_> {
    /// Service and method of an rpc.
    pub(crate) fn rpc(&self) -> Option<(&str, &str)> {
        self.row.id.rsplit_once('.').filter(|_| self.row.kind != Kind::Rest)
    }

    /// The part of the id that is stored with the row.
    pub(crate) fn own_name(&self) -> &str {
        self.rpc().map_or(&self.row.id, |(_, method)| method)
    }
}

/// All documents of every host of which at least one is kept.
pub(crate) fn kept(catalog: &Catalog, keep: impl Fn(&Group) -> bool) -> Vec<Kept<'_>> {
    let hosts: BTreeSet<&str> =
        catalog.groups.iter().filter(|group| keep(group)).map(|group| group.host.as_str()).collect();
    catalog.groups.iter().enumerate().filter(|(_, group)| hosts.contains(group.host.as_str())).collect()
}

/// By id, the preferred version first.
pub(crate) fn sorted_rows<'c>(groups: &[Kept<'c>]) -> Vec<Placed<'c>> {
    let of_group = |(api, (g, group)): (usize, &Kept<'c>)| {
        let g = *g;
        group.rows.iter().enumerate().map(move |(r, row)| Placed { row, place: (g, r), api })
    };
    let mut rows: Vec<_> = groups.iter().enumerate().flat_map(of_group).collect();
    rows.sort_by(|a, b| {
        let (left, right) = (groups[a.api].1, groups[b.api].1);
        let is_rpc = |placed: &Placed<'_>| placed.row.kind != Kind::Rest;
        (is_rpc(a), &a.row.id, &right.rank, &left.api).cmp(&(is_rpc(b), &b.row.id, &left.rank, &right.api))
    });
    rows
}
