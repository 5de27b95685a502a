//! TLS with rustls, with the crypto provider that the program installed or that a feature compiles
//! in.

use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::ServerName;

use super::stream::ByteStream;
use crate::error::{BoxError, Error};

const NO_PROVIDER: &str = "no TLS provider (install one for rustls, or enable feature `tls-ring`)";

/// A TLS client that trusts the certificates that the operating system trusts.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls {
    /// The configuration, created once because creating a configuration reads the certificates of
    /// the operating system. Empty while there is no crypto provider; the program may install a
    /// provider later.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    /// Returns why TLS is not available, or `None` if TLS is available.
    pub(super) fn unavailable_reason(&self) -> Option<&'static str> {
        let is_available = self.config.get().is_some() || provider().is_some();
        (!is_available).then_some(NO_PROVIDER)
    }

    /// Performs the TLS handshake with the server `host` on an open connection.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<Box<dyn ByteStream>, BoxError> {
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(self.config()?).connect(name, stream).await?;
        Ok(Box::new(stream))
    }

    /// Returns the TLS configuration, which is created at the first use.
    fn config(&self) -> Result<Arc<ClientConfig>, BoxError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let provider = provider().ok_or_else(|| Error::unreachable(NO_PROVIDER))?;
        // Passing the provider avoids rustls's search for a default provider, which would panic if
        // there is none.
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = Arc::new(config.with_platform_verifier()?.with_no_client_auth());
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

/// Returns the crypto provider that the program installed, or else the compiled-in provider.
fn provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().or_else(compiled_in_provider)
}

#[cfg(feature = "tls-ring")]
fn compiled_in_provider() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "tls-ring"))]
fn compiled_in_provider() -> Option<Arc<CryptoProvider>> {
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{RootCertStore, ServerConfig};

    use super::super::own_client::OwnClient;
    use super::super::own_client::tests::{get, listener};
    use super::*;

    /// Creates a TLS client that trusts only this certificate.
    fn trusting(certificate: CertificateDer<'static>) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let config = ClientConfig::builder_with_provider(provider().unwrap());
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Tls { config: Arc::new(OnceLock::from(Arc::new(config))) }
    }

    /// Starts a server for one request. Returns its URL, the request that it received, and its
    /// self-signed certificate.
    async fn server() -> (String, JoinHandle<String>, CertificateDer<'static>) {
        // This fails if another test has installed the provider, which can be used as well.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let generated = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = generated.cert.der().clone();
        let key = PrivateKeyDer::try_from(generated.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider().unwrap());
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
        let (listener, uri) = listener().await;
        let request = tokio::spawn(answer_once(listener, TlsAcceptor::from(Arc::new(config))));
        (uri.replace("http:", "https:"), request, certificate)
    }

    /// Accepts one connection and responds to one request. Returns the request, or an empty text if
    /// the TLS handshake failed.
    async fn answer_once(listener: TcpListener, acceptor: TlsAcceptor) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return String::new() };
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap_or_default();
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        // This fails if the client does not trust the certificate and has closed the connection.
        let _ = stream.write_all(response).await;
        String::from_utf8_lossy(&request[..length]).into_owned()
    }

    async fn send_get(tls: Tls, uri: String) -> Result<Response<Bytes>, BoxError> {
        OwnClient { tls, ..OwnClient::default() }.send(get(uri)).await
    }

    #[tokio::test]
    async fn a_server_with_a_trusted_certificate_gets_the_request() {
        let (uri, request, certificate) = server().await;
        assert_eq!(send_get(trusting(certificate), uri).await.unwrap().body(), "ok");
        assert!(request.await.unwrap().starts_with("GET /x?y=z HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn an_untrusted_server_gets_no_request() {
        let (uri, request, _) = server().await;
        assert!(send_get(Tls::default(), uri).await.is_err());
        assert_eq!(request.await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_server_without_tls_does_not_see_the_request() {
        // `Err` means that another test has installed a provider, which is used then.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let (listener, uri) = listener().await;
        let request = tokio::spawn(async move {
            let mut request = [0; 4096];
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            request[..length].to_vec()
        });
        assert!(send_get(Tls::default(), uri.replace("http:", "https:")).await.is_err());
        let request = request.await.unwrap();
        // The server received the beginning of a TLS handshake. `y=z` is the query of the URL.
        let request = request.escape_ascii().to_string();
        assert!(!request.contains("y=z") && !request.contains("GET"), "{request}");
    }
}
