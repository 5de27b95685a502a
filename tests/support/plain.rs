//! An HTTP client without a guard.

use std::sync::Once;

/// Installs a crypto provider (see [`provider`]) and creates a client.
pub(crate) fn client() -> reqwest::Client {
    provider();
    reqwest::Client::new()
}

/// Installs a crypto provider for the process, once. `cargo test --workspace` builds reqwest
/// without a crypto provider, because google-cloud-auth enables reqwest's `rustls-no-provider`.
/// reqwest then uses the provider of the process, which must be installed before a client is built.
/// A guard whose features do not include `tls-ring` needs the provider for TLS, too.
pub(crate) fn provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that a provider is installed already, and any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
