//! The catalog that is compiled in, and catalogs that are opened at run time.

mod data;
mod host_table;

use std::fmt;
use std::sync::OnceLock;

use crate::blob::{Blob, Host};
use crate::made_from::VERSION;
use crate::overrides;
use crate::scope::{Scope, ScopeSet};
use crate::walk;

/// A catalog of API methods and the scopes that they accept: a handle that is cheap to copy.
///
/// The built-in catalog is the default. A program can [open](Self::open) a newer catalog at run
/// time, and select it with [`Endpoints::with_catalog`].
///
/// ```
/// use gcp_scopes_catalog::{Catalog, VERSION};
///
/// assert_eq!(Catalog::built_in().version(), VERSION);
/// ```
///
/// [`Endpoints::with_catalog`]: crate::Endpoints::with_catalog
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Catalog(
    /// The number of the catalog, which has seven bits. The built-in catalog has number 0.
    pub(crate) u8,
);

/// The contents of a catalog, which stay in memory until the program ends.
pub(crate) struct Data {
    pub(crate) blob: Blob<'static>,
    /// The scopes of the catalog that the program does not know. Their numbers begin at
    /// [`Scope::known_count`].
    pub(crate) unknown_scopes: Vec<Scope>,
    /// Whether the override numbers in the rows refer to the table of overrides that is compiled
    /// in.
    pub(crate) knows_overrides: bool,
    pub(crate) version: &'static str,
}

static BUILT_IN: Data = Data {
    blob: Blob::open(data::BYTES),
    unknown_scopes: Vec::new(),
    knows_overrides: true,
    version: VERSION,
};
/// The opened catalogs. The number of a catalog is its index in this array plus one. An `ApiMethod`
/// contains the number of its catalog instead of a pointer, because an `ApiMethod` is copied for
/// every call and must be small.
static OPENED: [OnceLock<Data>; MAX_OPENED as usize] =
    [const { OnceLock::new() }; MAX_OPENED as usize];
/// How many catalogs a program can open: `ApiMethod` has seven bits for the number of its catalog.
const MAX_OPENED: u8 = 127;

impl Catalog {
    /// Returns the catalog that is compiled in.
    ///
    /// ```
    /// # #[cfg(feature = "full")]
    /// assert!(gcp_scopes_catalog::Catalog::built_in().method("storage.objects.get").is_ok());
    /// ```
    #[must_use]
    pub const fn built_in() -> Self {
        Self(0)
    }

    /// Returns what a smaller built-in catalog lacks, as the end of an error about an unknown name.
    pub(crate) fn lack(self) -> Option<&'static str> {
        data::LACK.filter(|_| self == Self::built_in())
    }

    /// Stores the contents of an opened catalog. Returns an error if [`MAX_OPENED`] catalogs are
    /// open already.
    pub(crate) fn store(mut data: Data) -> Result<Self, String> {
        for (slot, number) in OPENED.iter().zip(1..) {
            // Two threads may open catalogs at once: `set` gives a slot to one of them, and the
            // data back to the other.
            match slot.set(data) {
                Ok(()) => return Ok(Self(number)),
                Err(returned) => data = returned,
            }
        }
        Err("too many catalogs are open already".to_owned())
    }

    /// Returns the contents of the catalog.
    #[inline]
    pub(crate) fn data(self) -> &'static Data {
        if self.0 == 0 { &BUILT_IN } else { opened(self.0) }
    }

    /// Returns the data of the catalog.
    #[inline]
    pub(crate) fn blob(self) -> &'static Blob<'static> {
        &self.data().blob
    }

    /// Checks whether the catalog has no methods.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        match self.0 {
            0 => data::BYTES.is_empty(),
            number => opened(number).blob.set_count() == 0,
        }
    }

    /// Returns the date of the newest of Google's documents from which the catalog was generated,
    /// as `YYYYMMDD`.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::Catalog::built_in().version().len(), 8);
    /// ```
    #[must_use]
    pub fn version(self) -> &'static str {
        self.data().version
    }

    /// Returns the row of the REST method that a request calls. `host` is in lower case and has no
    /// port; `path` is percent-encoded as in the request, begins with `/` and has no query.
    pub(crate) fn find_row(self, host: &str, verb: &str, path: &str) -> Option<u32> {
        walk::find(self.blob(), host, verb, path)
    }

    /// Returns the row of the gRPC method with this path, such as
    /// `/google.pubsub.v1.Publisher/Publish`.
    pub(crate) fn rpc_row(self, path: &str) -> Option<u32> {
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        self.blob().rpc(service, method)
    }

    /// Returns the row of an rpc and the rows after it that have the same name. Services that
    /// several hosts include have a row for each host.
    pub(crate) fn rows_of_rpc(self, first: u32) -> impl Iterator<Item = u32> + use<> {
        let blob = self.blob();
        let name = blob.row_name(first);
        (first..blob.row_count()).take_while(move |row| blob.row_name(*row) == name)
    }

    /// Returns the host with exactly this name.
    #[inline]
    pub(crate) fn host(self, name: &str) -> Option<Host> {
        match self.0 {
            0 => host_table::find(&BUILT_IN.blob, name),
            number => opened(number).blob.host(name).filter(|_| !name.starts_with('/')),
        }
    }

    /// Returns the row of the REST method that a request to this host calls, as
    /// [`find_row`](Self::find_row) does.
    #[inline]
    pub(crate) fn find_row_at(self, host: Host, verb: &str, path: &str) -> Option<u32> {
        match self.0 {
            0 => walk::find_at(&BUILT_IN.blob, host, verb, path),
            number => find_in_opened(number, host, verb, path),
        }
    }

    /// Checks whether the set with this number contains one of the granted scopes. Set 0 is empty.
    #[inline]
    pub(crate) fn set_intersects(self, set: u16, granted: &ScopeSet) -> bool {
        match self.0 {
            0 => BUILT_IN.blob.set(set).any(|number| granted.contains_numbered(number)),
            _ => self.opened_set_intersects(set, granted),
        }
    }

    /// Checks a set of an opened catalog. The set may contain scopes that the program does not
    /// know.
    #[cold]
    fn opened_set_intersects(self, set: u16, granted: &ScopeSet) -> bool {
        self.scopes_of_set(set).any(|scope| granted.contains(&scope))
    }

    /// Returns the scopes of the set with this number that Google's documents list, or all of its
    /// scopes if the documents list none of them.
    pub(crate) fn documented_scopes(self, set: u16) -> ScopeSet {
        let all = || self.scopes_of_set(set);
        let listed: ScopeSet =
            all().filter(|scope| !overrides::is_undocumented(scope.short())).collect();
        if listed.is_empty() { all().collect() } else { listed }
    }

    /// Returns the number of the set of the scopes that at least one method of a host accepts;
    /// `None` if the host has no REST method.
    pub(crate) fn set_of_host(self, host: &str) -> Option<u16> {
        self.host(host).map(|host| self.blob().any(host)).filter(|any| *any != 0)
    }

    /// Returns the scopes of the set with this number.
    pub(crate) fn scopes_of_set(self, set: u16) -> impl Iterator<Item = Scope> {
        self.blob().set(set).filter_map(move |number| {
            match number.checked_sub(Scope::known_count()) {
                None => Some(Scope::numbered(number)),
                Some(place) => self.data().unknown_scopes.get(place).cloned(),
            }
        })
    }
}

/// Returns the row of the REST method in the opened catalog with this number.
#[cold]
fn find_in_opened(number: u8, host: Host, verb: &str, path: &str) -> Option<u32> {
    walk::find_at(&opened(number).blob, host, verb, path)
}

/// Returns the contents of the opened catalog with this number.
#[cold]
fn opened(number: u8) -> &'static Data {
    OPENED.get(usize::from(number) - 1).and_then(OnceLock::get).unwrap_or(&BUILT_IN)
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Catalog({})", self.version())
    }
}
