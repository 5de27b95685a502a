//! What a machine's metadata server has, by its paths below `/computeMetadata/v1/`.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// Where the server is: link-local, and the same in every network, so that no name is looked up.
/// Source: <https://docs.cloud.google.com/compute/docs/metadata/querying-metadata>.
pub const DEFAULT_HOST: &str = "169.254.169.254";
/// The e-mail of the attached service account.
pub const EMAIL: &str = "instance/service-accounts/default/email";
/// The access scopes of the attached service account.
pub const SCOPES: &str = "instance/service-accounts/default/scopes";

/// The scopes in the text of [`SCOPES`], one on each line; `None` if any line is something else.
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
    let plausible = line.starts_with("https://") && line.bytes().all(|byte| byte.is_ascii_graphic());
    (scope.is_known() || plausible).then_some(scope)
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
