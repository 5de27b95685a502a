//! Data: the sections of the catalog's data, in their order. `blob.rs` documents the fields of the
//! records.

/// The properties of one section.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    /// The length of a record, in bytes.
    pub(crate) record: usize,
    /// The offsets in a record at which there are references to texts.
    pub(crate) texts: &'static [usize],
    /// Whether the section is a hash table. The number of records in a hash table is a power of
    /// two.
    pub(crate) is_index: bool,
}

const fn records(name: &'static str, record: usize, texts: &'static [usize]) -> Section {
    Section { name, record, texts, is_index: false }
}

const fn index(name: &'static str) -> Section {
    Section { name, record: 2, texts: &[], is_index: true }
}

pub(crate) static LAYOUT: [Section; SECTIONS] = [
    index("host_index"),
    records("hosts", HOST_RECORD, &[0, 20]),
    index("verb_index"),
    records("verbs", VERB_RECORD, &[0]),
    records("nodes", 1, &[]),
    records("rows", ROW_RECORD, &[0]),
    records("rpcs", RPC_RECORD, &[0]),
    index("rpc_index"),
    records("services", SERVICE_RECORD, &[0]),
    records("apis", API_RECORD, &[0, 4, 8]),
    records("sets", 2, &[]),
    records("scopes", 2, &[]),
    records("text", 1, &[]),
];

/// The number of sections. Each of the following constants is the index of a section in `LAYOUT`.
pub const SECTIONS: usize = 13;

pub(crate) const HOST_INDEX: usize = 0;
/// The section of the hosts: each host's name, the root of its trie, and the scopes that its
/// methods share.
pub const HOSTS: usize = 1;
pub(crate) const VERB_INDEX: usize = 2;
/// The section of the names of custom verbs.
pub const VERBS_SECTION: usize = 3;
/// The section of the nodes of all tries.
pub const NODES: usize = 4;
pub(crate) const ROWS: usize = 5;
pub(crate) const RPCS: usize = 6;
pub(crate) const RPC_INDEX: usize = 7;
pub(crate) const SERVICES: usize = 8;
pub(crate) const APIS: usize = 9;
pub(crate) const SETS: usize = 10;
pub(crate) const SCOPES: usize = 11;
pub(crate) const TEXT: usize = 12;

/// The length of a host's record, in bytes.
pub const HOST_RECORD: usize = 28;
/// The length of a custom verb's record, in bytes.
pub const VERB_RECORD: usize = 4;
pub(crate) const ROW_RECORD: usize = 10;
pub(crate) const RPC_RECORD: usize = 12;
pub(crate) const SERVICE_RECORD: usize = 4;
pub(crate) const API_RECORD: usize = 12;
