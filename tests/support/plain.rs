//! An unguarded HTTP client.

use std::sync::Once;

pub(crate) fn client() -> reqwest::Client {
    provider();
    reqwest::Client::new()
}

/// With the feature `google-cloud`, reqwest is built without a crypto provider of its own and takes the
/// process's, which a program has to choose before anything builds a client: a guard, too, has one.
pub(crate) fn provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Somebody else's choice is as good as this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
