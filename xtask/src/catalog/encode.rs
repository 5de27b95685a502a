//! Writes a blob. `crates/catalog/src/blob.rs`, which reads blobs, describes the layout.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use super::legacy::LegacyNames;
use super::model::{CatalogModel, Group, RowIndex, RowKind};
use super::order::{KeptGroup, OrderedRow, kept_groups, ordered_rows};
use super::sets::Sets;
use super::template::PathTemplate;
use super::text::Text;
use super::trie::{Nodes, Trie};
use gcp_scopes_catalog::raw::LEGACY;
use gcp_scopes_catalog::raw::hash;
use gcp_scopes_catalog::raw::{
    DISCOVERY, HEADER, MAGIC, PAGE, PROTOS, SAME, SECTIONS, TWIN, host_hash, rpc_hash, verb_code,
};

/// Returns the blob of all hosts for which `keep` returns `true` for at least one document.
pub(crate) fn blob(
    catalog: &CatalogModel,
    scopes: &[String],
    keep: impl Fn(&Group) -> bool,
) -> Result<Vec<u8>> {
    let groups = kept_groups(catalog, keep);
    let rows = ordered_rows(&groups);
    let mut text = Text::default();
    // The ids are stored first, in descending order, because two kinds of texts then need no
    // further bytes: an id that is the beginning of the id before it, and any other text that is a
    // part of an id.
    let services = services(&rows);
    let ids = rows
        .iter()
        .rev()
        .map(|row| text.part_of_last(row.stored_name()))
        .collect::<Result<Vec<_>>>()?;
    let ids: Vec<u32> = ids.into_iter().rev().collect();
    let verbs = custom_verbs(&rows);
    let legacy = LegacyNames::new(&groups);
    let sets = Sets::new(&rows, &groups, scopes, &legacy);
    let tries = tries(&groups, &rows, &verbs, &legacy)?;
    let mut nodes = Nodes::default();
    let mut hosts = Vec::new();
    for (host, trie) in &tries {
        hosts.extend(text.part(host)?.to_le_bytes());
        hosts.extend(nodes.write(trie, &mut |literal| text.part(literal))?.to_le_bytes());
        hosts.extend(sets.of_host(host)?);
        let (common_prefix, below) = trie.common_prefix();
        hosts.extend(text.part(&common_prefix)?.to_le_bytes());
        hosts.extend(nodes.write(below, &mut |literal| text.part(literal))?.to_le_bytes());
    }
    let mut verb_texts = Vec::new();
    for verb in &verbs {
        verb_texts.extend(text.part(verb)?.to_le_bytes());
    }
    let mut service_texts = Vec::new();
    for service in &services {
        service_texts.extend(text.part(service)?.to_le_bytes());
    }
    let (rest, rpcs) = rows.split_at(rows.partition_point(|ordered| ordered.row.kind.is_rest()));
    let apis = api_records(&groups, &mut text)?;
    let (set_bytes, scope_bytes) = sets.bytes()?;
    assemble(&[
        index(tries.keys().map(|host| host_hash(host)).zip(0..).collect())?,
        hosts,
        index(verbs.iter().map(|verb| hash(verb.as_bytes())).zip(0..).collect())?,
        verb_texts,
        nodes.into_bytes(),
        row_records(rest, &rows, &ids, &sets, &services)?,
        row_records(rpcs, &rows, &ids[rest.len()..], &sets, &services)?,
        rpc_index(rpcs)?,
        service_texts,
        apis,
        set_bytes,
        scope_bytes,
        text.bytes.into_bytes(),
    ])
}

/// Returns the custom verbs, such as `publish` of `…:publish`, in alphabetical order.
fn custom_verbs(rows: &[OrderedRow<'_>]) -> Vec<String> {
    let routes = rows.iter().flat_map(|ordered| &ordered.row.routes);
    let verbs: BTreeSet<_> =
        routes.filter_map(|(_, template)| template.custom_verb.clone()).collect();
    verbs.into_iter().collect()
}

/// Returns the trie of each host, and the trie of the paths that www.googleapis.com serves for
/// other hosts. The trie of an API at www.googleapis.com is empty: only its sets of scopes are
/// used.
fn tries(
    groups: &[KeptGroup<'_>],
    rows: &[OrderedRow<'_>],
    verbs: &[String],
    legacy: &LegacyNames<'_>,
) -> Result<BTreeMap<String, Trie>> {
    let mut tries = BTreeMap::<String, Trie>::new();
    for (number, ordered) in rows.iter().enumerate() {
        let host = &groups[ordered.api].1.host;
        for (verb, template) in &ordered.row.routes {
            let (key, number) = (method_key(verb, template, verbs)?, u32::try_from(number)?);
            tries.entry(host.clone()).or_default().insert(template, key, number);
            if legacy.contains(host, template) {
                tries.entry(LEGACY.to_owned()).or_default().insert(template, key, number);
            }
            if let Some(api) = legacy.api_at_www(host, template) {
                tries.entry(api).or_default();
            }
        }
    }
    Ok(tries)
}

/// Returns the key of a method at a node of a trie: the number of the custom verb (0 if there is
/// none) in the upper 13 bits, the code of the HTTP verb in the lower 3.
fn method_key(verb: &str, template: &PathTemplate, verbs: &[String]) -> Result<u16> {
    let custom = match &template.custom_verb {
        Some(verb) => {
            verbs.binary_search(verb).expect("verbs were collected from these routes") + 1
        }
        None => 0,
    };
    let code = verb_code(verb)
        .with_context(|| format!("the blob has no code for the HTTP verb {verb}"))?;
    Ok(u16::try_from(custom << 3)? | code)
}

/// Returns the names of the gRPC services, in alphabetical order.
fn services<'c>(rows: &[OrderedRow<'c>]) -> Vec<&'c str> {
    let rpcs = rows.iter().filter(|ordered| !ordered.row.kind.is_rest());
    let services: BTreeSet<_> =
        rpcs.filter_map(|ordered| Some(ordered.row.id.rsplit_once('.')?.0)).collect();
    services.into_iter().collect()
}

/// Returns the records of `rows`, a part of `all_rows`. `ids` are the stored names of `rows`.
fn row_records(
    rows: &[OrderedRow<'_>],
    all_rows: &[OrderedRow<'_>],
    ids: &[u32],
    sets: &Sets,
    services: &[&str],
) -> Result<Vec<u8>> {
    let numbers: BTreeMap<RowIndex, u32> =
        all_rows.iter().map(|ordered| ordered.index).zip(0..).collect();
    let mut bytes = Vec::new();
    for (ordered, id) in rows.iter().zip(ids) {
        let row = ordered.row;
        bytes.extend(id.to_le_bytes());
        let target = row.kind.target().and_then(|index| numbers.get(&index));
        match target {
            Some(number) => bytes.extend(number.to_le_bytes()),
            None => {
                bytes.extend(u16::try_from(ordered.api)?.to_le_bytes());
                bytes.extend(sets.number(&row.scopes)?.to_le_bytes());
            }
        }
        let basis = match (row.kind, target) {
            (RowKind::Rest, _) => DISCOVERY,
            (RowKind::SameAs(_), Some(_)) => SAME,
            (RowKind::TwinOf(_), Some(_)) => TWIN,
            (RowKind::Page, _) => PAGE,
            _ => PROTOS,
        };
        bytes.push(u8::try_from(verb_code(&row.verb).unwrap_or_default())? | basis << 3);
        bytes.push(row.special);
        if let Some((service, _)) = ordered.rpc() {
            let number = services
                .binary_search(&service)
                .ok()
                .context("services were collected from rows")?;
            bytes.extend(u16::try_from(number)?.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// Returns the index of the rpcs by the hash of their service and method.
fn rpc_index(rpcs: &[OrderedRow<'_>]) -> Result<Vec<u8>> {
    let hashed = rpcs.iter().zip(0..).filter_map(|(ordered, number)| {
        let (service, method) = ordered.rpc()?;
        Some((rpc_hash(service, method), number))
    });
    index(hashed.collect())
}

/// Returns the records of the APIs: name, URL of the documentation, host.
fn api_records(groups: &[KeptGroup<'_>], text: &mut Text) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (_, group) in groups {
        for part in [&group.api, &group.doc_url, &group.host] {
            bytes.extend(text.part(part)?.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// Returns a hash table of numbers by their hashes, with linear probing. At most half of the slots
/// are used, so that look-ups are short. A slot holds 0 if it is free, or else the number plus 1.
fn index(hashed: Vec<(u16, u32)>) -> Result<Vec<u8>> {
    let size = (hashed.len() * 2).next_power_of_two();
    let mut slots = vec![0_u16; size];
    for (hash, number) in hashed {
        let mut slot = usize::from(hash) & (size - 1);
        while slots[slot] != 0 {
            slot = (slot + 1) & (size - 1);
        }
        slots[slot] = u16::try_from(number + 1)?;
    }
    Ok(slots.into_iter().flat_map(u16::to_le_bytes).collect())
}

/// Returns the blob: the header, which contains the end of each section, and the sections.
fn assemble(sections: &[Vec<u8>; SECTIONS]) -> Result<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    let mut end = 0;
    for section in sections {
        end += section.len();
        bytes.extend(u32::try_from(end)?.to_le_bytes());
    }
    ensure!(bytes.len() == HEADER, "the header has {} bytes; expected {HEADER}", bytes.len());
    sections.iter().for_each(|section| bytes.extend(section));
    Ok(bytes)
}
