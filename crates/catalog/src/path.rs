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
pub(crate) const MAX_LITERAL: usize = 64;

const LANES: u64 = 0x0101_0101_0101_0101;
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = !LOW;

/// Where the segments of a path are.
pub(crate) struct Path<'p> {
    bytes: &'p [u8],
    cuts: &'p mut Cuts,
    count: usize,
}

/// Places of the slashes, then the end. The caller lends the room, so that it is never copied.
pub(crate) type Cuts = [u16; MAX_SEGMENTS + 1];

impl<'p> Path<'p> {
    /// Cuts a path, or nothing if it is not one this module looks at.
    #[inline]
    pub(crate) fn new(path: &'p str, cuts: &'p mut Cuts) -> Option<Self> {
        let bytes = path.as_bytes();
        let end = u16::try_from(bytes.len()).ok().filter(|_| bytes.first() == Some(&b'/'))?;
        let mut count = 0;
        for (at, byte) in (0..).zip(bytes) {
            if *byte == b'/' {
                *cuts.get_mut(count)? = at;
                count += 1;
            }
        }
        *cuts.get_mut(count)? = end;
        Some(Self { bytes, cuts, count })
    }

    /// How many segments there are; at least one.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The segment as sent.
    #[inline]
    pub(crate) fn segment(&self, index: usize) -> &'p [u8] {
        match (self.cuts.get(index), self.cuts.get(index + 1)) {
            (Some(&from), Some(&to)) => {
                self.bytes.get(usize::from(from) + 1..usize::from(to)).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Where the colon of a custom verb would be (`topic:publish`): the last one of the last segment.
    #[inline]
    pub(crate) fn colon(&self) -> Option<Colon> {
        let last = self.segment(self.count.checked_sub(1)?);
        let (has_plain, has_escaped) = colons(last);
        if !has_plain && !has_escaped {
            return None;
        }
        let start = self.bytes.len() - last.len();
        let plain = last.iter().rposition(|byte| *byte == b':');
        let escaped = last_escaped_colon(last);
        match escaped.filter(|at| plain.is_none_or(|plain| plain < *at)) {
            Some(at) => Some(Colon { at: start + at, width: 3 }),
            None => plain.map(|at| Colon { at: start + at, width: 1 }),
        }
    }

    /// The custom verb after a colon.
    #[inline]
    pub(crate) fn verb(&self, colon: Colon) -> &'p [u8] {
        self.bytes.get(colon.at + colon.width..).unwrap_or_default()
    }

    /// Ends the last segment at the colon, or at the end of the path.
    #[inline]
    pub(crate) fn end_at(&mut self, colon: Option<Colon>) {
        let end = colon.map_or(self.bytes.len(), |colon| colon.at);
        if let (Some(cut), Ok(end)) = (self.cuts.get_mut(self.count), u16::try_from(end)) {
            *cut = end;
        }
    }
}

/// The colon before a custom verb.
#[derive(Clone, Copy)]
pub(crate) struct Colon {
    at: usize,
    width: usize,
}

impl Colon {
    /// Whether it was sent as `%3A`, and so may be part of a name.
    pub(crate) fn is_escaped(self) -> bool {
        self.width > 1
    }
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
    let mut seen = 0;
    each_eight(segment, |eight| seen |= any(eight, b':') | any(eight, b'%'));
    if seen & HIGH == 0 {
        return (false, false);
    }
    let (mut plain, mut escaped, mut carry) = (0, 0, 0);
    each_eight(segment, |eight| {
        let percents = lanes(eight, b'%');
        plain |= any(eight, b':');
        escaped |= (percents << 8 | carry) & lanes(eight, b'3');
        carry = percents >> 56;
    });
    (plain & HIGH != 0, escaped != 0)
}

fn last_escaped_colon(segment: &[u8]) -> Option<usize> {
    let is_colon = |at: &usize| matches!(segment.get(*at..), Some([b'%', b'3', b'a' | b'A', ..]));
    (0..segment.len()).rev().find(is_colon)
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

/// The high bit of each lane of `eight` that holds `byte`.
#[inline]
fn lanes(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (LANES * u64::from(byte));
    !(((differs & LOW) + LOW) | differs | LOW)
}

/// Percent-decodes a segment into `room`. Nothing if it can be no literal: too
/// long, or with a slash.
pub(crate) fn decode<'r>(segment: &[u8], room: &'r mut [u8; MAX_LITERAL]) -> Option<&'r [u8]> {
    let mut rest = segment;
    let mut len = 0;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (b'%', rest.get(1..)?),
            },
            _ => (*first, after),
        };
        *room.get_mut(len).filter(|_| byte != b'/')? = byte;
        len += 1;
        rest = after;
    }
    room.get(..len)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Sixteen bits of a segment: its length and both ends, mixed. Equal hashes prove nothing.
#[inline]
pub(crate) fn hash(segment: &[u8]) -> u16 {
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
