//! The hosts of the built-in catalog by name, in a table that the compiler builds.
//!
//! Almost every host is below `googleapis.com`. The rest of its name, its label, is stored as
//! numbers: the length, the first eight bytes and the last eight bytes. A search that compares
//! these numbers takes a third of the time of a search in the table `host_index` of the data.

use super::data::BYTES;
use crate::blob::{Blob, HOST_RECORD, HOSTS, Host, TEXT};

/// The number of slots: a power of two, of which at most half are taken.
const PLACES: usize = (2 * host_count() + 2).next_power_of_two();

static TABLE: [HostPlace; PLACES] = table();

/// A slot of the table: a label, and the number of its host plus one. The number is 0 in an empty
/// slot.
#[derive(Clone, Copy)]
struct HostPlace {
    label: HostLabel,
    host: u16,
}

/// A label as numbers. They identify a label of at most 16 bytes. Two longer labels may have the
/// same numbers, but hardly ever do.
#[derive(Clone, Copy, PartialEq, Eq)]
struct HostLabel {
    first: u64,
    last: u64,
    len: u8,
}

impl HostLabel {
    /// Returns the label of a name below `googleapis.com`; `None` for another name, and for a label
    /// of more than 255 bytes.
    #[inline]
    const fn new(name: &[u8]) -> Option<Self> {
        let Some((label, domain)) = name.split_last_chunk::<15>() else { return None };
        let (Some(start), Some(end)) = (domain.first_chunk(), domain.last_chunk()) else {
            return None;
        };
        // Two numbers, because the compiler compares the array byte by byte.
        let is_google = u64::from_le_bytes(*start) == u64::from_le_bytes(*b".googlea")
            && u64::from_le_bytes(*end) == u64::from_le_bytes(*b"apis.com");
        let (len, first) = match name.first_chunk() {
            Some(first) if is_google && label.len() <= 255 => {
                (label.len() as u8, u64::from_le_bytes(*first))
            }
            _ => return None,
        };
        match label.last_chunk() {
            Some(last) => Some(Self { first, last: u64::from_le_bytes(*last), len }),
            // The bytes behind the label are set to zero.
            None => Some(Self { first: first & !(u64::MAX << (8 * len)), last: 0, len }),
        }
    }

    /// Returns the first slot in which the label may be.
    #[inline]
    const fn place(self) -> usize {
        let mixed = self.first ^ self.last.rotate_left(32) ^ (self.len as u64) << 56;
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % PLACES
    }
}

const fn host_count() -> usize {
    Blob::open(BYTES).section(HOSTS).len() / HOST_RECORD
}

/// Builds the table. A `const fn` has no `for` loop.
const fn table() -> [HostPlace; PLACES] {
    let empty = HostPlace { label: HostLabel { first: 0, last: 0, len: 0 }, host: 0 };
    let (mut places, mut host) = ([empty; PLACES], 0);
    while host < host_count() {
        if let Some(label) = HostLabel::new(name(host)) {
            let mut at = label.place();
            while places[at].host != 0 {
                at = (at + 1) % PLACES;
            }
            places[at] = HostPlace { label, host: host as u16 + 1 };
        }
        host += 1;
    }
    places
}

/// Returns the name of a host.
const fn name(host: usize) -> &'static [u8] {
    let blob = Blob::open(BYTES);
    let (_, record) = blob.section(HOSTS).split_at(host * HOST_RECORD);
    let (from, len) =
        (u32::from_le_bytes([record[0], record[1], record[2], 0]), record[3] as usize);
    blob.section(TEXT).split_at(from as usize).1.split_at(len).0
}

/// Returns the host with exactly this name. `blob` is the built-in catalog.
#[inline]
pub(super) fn find(blob: &Blob, name: &str) -> Option<Host> {
    let Some(label) = HostLabel::new(name.as_bytes()) else { return find_elsewhere(blob, name) };
    let mut at = label.place();
    loop {
        let place = TABLE.get(at)?;
        let host = Host(place.host.checked_sub(1)?);
        let is_equal = || label.len <= 16 || blob.host_name(host) == name.as_bytes();
        if place.label == label && is_equal() {
            return Some(host);
        }
        // At least half of the slots are empty, and the search ends at the first empty one.
        at = (at + 1) % PLACES;
    }
}

/// Returns the host with a name that is not below `googleapis.com`.
#[cold]
fn find_elsewhere(blob: &Blob, name: &str) -> Option<Host> {
    if name.starts_with('/') { None } else { blob.host(name) }
}
