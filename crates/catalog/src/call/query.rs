//! What a query shows of the call: signatures, tokens, the session of an upload.

/// Marks a request to the session URL of a resumable upload
/// (<https://cloud.google.com/storage/docs/resumable-uploads#session-uris>).
pub(crate) const UPLOAD_ID: &str = "upload_id";

/// The names and values, as sent.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value))))
}

pub(crate) fn has(query: &str, name: &str) -> bool {
    parts(query).any(|part| key(part) == name.as_bytes())
}

/// Whether the query holds a token, which Google's APIs take there too
/// (`access_token` in <https://cloud.google.com/apis/docs/system-parameters>, and `oauth_token` among the
/// `parameters` of Google's Discovery documents).
pub(crate) fn has_token(query: &str) -> bool {
    // Almost no part begins like one of these.
    parts(query).any(|part| match part.first() {
        Some(b'a') => key(part) == b"access_token",
        Some(b'o') => key(part) == b"oauth_token",
        _ => false,
    })
}

/// Whether the query may name another verb than the request has. Google documented `$httpMethod`
/// once (<https://web.archive.org/web/2016/https://cloud.google.com/apis/docs/system-parameters>),
/// and no longer does; whether servers still follow it is not known.
pub(crate) fn hides_verb(query: &str) -> bool {
    has(query, "$httpMethod") || has(query, "%24httpMethod")
}

/// Whether the query holds a signature, of the current kinds or of version 2
/// (<https://cloud.google.com/storage/docs/access-control/signed-urls>).
pub(crate) fn is_signed(query: &str) -> bool {
    let (mut signature, mut signer) = (false, false);
    for part in parts(query) {
        let is = |name: &str| key(part).eq_ignore_ascii_case(name.as_bytes());
        // Almost no part begins like one of these.
        match part.first() {
            Some(b'x' | b'X') if SIGNED.iter().any(|name| is(name)) => return true,
            Some(b's' | b'S') => signature |= is("Signature"),
            Some(b'g' | b'G' | b'a' | b'A') => signer |= is("GoogleAccessId") || is("AWSAccessKeyId"),
            _ => {}
        }
    }
    signature && signer
}

fn parts(query: &str) -> impl Iterator<Item = &[u8]> {
    query.as_bytes().split(|byte| *byte == b'&')
}

fn key(part: &[u8]) -> &[u8] {
    part.split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// The keys of which each is enough.
const SIGNED: [&str; 4] = ["X-Goog-Signature", "X-Goog-Algorithm", "X-Amz-Signature", "X-Amz-Algorithm"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_of_every_kind_are_seen() {
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
