//! A trait for TCP and TLS connections.

use tokio::io::{AsyncRead, AsyncWrite};

pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}
