//! Renders the generated Rust files, and the text in front of a blob in a file.

use super::fetch::{CLIENT, CLIENT_VERSION, PROTOS, PROTOS_VERSION};
use super::model::Catalog;

/// Returns the text of `crates/catalog/src/scope/known.rs`.
pub(crate) fn scopes(scopes: &[String]) -> String {
    let mut text = format!(
        "//! Data: every scope the catalog has heard of, sorted. Made by `cargo xtask catalog`; do not edit.\n\n\
         /// Full URIs in byte order: a scope's number is its place here.\n\
         pub(super) static SCOPES: [&str; {}] = [\n",
        scopes.len()
    );
    for scope in scopes {
        text.push_str(&format!("    {scope:?},\n"));
    }
    text.push_str("];\n");
    text
}

/// Returns the text in front of the blob in a file for `Catalog::open`.
pub(crate) fn head(catalog: &Catalog, scopes: &[String]) -> String {
    let (methods, rpcs) = catalog.counts();
    let (newest, documents, routes) = (&catalog.newest_revision, catalog.documents, catalog.route_count());
    let overrides = gcp_scopes_catalog::raw::fingerprint();
    let mut text = format!(
        "gcp-scopes-catalog 1\npackage {CLIENT} {CLIENT_VERSION}\nprotos {PROTOS} {PROTOS_VERSION}\n\
         newest {newest}\ncounts {documents} {methods} {rpcs} {routes}\noverrides {overrides}\n"
    );
    scopes.iter().for_each(|scope| text.push_str(&format!("scope {scope}\n")));
    text.push('\n');
    text
}

/// Returns the text of `crates/catalog/src/made_from.rs`.
pub(crate) fn made_from(catalog: &Catalog, scopes: &[String]) -> String {
    let (methods, rpcs) = catalog.counts();
    let contents = format!("{methods} REST and {rpcs} gRPC methods, {} scopes", scopes.len());
    let sources = format!("{CLIENT} {CLIENT_VERSION} and {PROTOS} {PROTOS_VERSION}");
    let text = include_str!("made_from.txt").replace("{version}", &catalog.newest_revision);
    text.replace("{contents}", &contents).replace("{sources}", &sources)
}
