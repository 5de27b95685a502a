//! Splitting a request path into segments, and the hash by which the search finds the child of a
//! trie node for a segment.
//!
//! The catalog has no method for a path that breaks one of these rules:
//! 1. A path begins with `/` and has no query. A doubled or trailing slash gives an empty segment,
//!    which matches no part of a template. The unescaped dot segments `.` and `..` match no part of
//!    a template either.
//! 2. `%2F` is not a slash. A literal is compared after percent-decoding, because some clients
//!    encode characters that need no encoding (`users/%40me`).
//! 3. A path has at most [`MAX_SEGMENTS`] segments and at most 65,535 bytes.

/// The largest number of segments in a path. The longest template has 19 segments, and a path of a
/// Firestore document rarely has more than 64.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// An upper bound for the length of a template's literals, in bytes. Every literal is shorter; the
/// generator checks this.
pub const MAX_LITERAL: usize = 64;

/// The lowest bit of each byte.
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Splits a path into its segments, which stay percent-encoded. `None` if the path breaks rule 1 or
/// 3 of this module. The caller supplies the buffer, so that nothing is allocated.
pub(crate) fn split_path<'r, 'p>(
    path: &'p str,
    buffer: &'r mut [&'p [u8]; MAX_SEGMENTS],
) -> Option<&'r mut [&'p [u8]]> {
    let path =
        path.as_bytes().strip_prefix(b"/").filter(|rest| rest.len() < usize::from(u16::MAX))?;
    let mut count = 0;
    for segment in path.split(|byte| *byte == b'/') {
        *buffer.get_mut(count)? = segment;
        count += 1;
    }
    buffer.get_mut(..count)
}

/// Splits the last segment of a path at its last colon (`topic:publish`). Returns the name, the
/// custom verb, and whether the colon was encoded as `%3A`: an encoded colon may be a part of the
/// name. Returns `None` if the segment contains no colon.
pub(crate) fn split_verb(last: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let plain = last.iter().rposition(|byte| *byte == b':');
    let is_colon = |three: &[u8]| matches!(three, [b'%', b'3', b'a' | b'A']);
    let escaped =
        last.windows(3).rposition(is_colon).filter(|at| plain.is_none_or(|plain| plain < *at));
    let (at, width) = escaped.map(|at| (at, 3)).or_else(|| plain.map(|at| (at, 1)))?;
    Some((last.get(..at)?, last.get(at + width..)?, width == 3))
}

/// The segments of a path, returned one by one and not percent-decoded. Only the requested segments
/// are searched for.
pub(crate) struct Segments<'p> {
    path: &'p [u8],
    rest: Option<&'p [u8]>,
}

impl<'p> Segments<'p> {
    /// Reads the segments that begin at byte `from` of the path. `None` if the path
    /// does not begin with `/` or has more than 65,535 bytes.
    #[inline]
    pub(crate) fn new(path: &'p str, from: usize) -> Option<Self> {
        let path = path.as_bytes();
        let is_valid = path.len() <= usize::from(u16::MAX) && path.first() == Some(&b'/');
        is_valid.then_some(Self { path, rest: path.get(from..) })
    }

    /// Returns the next segment; an empty segment after the last one.
    #[inline]
    pub(crate) fn next_segment(&mut self) -> &'p [u8] {
        let rest = self.rest.unwrap_or_default();
        let mut ahead = rest;
        let slashes = loop {
            let Some((eight, after)) = ahead.split_first_chunk::<8>() else {
                break if ahead.is_empty() {
                    0
                } else {
                    find(tail(self.path, ahead.len()), b'/') & HIGH
                };
            };
            // The lowest bit is in the first slash; the other bits have no meaning.
            let slashes = find(u64::from_le_bytes(*eight), b'/') & HIGH;
            if slashes != 0 {
                break slashes;
            }
            ahead = after;
        };
        if slashes == 0 {
            self.rest = None;
            return rest;
        }
        let end = rest.len() - ahead.len() + slashes.trailing_zeros() as usize / 8;
        self.rest = rest.get(end + 1..);
        rest.get(..end).unwrap_or_default()
    }

    /// Checks whether the last segment has been returned.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_none()
    }
}

/// Checks whether a segment contains a colon, and whether it contains `%`.
#[inline]
pub(crate) fn has_colon_and_percent(segment: &[u8]) -> (bool, bool) {
    let (mut colons, mut percents) = (0, 0);
    for_each_word(segment, |eight| {
        colons |= find(eight, b':');
        percents |= find(eight, b'%');
    });
    (colons & HIGH != 0, percents & HIGH != 0)
}

/// Calls `visit` with each eight bytes as a little-endian word. The last word is padded with zeros.
#[inline]
pub(super) fn for_each_word(bytes: &[u8], mut visit: impl FnMut(u64)) {
    let mut rest = bytes;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        visit(u64::from_le_bytes(*eight));
        rest = after;
    }
    if !rest.is_empty() {
        visit(tail(bytes, rest.len()));
    }
}

/// Returns the last `rest` bytes, fewer than eight, as a word that is padded with zeros.
#[inline]
fn tail(bytes: &[u8], rest: usize) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> 8 >> (8 * (7 - rest)),
        None => bytes.iter().rev().take(rest).fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Checks whether two byte strings are equal. For at most 32 bytes, which is the usual length of a
/// name or a segment, two overlapping loads replace the call of `memcmp`.
#[inline]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        len if len != b.len() => false,
        0..=3 => a.first() == b.first() && a.get(1) == b.get(1) && a.get(2) == b.get(2),
        4..=8 => {
            a.first_chunk::<4>() == b.first_chunk::<4>()
                && a.last_chunk::<4>() == b.last_chunk::<4>()
        }
        9..=16 => {
            a.first_chunk::<8>() == b.first_chunk::<8>()
                && a.last_chunk::<8>() == b.last_chunk::<8>()
        }
        17..=32 => {
            a.first_chunk::<16>() == b.first_chunk::<16>()
                && a.last_chunk::<16>() == b.last_chunk::<16>()
        }
        _ => a == b,
    }
}

/// Checks whether a text contains this byte, which is not zero.
#[inline]
pub(crate) fn contains(text: &[u8], byte: u8) -> bool {
    let mut found = 0;
    for_each_word(text, |eight| found |= find(eight, byte));
    found & HIGH != 0
}

/// Searches the eight bytes of a word for `byte`. The result has one of the bits of [`HIGH`] set if
/// and only if a byte of the word equals `byte`. The lowest of these bits is in the first such
/// byte; the other bits of the result have no meaning.
#[inline]
fn find(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (LOW_BITS * u64::from(byte));
    differs.wrapping_sub(LOW_BITS) & !differs
}

/// Percent-decodes a segment into `buffer`. Returns `None` if the result cannot equal a literal,
/// because it is longer than [`MAX_LITERAL`] or contains a slash.
pub(crate) fn decode<'r>(segment: &[u8], buffer: &'r mut [u8; MAX_LITERAL]) -> Option<&'r [u8]> {
    let mut len = 0;
    for byte in percent_encoding::percent_decode(segment) {
        *buffer.get_mut(len).filter(|_| byte != b'/')? = byte;
        len += 1;
    }
    buffer.get(..len)
}

/// Returns a hash of 16 bits of the segment's length, its first four bytes and its last four bytes.
/// Different segments can have the same hash.
#[inline]
pub fn hash(segment: &[u8]) -> u16 {
    let ends = match (segment.first_chunk::<4>(), segment.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => match *segment {
            [a] => u64::from(a),
            [a, b] => u64::from(a) << 8 | u64::from(b),
            [a, b, c] => u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c),
            _ => 0,
        },
    };
    // Fibonacci hashing, as in `rpc_hash`.
    let mixed = (ends ^ (segment.len() as u64).wrapping_mul(0x9e37_79b9))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as u16
}
