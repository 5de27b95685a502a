//! A request path cut into segments, and the hash by which a segment finds its edge.
//!
//! Rules, all of them "unknown means no method":
//! 1. A path begins with `/` and has no query. A doubled or trailing slash makes an empty segment,
//!    which matches nothing; so do the raw dot segments `.` and `..`.
//! 2. `%2F` is not a slash. A literal is compared after percent-decoding, because some clients
//!    encode more than they need to (`users/%40me`).
//! 3. A path of more than [`MAX_SEGMENTS`] segments or 65,535 bytes is not looked at.

/// Longer than any template (19), and than almost any Firestore document path.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// The longest literal of a template is shorter than this; the generator checks it.
pub const MAX_LITERAL: usize = 64;

const LANES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Cuts a path into its segments, as sent; nothing for a path that this module does not look at. The caller
/// lends the room, so that nothing is allocated.
pub(crate) fn cut<'r, 'p>(
    path: &'p str,
    room: &'r mut [&'p [u8]; MAX_SEGMENTS],
) -> Option<&'r mut [&'p [u8]]> {
    let path = path.as_bytes().strip_prefix(b"/").filter(|rest| rest.len() < usize::from(u16::MAX))?;
    let mut count = 0;
    for segment in path.split(|byte| *byte == b'/') {
        *room.get_mut(count)? = segment;
        count += 1;
    }
    room.get_mut(..count)
}

/// Splits the last segment at its last colon (`topic:publish`): the name, the custom verb, and whether the
/// colon was sent as `%3A`, and so may be part of a name.
pub(crate) fn split_verb(last: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let plain = last.iter().rposition(|byte| *byte == b':');
    let is_colon = |three: &[u8]| matches!(three, [b'%', b'3', b'a' | b'A']);
    let escaped = last.windows(3).rposition(is_colon).filter(|at| plain.is_none_or(|plain| plain < *at));
    let (at, width) = escaped.map(|at| (at, 3)).or_else(|| plain.map(|at| (at, 1)))?;
    Some((last.get(..at)?, last.get(at + width..)?, width == 3))
}

/// The segments of a path as sent, each found when it is asked for.
pub(crate) struct Segments<'p> {
    path: &'p [u8],
    rest: Option<&'p [u8]>,
}

impl<'p> Segments<'p> {
    /// Those from this place on; nothing for a path that this module does not look at.
    #[inline]
    pub(crate) fn of(path: &'p str, from: usize) -> Option<Self> {
        let path = path.as_bytes();
        let is_ours = path.len() <= usize::from(u16::MAX) && path.first() == Some(&b'/');
        is_ours.then_some(Self { path, rest: path.get(from..) })
    }

    /// The next segment; an empty one past the end.
    #[inline]
    pub(crate) fn take(&mut self) -> &'p [u8] {
        let rest = self.rest.unwrap_or_default();
        let mut ahead = rest;
        let slashes = loop {
            let Some((eight, after)) = ahead.split_first_chunk::<8>() else {
                break if ahead.is_empty() { 0 } else { any(tail(self.path, ahead.len()), b'/') & HIGH };
            };
            // The lowest of the bits that `any` sets means what it says.
            let slashes = any(u64::from_le_bytes(*eight), b'/') & HIGH;
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

    /// Whether there is none left.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_none()
    }
}

/// Whether a segment holds a colon, and whether it holds one as `%3A`, or something that begins alike.
#[inline]
pub(crate) fn colons(segment: &[u8]) -> (bool, bool) {
    let (mut colons, mut percents) = (0, 0);
    each_eight(segment, |eight| {
        colons |= any(eight, b':');
        percents |= any(eight, b'%');
    });
    let is_escaped = percents & HIGH != 0 && segment.windows(2).any(|two| two == b"%3");
    (colons & HIGH != 0, is_escaped)
}

/// Hands out the bytes as little-endian words of eight, the last one filled with zeros.
#[inline]
pub(super) fn each_eight(bytes: &[u8], mut see: impl FnMut(u64)) {
    let mut rest = bytes;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        see(u64::from_le_bytes(*eight));
        rest = after;
    }
    if !rest.is_empty() {
        see(tail(bytes, rest.len()));
    }
}

/// The last bytes, fewer than eight, as a word that is filled with zeros.
#[inline]
fn tail(bytes: &[u8], rest: usize) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> 8 >> (8 * (7 - rest)),
        None => bytes.iter().rev().take(rest).fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Whether two short texts are equal, without a call.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        len if len != b.len() => false,
        0..=3 => a.first() == b.first() && a.get(1) == b.get(1) && a.get(2) == b.get(2),
        4..=8 => a.first_chunk::<4>() == b.first_chunk::<4>() && a.last_chunk::<4>() == b.last_chunk::<4>(),
        9..=16 => a.first_chunk::<8>() == b.first_chunk::<8>() && a.last_chunk::<8>() == b.last_chunk::<8>(),
        17..=32 => {
            a.first_chunk::<16>() == b.first_chunk::<16>() && a.last_chunk::<16>() == b.last_chunk::<16>()
        }
        _ => a == b,
    }
}

/// Whether anything in a segment is percent-encoded.
#[inline]
pub(crate) fn is_escaped(segment: &[u8]) -> bool {
    let mut seen = 0;
    each_eight(segment, |eight| seen |= any(eight, b'%'));
    seen & HIGH != 0
}

/// Has a high bit if any lane of `eight` holds `byte`; the other bits mean nothing.
#[inline]
fn any(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (LANES * u64::from(byte));
    differs.wrapping_sub(LANES) & !differs
}

/// Percent-decodes a segment into `room`. Nothing if it can be no literal: too
/// long, or with a slash.
pub(crate) fn decode<'r>(segment: &[u8], room: &'r mut [u8; MAX_LITERAL]) -> Option<&'r [u8]> {
    let mut len = 0;
    for byte in percent_encoding::percent_decode(segment) {
        *room.get_mut(len).filter(|_| byte != b'/')? = byte;
        len += 1;
    }
    room.get(..len)
}

/// Sixteen bits of a segment: its length and both ends, mixed. Equal hashes prove nothing.
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
    let mixed = (ends ^ (segment.len() as u64).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as u16
}
