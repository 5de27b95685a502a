//! The catalog that is compiled in: one blob, chosen by cargo feature, the largest one wins.

use crate::blob::{Blob, Host};
use crate::scope::ScopeSet;
use crate::walk;

/// The data of the largest enabled feature.
#[cfg(feature = "full")]
pub(crate) static BLOB: Blob<'static> = Blob::open(include_bytes!("data/full.bin"));
/// The hosts on which some method accepts `cloud-platform`.
#[cfg(all(feature = "cloud", not(feature = "full")))]
pub(crate) static BLOB: Blob<'static> = Blob::open(include_bytes!("data/cloud.bin"));
/// Cloud Storage alone.
#[cfg(all(feature = "storage", not(any(feature = "full", feature = "cloud"))))]
pub(crate) static BLOB: Blob<'static> = Blob::open(include_bytes!("data/storage.bin"));
/// Without a catalog feature no call is known.
#[cfg(not(any(feature = "full", feature = "cloud", feature = "storage")))]
pub(crate) static BLOB: Blob<'static> = Blob::open(&[]);

/// The row of the method that a request is: canonical host (lower case, no port), HTTP verb, and path as
/// sent, from its first `/` up to the query.
pub(crate) fn find(host: &str, verb: &str, path: &str) -> Option<u32> {
    walk::find(&BLOB, host, verb, path)
}

/// The row of the method that a gRPC path (`/google.pubsub.v1.Publisher/Publish`) names.
pub(crate) fn grpc(path: &str) -> Option<u32> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    BLOB.rpc(service, method)
}

/// Whether the catalog knows this very host.
pub(crate) fn is_host(host: &str) -> bool {
    self::host(host).is_some()
}

/// The catalog's record of this very host.
#[inline]
pub(crate) fn host(name: &str) -> Option<Host> {
    BLOB.host(name).filter(|_| name != walk::LEGACY)
}

/// The method that a request to a host is, as [`find`] takes it.
#[inline]
pub(crate) fn find_at(host: Host, verb: &str, path: &str) -> Option<u32> {
    walk::find_at(&BLOB, host, verb, path)
}

/// How many scope sets there are. Set 0 is the empty one.
pub(crate) fn set_count() -> usize {
    BLOB.set_count()
}

/// Whether a token with these scopes holds one of the set's.
pub(crate) fn set_accepts(index: u16, granted: &ScopeSet) -> bool {
    BLOB.set(index).any(|number| granted.contains_numbered(number))
}
