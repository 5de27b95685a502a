//! Encodings of text in requests and responses.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use quick_xml::escape::partial_escape;
use serde_json::Value;

/// The bytes to escape in a path segment: all except letters, digits and `-._~`, the unreserved
/// characters of <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The bytes to escape in a `grpc-message` header: `%`, and all bytes that are not printable ASCII.
/// Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// Decodes percent-encoded text. A `%` that does not begin a valid escape stays unchanged.
pub(crate) fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-encodes a path segment.
pub(crate) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Formats an XML element. `start` is the content of the start tag: the element's name and its
/// attributes. `inside` is XML.
pub(crate) fn element(start: &str, inside: &str) -> String {
    let name = start.split(' ').next().unwrap_or(start);
    if inside.is_empty() { format!("<{start}/>") } else { format!("<{start}>{inside}</{name}>") }
}

/// Formats one XML element for each pair of a name and a text, and escapes the texts.
pub(crate) fn text_elements(texts: &[(&str, &str)]) -> String {
    texts.iter().map(|(name, text)| element(name, &partial_escape(*text))).collect()
}

/// Percent-encodes the value of a `grpc-message` header.
pub(crate) fn encode_grpc_message(text: &str) -> String {
    utf8_percent_encode(text, MESSAGE).to_string()
}

/// Encodes bytes as base64url without padding, as in a JWT.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the claims of a JWT without checking its signature, or `None` if the JWT is malformed.
/// Padding is accepted, because gcp_auth pads the parts of its JWTs and Google accepts them.
pub(crate) fn jwt_claims(jwt: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Returns 128 random bits as hexadecimal digits. The bits are not cryptographically secure.
pub(crate) fn random_hex() -> String {
    // The standard library seeds each `RandomState` with a different key.
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::FormData;

    #[test]
    fn decoding_reverses_encoding_and_keeps_invalid_escapes() {
        for (text, plain) in
            [("a%2Fb", "a/b"), ("100%", "100%"), ("%zz", "%zz"), ("%4", "%4"), ("a+b", "a+b")]
        {
            assert_eq!(percent_decode(text), plain, "{text}");
        }
        assert_eq!(FormData::parse("x=a+b%20c").get("x"), Some("a b c"));
        assert_eq!(percent_decode(&encode_segment("a/b c\u{e9}")), "a/b c\u{e9}");
    }
}
