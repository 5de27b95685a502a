//! Methods and where they come from: everything the blob is made of.

use std::collections::BTreeSet;

use super::template::Template;
use gcp_scopes_catalog::raw::HEARD_OF;

/// Everything the blob is made of.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) groups: Vec<Group>,
    /// Scopes that documents declare, whether or not a method lists them.
    pub(super) declared: BTreeSet<String>,
    pub(crate) newest_revision: String,
    pub(crate) documents: usize,
}

/// One document's rows.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) api: String,
    pub(crate) host: String,
    pub(crate) doc_url: String,
    pub(crate) rank: Rank,
    pub(crate) rows: Vec<Row>,
}

/// One method.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) verb: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) special: u8,
    /// The request forms it owns.
    pub(crate) templates: RowTemplate,
    pub(crate) kind: Kind,
}

/// HTTP verbs and path templates.
pub(crate) type RowTemplate = BTreeSet<(String, Template)>;

/// A group's number, and a row's in it.
pub(crate) type Place = (usize, usize);

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A method of a Discovery document.
    Rest,
    /// An rpc that is this method.
    SameAs(Place),
    /// An rpc to which the table of overrides gives this method's scopes.
    TwinOf(Place),
    /// An rpc of which only the service's scopes are known.
    Coarse,
}

impl Kind {
    /// The REST method whose scopes hold for an rpc.
    pub(crate) fn target(self) -> Option<Place> {
        match self {
            Self::SameAs(place) | Self::TwinOf(place) => Some(place),
            Self::Rest | Self::Coarse => None,
        }
    }
}

/// How much a version is to be preferred over another one that shares its ids; greatest wins.
pub(crate) type Rank = (bool, bool, Vec<u32>, String);

impl Group {
    /// The rpcs of one package on one host.
    pub(crate) fn of_package(package: String, host: String, rows: Vec<Row>) -> Self {
        let rank = (false, false, Vec::new(), package.clone());
        Self { api: package, host, doc_url: String::new(), rank, rows }
    }
}

impl Catalog {
    /// Every scope, sorted: those of methods, those that documents declare, those of the table of overrides.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let methods =
            self.groups.iter().flat_map(|group| &group.rows).flat_map(|row| row.scopes.iter().cloned());
        let heard = HEARD_OF.iter().map(|(short, _)| uri(short));
        let all: BTreeSet<_> = methods.chain(self.declared.iter().cloned()).chain(heard).collect();
        all.into_iter().collect()
    }

    /// How many request forms there are.
    pub(crate) fn routes(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.rows).map(|row| row.templates.len()).sum()
    }

    /// How many REST methods of Discovery, and how many rpcs, there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let (rest, rpcs): (Vec<_>, Vec<_>) =
            self.groups.iter().flat_map(|group| &group.rows).partition(|row| row.kind == Kind::Rest);
        (rest.len(), rpcs.len())
    }
}

/// A scope's URI, from its name after Google's prefix.
pub(crate) fn uri(short: &str) -> String {
    format!("https://www.googleapis.com/auth/{short}")
}
