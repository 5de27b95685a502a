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
        // Sixty-four bytes at a time, one bit for each: a loop over the slashes of every word would be a
        // branch that nobody can foresee.
        for (at, block) in (0_u16..).step_by(64).zip(bytes.chunks(64)) {
            let (mut slashes, mut shift) = (0, 0);
            let mut mark = |eight| {
                slashes |= bits(lanes(eight, b'/')) << shift;
                shift += 8;
            };
            let words = block.chunks_exact(8);
            let rest = words.remainder().len();
            words.for_each(|eight| mark(u64::from_le_bytes(eight.try_into().unwrap_or_default())));
            if rest > 0 {
                mark(tail(block, rest));
            }
            while slashes != 0 {
                *cuts.get_mut(count)? = at + slashes.trailing_zeros() as u16;
                count += 1;
                slashes &= slashes - 1;
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

    /// All segments as sent.
    #[inline]
    pub(crate) fn segments(&self) -> impl Iterator<Item = &'p [u8]> {
        let (bytes, cuts) = (self.bytes, self.cuts.get(..=self.count).unwrap_or_default());
        cuts.windows(2).map(|cut| match cut {
            [from, to] => bytes.get(usize::from(*from) + 1..usize::from(*to)).unwrap_or_default(),
            _ => &[],
        })
    }

    /// Where the colon of a custom verb would be (`topic:publish`): the last one of the last segment.
    #[inline]
    pub(crate) fn colon(&self) -> Option<Colon> {
        let last = self.segment(self.count.checked_sub(1)?);
        let hints = eights(last).fold(0, |all, (_, eight)| all | any(eight, b':') | any(eight, b'%'));
        if hints & HIGH == 0 {
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

fn last_escaped_colon(segment: &[u8]) -> Option<usize> {
    let is_colon = |at: &usize| matches!(segment.get(*at..), Some([b'%', b'3', b'a' | b'A', ..]));
    (0..segment.len()).rev().find(is_colon)
}

/// The bytes as little-endian words of eight, each with its place; the last is filled with zeros.
#[inline]
pub(super) fn eights(bytes: &[u8]) -> impl Iterator<Item = (u16, u64)> + '_ {
    let chunks = bytes.chunks_exact(8);
    let rest = chunks.remainder().len();
    let words = chunks.map(|eight| u64::from_le_bytes(eight.try_into().unwrap_or_default()));
    (0_u16..).step_by(8).zip(words.chain((rest > 0).then(|| tail(bytes, rest))))
}

/// The last bytes, fewer than eight, as a word that is filled with zeros.
#[inline]
fn tail(bytes: &[u8], rest: usize) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> 8 >> (8 * (7 - rest)),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
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
    eights(segment).fold(0, |all, (_, eight)| all | any(eight, b'%')) & HIGH != 0
}

/// Has a high bit if any lane of `eight` holds `byte`; the other bits mean nothing.
#[inline]
fn any(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (LANES * u64::from(byte));
    differs.wrapping_sub(LANES) & !differs
}

/// The high bits of the lanes as eight bits.
#[inline]
fn bits(lanes: u64) -> u64 {
    (lanes >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
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
