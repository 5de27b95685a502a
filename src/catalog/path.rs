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

/// Where the segments of a path are.
pub(crate) struct Path<'p> {
    bytes: &'p [u8],
    /// Places of the slashes, then the end.
    cuts: [u16; MAX_SEGMENTS + 1],
    count: usize,
    escaped: bool,
}

impl<'p> Path<'p> {
    /// Cuts a path, or nothing if it is not one this module looks at.
    pub(crate) fn new(path: &'p str) -> Option<Self> {
        let bytes = path.as_bytes();
        let end = u16::try_from(bytes.len()).ok()?;
        if bytes.first() != Some(&b'/') {
            return None;
        }
        let mut cut = Self { bytes, cuts: [0; MAX_SEGMENTS + 1], count: 0, escaped: false };
        let mut chunks = bytes.chunks_exact(8);
        let mut at = 0;
        for chunk in &mut chunks {
            cut.mark(at, u64::from_le_bytes(chunk.try_into().unwrap_or_default()))?;
            at += 8;
        }
        let mut tail = [0; 8];
        for (to, from) in tail.iter_mut().zip(chunks.remainder()) {
            *to = *from;
        }
        cut.mark(at, u64::from_le_bytes(tail))?;
        *cut.cuts.get_mut(cut.count)? = end;
        Some(cut)
    }

    /// Notes the slashes and percent signs among eight bytes.
    fn mark(&mut self, at: u16, eight: u64) -> Option<()> {
        self.escaped |= lanes(eight, b'%') != 0;
        let mut slashes = lanes(eight, b'/');
        while slashes != 0 {
            let lane = slashes.trailing_zeros() / 8;
            *self.cuts.get_mut(self.count)? = at + lane as u16;
            self.count += 1;
            slashes &= slashes - 1;
        }
        Some(())
    }

    /// How many segments there are; at least one.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The segment as sent.
    pub(crate) fn segment(&self, index: usize) -> &'p [u8] {
        match (self.cuts.get(index), self.cuts.get(index + 1)) {
            (Some(&from), Some(&to)) => {
                self.bytes.get(usize::from(from) + 1..usize::from(to)).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Whether there is a `%` anywhere.
    pub(crate) fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// Splits a custom verb off the last segment: `topic:publish` becomes `topic` and `publish`.
    pub(crate) fn split_verb(&self) -> Option<(Self, &'p [u8], Colon)> {
        let last = self.segment(self.count.checked_sub(1)?);
        let (at, colon) = last_colon(last, self.escaped)?;
        let verb = last.get(at + colon.width()..)?;
        let end = u16::try_from(self.bytes.len() - last.len() + at).ok()?;
        let mut rest = Self { bytes: self.bytes, cuts: self.cuts, count: self.count, escaped: self.escaped };
        *rest.cuts.get_mut(self.count)? = end;
        Some((rest, verb, colon))
    }
}

/// How the colon before a custom verb was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colon {
    Plain,
    /// `%3A`: may also be part of a name.
    Escaped,
}

impl Colon {
    fn width(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Escaped => 3,
        }
    }
}

fn last_colon(segment: &[u8], escaped: bool) -> Option<(usize, Colon)> {
    let plain = segment.iter().rposition(|byte| *byte == b':').map(|at| (at, Colon::Plain));
    if !escaped {
        return plain;
    }
    let hidden = segment.windows(3).rposition(|three| three.eq_ignore_ascii_case(b"%3a"));
    plain.max_by_place(hidden.map(|at| (at, Colon::Escaped)))
}

trait MaxByPlace {
    fn max_by_place(self, other: Self) -> Self;
}

impl MaxByPlace for Option<(usize, Colon)> {
    fn max_by_place(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(if a.0 > b.0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}

/// The high bit of each lane of `eight` that holds `byte`.
fn lanes(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (LANES * u64::from(byte));
    !(((differs & LOW) + LOW) | differs | LOW)
}

/// Percent-decodes a segment into `room`. Nothing if it does not fit, so is longer than any literal.
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
        *room.get_mut(len)? = byte;
        len += 1;
        rest = after;
    }
    room.get(..len)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Sixteen bits of a segment: its length and both ends, mixed. Equal hashes prove nothing.
pub(crate) fn hash(segment: &[u8]) -> u16 {
    let ends = match (segment.first_chunk::<4>(), segment.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => segment.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    let mixed = (ends ^ (segment.len() as u64).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as u16
}
