//! The generated Rust files.

use super::fetch::{CLIENT, CLIENT_VERSION, PROTOS, PROTOS_VERSION};
use super::model::Catalog;

/// `src/catalog/scopes.rs`
pub(crate) fn scopes(scopes: &[String]) -> String {
    let mut text = format!(
        "//! Every scope the catalog has heard of, sorted. Made by `cargo xtask catalog`; do not edit.\n\n\
         /// Full URIs in byte order: a scope's number is its place here.\n\
         pub(crate) static SCOPES: [&str; {}] = [\n",
        scopes.len()
    );
    for scope in scopes {
        text.push_str(&format!("    {scope:?},\n"));
    }
    text.push_str("];\n");
    text
}

/// `src/catalog/made_from.rs`
pub(crate) fn made_from(catalog: &Catalog, scopes: &[String]) -> String {
    let (methods, rpcs) = catalog.counts();
    format!(
        "//! What the data was made from. Made by `cargo xtask catalog`; do not edit.\n\n\
         use super::version::Version;\n\n\
         pub(super) const MADE_FROM: Version = Version {{\n    \
             package: {CLIENT:?},\n    \
             package_version: {CLIENT_VERSION:?},\n    \
             newest_revision: {:?},\n    \
             protos: {PROTOS:?},\n    \
             protos_version: {PROTOS_VERSION:?},\n    \
             documents: {},\n    \
             methods: {methods},\n    \
             rpcs: {rpcs},\n    \
             routes: {},\n    \
             scopes: {},\n\
         }};\n",
        catalog.newest_revision,
        catalog.documents,
        catalog.routes(),
        scopes.len()
    )
}
