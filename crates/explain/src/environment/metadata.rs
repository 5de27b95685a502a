//! Paths of the metadata server, below `/computeMetadata/v1/`, and the list of scopes at one of
//! them.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// The address of the metadata server. It is the same in every network and needs no DNS.
/// Source: <https://docs.cloud.google.com/compute/docs/metadata/querying-metadata>.
pub const DEFAULT_HOST: &str = "169.254.169.254";
/// The path of the attached service account's e-mail.
pub const EMAIL: &str = "instance/service-accounts/default/email";
/// The path of the attached service account's scopes.
pub const SCOPES: &str = "instance/service-accounts/default/scopes";

/// The scopes in the answer at [`SCOPES`], one on each line; `None` if a line is anything else.
///
/// ```
/// use gcp_scopes_explain::environment::metadata::scope_list;
///
/// let text = "https://www.googleapis.com/auth/pubsub\nhttps://www.googleapis.com/auth/logging.write\n";
/// assert_eq!(scope_list(text).map(|scopes| scopes.len()), Some(2));
/// assert_eq!(scope_list("<!DOCTYPE html>"), None);
/// ```
pub fn scope_list(text: &str) -> Option<ScopeSet> {
    let scopes: Option<ScopeSet> = text.lines().map(str::trim).map(scope_line).collect();
    scopes.filter(|scopes| !scopes.is_empty())
}

fn scope_line(line: &str) -> Option<Scope> {
    let scope = Scope::from_uri(line);
    let has_form = line.starts_with("https://") && line.bytes().all(|byte| byte.is_ascii_graphic());
    (scope.is_known() || has_form).then_some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_list_of_scopes_is_one() {
        let good = "https://www.googleapis.com/auth/pubsub\nhttps://example.com/new-scope\nopenid\n";
        assert_eq!(scope_list(good).map(|scopes| scopes.len()), Some(3));
        for text in
            ["", "\n", "Internal error", "https://a b/", "{\"scope\":1}", "https://x.example/\n\nopenid"]
        {
            assert_eq!(scope_list(text), None, "{text:?}");
        }
    }
}
