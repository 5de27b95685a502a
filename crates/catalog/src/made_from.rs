//! Data: what the data was made from. Made by `cargo xtask catalog`; do not edit.

/// The version of the data that is compiled in: the date of the newest document, as `YYYYMMDD`.
///
/// ```
/// use gcp_scopes_catalog::{Catalog, VERSION};
///
/// assert_eq!(Catalog::built_in().version(), VERSION);
/// ```
pub const VERSION: &str = "20261107";

/// How much the full catalog holds, for a bug report.
///
/// ```
/// assert!(gcp_scopes_catalog::CONTENTS.contains("gRPC methods"));
/// ```
pub const CONTENTS: &str = "26958 REST and 13386 gRPC methods, 558 scopes";

/// The packages of PyPI and npm whose Discovery documents and protos were read, with their versions.
///
/// ```
/// assert!(gcp_scopes_catalog::SOURCES.starts_with("google-api-python-client "));
/// ```
pub const SOURCES: &str = "google-api-python-client 2.202.0 and google-proto-files 6.0.1";
