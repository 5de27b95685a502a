//! Names of scopes.

/// The URI of a scope as people write it: the URI itself, or what follows
/// `https://www.googleapis.com/auth/`.
pub(crate) fn uri(text: &str) -> String {
    match text {
        "openid" | "email" | "profile" => text.to_owned(),
        uri if uri.contains("://") => uri.to_owned(),
        short => format!("https://www.googleapis.com/auth/{short}"),
    }
}

/// The URIs of several scopes.
pub(crate) fn uris<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Vec<String> {
    scopes.into_iter().map(|scope| uri(scope.as_ref())).collect()
}
