//! The checks that data from a file must pass before the data is used as a catalog.

use std::ops::Range;

use super::layout::{API_RECORD, APIS, LAYOUT, SCOPES, SETS, Section, TEXT};
use super::{Blob, HEADER, MAGIC, has_target, u16_at, u32_at};

/// Checks and opens data that was not compiled in. `scopes` is the number of scopes in the file:
/// every scope number in the data must be smaller.
///
/// The trie nodes are not checked. A read outside a section gives zero, and a search takes a
/// limited number of steps, so that a wrong node can lead to a wrong method or to none, but not to
/// a panic.
pub(crate) fn open_checked(bytes: &[u8], scopes: usize) -> Result<Blob<'_>, String> {
    check_sections(bytes)?;
    let blob = Blob::open(bytes);
    let text = std::str::from_utf8(blob.section(TEXT))
        .map_err(|error| format!("section `text` is not UTF-8 at byte {}", error.valid_up_to()))?;
    for (section, records) in LAYOUT.iter().zip(blob.sections) {
        check_texts(section, records, text)?;
    }
    check_sets(&blob, scopes)?;
    check_rows(&blob)?;
    Ok(blob)
}

/// Returns the bytes of the section `scopes`, which contains scope numbers, in data that was
/// checked.
pub(crate) fn scope_numbers(bytes: &[u8]) -> Range<usize> {
    let end = |section: usize| HEADER + u32_at(bytes, 4 * section) as usize;
    end(SCOPES)..end(SCOPES + 1)
}

/// Checks the header: every section is inside the data and has whole records, and no byte is left
/// over.
fn check_sections(bytes: &[u8]) -> Result<(), String> {
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        return Err(format!("the data has {} bytes; its header alone needs {HEADER}", bytes.len()));
    };
    if !header.starts_with(&MAGIC) {
        return Err(format!("the data begins with {:?}, not with {:?}", &header[..4], MAGIC));
    }
    let (mut start, size) = (0, body.len());
    for (number, Section { name, record, is_index, .. }) in LAYOUT.iter().enumerate() {
        let end = u32_at(header, 4 + 4 * number) as usize;
        if end < start || end > size {
            return Err(format!("section `{name}` goes from byte {start} to {end} of {size}"));
        }
        let length = end - start;
        if length % record != 0 {
            return Err(format!("section `{name}` has {length} bytes, no multiple of {record}"));
        }
        let places = length / record;
        // A search uses the number of slots less one as a mask for the hash.
        if *is_index && places != 0 && !places.is_power_of_two() {
            return Err(format!("section `{name}` has {places} places, not a power of two"));
        }
        start = end;
    }
    match size - start {
        0 => Ok(()),
        more => Err(format!("{more} bytes follow the last section")),
    }
}

/// Checks that every reference to a text in these records is inside the section `text`.
fn check_texts(section: &Section, records: &[u8], text: &str) -> Result<(), String> {
    for (number, record) in records.chunks_exact(section.record).enumerate() {
        for place in section.texts {
            let reference = u32_at(record, *place) as usize;
            let (from, length) = (reference & 0xff_ffff, reference >> 24);
            if text.get(from..from + length).is_none() {
                let name = section.name;
                return Err(format!("record {number} of `{name}` refers to a missing text"));
            }
        }
    }
    Ok(())
}

/// Checks that the sets divide the section `scopes` in order, and that every scope number is below
/// `known`.
fn check_sets(blob: &Blob<'_>, known: usize) -> Result<(), String> {
    let ends = blob.section(SETS).chunks_exact(2).map(|bytes| usize::from(u16_at(bytes, 0)));
    let most = blob.section(SCOPES).len() / 2;
    if !ends.clone().is_sorted() || ends.clone().any(|end| end > most) {
        return Err(format!("section `sets` does not divide the {most} scopes in order"));
    }
    let mut numbers =
        blob.section(SCOPES).chunks_exact(2).map(|bytes| usize::from(u16_at(bytes, 0)));
    numbers.position(|number| number >= known).map_or(Ok(()), |place| {
        Err(format!("entry {place} of section `scopes` exceeds the {known} scopes of the file"))
    })
}

/// Checks that the rows can be numbered, and that every API, set and REST method that a row refers
/// to exists.
fn check_rows(blob: &Blob<'_>) -> Result<(), String> {
    // A trie node refers to a row by a number of 24 bits.
    let rows = blob.row_count();
    if rows >= 1 << 24 {
        return Err(format!("the data has {rows} rows; fewer than 2^24 are possible"));
    }
    let (apis, sets) = (blob.section(APIS).len() / API_RECORD, blob.set_count());
    for number in 0..rows {
        let own = blob.record(number);
        let target = has_target(u16_at(own, 8).to_le_bytes()[0] >> 3).then(|| u32_at(own, 4));
        if target.is_some_and(|target| target >= blob.rest_count()) {
            return Err(format!("row {number} refers to a missing REST method"));
        }
        let row = blob.row(number);
        if usize::from(row.api) >= apis || usize::from(row.set) >= sets.max(1) {
            return Err(format!("row {number} refers to a missing API or a missing set of scopes"));
        }
    }
    Ok(())
}
