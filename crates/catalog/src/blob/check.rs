//! What data must be to be taken for a catalog.

use std::ops::Range;

use super::{
    API_RECORD, Blob, HEADER, HOST_RECORD, MAGIC, ROW_RECORD, RPC_RECORD, SAME, SECTIONS, u16_at, u32_at,
};

/// The sections by the names that the layout gives them, with the length of their records.
const LAYOUT: [(&str, usize); SECTIONS] = [
    ("host_index", 2),
    ("hosts", HOST_RECORD),
    ("verb_index", 2),
    ("verbs", 4),
    ("nodes", 1),
    ("rows", ROW_RECORD),
    ("rpcs", RPC_RECORD),
    ("rpc_index", 2),
    ("services", 4),
    ("apis", API_RECORD),
    ("sets", 2),
    ("scopes", 2),
    ("text", 1),
];

/// Opens data that somebody hands over, in which scopes have numbers below `scopes`.
///
/// The nodes are not looked at: a walk takes a bounded number of steps, wherever they lead.
pub(crate) fn checked(bytes: &[u8], scopes: usize) -> Result<Blob<'_>, String> {
    sections(bytes)?;
    let blob = Blob::open(bytes);
    indexes(&blob)?;
    texts(&blob)?;
    sets(&blob, scopes)?;
    rows(&blob)?;
    Ok(blob)
}

/// Where the numbers of scopes lie in data that was checked.
pub(crate) fn scope_numbers(bytes: &[u8]) -> Range<usize> {
    let end = |section: usize| HEADER + u32_at(bytes, 4 * section) as usize;
    let section = LAYOUT.iter().position(|(name, _)| *name == "scopes").unwrap_or_default();
    end(section)..end(section + 1)
}

fn sections(bytes: &[u8]) -> Result<(), String> {
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        return Err(format!("the data has {} bytes, and its header alone has {HEADER}", bytes.len()));
    };
    if !header.starts_with(&MAGIC) {
        return Err(format!("the data begins with {:?} and not with {:?}", &header[..4], MAGIC));
    }
    let mut start = 0;
    for (number, (name, record)) in LAYOUT.iter().enumerate() {
        let end = u32_at(header, 4 + 4 * number) as usize;
        if end < start || end > body.len() {
            return Err(format!("section `{name}` goes from byte {start} to {end} of {}", body.len()));
        }
        if (end - start) % record != 0 {
            return Err(format!(
                "section `{name}` has {} bytes, which are no records of {record}",
                end - start
            ));
        }
        start = end;
    }
    match body.len() - start {
        0 => Ok(()),
        more => Err(format!("{more} bytes follow the last section")),
    }
}

fn indexes(blob: &Blob<'_>) -> Result<(), String> {
    let names =
        [("host_index", blob.host_index), ("verb_index", blob.verb_index), ("rpc_index", blob.rpc_index)];
    for (name, index) in names {
        let places = index.len() / 2;
        if places != 0 && !places.is_power_of_two() {
            return Err(format!("section `{name}` has {places} places, which is no power of two"));
        }
    }
    Ok(())
}

/// Every text that a record names is there, and is text.
fn texts(blob: &Blob<'_>) -> Result<(), String> {
    let text = std::str::from_utf8(blob.text)
        .map_err(|error| format!("section `text` is no text at byte {}", error.valid_up_to()))?;
    let records: [(&str, &[u8], usize, &[usize]); 6] = [
        ("hosts", blob.hosts, HOST_RECORD, &[0, 10]),
        ("verbs", blob.verbs, 4, &[0]),
        ("rows", blob.rows, ROW_RECORD, &[0]),
        ("rpcs", blob.rpcs, RPC_RECORD, &[0]),
        ("services", blob.services, 4, &[0]),
        ("apis", blob.apis, API_RECORD, &[0, 4, 8]),
    ];
    for (name, section, length, places) in records {
        for (number, record) in section.chunks_exact(length).enumerate() {
            for place in places {
                let reference = u32_at(record, *place) as usize;
                let (from, length) = (reference & 0xff_ffff, reference >> 24);
                if text.get(from..from + length).is_none() {
                    return Err(format!("record {number} of `{name}` names a text that is not there"));
                }
            }
        }
    }
    Ok(())
}

fn sets(blob: &Blob<'_>, known: usize) -> Result<(), String> {
    let ends = blob.sets.chunks_exact(2).map(|two| usize::from(u16_at(two, 0)));
    let most = blob.scopes.len() / 2;
    if !ends.clone().is_sorted() || ends.clone().any(|end| end > most) {
        return Err(format!("section `sets` does not cut the {most} numbers of `scopes` in order"));
    }
    let mut numbers = blob.scopes.chunks_exact(2).map(|two| usize::from(u16_at(two, 0)));
    match numbers.position(|number| number >= known) {
        Some(place) => Err(format!("number {place} of `scopes` is of none of the {known} scopes")),
        None => Ok(()),
    }
}

fn rows(blob: &Blob<'_>) -> Result<(), String> {
    if blob.row_count() >= 1 << 24 {
        return Err(format!("there are {} rows, and a node names fewer", blob.row_count()));
    }
    let (apis, sets) = (blob.apis.len() / API_RECORD, blob.set_count());
    for number in 0..blob.row_count() {
        let own = blob.record(number);
        let target = (u16_at(own, 8).to_le_bytes()[0] >> 3 & 3 >= SAME).then(|| u32_at(own, 4));
        if target.is_some_and(|target| target >= blob.rest_count()) {
            return Err(format!("row {number} is a REST method that is not there"));
        }
        let row = blob.row(number);
        if usize::from(row.api) >= apis || usize::from(row.set) >= sets.max(1) {
            return Err(format!("row {number} is of an API or has a set of scopes that is not there"));
        }
    }
    Ok(())
}
