//! Decompresses refused responses for classification. The caller gets the compressed bytes
//! unchanged.
//!
//! Clients that decompress responses themselves (reqwest with its feature `gzip`) do so before the
//! guard sees the response, and usually remove the `Content-Encoding` header. This module is for
//! all other clients. The size of the output is limited, so that a small body cannot use much
//! memory. The codings brotli and zstd are not supported, because no Google API is known to use
//! them unless a client requests them.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// The maximum number of decompressed bytes: the classifier does not read more.
#[cfg(feature = "body")]
pub(crate) const INFLATED_BYTES: usize = 64 * 1024;

/// Returns the beginning of a body, decompressed if necessary. Returns `None` if the body has an
/// unsupported coding or is damaged. Such a body is not classified, because the headers alone are
/// not sufficient.
///
/// Use this function in an adapter that itself needs the text of a compressed refusal:
/// [`Flight::explain`](crate::flight::Flight::explain) decompresses the body by itself. gzip and
/// deflate need the feature `body`; at most 64 KiB are decompressed.
///
/// ```
/// use gcp_scopes::response::decompressed;
///
/// let headers = http::HeaderMap::new();
/// assert_eq!(decompressed(&headers, b"{}").as_deref(), Some(&b"{}"[..]));
/// ```
#[must_use]
pub fn decompressed<'b>(headers: &HeaderMap, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let values: Vec<&str> = values.map(|value| value.to_str()).collect::<Result<_, _>>().ok()?;
    let codings = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    let mut codings =
        codings.filter(|coding| !matches!(coding.to_ascii_lowercase().as_str(), "" | "identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Some(Cow::Borrowed(body)),
        // Some clients decompress a body but keep the header. Therefore a body that begins like
        // JSON or XML is returned unchanged. `deflate` is excluded, because a raw deflate stream
        // may begin with the same byte.
        (Some(coding), None) if coding != "deflate" && matches!(body, [b'{' | b'<', ..]) => {
            Some(body.into())
        }
        (Some(coding), None) => inflate(&coding.to_ascii_lowercase(), body).map(Cow::Owned),
        (Some(_), Some(_)) => None,
    }
}

/// Decompresses a body. Returns `None` if the coding is not supported or the body is damaged.
#[cfg(feature = "body")]
fn inflate(coding: &str, body: &[u8]) -> Option<Vec<u8>> {
    use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
    match coding {
        "gzip" | "x-gzip" => decode_prefix(GzDecoder::new(body)),
        "deflate" if has_zlib_header(body) => decode_prefix(ZlibDecoder::new(body)),
        // Some servers omit the zlib header that RFC 9110, section 8.4.1.2, requires.
        "deflate" => decode_prefix(DeflateDecoder::new(body)),
        _ => None,
    }
}

#[cfg(not(feature = "body"))]
fn inflate(_: &str, _: &[u8]) -> Option<Vec<u8>> {
    None
}

/// Returns the output of a decoder, up to the point where the input was cut off. Returns `None` if
/// the input is damaged. Also returns `None` if there is no output, because the headers alone are
/// not sufficient for classification.
#[cfg(feature = "body")]
fn decode_prefix(stream: impl std::io::Read) -> Option<Vec<u8>> {
    use std::io::{ErrorKind, Read as _};
    let mut plain = Vec::new();
    match stream.take(INFLATED_BYTES as u64).read_to_end(&mut plain) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => None,
        _ => Some(plain).filter(|plain| !plain.is_empty()),
    }
}

/// Returns whether a body begins with a zlib header. Source:
/// <https://www.rfc-editor.org/rfc/rfc1950#section-2.2>.
#[cfg(feature = "body")]
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 15 == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

#[cfg(test)]
#[cfg(feature = "body")]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const PLAIN: &[u8] =
        br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// Returns the readable text of a body with these `Content-Encoding` headers.
    fn read(coding: &[&str], body: &[u8]) -> Option<Vec<u8>> {
        let headers = coding.iter().map(|coding| (CONTENT_ENCODING, coding.parse().unwrap()));
        decompressed(&headers.collect(), body).map(Cow::into_owned)
    }

    #[test]
    fn common_codings_are_decompressed() {
        for (coding, body) in [
            ("", PLAIN.to_vec()),
            ("identity", PLAIN.to_vec()),
            ("gzip", gzip(PLAIN)),
            ("GZip", gzip(PLAIN)),
            ("x-gzip", gzip(PLAIN)),
            ("identity, gzip", gzip(PLAIN)),
            ("deflate", zlib(PLAIN)),
            ("deflate", deflate(PLAIN)),
            // The client decompressed the body and kept the header.
            ("gzip", PLAIN.to_vec()),
            ("br", PLAIN.to_vec()),
        ] {
            assert_eq!(read(&[coding], &body).as_deref(), Some(PLAIN), "{coding}");
        }
        assert_eq!(read(&[], PLAIN).as_deref(), Some(PLAIN));
    }

    #[test]
    fn unsupported_codings_and_damaged_bodies_are_not_read() {
        let (mut damaged, zipped) = (gzip(PLAIN), gzip(PLAIN));
        *damaged.last_mut().unwrap() ^= 1;
        let rows: [(&[&str], &[u8]); 9] = [
            (&["br"], &zipped),
            (&["zstd"], &zipped),
            (&["gzipp"], &zipped),
            (&["gzip, gzip"], &zipped),
            (&["gzip", "br"], &zipped),
            // The client may have decompressed the body only once.
            (&["gzip, gzip"], PLAIN),
            (&["gzip"], &damaged),
            // Neither raw deflate, nor zlib data after the zlib header.
            (&["deflate"], &[0xff; 40]),
            (&["deflate"], &[0x78, 0x9c, 0xff, 0xff, 0xff]),
        ];
        for (coding, body) in rows {
            assert_eq!(read(coding, body), None, "{coding:?} {}", body.escape_ascii());
        }
        let invalid = [(CONTENT_ENCODING, http::HeaderValue::from_bytes(b"gzip\xff").unwrap())];
        assert_eq!(decompressed(&HeaderMap::from_iter(invalid), &zipped), None);
    }

    #[test]
    fn a_truncated_stream_yields_a_prefix() {
        for (coding, body) in
            [("gzip", gzip(PLAIN)), ("deflate", zlib(PLAIN)), ("deflate", deflate(PLAIN))]
        {
            for end in 0..body.len() {
                let read = read(&[coding], &body[..end]);
                assert!(read.is_none_or(|read| PLAIN.starts_with(&read)), "{coding} {end}");
            }
        }
        let long = [PLAIN, &[b'x'; 30_000]].concat();
        assert!(read(&["gzip"], &gzip(&long)[..80]).unwrap().starts_with(&PLAIN[..10]));
    }

    #[test]
    fn the_decompressed_size_is_bounded() {
        // gzip compresses a long row of spaces about a thousandfold.
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 70_000);
        assert_eq!(read(&["gzip"], &bomb).unwrap().len(), INFLATED_BYTES);
        assert_eq!(read(&["gzip"], &bomb[..16 * 1024]).unwrap().len(), INFLATED_BYTES);
    }
}
