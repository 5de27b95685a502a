//! Text in the encodings that requests and answers use.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quick_xml::escape::partial_escape;
use serde_json::Value;

/// What a segment of a path holds as it is: letters, digits and `-._~`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `grpc-message` escapes what is not printable ASCII, and `%`.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// Undoes percent-encoding. What is not an escape stays.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-encodes a segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// An element of XML: how it begins, and what is inside.
pub(crate) fn element(start: &str, inside: &str) -> String {
    let name = start.split(' ').next().unwrap_or(start);
    if inside.is_empty() { format!("<{start}/>") } else { format!("<{start}>{inside}</{name}>") }
}

/// Elements of XML with text, by name.
pub(crate) fn elements(texts: &[(&str, &str)]) -> String {
    texts.iter().map(|(name, text)| element(name, &partial_escape(*text))).collect()
}

/// Percent-encodes the value of `grpc-message`.
pub(crate) fn grpc_message(text: &str) -> String {
    utf8_percent_encode(text, MESSAGE).to_string()
}

/// Base64url without padding, as in a JWT.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a JWT, whose signature is not checked. gcp_auth pads its parts, and Google takes
/// that.
pub(crate) fn jwt_claims(jwt: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// 128 random bits as hexadecimal digits. Test data, not cryptography.
pub(crate) fn random_hex() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::Form;

    #[test]
    fn decoding_undoes_encoding_and_leaves_stray_percent_signs() {
        for (text, plain) in
            [("a%2Fb", "a/b"), ("100%", "100%"), ("%zz", "%zz"), ("%4", "%4"), ("a+b", "a+b")]
        {
            assert_eq!(decode(text), plain, "{text}");
        }
        assert_eq!(Form::parse("x=a+b%20c").get("x"), Some("a b c"));
        assert_eq!(decode(&segment("a/b c\u{e9}")), "a/b c\u{e9}");
    }
}
