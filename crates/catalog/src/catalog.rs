//! Which methods there are: the catalog that is compiled in, or one that is opened at run time.

use std::fmt;
use std::sync::OnceLock;

use crate::blob::{Blob, Host};
use crate::made_from::VERSION;
use crate::scope::{Scope, ScopeSet};
use crate::walk;

/// A catalog of methods and the scopes they accept. Cheap to copy.
///
/// The built-in one is compiled in, and used wherever no other is named. Data that is newer than the program
/// is [opened](Self::open) at run time, and used through [`Endpoints::with_catalog`].
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
    /// Its number, which takes seven bits; 0 is the built-in one.
    pub(crate) u8,
);

/// What a catalog is made of. It stays for as long as the program runs.
pub(crate) struct Data {
    pub(crate) blob: Blob<'static>,
    /// The scopes that this program does not know: their numbers follow those of the known ones.
    pub(crate) unheard: Vec<Scope>,
    /// Whether its rows are marked by the overrides that are compiled in.
    pub(crate) knows_overrides: bool,
    pub(crate) version: &'static str,
}

/// The data of the largest enabled feature.
#[cfg(feature = "full")]
const BYTES: &[u8] = include_bytes!("data/full.bin");
/// The hosts on which some method accepts `cloud-platform`.
#[cfg(all(feature = "cloud", not(feature = "full")))]
const BYTES: &[u8] = include_bytes!("data/cloud.bin");
/// Cloud Storage alone.
#[cfg(all(feature = "storage", not(any(feature = "full", feature = "cloud"))))]
const BYTES: &[u8] = include_bytes!("data/storage.bin");
/// Without a catalog feature no call is known.
#[cfg(not(any(feature = "full", feature = "cloud", feature = "storage")))]
const BYTES: &[u8] = &[];

static BUILT_IN: Data =
    Data { blob: Blob::open(BYTES), unheard: Vec::new(), knows_overrides: true, version: VERSION };
/// The opened catalogs. The number of a catalog is its place here plus one. A method holds that number and no
/// pointer, because it is copied with every call.
static OPENED: [OnceLock<Data>; MOST as usize] = [const { OnceLock::new() }; MOST as usize];
/// How many catalogs can be opened: `ApiMethod` has seven bits for the number.
const MOST: u8 = 127;

impl Catalog {
    /// The catalog that is compiled in.
    ///
    /// ```
    /// # #[cfg(feature = "full")]
    /// assert!(gcp_scopes_catalog::Catalog::built_in().method("storage.objects.get").is_ok());
    /// ```
    #[must_use]
    pub const fn built_in() -> Self {
        Self(0)
    }

    /// Keeps an opened one; none if there are too many already.
    pub(crate) fn keep(mut data: Data) -> Option<Self> {
        for (slot, number) in OPENED.iter().zip(1..) {
            match slot.set(data) {
                Ok(()) => return Some(Self(number)),
                Err(again) => data = again,
            }
        }
        None
    }

    #[inline]
    pub(crate) fn data(self) -> &'static Data {
        if self.0 == 0 { &BUILT_IN } else { opened(self.0) }
    }

    #[inline]
    pub(crate) fn blob(self) -> &'static Blob<'static> {
        &self.data().blob
    }

    /// The date of the newest document that it was made from, as `YYYYMMDD`.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::Catalog::built_in().version().len(), 8);
    /// ```
    #[must_use]
    pub fn version(self) -> &'static str {
        self.data().version
    }

    /// The row of the method that a request is: canonical host (lower case, no port), HTTP verb, and path as
    /// sent, from its first `/` up to the query.
    pub(crate) fn find(self, host: &str, verb: &str, path: &str) -> Option<u32> {
        walk::find(self.blob(), host, verb, path)
    }

    /// The row of the method that a gRPC path (`/google.pubsub.v1.Publisher/Publish`) names.
    pub(crate) fn grpc(self, path: &str) -> Option<u32> {
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        self.blob().rpc(service, method)
    }

    /// Reads the data. The compiler knows where the built-in data lies, which saves a tenth of a lookup.
    #[inline(always)]
    fn read<T>(self, read: impl Fn(&'static Blob<'static>) -> T) -> T {
        match self.0 {
            0 => read(&BUILT_IN.blob),
            number => read(&opened(number).blob),
        }
    }

    /// The record of this very host.
    #[inline]
    pub(crate) fn host(self, name: &str) -> Option<Host> {
        if name == walk::LEGACY { None } else { self.read(|blob| blob.host(name)) }
    }

    /// The method that a request to a host is, as [`find`](Self::find) takes it.
    #[inline]
    pub(crate) fn find_at(self, host: Host, verb: &str, path: &str) -> Option<u32> {
        match self.0 {
            0 => walk::find_at(&BUILT_IN.blob, host, verb, path),
            number => find_in_opened(number, host, verb, path),
        }
    }

    /// Whether a token with these scopes holds one of the set's. Set 0 is the empty one.
    #[inline]
    pub(crate) fn set_accepts(self, set: u16, granted: &ScopeSet) -> bool {
        match self.0 {
            0 => BUILT_IN.blob.set(set).any(|number| granted.contains_numbered(number)),
            _ => self.opened_set_accepts(set, granted),
        }
    }

    #[cold]
    fn opened_set_accepts(self, set: u16, granted: &ScopeSet) -> bool {
        self.set(set).any(|scope| granted.contains(&scope))
    }

    /// The set of scopes of which every method of the host accepts each; 0 if there is none.
    #[inline]
    pub(crate) fn shared(self, host: Host) -> u16 {
        self.read(|blob| blob.shared(host))
    }

    /// The scopes of a set.
    pub(crate) fn set(self, set: u16) -> impl Iterator<Item = Scope> {
        self.blob().set(set).filter_map(move |number| match number.checked_sub(Scope::known_count()) {
            None => Some(Scope::numbered(number)),
            Some(place) => self.data().unheard.get(place).cloned(),
        })
    }
}

#[cold]
fn find_in_opened(number: u8, host: Host, verb: &str, path: &str) -> Option<u32> {
    walk::find_at(&opened(number).blob, host, verb, path)
}

#[cold]
fn opened(number: u8) -> &'static Data {
    OPENED.get(usize::from(number) - 1).and_then(OnceLock::get).unwrap_or(&BUILT_IN)
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Catalog({})", self.version())
    }
}
