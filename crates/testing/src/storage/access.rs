//! Data: the sets of scopes that the methods of Cloud Storage accept, as the variants of
//! [`StorageAccess`].

use crate::scope;

/// A set of scopes that a method accepts, as the API reference lists them for each method. Changing
/// a bucket or an object's metadata requires full control, while writing an object's data does not.
/// Source: <https://cloud.google.com/storage/docs/json_api/v1> and
/// <https://cloud.google.com/storage/docs/oauth-scopes>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StorageAccess {
    Read,
    Write,
    Full,
}

impl StorageAccess {
    /// Returns the URIs of the accepted scopes.
    pub(super) fn scopes(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Read => &[
                "cloud-platform",
                "cloud-platform.read-only",
                "devstorage.full_control",
                "devstorage.read_only",
                "devstorage.read_write",
            ],
            Self::Write => &["cloud-platform", "devstorage.full_control", "devstorage.read_write"],
            Self::Full => &["cloud-platform", "devstorage.full_control"],
        };
        scope::uris(names)
    }
}
