//! The scope sets of a blob.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::format::overrides;
use super::model::Kind;
use super::placed::{Kept, Placed};

/// The different scope sets, numbered; the empty one is number 0.
pub(crate) struct Sets {
    numbers: BTreeMap<Vec<u16>, u16>,
    shared: BTreeMap<String, Vec<u16>>,
    scopes: BTreeMap<String, u16>,
}

impl Sets {
    pub(crate) fn new(rows: &[Placed<'_>], groups: &[Kept<'_>], scopes: &[String]) -> Self {
        let scopes = scopes.iter().cloned().zip(0..).collect();
        let mut sets = Self { numbers: BTreeMap::new(), shared: BTreeMap::new(), scopes };
        for (_, group) in groups {
            if !sets.shared.contains_key(&group.host) {
                let common = sets.places(&shared_scopes(groups, &group.host));
                sets.shared.insert(group.host.clone(), common);
            }
        }
        let all: BTreeSet<Vec<u16>> = rows
            .iter()
            .map(|placed| sets.places(&placed.row.scopes))
            .chain(sets.shared.values().cloned())
            .collect();
        sets.numbers = std::iter::once(Vec::new())
            .chain(all.into_iter().filter(|set| !set.is_empty()))
            .zip(0..)
            .collect();
        sets
    }

    fn places(&self, set: &BTreeSet<String>) -> Vec<u16> {
        set.iter().filter_map(|scope| self.scopes.get(scope).copied()).collect()
    }

    /// The number of a set.
    pub(crate) fn number(&self, set: &BTreeSet<String>) -> Result<u16> {
        self.numbers.get(&self.places(set)).copied().context("a set without a number")
    }

    /// The number of the set that all methods of a host share.
    pub(crate) fn shared(&self, host: &str) -> Result<u16> {
        let common = self.shared.get(host).cloned().unwrap_or_default();
        self.numbers.get(&common).copied().context("a set without a number")
    }

    /// The sections `sets` and `scopes`.
    pub(crate) fn bytes(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut by_number: Vec<_> = self.numbers.iter().map(|(set, number)| (*number, set)).collect();
        by_number.sort_unstable();
        let (mut places, mut scopes) = (Vec::new(), Vec::new());
        for (_, set) in by_number {
            places.extend(u16::try_from(scopes.len() / 2)?.to_le_bytes());
            set.iter().for_each(|scope| scopes.extend(scope.to_le_bytes()));
        }
        places.extend(u16::try_from(scopes.len() / 2)?.to_le_bytes());
        Ok((places, scopes))
    }
}

/// The scopes that every method of a host accepts, those aside that are never called lacking.
fn shared_scopes(groups: &[Kept<'_>], host: &str) -> BTreeSet<String> {
    let rows = groups.iter().filter(|(_, group)| group.host == host).flat_map(|(_, group)| &group.rows);
    let may_lack = |special| overrides::at(special).is_none_or(|row| row.effect.depends_on_query());
    rows.filter(|row| row.kind == Kind::Rest && may_lack(row.special) && !row.scopes.is_empty())
        .map(|row| row.scopes.clone())
        .reduce(|a, b| a.intersection(&b).cloned().collect())
        .unwrap_or_default()
}
