//! Numbers the sets of scopes in a blob, and encodes them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::legacy::LegacyNames;
use super::model::{ModelRow, RowKind};
use super::order::{KeptGroup, OrderedRow};
use gcp_scopes_catalog::raw as overrides;
use gcp_scopes_catalog::raw::{VERBS, WWW, unalias};

/// The sets of scopes in a blob. A set is a list of the numbers of its scopes.
pub(crate) struct Sets {
    /// The number of each set. The empty set has the number 0.
    numbers: BTreeMap<Vec<u16>, u16>,
    /// The sets of each host, in the order of the host's record in the blob. An API at
    /// `www.googleapis.com` counts as a host, with the name from [`LegacyNames::api_at_www`].
    hosts: BTreeMap<String, Vec<Vec<u16>>>,
    /// The number of each scope.
    scopes: BTreeMap<String, u16>,
}

impl Sets {
    /// Collects the sets of these rows and hosts. The number of a scope is its index in `scopes`.
    pub(crate) fn new(
        rows: &[OrderedRow<'_>],
        groups: &[KeptGroup<'_>],
        scopes: &[String],
        legacy: &LegacyNames<'_>,
    ) -> Self {
        let scopes = scopes.iter().cloned().zip(0..).collect();
        let mut sets = Self { numbers: BTreeMap::new(), hosts: BTreeMap::new(), scopes };
        for (host, methods) in methods_by_host(groups, legacy) {
            let lists = host_sets(&host, &methods);
            let lists = lists.iter().map(|list| sets.scope_numbers(list)).collect();
            sets.hosts.insert(host, lists);
        }
        let distinct: BTreeSet<Vec<u16>> = rows
            .iter()
            .map(|ordered| sets.scope_numbers(&ordered.row.scopes))
            .chain(sets.hosts.values().flatten().cloned())
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

    /// Returns the numbers of the sets of a host, as its record contains them.
    pub(crate) fn of_host(&self, host: &str) -> Result<Vec<u8>> {
        let none = vec![Vec::new(); VERBS.len() + 1];
        let numbers = self.hosts.get(host).unwrap_or(&none).iter().map(|set| self.numbers.get(set));
        let bytes = numbers.map(|number| number.map(|number| number.to_le_bytes()));
        let bytes: Option<Vec<[u8; 2]>> = bytes.collect();
        Ok(bytes.context("a set of scopes has no number")?.concat())
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

/// The methods of a host, each with the HTTP verbs of its routes.
type Methods<'c> = Vec<(&'c ModelRow, BTreeSet<&'c str>)>;

/// Returns the methods of each host, and of each API at `www.googleapis.com`.
fn methods_by_host<'c>(
    groups: &[KeptGroup<'c>],
    legacy: &LegacyNames<'_>,
) -> BTreeMap<String, Methods<'c>> {
    let mut hosts = BTreeMap::<String, Methods<'c>>::new();
    for (group, row) in groups.iter().flat_map(|(_, g)| g.rows.iter().map(move |row| (g, row))) {
        let mut places = BTreeMap::from([(group.host.clone(), BTreeSet::new())]);
        for (verb, template) in &row.routes {
            for place in
                legacy.api_at_www(&group.host, template).into_iter().chain([group.host.clone()])
            {
                places.entry(place).or_default().insert(verb.as_str());
            }
        }
        for (place, verbs) in places {
            hosts.entry(place).or_default().push((row, verbs));
        }
    }
    hosts
}

/// Returns the sets of a host: for each verb the scopes that every method with the verb accepts,
/// and the scopes that some method accepts.
fn host_sets(host: &str, methods: &Methods<'_>) -> Vec<BTreeSet<String>> {
    let any: BTreeSet<String> =
        methods.iter().flat_map(|(row, _)| row.scopes.iter().cloned()).collect();
    let shared = |verb: &&str| match host {
        // A lookup with one of these hosts also searches the methods of other hosts: those of the
        // documented name of an alias, or those of all hosts that `www.googleapis.com` stands for.
        WWW => BTreeSet::new(),
        _ if unalias(host.as_bytes()).is_some() => BTreeSet::new(),
        // Calls of the XML API have other verbs than the equivalent methods.
        "storage.googleapis.com" => shared_scopes(methods.iter().map(|(row, _)| *row), &any),
        _ => {
            let by_verb = methods.iter().filter(|(_, verbs)| verbs.contains(verb));
            shared_scopes(by_verb.map(|(row, _)| *row), &any)
        }
    };
    let shared: Vec<BTreeSet<String>> = VERBS.iter().map(shared).collect();
    shared.into_iter().chain([any.clone()]).collect()
}

/// Returns the scopes that each of these methods accepts. Methods of which no token is judged
/// insufficient are left out: those that list no scopes, and those that the table of overrides
/// excludes. A token is judged insufficient for a method with the scopes of its service only if the
/// token holds none of the scopes `any` of the host.
fn shared_scopes<'c>(
    methods: impl Iterator<Item = &'c ModelRow>,
    any: &BTreeSet<String>,
) -> BTreeSet<String> {
    let may_be_refused =
        |special| overrides::at(special).is_none_or(|row| row.effect.depends_on_query());
    let rows = methods.filter(|row| {
        row.kind == RowKind::Rest && may_be_refused(row.special) && !row.scopes.is_empty()
    });
    let common = |common: BTreeSet<String>, scopes: BTreeSet<String>| &common & &scopes;
    rows.map(|row| row.scopes.clone()).fold(any.clone(), common)
}
