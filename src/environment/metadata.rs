//! The values of the metadata server that are read, as far as more than one reader needs to know them.

use crate::scope::{Scope, ScopeSet};

/// Link-local, and the same in every network: no name to look up.
/// Source: <https://docs.cloud.google.com/compute/docs/metadata/querying-metadata>.
pub(crate) const DEFAULT_HOST: &str = "169.254.169.254";
/// The path of the attached account's address, relative to `computeMetadata/v1/`.
pub(crate) const EMAIL: &str = "instance/service-accounts/default/email";
/// The path of the attached account's scopes.
pub(crate) const SCOPES: &str = "instance/service-accounts/default/scopes";

/// The scopes in the text of [`SCOPES`], one on each line; `None` if any line is something else.
pub(crate) fn scope_lines(text: &str) -> Option<ScopeSet> {
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
        assert_eq!(scope_lines(good).map(|scopes| scopes.len()), Some(3));
        for text in
            ["", "\n", "Internal error", "https://a b/", "{\"scope\":1}", "https://x.example/\n\nopenid"]
        {
            assert_eq!(scope_lines(text), None, "{text:?}");
        }
    }
}
