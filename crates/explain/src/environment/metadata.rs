//! The address of the metadata server, two of its paths below `/computeMetadata/v1/`, and a parser
//! for its list of scopes.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// The IP address of the metadata server, which is the same in every network.
/// Source: <https://docs.cloud.google.com/compute/docs/metadata/querying-metadata>.
pub const DEFAULT_HOST: &str = "169.254.169.254";
/// The path at which the metadata server has the e-mail of the attached service account.
pub const EMAIL: &str = "instance/service-accounts/default/email";
/// The path at which the metadata server has the scopes of the attached service account.
pub const SCOPES: &str = "instance/service-accounts/default/scopes";

/// Reads the response at [`SCOPES`], which has a scope on each line. Returns `None` if a line is
/// not a scope or if there is no line.
///
/// ```
/// use gcp_scopes_explain::environment::metadata::scope_list;
///
/// let text =
///     "https://www.googleapis.com/auth/pubsub\nhttps://www.googleapis.com/auth/logging.write\n";
/// assert_eq!(scope_list(text).map(|scopes| scopes.len()), Some(2));
/// assert_eq!(scope_list("<!DOCTYPE html>"), None);
/// ```
pub fn scope_list(text: &str) -> Option<ScopeSet> {
    let scopes: Option<ScopeSet> = text.lines().map(str::trim).map(scope_line).collect();
    scopes.filter(|scopes| !scopes.is_empty())
}

/// Reads a line of the list. Accepts known scopes, and other `https://` URIs, because new scopes
/// may be missing from the catalog.
fn scope_line(line: &str) -> Option<Scope> {
    let scope = Scope::from_uri(line);
    let is_https_uri =
        line.starts_with("https://") && line.bytes().all(|byte| byte.is_ascii_graphic());
    (scope.is_known() || is_https_uri).then_some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_of_scopes_are_accepted() {
        let good =
            "https://www.googleapis.com/auth/pubsub\nhttps://example.com/new-scope\nopenid\n";
        assert_eq!(scope_list(good).map(|scopes| scopes.len()), Some(3));
        for text in [
            "",
            "\n",
            "Internal error",
            "https://a b/",
            "{\"scope\":1}",
            "https://x.example/\n\nopenid",
        ] {
            assert_eq!(scope_list(text), None, "{text:?}");
        }
    }
}
