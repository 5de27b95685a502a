//! Numbers the sets of scopes in a blob, and encodes them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::model::RowKind;
use super::order::{KeptGroup, OrderedRow};
use gcp_scopes_catalog::raw as overrides;

/// The sets of scopes in a blob. A set is a list of the numbers of its scopes.
pub(crate) struct Sets {
    /// The number of each set. The empty set has the number 0.
    numbers: BTreeMap<Vec<u16>, u16>,
    /// The set of scopes that all methods of a host accept, by host.
    shared: BTreeMap<String, Vec<u16>>,
    /// The set of scopes that some method of a host accepts, by host.
    any: BTreeMap<String, Vec<u16>>,
    /// The number of each scope.
    scopes: BTreeMap<String, u16>,
}

impl Sets {
    /// Collects the sets of these rows and hosts. The number of a scope is its index in `scopes`.
    pub(crate) fn new(
        rows: &[OrderedRow<'_>],
        groups: &[KeptGroup<'_>],
        scopes: &[String],
    ) -> Self {
        let scopes = scopes.iter().cloned().zip(0..).collect();
        let mut sets = Self {
            numbers: BTreeMap::new(),
            shared: BTreeMap::new(),
            any: BTreeMap::new(),
            scopes,
        };
        for (_, group) in groups {
            if !sets.shared.contains_key(&group.host) {
                let shared = sets.scope_numbers(&shared_scopes(groups, &group.host));
                sets.shared.insert(group.host.clone(), shared);
                let any = sets.scope_numbers(&all_scopes(groups, &group.host));
                sets.any.insert(group.host.clone(), any);
            }
        }
        let distinct: BTreeSet<Vec<u16>> = rows
            .iter()
            .map(|ordered| sets.scope_numbers(&ordered.row.scopes))
            .chain(sets.shared.values().chain(sets.any.values()).cloned())
            .collect();
        sets.numbers = std::iter::once(Vec::new())
            .chain(distinct.into_iter().filter(|set| !set.is_empty()))
            .zip(0..)
            .collect();
        sets
    }

    fn scope_numbers(&self, set: &BTreeSet<String>) -> Vec<u16> {
        set.iter().filter_map(|scope| self.scopes.get(scope).copied()).collect()
    }

    /// Returns the number of a set.
    pub(crate) fn number(&self, set: &BTreeSet<String>) -> Result<u16> {
        self.numbers.get(&self.scope_numbers(set)).copied().context("a set of scopes has no number")
    }

    /// Returns the number of the set of scopes that all methods of a host accept.
    pub(crate) fn shared(&self, host: &str) -> Result<u16> {
        let shared = self.shared.get(host).cloned().unwrap_or_default();
        self.numbers.get(&shared).copied().context("a set of scopes has no number")
    }

    /// Returns the number of the set of scopes that some method of a host accepts.
    pub(crate) fn any(&self, host: &str) -> Result<u16> {
        let any = self.any.get(host).cloned().unwrap_or_default();
        self.numbers.get(&any).copied().context("a set of scopes has no number")
    }

    /// Returns the sections `sets` and `scopes` of the blob.
    pub(crate) fn bytes(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut by_number: Vec<_> =
            self.numbers.iter().map(|(set, number)| (*number, set)).collect();
        by_number.sort_unstable();
        // The start of each set, and the end of the last set, as numbers of scopes: a scope takes
        // two bytes.
        let (mut starts, mut scopes) = (Vec::new(), Vec::new());
        for (_, set) in by_number {
            starts.extend(u16::try_from(scopes.len() / 2)?.to_le_bytes());
            set.iter().for_each(|scope| scopes.extend(scope.to_le_bytes()));
        }
        starts.extend(u16::try_from(scopes.len() / 2)?.to_le_bytes());
        Ok((starts, scopes))
    }
}

/// Returns the scopes that some method of a host accepts.
fn all_scopes(groups: &[KeptGroup<'_>], host: &str) -> BTreeSet<String> {
    let rows =
        groups.iter().filter(|(_, group)| group.host == host).flat_map(|(_, group)| &group.rows);
    rows.flat_map(|row| row.scopes.iter().cloned()).collect()
}

/// Returns the scopes that every method of a host accepts. Methods for which the guard makes no
/// prediction are left out: those that list no scopes, and those that the table of overrides
/// excludes from predictions.
fn shared_scopes(groups: &[KeptGroup<'_>], host: &str) -> BTreeSet<String> {
    let rows =
        groups.iter().filter(|(_, group)| group.host == host).flat_map(|(_, group)| &group.rows);
    let may_be_refused =
        |special| overrides::at(special).is_none_or(|row| row.effect.depends_on_query());
    rows.filter(|row| {
        row.kind == RowKind::Rest && may_be_refused(row.special) && !row.scopes.is_empty()
    })
    .map(|row| row.scopes.clone())
    .reduce(|common, scopes| common.intersection(&scopes).cloned().collect())
    .unwrap_or_default()
}
