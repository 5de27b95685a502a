//! Short and full names of OAuth scopes.

/// Returns the full URI of a scope. `text` is the URI itself, or the part after
/// `https://www.googleapis.com/auth/`. The OpenID scopes have no URI and stay unchanged.
pub(crate) fn uri(text: &str) -> String {
    match text {
        "openid" | "email" | "profile" => text.to_owned(),
        uri if uri.contains("://") => uri.to_owned(),
        short => format!("https://www.googleapis.com/auth/{short}"),
    }
}

/// Returns the full URIs of several scopes. See [`uri`].
pub(crate) fn uris<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Vec<String> {
    scopes.into_iter().map(|scope| uri(scope.as_ref())).collect()
}
