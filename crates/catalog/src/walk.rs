//! From host, HTTP verb and path to a row: one walk down the host's trie of segments.
//!
//! Order of preference, measured to be right for every template of Google's Discovery documents:
//! a custom verb before none, a literal before `*` before `**`, leftmost segment first, and back
//! to the last choice when the method does not exist there (`DELETE drive/v3/files/generateIds` is
//! `files.delete`, because the literal has only `GET`).
//!
//! A node lies in the `nodes` section as: number of literals `u16`, number of methods `u8`, flags
//! `u8` (8: has `*`, 16: has `**`; low bits: how many bytes these take); the children of `*` and `**`
//! if any (`u24`); its literals, ascending by hash ([`EDGE`]: hash `u16`, child `u24`, text `u32`); its
//! methods ([`METHOD`]: key `u16`, which is custom verb × 8 + HTTP verb, and row `u24`).

use super::blob::{Blob, Host, NODES, u16_at, u32_at, verb_code};
use super::path::{
    MAX_LITERAL, MAX_SEGMENTS, Segments, colons, cut, decode, hash, is_escaped, same, split_verb,
};

/// Where the rows of `www.googleapis.com/<api>/…` live that its own documents do not list.
pub const LEGACY: &str = "/legacy";
const WWW: &str = "www.googleapis.com";

/// The flag of a node with a child for `*`.
pub const HAS_STAR: u8 = 8;
/// The flag of a node with a child for `**`.
pub const HAS_DOUBLE_STAR: u8 = 16;
pub(crate) const WILD_BYTES: u8 = 7;
pub(crate) const EDGE: usize = 9;
pub(crate) const METHOD: usize = 5;

/// More steps than any real path takes, so that a path made to be slow is not looked at for long.
const MAX_STEPS: usize = 2048;

/// The row of the method that a request is, if there is exactly one.
///
/// `host` is the canonical name, `path` begins with `/` and has no query.
pub fn find(blob: &Blob<'_>, host: &str, verb: &str, path: &str) -> Option<u32> {
    find_at(blob, blob.host(host).filter(|_| host != LEGACY)?, verb, path)
}

/// The same where the host is known.
///
/// Inlined with [`straight`] into a function for each catalog, since a compiler that knows where the data lies makes
/// a tenth fewer instructions of it.
#[inline(always)]
pub(crate) fn find_at(blob: &Blob<'_>, host: Host, verb: &str, path: &str) -> Option<u32> {
    let verb = verb_code(verb)?;
    straight(blob, host, verb, path).or_else(|| thorough(blob, host, verb, path))
}

/// Takes the first choice everywhere, which is right for almost every path, and leaves `**` alone.
#[inline(always)]
fn straight(blob: &Blob<'_>, host: Host, verb: u16, path: &str) -> Option<u32> {
    let (common_prefix, below) = blob.common_prefix(host);
    let begins = path.as_bytes().get(..common_prefix.len()).is_some_and(|begin| same(begin, common_prefix));
    let is_short = begins && !common_prefix.is_empty();
    let (mut at, skipped) = if is_short { (below, common_prefix.len()) } else { (blob.root(host), 1) };
    let mut segments = Segments::of(path, skipped)?;
    loop {
        let segment = segments.take();
        if segments.is_done() {
            let (segment, key) = last(blob, segment, verb)?;
            let end = first_choice(blob, at, segment)?;
            return Node::at(blob.section(NODES), end).row(key);
        }
        at = first_choice(blob, at, segment)?;
    }
}

#[inline(always)]
fn first_choice(blob: &Blob<'_>, at: u32, segment: &[u8]) -> Option<u32> {
    let node = Node::at(blob.section(NODES), at);
    match node.literal(blob, segment) {
        None if is_name(segment) => node.star(),
        child => child,
    }
}

/// The last segment without its custom verb, and the key of the methods with that verb; nothing if there is
/// more than one way to read it.
#[inline(always)]
fn last<'p>(blob: &Blob<'_>, segment: &'p [u8], verb: u16) -> Option<(&'p [u8], u16)> {
    match colons(segment) {
        (false, false) => Some((segment, verb)),
        (true, false) => {
            let colon = segment.iter().rposition(|byte| *byte == b':')?;
            let (before, name) = (segment.get(..colon)?, segment.get(colon + 1..)?);
            match blob.custom_verb(name) {
                Some(custom) => Some((before, custom << 3 | verb)),
                None => (!is_escaped(name)).then_some((segment, verb)),
            }
        }
        _ => None,
    }
}

/// Takes every choice and every reading, in the order of preference.
#[cold]
fn thorough(blob: &Blob<'_>, host: Host, verb: u16, path: &str) -> Option<u32> {
    let mut room = [&b""[..]; MAX_SEGMENTS];
    let segments = cut(path, &mut room)?;
    under(blob, blob.root(host), verb, segments).or_else(|| {
        let legacy = blob.host(LEGACY).filter(|_| blob.host_name(host) == WWW.as_bytes())?;
        under(blob, blob.root(legacy), verb, segments)
    })
}

fn under<'p>(blob: &Blob<'_>, root: u32, verb: u16, segments: &mut [&'p [u8]]) -> Option<u32> {
    let walk = |segments: &[&[u8]], key| Walk { blob, segments, key, steps: MAX_STEPS }.from(root, 0, false);
    let last = *segments.last()?;
    let Some((name, custom, is_escaped)) = split_verb(last) else { return walk(segments, verb) };
    let custom = custom_verb(blob, custom);
    let mut with_last = |text: &'p [u8], key| {
        *segments.last_mut()? = text;
        walk(segments, key)
    };
    let with_verb = custom.and_then(|custom| with_last(name, custom << 3 | verb));
    match with_verb {
        Some(row) if !is_escaped => Some(row),
        // `%3A` may as well belong to a name: two readings, no opinion.
        Some(row) => Some(row).filter(|_| with_last(last, verb).is_none()),
        None => with_last(last, verb),
    }
}

fn custom_verb(blob: &Blob<'_>, name: &[u8]) -> Option<u16> {
    blob.custom_verb(name).or_else(|| blob.custom_verb(decode(name, &mut [0; MAX_LITERAL])?))
}

/// The search for the methods with one key below a node.
struct Walk<'a> {
    blob: &'a Blob<'a>,
    segments: &'a [&'a [u8]],
    key: u16,
    /// How many are left.
    steps: usize,
}

impl Walk<'_> {
    /// Goes on at a node with the segments from `next` on. Below a `**` more of them may belong to it.
    fn from(&mut self, at: u32, next: usize, is_below_double_star: bool) -> Option<u32> {
        self.steps = self.steps.checked_sub(1)?;
        let node = Node::at(self.blob.section(NODES), at);
        let Some(segment) = self.segments.get(next) else { return node.row(self.key) };
        let literal = node.literal(self.blob, segment).and_then(|child| self.from(child, next + 1, false));
        if literal.is_some() || !is_name(segment) {
            return literal;
        }
        let star = node.star().and_then(|child| self.from(child, next + 1, false));
        let double_star = |walk: &mut Self| walk.from(node.double_star()?, next + 1, true);
        let more = |walk: &mut Self| if is_below_double_star { walk.from(at, next + 1, true) } else { None };
        star.or_else(|| double_star(self)).or_else(|| more(self))
    }
}

/// Whether a wildcard may stand for this segment.
#[inline]
fn is_name(segment: &[u8]) -> bool {
    segment.len() > 2 || !matches!(segment, b"" | b"." | b"..")
}

/// A node: where it is, and its first eight bytes as one number.
#[derive(Debug, Clone, Copy)]
struct Node<'a> {
    nodes: &'a [u8],
    at: usize,
    head: u64,
}

impl<'a> Node<'a> {
    #[inline]
    fn at(nodes: &'a [u8], at: u32) -> Self {
        let at = at as usize;
        let head = nodes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |head| u64::from_le_bytes(*head));
        Self { nodes, at, head }
    }

    fn literals(&self) -> usize {
        self.head as usize & 0xffff
    }

    fn flags(&self) -> u8 {
        (self.head >> 24) as u8
    }

    /// Where `*` leads.
    #[inline]
    fn star(&self) -> Option<u32> {
        (self.flags() & HAS_STAR != 0).then_some((self.head >> 32) as u32 & 0xff_ffff)
    }

    /// Where `**` leads.
    fn double_star(&self) -> Option<u32> {
        let at = if self.flags() & HAS_STAR != 0 { 7 } else { 4 };
        (self.flags() & HAS_DOUBLE_STAR != 0).then(|| u32_at(self.nodes, self.at + at) & 0xff_ffff)
    }

    /// The child of the literal edge that equals the segment.
    #[inline]
    fn literal(&self, blob: &Blob<'_>, segment: &[u8]) -> Option<u32> {
        if self.literals() == 0 {
            return None;
        }
        self.edge(blob, segment).or_else(|| is_escaped(segment).then(|| self.encoded(blob, segment))?)
    }

    /// The same for a segment of which more is encoded than need be.
    #[inline(never)]
    fn encoded(self, blob: &Blob<'_>, segment: &[u8]) -> Option<u32> {
        self.edge(blob, decode(segment, &mut [0; MAX_LITERAL])?)
    }

    #[inline(always)]
    fn edge(&self, blob: &Blob<'_>, text: &[u8]) -> Option<u32> {
        let literals = self.literals();
        if literals == 1 {
            return self.edge_at(0).filter(|edge| edge.is(blob, text)).map(|edge| edge.child);
        }
        let wanted = hash(text);
        // Hashes are spread evenly, so the place of one is not far from its share of the whole.
        let mut place = (usize::from(wanted) * literals) >> 16;
        while place > 0 && self.edge_at(place - 1)?.hash >= wanted {
            place -= 1;
        }
        while place < literals {
            let edge = self.edge_at(place)?;
            if edge.hash > wanted {
                return None;
            }
            if edge.hash == wanted && edge.is(blob, text) {
                return Some(edge.child);
            }
            place += 1;
        }
        None
    }

    /// Where the literals begin.
    fn edges(&self) -> usize {
        self.at + 4 + usize::from(self.flags() & WILD_BYTES)
    }

    #[inline(always)]
    fn edge_at(&self, place: usize) -> Option<Edge> {
        let [numbers @ .., len] = self.nodes.get(self.edges() + place * EDGE..)?.first_chunk::<EDGE>()?;
        let numbers = u64::from_le_bytes(*numbers);
        Some(Edge {
            hash: numbers as u16,
            child: (numbers >> 16) as u32 & 0xff_ffff,
            text: (numbers >> 40) as u32 | u32::from(*len) << 24,
        })
    }

    /// The row of the method with this key that ends here.
    #[inline]
    fn row(&self, key: u16) -> Option<u32> {
        let (from, count) = (self.edges() + self.literals() * EDGE, (self.head >> 16) as usize & 0xff);
        let methods = self.nodes.get(from..from + count * METHOD)?;
        let method = methods.chunks_exact(METHOD).find(|method| u16_at(method, 0) == key)?;
        Some(u32::from(u16_at(method, 2)) | u32::from(*method.get(4)?) << 16)
    }
}

struct Edge {
    hash: u16,
    child: u32,
    text: u32,
}

impl Edge {
    #[inline(always)]
    fn is(&self, blob: &Blob<'_>, text: &[u8]) -> bool {
        (self.text >> 24) as usize == text.len() && same(blob.text_of(self.text), text)
    }
}
