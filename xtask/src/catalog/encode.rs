//! Writes a blob: the other half of `crates/catalog/src/blob.rs`, which describes the layout.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use super::format::blob::{
    DISCOVERY, HEADER, MAGIC, PROTOS, SAME, SECTIONS, TWIN, host_hash, rpc_hash, verb_code,
};
use super::format::path::hash;
use super::format::walk::LEGACY;
use super::model::{Catalog, Group, Kind, Place};
use super::placed::{Kept, Placed, kept, sorted_rows};
use super::sets::Sets;
use super::template::{Segment, Template};
use super::text::Text;
use super::trie::{Nodes, Trie};

/// The blob of all documents that `keep` keeps.
pub(crate) fn blob(catalog: &Catalog, scopes: &[String], keep: impl Fn(&Group) -> bool) -> Result<Vec<u8>> {
    let groups = kept(catalog, keep);
    let rows = sorted_rows(&groups);
    let mut text = Text::default();
    // Ids first, the longer of two that begin alike before the shorter: many texts are parts of one and
    // need no bytes of their own.
    let services = services(&rows);
    let ids =
        rows.iter().rev().map(|placed| text.part_of_last(placed.own_name())).collect::<Result<Vec<_>>>()?;
    let ids: Vec<u32> = ids.into_iter().rev().collect();
    let verbs = custom_verbs(&rows);
    let sets = Sets::new(&rows, &groups, scopes);
    let tries = tries(&groups, &rows, &verbs)?;
    let mut nodes = Nodes::default();
    let mut hosts = Vec::new();
    for (host, trie) in &tries {
        hosts.extend(text.part(host)?.to_le_bytes());
        hosts.extend(nodes.write(trie, &mut |literal| text.part(literal))?.to_le_bytes());
        hosts.extend(sets.shared(host)?.to_le_bytes());
        let (highway, exit) = trie.highway();
        hosts.extend(text.part(&highway)?.to_le_bytes());
        hosts.extend(nodes.write(exit, &mut |literal| text.part(literal))?.to_le_bytes());
    }
    let mut verb_texts = Vec::new();
    for verb in &verbs {
        verb_texts.extend(text.part(verb)?.to_le_bytes());
    }
    let mut service_texts = Vec::new();
    for service in &services {
        service_texts.extend(text.part(service)?.to_le_bytes());
    }
    let (rest, rpcs) = rows.split_at(rows.partition_point(|placed| placed.row.kind == Kind::Rest));
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

fn custom_verbs(rows: &[Placed<'_>]) -> Vec<String> {
    let templates = rows.iter().flat_map(|placed| &placed.row.templates);
    let verbs: BTreeSet<_> = templates.filter_map(|(_, template)| template.custom_verb.clone()).collect();
    verbs.into_iter().collect()
}

fn tries(groups: &[Kept<'_>], rows: &[Placed<'_>], verbs: &[String]) -> Result<BTreeMap<String, Trie>> {
    let legacy = legacy_names(groups);
    let mut tries = BTreeMap::<String, Trie>::new();
    for (number, placed) in rows.iter().enumerate() {
        let host = &groups[placed.api].1.host;
        for (verb, template) in &placed.row.templates {
            let (key, number) = (key(verb, template, verbs)?, u32::try_from(number)?);
            tries.entry(host.clone()).or_default().insert(template, key, number);
            if api_segment(template).is_some_and(|name| legacy.get(name) == Some(&host.as_str())) {
                tries.entry(LEGACY.to_owned()).or_default().insert(template, key, number);
            }
        }
    }
    Ok(tries)
}

fn key(verb: &str, template: &Template, verbs: &[String]) -> Result<u16> {
    let custom = match &template.custom_verb {
        Some(verb) => verbs.binary_search(verb).expect("verbs were collected from these templates") + 1,
        None => 0,
    };
    let code = verb_code(verb).with_context(|| format!("unexpected HTTP verb {verb}"))?;
    Ok(u16::try_from(custom << 3)? | code)
}

/// First path segments that are an API's name (`storage/v1/…`), and the host they belong to:
/// Google still serves these under `www.googleapis.com`. A segment of two hosts belongs to none.
fn legacy_names<'c>(groups: &[Kept<'c>]) -> BTreeMap<&'c str, &'c str> {
    let mut names = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (_, group) in groups.iter().filter(|(_, group)| group.host != "www.googleapis.com") {
        let rows = group.rows.iter().filter(|row| row.kind == Kind::Rest);
        for (_, template) in rows.flat_map(|row| &row.templates) {
            if let Some(name) = api_segment(template) {
                names.entry(name).or_default().insert(&group.host);
            }
        }
    }
    let alone = |hosts: BTreeSet<&'c str>| hosts.first().copied().filter(|_| hosts.len() == 1);
    names.into_iter().filter_map(|(name, hosts)| Some((name, alone(hosts)?))).collect()
}

/// The segment that names the API, unless the path begins with a version or a variable.
fn api_segment(template: &Template) -> Option<&str> {
    let is_media = |segment: &&Segment| matches!(segment, Segment::Literal(text) if ["upload", "download", "resumable"].contains(&text.as_str()));
    match template.segments.iter().find(|segment| !is_media(segment)) {
        Some(Segment::Literal(text)) if !is_version(text) => Some(text),
        _ => None,
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn services<'c>(rows: &[Placed<'c>]) -> Vec<&'c str> {
    let rpcs = rows.iter().filter(|placed| placed.row.kind != Kind::Rest);
    let services: BTreeSet<_> = rpcs.filter_map(|placed| Some(placed.row.id.rsplit_once('.')?.0)).collect();
    services.into_iter().collect()
}

fn row_records(
    rows: &[Placed<'_>],
    all: &[Placed<'_>],
    ids: &[u32],
    sets: &Sets,
    services: &[&str],
) -> Result<Vec<u8>> {
    let numbers: BTreeMap<Place, u32> = all.iter().map(|placed| placed.place).zip(0..).collect();
    let mut bytes = Vec::new();
    for (placed, id) in rows.iter().zip(ids) {
        let row = placed.row;
        bytes.extend(id.to_le_bytes());
        let target = row.kind.target().and_then(|place| numbers.get(&place));
        match target {
            Some(number) => bytes.extend(number.to_le_bytes()),
            None => {
                bytes.extend(u16::try_from(placed.api)?.to_le_bytes());
                bytes.extend(sets.number(&row.scopes)?.to_le_bytes());
            }
        }
        let basis = match (row.kind, target) {
            (Kind::Rest, _) => DISCOVERY,
            (Kind::SameAs(_), Some(_)) => SAME,
            (Kind::TwinOf(_), Some(_)) => TWIN,
            _ => PROTOS,
        };
        bytes.push(u8::try_from(verb_code(&row.verb).unwrap_or_default())? | basis << 3);
        bytes.push(row.special);
        if let Some((service, _)) = placed.rpc() {
            let number =
                services.binary_search(&service).ok().context("services were collected from rows")?;
            bytes.extend(u16::try_from(number)?.to_le_bytes());
        }
    }
    Ok(bytes)
}

fn rpc_index(rpcs: &[Placed<'_>]) -> Result<Vec<u8>> {
    let hashed = rpcs.iter().zip(0..).filter_map(|(placed, number)| {
        let (service, method) = placed.rpc()?;
        Some((rpc_hash(service, method), number))
    });
    index(hashed.collect())
}

fn api_records(groups: &[Kept<'_>], text: &mut Text) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (_, group) in groups {
        for part in [&group.api, &group.doc_url, &group.host] {
            bytes.extend(text.part(part)?.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// An open-addressing index of numbers by their hashes, at most half full.
fn index(hashed: Vec<(u16, u32)>) -> Result<Vec<u8>> {
    let size = (hashed.len() * 2).next_power_of_two();
    let mut places = vec![0_u16; size];
    for (hash, number) in hashed {
        let mut place = usize::from(hash) & (size - 1);
        while places[place] != 0 {
            place = (place + 1) & (size - 1);
        }
        places[place] = u16::try_from(number + 1)?;
    }
    Ok(places.into_iter().flat_map(u16::to_le_bytes).collect())
}

fn assemble(sections: &[Vec<u8>; SECTIONS]) -> Result<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    let mut end = 0;
    for section in sections {
        end += section.len();
        bytes.extend(u32::try_from(end)?.to_le_bytes());
    }
    ensure!(bytes.len() == HEADER, "the header is not {HEADER} bytes");
    sections.iter().for_each(|section| bytes.extend(section));
    Ok(bytes)
}
