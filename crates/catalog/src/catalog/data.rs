//! The data that is compiled in.

/// The data of the largest enabled feature.
#[cfg(feature = "full")]
pub(super) const BYTES: &[u8] = include_bytes!("../data/full.bin");
/// The data of the hosts on which at least one method accepts `cloud-platform`.
#[cfg(all(feature = "cloud", not(feature = "full")))]
pub(super) const BYTES: &[u8] = include_bytes!("../data/cloud.bin");
/// The data of Cloud Storage.
#[cfg(all(feature = "storage", not(any(feature = "full", feature = "cloud"))))]
pub(super) const BYTES: &[u8] = include_bytes!("../data/storage.bin");
/// No data: without a catalog feature the catalog has no methods.
#[cfg(not(any(feature = "full", feature = "cloud", feature = "storage")))]
pub(super) const BYTES: &[u8] = &[];

/// What the data lacks, as the end of an error about an unknown name.
#[cfg(feature = "full")]
pub(super) const LACK: Option<&str> = None;
#[cfg(all(feature = "cloud", not(feature = "full")))]
pub(super) const LACK: Option<&str> =
    Some(": the feature `catalog-cloud` lacks some APIs; enable the feature `catalog-full`");
#[cfg(all(feature = "storage", not(any(feature = "full", feature = "cloud"))))]
pub(super) const LACK: Option<&str> =
    Some(": the feature `catalog-storage` has one API; enable the feature `catalog-full`");
#[cfg(not(any(feature = "full", feature = "cloud", feature = "storage")))]
pub(super) const LACK: Option<&str> =
    Some(": no catalog is compiled in; enable the feature `catalog-full`");
