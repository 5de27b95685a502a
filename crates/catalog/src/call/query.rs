//! Reading the query of a call: signatures, tokens, and the session of an upload.

/// The key in the session URL of a resumable upload
/// (<https://cloud.google.com/storage/docs/resumable-uploads#session-uris>).
pub(crate) const UPLOAD_ID: &str = "upload_id";

/// Returns the keys and values of a query, percent-encoded as in the query.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value))))
}

/// Checks whether a query contains this key.
pub(crate) fn has_key(query: &str, name: &str) -> bool {
    raw_pairs(query).any(|pair| key(pair) == name.as_bytes())
}

/// Checks whether a query contains a token. Google's APIs accept a token in the query as
/// `access_token` (<https://cloud.google.com/apis/docs/system-parameters>), and as `oauth_token`
/// (in the `parameters` of Google's Discovery documents).
pub(crate) fn has_token(query: &str) -> bool {
    // The first byte is compared first because few keys begin with `a` or `o`.
    raw_pairs(query).any(|pair| match pair.first() {
        Some(b'a') => key(pair) == b"access_token",
        Some(b'o') => key(pair) == b"oauth_token",
        _ => false,
    })
}

/// Checks whether a query contains `$httpMethod`, which may replace the verb of the request. Google
/// documented the parameter in 2016
/// (<https://web.archive.org/web/2016/https://cloud.google.com/apis/docs/system-parameters>) and no
/// longer does. It is not known whether servers still support it.
pub(crate) fn may_replace_verb(query: &str) -> bool {
    has_key(query, "$httpMethod") || has_key(query, "%24httpMethod")
}

/// Checks whether a query contains a signature of version 4, or a signature and a signer of version
/// 2 (<https://cloud.google.com/storage/docs/access-control/signed-urls>).
pub(crate) fn is_signed(query: &str) -> bool {
    let (mut has_signature, mut has_signer) = (false, false);
    for pair in raw_pairs(query) {
        let is = |name: &str| key(pair).eq_ignore_ascii_case(name.as_bytes());
        // The first byte is compared first because few keys begin with these letters.
        match pair.first() {
            Some(b'x' | b'X') if V4_KEYS.iter().any(|name| is(name)) => return true,
            Some(b's' | b'S') => has_signature |= is("Signature"),
            Some(b'g' | b'G' | b'a' | b'A') => {
                has_signer |= is("GoogleAccessId") || is("AWSAccessKeyId")
            }
            _ => {}
        }
    }
    has_signature && has_signer
}

/// Checks whether a query certainly contains no token, no signature, no upload session and no other
/// verb. The keys for these contain one of the special bytes, except `Signature` of version 2. So
/// does every percent-encoded key.
#[inline]
pub(crate) fn is_plain(query: &str) -> bool {
    let is_special = |byte: &u8| matches!(byte, b'_' | b'-' | b'$' | b'%');
    query.is_empty()
        || !raw_pairs(query)
            .map(key)
            .any(|key| key.iter().any(is_special) || key.eq_ignore_ascii_case(b"Signature"))
}

/// Returns the `key=value` pairs of a query.
fn raw_pairs(query: &str) -> impl Iterator<Item = &[u8]> {
    query.as_bytes().split(|byte| *byte == b'&')
}

/// Returns the key of a `key=value` pair.
fn key(pair: &[u8]) -> &[u8] {
    pair.split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// The keys that signatures of version 4 contain. Each of them is enough to recognize a signature.
const V4_KEYS: [&str; 4] =
    ["X-Goog-Signature", "X-Goog-Algorithm", "X-Amz-Signature", "X-Amz-Algorithm"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_of_both_versions_are_recognized() {
        for (query, signed) in [
            ("X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=c&X-Goog-Signature=s", true),
            ("x-goog-signature=s", true),
            ("prefix=a&X-Amz-Signature=s", true),
            ("GoogleAccessId=a&Expires=1&Signature=s", true),
            ("AWSAccessKeyId=a&Expires=1&Signature=s", true),
            ("Signature=s", false),
            ("GoogleAccessId=a", false),
            ("name=X-Goog-Signature", false),
            ("", false),
            ("&&=&", false),
        ] {
            assert_eq!(is_signed(query), signed, "{query}");
        }
    }
}
