//! The types of a catalog that is not yet encoded as a blob.

use std::collections::{BTreeMap, BTreeSet};

use super::template::PathTemplate;
use gcp_scopes_catalog::raw::HEARD_OF;

/// The methods of all APIs.
#[derive(Debug)]
pub(crate) struct CatalogModel {
    pub(crate) groups: Vec<Group>,
    /// The scopes that Discovery documents declare, whether or not a method accepts them.
    pub(super) declared: BTreeSet<String>,
    /// The newest revision of a Discovery document, a date such as `20260101`.
    pub(crate) newest_revision: String,
    /// How many Discovery documents there are.
    pub(crate) documents: usize,
}

/// The rows of one Discovery document, or of one protobuf package on one host.
#[derive(Debug)]
pub(crate) struct Group {
    /// The name and version, such as `storage.v1`, or the name of the package.
    pub(crate) api: String,
    pub(crate) host: String,
    pub(crate) doc_url: String,
    pub(crate) rank: Rank,
    pub(crate) rows: Vec<ModelRow>,
}

/// One method.
#[derive(Debug)]
pub(crate) struct ModelRow {
    pub(crate) id: String,
    pub(crate) verb: String,
    /// The accepted scopes.
    pub(crate) scopes: BTreeSet<String>,
    /// The index, plus 1, of the row in the table of overrides that is about this method; 0 if
    /// there is no such row.
    pub(crate) special: u8,
    /// The routes by which a request is recognized as a call of this method.
    pub(crate) routes: Routes,
    pub(crate) kind: RowKind,
}

/// Routes: HTTP verbs, each with a path template.
pub(crate) type Routes = BTreeSet<(String, PathTemplate)>;

/// The index of a group in [`CatalogModel::groups`], and the index of a row in the group.
pub(crate) type RowIndex = (usize, usize);

/// The source of a row's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// A REST method. Its Discovery document lists the scopes.
    Rest,
    /// An rpc that is another name of a REST method.
    SameAs(RowIndex),
    /// An rpc that has the scopes of a REST method according to the table `RPC_TWINS`.
    TwinOf(RowIndex),
    /// An rpc for which only the scopes of its service are known.
    Coarse,
    /// A REST method for which a page lists the scopes of its API, or which only a client of npm
    /// has.
    Page,
}

impl RowKind {
    /// Returns the REST method whose scopes an rpc has.
    pub(crate) fn target(self) -> Option<RowIndex> {
        match self {
            Self::SameAs(index) | Self::TwinOf(index) => Some(index),
            Self::Rest | Self::Coarse | Self::Page => None,
        }
    }

    /// Checks whether this is a REST method, which is no rpc.
    pub(crate) fn is_rest(self) -> bool {
        matches!(self, Self::Rest | Self::Page)
    }
}

/// The rank of a version among the versions of an API. If two versions describe the same route, the
/// version with the greater rank owns the route.
///
/// The parts, in order of weight: generally available, preferred by Google's directory, the numbers
/// in the version, the version.
pub(crate) type Rank = (bool, bool, Vec<u32>, String);

impl Group {
    /// Creates a group with the rpcs of one package on one host. `is_host` is whether `host` is the
    /// host of an API. Several hosts may include the same package; the group whose host is not that
    /// of an API has the greatest rank, so its rows come first.
    pub(crate) fn from_package(
        package: String,
        host: String,
        is_host: bool,
        rows: Vec<ModelRow>,
    ) -> Self {
        let rank = (!is_host, false, Vec::new(), package.clone());
        Self { api: package, host, doc_url: String::new(), rank, rows }
    }
}

impl CatalogModel {
    /// Returns all scopes in alphabetical order: those that methods accept, those that documents
    /// declare, and those of the table `HEARD_OF`.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let accepted = self
            .groups
            .iter()
            .flat_map(|group| &group.rows)
            .flat_map(|row| row.scopes.iter().cloned());
        let heard_of = HEARD_OF.iter().map(|(short, _)| uri(short));
        let scopes: BTreeSet<_> =
            accepted.chain(self.declared.iter().cloned()).chain(heard_of).collect();
        scopes.into_iter().collect()
    }

    /// Returns how many methods accept each of these scopes. A method with several versions counts
    /// once.
    pub(crate) fn reach(&self, scopes: &[String]) -> Vec<u16> {
        let mut methods = BTreeMap::<&str, BTreeSet<&str>>::new();
        for row in self
            .groups
            .iter()
            .flat_map(|group| &group.rows)
            .filter(|row| row.kind.target().is_none())
        {
            for scope in &row.scopes {
                methods.entry(scope).or_default().insert(&row.id);
            }
        }
        let count = |scope: &String| methods.get(scope.as_str()).map_or(0, BTreeSet::len);
        scopes.iter().map(|scope| u16::try_from(count(scope)).unwrap_or(u16::MAX)).collect()
    }

    /// Returns the number of routes.
    pub(crate) fn route_count(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.rows).map(|row| row.routes.len()).sum()
    }

    /// Returns the number of REST methods and the number of rpcs.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let (rest, rpcs): (Vec<_>, Vec<_>) =
            self.groups.iter().flat_map(|group| &group.rows).partition(|row| row.kind.is_rest());
        (rest.len(), rpcs.len())
    }
}

/// Returns the short name of a scope.
pub(crate) fn short(uri: &str) -> &str {
    uri.strip_prefix("https://www.googleapis.com/auth/").unwrap_or(uri)
}

/// Returns the URI of a scope with this short name.
pub(crate) fn uri(short: &str) -> String {
    format!("https://www.googleapis.com/auth/{short}")
}
