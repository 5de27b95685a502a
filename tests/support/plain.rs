//! An HTTP client without a guard.

use std::sync::Once;

/// Installs a crypto provider (see [`provider`]) and creates a client.
pub(crate) fn client() -> reqwest::Client {
    provider();
    reqwest::Client::new()
}

/// Installs a crypto provider for the process, once. With the feature `google-cloud`, reqwest is
/// built without a crypto provider and uses that of the process, which must be installed before a
/// client is built. A guard builds a client, too.
pub(crate) fn provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that a provider is installed already, and any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
