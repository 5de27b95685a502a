//! Reads a token from standard input, for `--token-stdin`.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use gcp_scopes::token_source::TokenSource;

/// The maximum number of bytes of a token. Google's access tokens have at most 2 KiB, so a longer
/// input is not a token: <https://developers.google.com/identity/protocols/oauth2#size>.
const MAX_BYTES: usize = 64 << 10;

/// Reads a token, with or without `Bearer` in front.
///
/// Returns an error if standard input is empty, too long, or has bytes that a token cannot have.
pub(crate) fn read() -> Result<GivenToken, String> {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "Paste the token, then press Ctrl-D.");
    }
    let mut bytes = Vec::new();
    let result = io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    result.map_err(|error| format!("cannot read standard input: {error}; {PIPE}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    // The bytes of RFC 6750, section 2.1. Other input, such as a key file that was piped in by
    // mistake, must not be sent to a server.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match token {
        "" => Err(format!("standard input is empty; {PIPE}")),
        _ if bytes.len() > MAX_BYTES => too_long(),
        token if !token.bytes().all(is_token) => {
            Err(format!("standard input contains no token: expected one word; {PIPE}"))
        }
        token => Ok(GivenToken(token.to_owned())),
    }
}

fn too_long() -> Result<GivenToken, String> {
    Err(format!("standard input contains no token: it is longer than 64 KiB; {PIPE}"))
}

/// The end of each error message: what the user can do.
const PIPE: &str = "put `gcloud auth print-access-token |` before this command";

/// A token source that returns the token from standard input, for every server.
pub(crate) struct GivenToken(String);

impl TokenSource for GivenToken {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(self.0.clone())
    }
}
