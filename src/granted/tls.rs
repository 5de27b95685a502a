//! TLS by rustls, with the provider that the program installed or a feature compiled in.

use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::ServerName;

use super::stream::Stream;
use crate::error::{BoxError, Error};

const MISSING: &str = "no TLS provider (install one for rustls, or enable feature `tls-ring`)";

/// Trusts whom the machine trusts.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls {
    /// Made once, because that reads the machine's certificates; not kept while there is no provider, which
    /// may be installed later.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    /// Why there is none, if so.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let is_there = self.config.get().is_some() || provider().is_some();
        (!is_there).then_some(MISSING)
    }

    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> Result<Box<dyn Stream>, BoxError> {
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(self.config()?).connect(name, stream).await?;
        Ok(Box::new(stream))
    }

    fn config(&self) -> Result<Arc<ClientConfig>, BoxError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let provider = provider().ok_or_else(|| Error::unreachable(MISSING))?;
        // With the provider named, rustls looks for none, which is where it would panic.
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = Arc::new(config.with_platform_verifier()?.with_no_client_auth());
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

fn provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().or_else(compiled_in)
}

#[cfg(feature = "tls-ring")]
fn compiled_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "tls-ring"))]
fn compiled_in() -> Option<Arc<CryptoProvider>> {
    None
}
