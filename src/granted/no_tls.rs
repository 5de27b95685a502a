//! No TLS: the feature `tls` is off.

use tokio::net::TcpStream;

use super::stream::Stream;
use crate::error::{BoxError, Error};

const MISSING: &str = "no TLS provider (enable feature `tls` or `tls-ring`, or give the guard a `Fetch`)";

/// Makes no connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls(());

impl Tls {
    pub(super) fn missing(&self) -> Option<&'static str> {
        Some(MISSING)
    }

    pub(super) async fn connect(&self, _: &str, _: TcpStream) -> Result<Box<dyn Stream>, BoxError> {
        Err(Error::unreachable(MISSING).into())
    }
}
