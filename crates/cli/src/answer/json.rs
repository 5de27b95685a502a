//! The JSON that the command and the page share.

use gcp_scopes_catalog::scope::ScopeSet;
use serde::Serialize;

/// Returns a value as JSON on one line.
pub fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and lists of strings always serialize")
}

/// A JSON object with the name and the version of its schema, which is in
/// `docs/schema/gcp-scopes.json` of the repository.
#[derive(Debug, Serialize)]
pub struct Versioned<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    value: T,
}

impl<'a, T: Serialize> Versioned<'a, T> {
    pub fn new(schema: &'a str, value: T) -> Self {
        Self { schema, value }
    }
}

/// Returns the URIs of scopes, sorted, for JSON.
pub fn sorted_uris(scopes: &ScopeSet) -> Vec<String> {
    let mut uris: Vec<String> = scopes.iter().map(|scope| scope.to_string()).collect();
    uris.sort();
    uris
}
