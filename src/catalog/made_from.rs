//! What the data was made from. Made by `cargo xtask catalog`; do not edit.

use super::version::Version;

pub(super) const MADE_FROM: Version = Version {
    package: "google-api-python-client",
    package_version: "2.202.0",
    newest_revision: "20261107",
    documents: 607,
    methods: 26958,
    routes: 27096,
    scopes: 537,
};
