//! The binary layout of the catalog's data, and safe access to the data.
//!
//! Numbers are little-endian. In a record, *text* stands for a reference of 32 bits to the section
//! `text`: an offset (24 bits) and a length (8 bits). Nothing is parsed, copied or checked when the
//! program starts: a section is a slice, and a record is read in place. A read outside a section
//! returns zero, so that damaged data can give a wrong result but no panic. The generator of the
//! data uses the constants of this module.
//!
//! The sections, in their order, and the record of each:
//!
//! - `host_index`: a hash table with linear probing and [`host_hash`]: number of the host + 1 as
//!   `u16`, or 0 for an empty slot
//! - `hosts`: name (text), root of the host's trie (`u32`), for each of [`VERBS`] the set of the
//!   scopes that every method of the host with this verb accepts (`u16`), set of the scopes that
//!   some method of the host accepts (`u16`), common prefix of the paths of most methods (text),
//!   trie node below that prefix (`u32`). A name that begins with a slash stands for the APIs whose
//!   paths at `www.googleapis.com` begin with this name
//! - `verb_index`: a hash table like `host_index`, for custom verbs (`:publish`), with [`hash`]
//! - `verbs`: name of the custom verb (text); the numbers of custom verbs begin at 1
//! - `nodes`: the nodes of all tries; `walk.rs` documents them
//! - `rows`: the REST methods, sorted by id: id (text), API (`u16`), set of accepted scopes
//!   (`u16`), HTTP verb and basis, the source of the scopes (`u8`), number of an override (`u8`)
//! - `rpcs`: the gRPC methods: name without service (text), the fields of `rows` except the id,
//!   service (`u16`). For a gRPC method that is equivalent to a REST method, API and set are
//!   replaced by that method's row (`u32`)
//! - `rpc_index`: a hash table like `host_index`, with [`rpc_hash`]: index in `rpcs` + 1
//! - `services`: name of a gRPC service (text)
//! - `apis`: name (text), URL of the documentation (text), name of the host (text)
//! - `sets`: index of the set's first scope in `scopes` (`u16`); the next record ends the set
//! - `scopes`: number of a scope (`u16`)
//! - `text`: UTF-8 text

pub(crate) mod check;
mod layout;

use std::num::NonZeroU16;

pub(crate) use layout::TEXT;
use layout::{
    API_RECORD, APIS, HOST_INDEX, ROW_RECORD, ROWS, RPC_INDEX, RPC_RECORD, RPCS, SCOPES,
    SERVICE_RECORD, SERVICES, SETS, VERB_INDEX,
};
pub use layout::{HOST_RECORD, HOSTS, NODES, SECTIONS, VERB_RECORD, VERBS_SECTION};

use super::path::{equal, for_each_word, hash};

/// The first four bytes of the data. The last byte is the version of the layout.
pub const MAGIC: [u8; 4] = *b"gsc\x08";
/// The length of the header, in bytes: [`MAGIC`], then the end of each section as `u32`. An end is
/// an offset from the end of the header.
pub const HEADER: usize = 4 + 4 * SECTIONS;

/// The basis of a row whose scopes come from the method's Discovery document.
pub const DISCOVERY: u8 = 0;
/// The basis of a row whose scopes come from the service's definition in the protos.
pub const PROTOS: u8 = 1;
/// The basis of a gRPC method whose scopes come from the REST method with the same HTTP binding.
pub const SAME: u8 = 2;
/// The basis of a gRPC method whose scopes come from the REST method in the table
/// [`RPC_TWINS`](crate::overrides::RPC_TWINS).
pub const TWIN: u8 = 3;
/// The basis of a REST method for which a page of Google lists the scopes of the whole API.
pub const PAGE: u8 = 4;

/// Checks whether a row with this basis has its scopes from the row of a REST method.
pub(crate) const fn has_target(basis: u8) -> bool {
    matches!(basis, SAME | TWIN)
}

/// The HTTP verbs of Google's APIs. The code of a verb is its index plus one.
pub const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Returns the code of an HTTP verb; `None` for a verb that no method has.
#[inline]
pub fn verb_code(verb: &str) -> Option<u16> {
    match verb {
        "GET" => Some(1),
        "POST" => Some(2),
        "PUT" => Some(3),
        "PATCH" => Some(4),
        "DELETE" => Some(5),
        _ => None,
    }
}

/// Returns the hash of a host name in `host_index`. The hash ignores the ending `.googleapis.com`,
/// which almost all names have.
pub fn host_hash(host: &str) -> u16 {
    let google = host.as_bytes().split_last_chunk().filter(|(_, end)| **end == *b".googleapis.com");
    hash(google.map_or(host.as_bytes(), |(name, _)| name))
}

/// Returns the hash of a gRPC method in `rpc_index`.
pub fn rpc_hash(service: &str, method: &str) -> u16 {
    let mut mixed = 0_u64;
    for name in [service, method] {
        for_each_word(name.as_bytes(), |word| {
            // The multiplier is 2^64 divided by the golden ratio: Fibonacci hashing (Knuth, volume
            // 3, section 6.4), whose high bits depend on all bits of the input.
            mixed = (mixed.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        });
    }
    (mixed >> 48) as u16
}

/// The catalog's data, divided into its sections.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    sections: [&'a [u8]; SECTIONS],
}

impl<'a> Blob<'a> {
    /// Divides the data into its sections. Data without a valid header gives a catalog without
    /// methods.
    pub const fn open(bytes: &'a [u8]) -> Self {
        let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
        let mut number = 0;
        // A `const fn` has no `for` loop.
        while number < SECTIONS {
            sections[number] = section(bytes, number);
            number += 1;
        }
        Self { sections }
    }

    /// Returns the records of the section with this number.
    #[inline(always)]
    pub const fn section(&self, number: usize) -> &'a [u8] {
        self.sections[number]
    }

    /// Returns the host with exactly this name.
    pub fn host(&self, name: &str) -> Option<Host> {
        let number = probe(self.section(HOST_INDEX), host_hash(name), |number| {
            equal(self.text(self.section(HOSTS), number * HOST_RECORD), name.as_bytes())
        })?;
        u16::try_from(number).ok().map(Host)
    }

    /// Returns the root of the host's trie.
    pub fn root(&self, host: Host) -> u32 {
        u32_at(self.host_record(host), 4)
    }

    /// Returns the number of the set of scopes that every method of the host with the verb of this
    /// code accepts; 0 if the methods have no scope in common. Methods for which no token is judged
    /// insufficient do not count.
    #[inline]
    pub fn shared(&self, host: Host, verb: u16) -> u16 {
        u16_at(self.host_record(host), 6 + 2 * usize::from(verb))
    }

    /// Returns the number of the set of the scopes that at least one method of the host accepts.
    pub(crate) fn any(&self, host: Host) -> u16 {
        u16_at(self.host_record(host), 18)
    }

    /// Returns the prefix that the paths of most methods of the host have in common, and the node
    /// below the prefix. The prefix begins and ends with a slash. The prefix is empty if the host
    /// has no common prefix.
    #[inline]
    pub fn common_prefix(&self, host: Host) -> (&'a [u8], u32) {
        let record = self.host_record(host);
        (self.text(record, 20), u32_at(record, 24))
    }

    /// Returns the name of the host.
    pub fn host_name(&self, host: Host) -> &'a [u8] {
        self.text(self.host_record(host), 0)
    }

    #[inline]
    fn host_record(&self, host: Host) -> &'a [u8] {
        let at = usize::from(host.0) * HOST_RECORD;
        self.section(HOSTS).get(at..at + HOST_RECORD).unwrap_or_default()
    }

    /// Returns the number of a custom verb; `None` for a custom verb that no method has.
    #[inline]
    pub fn custom_verb(&self, name: &[u8]) -> Option<u16> {
        let number = probe(self.section(VERB_INDEX), hash(name), |number| {
            equal(self.text(self.section(VERBS_SECTION), number * VERB_RECORD), name)
        })?;
        u16::try_from(number + 1).ok()
    }

    /// Returns the number of rows. The rows of REST methods come first, the rows of gRPC methods
    /// follow.
    pub fn row_count(&self) -> u32 {
        let rpcs = u32::try_from(self.section(RPCS).len() / RPC_RECORD).unwrap_or(u32::MAX);
        self.rest_count().saturating_add(rpcs)
    }

    /// Returns the number of rows of REST methods. These rows are sorted by id.
    pub fn rest_count(&self) -> u32 {
        u32::try_from(self.section(ROWS).len() / ROW_RECORD).unwrap_or(u32::MAX)
    }

    /// Returns the two parts of a row's id. For a gRPC method they are the service and the method;
    /// for a REST method they are an empty text and the id.
    pub fn row_name(&self, row: u32) -> (&'a str, &'a str) {
        let record = self.record(row);
        let service = if row < self.rest_count() { "" } else { self.service(record) };
        (service, self.str_at(record, 0))
    }

    /// Returns the fields of a row. A gRPC method that is equivalent to a REST method has the API,
    /// the set and the override of the REST method.
    #[inline]
    pub fn row(&self, row: u32) -> Row {
        let own = self.record(row);
        let [verb, special] = u16_at(own, 8).to_le_bytes();
        let basis = verb >> 3;
        let target = has_target(basis).then(|| u32_at(own, 4));
        let from = target.map_or(own, |target| self.record(target));
        Row {
            api: u16_at(from, 4),
            set: u16_at(from, 6),
            verb: VERBS.get(usize::from(verb & 7).wrapping_sub(1)).copied().unwrap_or_default(),
            basis,
            special: target.map_or(special, |_| u16_at(from, 8).to_le_bytes()[1]),
            target,
        }
    }

    /// Returns the row of a gRPC method.
    pub fn rpc(&self, service: &str, method: &str) -> Option<u32> {
        let number = probe(self.section(RPC_INDEX), rpc_hash(service, method), |number| {
            let record = self.section(RPCS).get(number * RPC_RECORD..).unwrap_or_default();
            self.text(record, 0) == method.as_bytes() && self.service(record) == service
        })?;
        self.rest_count().checked_add(u32::try_from(number).ok()?)
    }

    /// Returns the first row with this id of a REST method, by binary search.
    pub fn search(&self, id: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.rest_count());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row_name(middle).1 < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.rest_count() && self.row_name(low).1 == id).then_some(low)
    }

    /// Returns the data from the record of this row on.
    fn record(&self, row: u32) -> &'a [u8] {
        let row = row as usize;
        let record = match row.checked_sub(self.section(ROWS).len() / ROW_RECORD) {
            None => self.section(ROWS).get(row * ROW_RECORD..),
            Some(rpc) => self.section(RPCS).get(rpc * RPC_RECORD..),
        };
        record.unwrap_or_default()
    }

    /// Returns the name of the service to which the record of a gRPC method refers.
    fn service(&self, record: &[u8]) -> &'a str {
        self.str_at(self.section(SERVICES), usize::from(u16_at(record, 10)) * SERVICE_RECORD)
    }

    /// Returns the name of an API, the URL of its documentation, and the name of its host.
    pub fn api(&self, api: u16) -> [&'a str; 3] {
        [0, 4, 8].map(|at| self.str_at(self.section(APIS), usize::from(api) * API_RECORD + at))
    }

    /// Returns what [`api`](Self::api) returns for each API.
    pub(crate) fn apis(self) -> impl Iterator<Item = [&'a str; 3]> {
        let count = u16::try_from(self.section(APIS).len() / API_RECORD).unwrap_or(u16::MAX);
        (0..count).map(move |api| self.api(api))
    }

    /// Returns the number of scope sets. Set 0 is empty.
    pub fn set_count(&self) -> usize {
        (self.section(SETS).len() / 2).saturating_sub(1)
    }

    /// Returns the numbers of the scopes in a set.
    #[inline]
    pub fn set(&self, set: u16) -> impl Iterator<Item = usize> + use<'a> {
        let at = usize::from(set) * 2;
        let (from, to) = (u16_at(self.section(SETS), at), u16_at(self.section(SETS), at + 2));
        let numbers = self
            .section(SCOPES)
            .get(usize::from(from) * 2..usize::from(to) * 2)
            .unwrap_or_default();
        numbers.chunks_exact(2).map(|bytes| usize::from(u16_at(bytes, 0)))
    }

    /// Returns the text to which the reference at offset `at` of a section refers.
    #[inline]
    pub fn text(&self, section: &[u8], at: usize) -> &'a [u8] {
        self.text_at_reference(u32_at(section, at))
    }

    /// Returns the text to which this reference refers.
    #[inline]
    pub(super) fn text_at_reference(&self, reference: u32) -> &'a [u8] {
        let (from, len) = (reference as usize & 0xff_ffff, reference as usize >> 24);
        self.section(TEXT).get(from..from + len).unwrap_or_default()
    }

    /// Returns the text to which the reference at offset `at` of a section refers, as a string.
    fn str_at(&self, section: &[u8], at: usize) -> &'a str {
        std::str::from_utf8(self.text(section, at)).unwrap_or_default()
    }
}

/// The number of a host in the catalog.
#[derive(Debug, Clone, Copy)]
pub struct Host(pub(crate) u16);

impl Host {
    /// Returns the number plus one; `None` for 65,535, which is no host's number.
    pub(crate) fn plus_one(self) -> Option<NonZeroU16> {
        self.0.checked_add(1).and_then(NonZeroU16::new)
    }
}

/// The fields of a method's row, except its id.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row {
    /// The number of the method's API.
    pub api: u16,
    /// The number of the set of scopes that the method accepts.
    pub set: u16,
    /// The method's HTTP verb.
    pub verb: &'static str,
    /// The source of the scopes: [`DISCOVERY`], [`PROTOS`], [`SAME`], [`TWIN`] or [`PAGE`].
    pub basis: u8,
    /// The number of the override that covers the method: its index in the table plus one, or 0.
    pub special: u8,
    /// The row of the REST method from which a gRPC method has its scopes.
    pub target: Option<u32>,
}

/// Searches a hash table with linear probing for the number for which `is_match` returns `true`.
/// The table contains numbers plus one, and zero for an empty slot.
fn probe(index: &[u8], hash: u16, is_match: impl Fn(usize) -> bool) -> Option<usize> {
    let mask = (index.len() / 2).checked_sub(1)?;
    let mut place = usize::from(hash) & mask;
    // The table of a damaged file may have no empty slot, so the number of steps is limited.
    for _ in 0..=mask {
        let number = usize::from(u16_at(index, place * 2)).checked_sub(1)?;
        if is_match(number) {
            return Some(number);
        }
        place = (place + 1) & mask;
    }
    None
}

#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two))
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}

/// Returns the bytes of a section; an empty slice if the header is not valid.
const fn section(bytes: &[u8], number: usize) -> &[u8] {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else { return &[] };
    let from = if number == 0 { 0 } else { header_u32(header, number) };
    let to = header_u32(header, number + 1);
    let is_catalog = header_u32(header, 0) == u32::from_le_bytes(MAGIC) as usize;
    // A `const fn` cannot index with a range, so the slice is cut twice.
    if is_catalog && from <= to && to <= body.len() {
        body.split_at(to).0.split_at(from).1
    } else {
        &[]
    }
}

/// Returns a number of the header. Number 0 is [`MAGIC`], number n is the end of section n - 1.
const fn header_u32(header: &[u8; HEADER], number: usize) -> usize {
    let at = 4 * number;
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize
}
