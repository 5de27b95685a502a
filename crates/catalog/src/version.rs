//! What the catalog was made from.

use std::fmt;

/// The sources of the catalog, and how much they hold.
///
/// ```
/// use gcp_scopes_catalog::VERSION;
///
/// assert_eq!((VERSION.package(), VERSION.protos()), ("google-api-python-client", "google-proto-files"));
/// assert!(VERSION.to_string().contains(VERSION.package_version())); // one line for a bug report
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub(super) package: &'static str,
    pub(super) package_version: &'static str,
    pub(super) newest_revision: &'static str,
    pub(super) protos: &'static str,
    pub(super) protos_version: &'static str,
    pub(super) documents: u32,
    pub(super) methods: u32,
    pub(super) rpcs: u32,
    pub(super) routes: u32,
    pub(super) scopes: u32,
}

impl Version {
    /// The package whose Discovery documents were read: `google-api-python-client` of PyPI.
    #[must_use]
    pub const fn package(&self) -> &'static str {
        self.package
    }

    /// The version of that package.
    #[must_use]
    pub const fn package_version(&self) -> &'static str {
        self.package_version
    }

    /// The date of the newest document, as `YYYYMMDD`.
    #[must_use]
    pub const fn newest_revision(&self) -> &'static str {
        self.newest_revision
    }

    /// The package whose protos were read: `google-proto-files` of npm.
    #[must_use]
    pub const fn protos(&self) -> &'static str {
        self.protos
    }

    /// The version of that package.
    #[must_use]
    pub const fn protos_version(&self) -> &'static str {
        self.protos_version
    }

    /// How many gRPC methods the full catalog has.
    #[must_use]
    pub const fn rpcs(&self) -> u32 {
        self.rpcs
    }

    /// How many documents were read.
    #[must_use]
    pub const fn documents(&self) -> u32 {
        self.documents
    }

    /// How many REST methods of those documents the full catalog has, each version of an API counted.
    #[must_use]
    pub const fn methods(&self) -> u32 {
        self.methods
    }

    /// How many different request forms (host, verb, path template) they have.
    #[must_use]
    pub const fn routes(&self) -> u32 {
        self.routes
    }

    /// How many scopes the catalog has heard of.
    #[must_use]
    pub const fn scopes(&self) -> u32 {
        self.scopes
    }
}

/// One line, for a log or a bug report.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (newest document {}), {} {}: {} documents, {} methods, {} rpcs, {} routes, {} scopes",
            self.package,
            self.package_version,
            self.newest_revision,
            self.protos,
            self.protos_version,
            self.documents,
            self.methods,
            self.rpcs,
            self.routes,
            self.scopes
        )
    }
}
