//! What data must be to be taken for a catalog.

use std::ops::Range;

use super::layout::{API_RECORD, APIS, LAYOUT, SCOPES, SETS, Section, TEXT};
use super::{Blob, HEADER, MAGIC, SAME, u16_at, u32_at};

/// Opens data that was not compiled in, in which scopes have numbers below `scopes`.
///
/// The nodes are not looked at: a walk takes a bounded number of steps, wherever they lead.
pub(crate) fn checked(bytes: &[u8], scopes: usize) -> Result<Blob<'_>, String> {
    sections(bytes)?;
    let blob = Blob::open(bytes);
    let text = std::str::from_utf8(blob.section(TEXT))
        .map_err(|error| format!("section `text` is no text at byte {}", error.valid_up_to()))?;
    for (section, records) in LAYOUT.iter().zip(blob.sections) {
        texts(section, records, text)?;
    }
    sets(&blob, scopes)?;
    rows(&blob)?;
    Ok(blob)
}

/// Where the numbers of scopes lie in data that was checked.
pub(crate) fn scope_numbers(bytes: &[u8]) -> Range<usize> {
    let end = |section: usize| HEADER + u32_at(bytes, 4 * section) as usize;
    end(SCOPES)..end(SCOPES + 1)
}

fn sections(bytes: &[u8]) -> Result<(), String> {
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        return Err(format!("the data has {} bytes, and its header alone has {HEADER}", bytes.len()));
    };
    if !header.starts_with(&MAGIC) {
        return Err(format!("the data begins with {:?} and not with {:?}", &header[..4], MAGIC));
    }
    let mut start = 0;
    for (number, Section { name, record, is_index, .. }) in LAYOUT.iter().enumerate() {
        let end = u32_at(header, 4 + 4 * number) as usize;
        if end < start || end > body.len() {
            return Err(format!("section `{name}` goes from byte {start} to {end} of {}", body.len()));
        }
        let length = end - start;
        if length % record != 0 {
            return Err(format!("section `{name}` has {length} bytes, which are no records of {record}"));
        }
        let places = length / record;
        if *is_index && places != 0 && !places.is_power_of_two() {
            return Err(format!("section `{name}` has {places} places, which is no power of two"));
        }
        start = end;
    }
    match body.len() - start {
        0 => Ok(()),
        more => Err(format!("{more} bytes follow the last section")),
    }
}

/// Every text that a record of the section names is there.
fn texts(section: &Section, records: &[u8], text: &str) -> Result<(), String> {
    for (number, record) in records.chunks_exact(section.record).enumerate() {
        for place in section.texts {
            let reference = u32_at(record, *place) as usize;
            let (from, length) = (reference & 0xff_ffff, reference >> 24);
            if text.get(from..from + length).is_none() {
                return Err(format!("record {number} of `{}` names a text that is not there", section.name));
            }
        }
    }
    Ok(())
}

fn sets(blob: &Blob<'_>, known: usize) -> Result<(), String> {
    let ends = blob.section(SETS).chunks_exact(2).map(|two| usize::from(u16_at(two, 0)));
    let most = blob.section(SCOPES).len() / 2;
    if !ends.clone().is_sorted() || ends.clone().any(|end| end > most) {
        return Err(format!("section `sets` does not cut the {most} numbers of `scopes` in order"));
    }
    let mut numbers = blob.section(SCOPES).chunks_exact(2).map(|two| usize::from(u16_at(two, 0)));
    match numbers.position(|number| number >= known) {
        Some(place) => Err(format!("number {place} of `scopes` is of none of the {known} scopes")),
        None => Ok(()),
    }
}

fn rows(blob: &Blob<'_>) -> Result<(), String> {
    if blob.row_count() >= 1 << 24 {
        return Err(format!("there are {} rows, and a node names fewer", blob.row_count()));
    }
    let (apis, sets) = (blob.section(APIS).len() / API_RECORD, blob.set_count());
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
