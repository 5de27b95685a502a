//! The replacement for `tls.rs` without the feature `tls`.

use tokio::net::TcpStream;

use super::stream::ByteStream;
use crate::error::{BoxError, Error};

const NO_PROVIDER: &str = "no TLS provider (enable feature `tls` or `tls-ring`, or give \
                           the guard a client: `GuardBuilder::fetch`)";

/// A TLS client that refuses every connection.
#[derive(Debug, Clone, Default)]
pub(super) struct NoTls(());

impl NoTls {
    pub(super) fn unavailable_reason(&self) -> Option<&'static str> {
        Some(NO_PROVIDER)
    }

    pub(super) async fn connect(
        &self,
        _: &str,
        _: TcpStream,
    ) -> Result<Box<dyn ByteStream>, BoxError> {
        Err(Error::unreachable(NO_PROVIDER).into())
    }
}
