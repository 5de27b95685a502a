//! Data: the scopes that Cloud Storage accepts.

use crate::scope;

/// The sets of scopes in the API reference. Not one ladder: changing a bucket takes full control,
/// while changing an object's data does not.
/// Source: <https://cloud.google.com/storage/docs/json_api/v1> and
/// <https://cloud.google.com/storage/docs/oauth-scopes>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    Full,
}

impl Access {
    pub(super) fn scopes(self) -> Vec<String> {
        let short: &[&str] = match self {
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
        scope::uris(short)
    }
}
