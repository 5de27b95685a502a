//! The layout of the catalog's data, and safe access to it.
//!
//! All numbers are little-endian; a *text* is a place in the text section (24 bits) and a length
//! (8 bits). Nothing is parsed, copied or checked at start: a section is a slice, a record is read
//! where it lies, and a read outside its section gives zero, so that damaged data can give a wrong
//! answer but no panic. The generator takes its
//! constants from here, so that writer and reader agree.
//!
//! | section | record |
//! |---|---|
//! | `host_index` | `u16` × a power of two: host number + 1, by [`host_hash`], linear probing |
//! | `hosts` | name text, root node `u32`, scope set `u16` that every method of the host shares, then the way to most of its methods: how their paths begin, and the node `u32` to which that leads |
//! | `verb_index`, `verbs` | the same for custom verbs (`:publish`): name text; numbers begin at 1 |
//! | `nodes` | see `walk.rs` |
//! | `rows` | id text, api `u16`, set `u16`, verb and basis `u8`, special `u8`; sorted by id |
//! | `rpcs` | method name text, then as `rows`, then service `u16`. An rpc that is a REST method has that method's row (`u32`) in place of api and set |
//! | `rpc_index` | `u16` × a power of two: place in `rpcs` + 1, by [`rpc_hash`] |
//! | `services` | name text |
//! | `apis` | name text, documentation text, host name text |
//! | `sets` | `u16` place of a set's first scope in `scopes`; the next entry ends it |
//! | `scopes` | `u16` scope numbers |
//! | `text` | UTF-8 |

pub(crate) mod check;
mod layout;

use layout::{
    API_RECORD, APIS, HOST_INDEX, ROW_RECORD, ROWS, RPC_INDEX, RPC_RECORD, RPCS, SCOPES, SERVICE_RECORD,
    SERVICES, SETS, TEXT, VERB_INDEX,
};
pub use layout::{HOST_RECORD, HOSTS, NODES, SECTIONS, VERB_RECORD, VERBS_SECTION};

use super::path::{each_eight, hash, same};

/// What the data begins with. The last byte is the version of this layout.
pub const MAGIC: [u8; 4] = *b"gsc\x06";
/// Magic, then the end of each section, all counted from the end of this header.
pub const HEADER: usize = 4 + 4 * SECTIONS;

/// Where a row's scopes are from: its own Discovery document,
pub const DISCOVERY: u8 = 0;
/// its service in the protos,
pub const PROTOS: u8 = 1;
/// the REST method that it is,
pub const SAME: u8 = 2;
/// or the REST method that the table of overrides likens it to.
pub const TWIN: u8 = 3;

/// The HTTP verbs of Google's APIs; a verb's code is its place plus one.
pub const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The code of an HTTP verb, or nothing for one that no method has.
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

/// Where a host's probe of the index begins.
pub fn host_hash(host: &str) -> u16 {
    let google = host.as_bytes().split_last_chunk().filter(|(_, end)| **end == *b".googleapis.com");
    hash(google.map_or(host.as_bytes(), |(name, _)| name))
}

/// Where the probe for a gRPC method begins.
pub fn rpc_hash(service: &str, method: &str) -> u16 {
    let mut mixed = 0_u64;
    for name in [service, method] {
        each_eight(name.as_bytes(), |word| {
            mixed = (mixed.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        });
    }
    (mixed >> 48) as u16
}

/// The catalog's data, cut into its sections.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    sections: [&'a [u8]; SECTIONS],
}

impl<'a> Blob<'a> {
    /// Cuts the data into sections; data that is none gives a catalog that knows nothing.
    pub const fn open(bytes: &'a [u8]) -> Self {
        let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
        let mut number = 0;
        while number < SECTIONS {
            sections[number] = section(bytes, number);
            number += 1;
        }
        Self { sections }
    }

    /// The records of a section, by its constant.
    #[inline(always)]
    pub fn section(&self, number: usize) -> &'a [u8] {
        self.sections[number]
    }

    /// The host's record, by its exact name.
    pub fn host(&self, name: &str) -> Option<Host> {
        let number = probe(self.section(HOST_INDEX), host_hash(name), |number| {
            same(self.text(self.section(HOSTS), number * HOST_RECORD), name.as_bytes())
        })?;
        u16::try_from(number).ok().map(Host)
    }

    /// The node below which all methods of the host are.
    pub fn root(&self, host: Host) -> u32 {
        u32_at(self.host_record(host), 4)
    }

    /// The set of scopes of which every method of the host accepts each, those aside that are never
    /// called lacking; 0 when there is none.
    #[inline]
    pub fn shared(&self, host: Host) -> u16 {
        u16_at(self.host_record(host), 8)
    }

    /// Where most of the host's methods are below: how their paths begin, from slash to slash, and the node
    /// to which that leads. An empty text where there is no such place.
    #[inline]
    pub fn common_prefix(&self, host: Host) -> (&'a [u8], u32) {
        let record = self.host_record(host);
        (self.text(record, 10), u32_at(record, 14))
    }

    /// The host's name.
    pub fn host_name(&self, host: Host) -> &'a [u8] {
        self.text(self.host_record(host), 0)
    }

    #[inline]
    fn host_record(&self, host: Host) -> &'a [u8] {
        let at = usize::from(host.0) * HOST_RECORD;
        self.section(HOSTS).get(at..at + HOST_RECORD).unwrap_or_default()
    }

    /// The number of a custom verb, or nothing for one that no method has.
    #[inline]
    pub fn custom_verb(&self, name: &[u8]) -> Option<u16> {
        let number = probe(self.section(VERB_INDEX), hash(name), |number| {
            same(self.text(self.section(VERBS_SECTION), number * VERB_RECORD), name)
        })?;
        u16::try_from(number + 1).ok()
    }

    /// How many rows there are: those of REST methods first, then those of rpcs.
    pub fn row_count(&self) -> u32 {
        let rpcs = u32::try_from(self.section(RPCS).len() / RPC_RECORD).unwrap_or(u32::MAX);
        self.rest_count().saturating_add(rpcs)
    }

    /// How many rows are of REST methods. They are sorted by id.
    pub fn rest_count(&self) -> u32 {
        u32::try_from(self.section(ROWS).len() / ROW_RECORD).unwrap_or(u32::MAX)
    }

    /// The row's id: the service and the method of an rpc, else nothing and the whole id.
    pub fn row_name(&self, row: u32) -> (&'a str, &'a str) {
        let record = self.record(row);
        let service = if row < self.rest_count() { "" } else { self.service(record) };
        (service, self.string(record, 0))
    }

    /// The row's record. An rpc that is a REST method has all but its id and verb from there.
    #[inline]
    pub fn row(&self, row: u32) -> Row {
        let own = self.record(row);
        let [verb, special] = u16_at(own, 8).to_le_bytes();
        let basis = verb >> 3 & 3;
        let target = (basis >= SAME).then(|| u32_at(own, 4));
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

    /// The row of a gRPC method.
    pub fn rpc(&self, service: &str, method: &str) -> Option<u32> {
        let number = probe(self.section(RPC_INDEX), rpc_hash(service, method), |number| {
            let record = self.section(RPCS).get(number * RPC_RECORD..).unwrap_or_default();
            self.text(record, 0) == method.as_bytes() && self.service(record) == service
        })?;
        self.rest_count().checked_add(u32::try_from(number).ok()?)
    }

    /// The first row of a REST method's id.
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

    fn record(&self, row: u32) -> &'a [u8] {
        let row = row as usize;
        let record = match row.checked_sub(self.section(ROWS).len() / ROW_RECORD) {
            None => self.section(ROWS).get(row * ROW_RECORD..),
            Some(rpc) => self.section(RPCS).get(rpc * RPC_RECORD..),
        };
        record.unwrap_or_default()
    }

    fn service(&self, record: &[u8]) -> &'a str {
        self.string(self.section(SERVICES), usize::from(u16_at(record, 10)) * SERVICE_RECORD)
    }

    /// The name of an API, where Google documents it, and its host.
    pub fn api(&self, api: u16) -> [&'a str; 3] {
        [0, 4, 8].map(|at| self.string(self.section(APIS), usize::from(api) * API_RECORD + at))
    }

    /// How many scope sets there are. Set 0 is empty.
    pub fn set_count(&self) -> usize {
        (self.section(SETS).len() / 2).saturating_sub(1)
    }

    /// The scope numbers of a set.
    #[inline]
    pub fn set(&self, set: u16) -> impl Iterator<Item = usize> + use<'a> {
        let at = usize::from(set) * 2;
        let (from, to) = (u16_at(self.section(SETS), at), u16_at(self.section(SETS), at + 2));
        let numbers =
            self.section(SCOPES).get(usize::from(from) * 2..usize::from(to) * 2).unwrap_or_default();
        numbers.chunks_exact(2).map(|two| usize::from(u16_at(two, 0)))
    }

    /// The text whose reference stands at `at` of a section.
    #[inline]
    pub fn text(&self, section: &[u8], at: usize) -> &'a [u8] {
        self.text_of(u32_at(section, at))
    }

    /// The text with this reference.
    #[inline]
    pub(super) fn text_of(&self, reference: u32) -> &'a [u8] {
        let (from, len) = (reference as usize & 0xff_ffff, reference as usize >> 24);
        self.section(TEXT).get(from..from + len).unwrap_or_default()
    }

    fn string(&self, section: &[u8], at: usize) -> &'a str {
        std::str::from_utf8(self.text(section, at)).unwrap_or_default()
    }
}

/// A host of the catalog: its number.
#[derive(Debug, Clone, Copy)]
pub struct Host(pub(crate) u16);

/// A method of the catalog, without its id.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row {
    /// The number of its API.
    pub api: u16,
    /// The number of the set of scopes that it accepts.
    pub set: u16,
    /// Its HTTP verb.
    pub verb: &'static str,
    /// Where its scopes are from.
    pub basis: u8,
    /// Place in the table of overrides plus one, or 0.
    pub special: u8,
    /// The REST method whose scopes hold for this rpc.
    pub target: Option<u32>,
}

/// Looks a name up in an index of numbers plus one, zero for an empty place.
fn probe(index: &[u8], hash: u16, is: impl Fn(usize) -> bool) -> Option<usize> {
    let mask = (index.len() / 2).checked_sub(1)?;
    let mut place = usize::from(hash) & mask;
    for _ in 0..=mask {
        let number = usize::from(u16_at(index, place * 2)).checked_sub(1)?;
        if is(number) {
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

const fn section(bytes: &[u8], number: usize) -> &[u8] {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else { return &[] };
    let from = if number == 0 { 0 } else { header_u32(header, number) };
    let to = header_u32(header, number + 1);
    let is_catalog = header_u32(header, 0) == u32::from_le_bytes(MAGIC) as usize;
    if is_catalog && from <= to && to <= body.len() { body.split_at(to).0.split_at(from).1 } else { &[] }
}

/// The magic number is number 0.
const fn header_u32(header: &[u8; HEADER], number: usize) -> usize {
    let at = 4 * number;
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize
}
