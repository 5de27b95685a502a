//! Data: what the data was made from. Made by `cargo xtask catalog`; do not edit.

use crate::version::Version;

/// What the compiled-in knowledge was made from.
pub const VERSION: Version = Version {
    package: "google-api-python-client",
    package_version: "2.202.0",
    newest_revision: "20261107",
    protos: "google-proto-files",
    protos_version: "6.0.1",
    documents: 607,
    methods: 26958,
    rpcs: 13386,
    routes: 31077,
    scopes: 558,
};
