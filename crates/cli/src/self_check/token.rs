//! The token on standard input.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use gcp_scopes::token_source::TokenSource;

/// The largest token that is read, in bytes.
const LONGEST: usize = 64 << 10;

pub(crate) fn read() -> Result<GivenToken, String> {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "Paste the token, then press Ctrl-D.");
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot read standard input: {error}; {PIPE}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    // RFC 6750, section 2.1. Anything else, such as a key file piped by mistake, must not be sent.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match token {
        "" => Err(format!("standard input is empty; {PIPE}")),
        _ if bytes.len() > LONGEST => too_long(),
        token if !token.bytes().all(is_token) => {
            Err(format!("what standard input holds is no token, which is one word; {PIPE}"))
        }
        token => Ok(GivenToken(token.to_owned())),
    }
}

fn too_long() -> Result<GivenToken, String> {
    Err(format!("more than 64 KiB on standard input are no token; {PIPE}"))
}

const PIPE: &str = "put `gcloud auth print-access-token |` before this command";

/// The token on standard input, for every server.
pub(crate) struct GivenToken(String);

impl TokenSource for GivenToken {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(self.0.clone())
    }
}
