//! The encodings in which a token could leak.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Returns texts that leak `token`: the header value, 12 bytes of the token, and the whole token in
/// base64, hexadecimal and percent-encoding.
pub(crate) fn of(token: &str) -> [String; 6] {
    [
        format!("Bearer {token}"),
        token[10..22].to_owned(),
        STANDARD.encode(format!("Bearer {token}")),
        URL_SAFE.encode(token),
        token.bytes().map(|byte| format!("{byte:02x}")).collect(),
        token.bytes().map(|byte| format!("%{byte:02X}")).collect(),
    ]
}
