//! From host, HTTP verb and path to a row: one walk down the host's trie of segments.
//!
//! Order of preference, measured to be right for every template of Google's Discovery documents:
//! a custom verb before none, a literal before `*` before `**`, leftmost segment first, and back
//! to the last choice when the method does not exist there (`DELETE drive/v3/files/generateIds` is
//! `files.delete`, because the literal has only `GET`).
//!
//! A node lies in the `nodes` section as: number of literals `u16`, number of methods `u8`, flags
//! `u8` (8: has `*`, 16: has `**`; low bits: how many bytes these take); the children of `*` and `**` if any (`u24`); literal hashes
//! (`u16`, ascending), literal texts (`u32`), literal children (`u24`); method keys (`u16`, custom
//! verb × 8 + HTTP verb), method rows (`u24`).

use super::blob::{Blob, u16_at, u32_at, verb_code};
use super::path::{MAX_LITERAL, MAX_SEGMENTS, Path, decode, hash, same};

/// Where the rows of `www.googleapis.com/<api>/…` live that its own documents do not list.
pub(crate) const LEGACY: &str = "/legacy";
const WWW: &str = "www.googleapis.com";

pub(crate) const HAS_STAR: u8 = 8;
pub(crate) const HAS_DOUBLE_STAR: u8 = 16;
pub(crate) const WILD_BYTES: u8 = 7;

/// The most choices that can be open at once; the generator checks that its tries need fewer.
pub(crate) const MAX_OPEN: usize = 16;
/// More steps than any real path takes, so that a path made to be slow is not looked at for long.
const MAX_STEPS: usize = 2048;

/// The row of the method that a request is, if there is exactly one.
///
/// `host` is the canonical name, `path` begins with `/` and has no query.
pub(crate) fn find(blob: &Blob<'_>, host: &str, verb: &str, path: &str) -> Option<u32> {
    let verb = verb_code(verb)?;
    let root = blob.host(host).filter(|_| host != LEGACY)?.root;
    let mut cuts = [0; MAX_SEGMENTS + 1];
    let mut path = Path::new(path, &mut cuts)?;
    match under(blob, root, verb, &mut path) {
        None if host == WWW => under(blob, blob.host(LEGACY)?.root, verb, &mut path),
        found => found,
    }
}

fn under(blob: &Blob<'_>, root: u32, verb: u16, path: &mut Path<'_>) -> Option<u32> {
    let Some(colon) = path.colon() else {
        return walk(blob, root, path, verb);
    };
    let with = custom_verb(blob, path.verb(colon)).and_then(|custom| {
        path.end_at(Some(colon));
        walk(blob, root, path, custom << 3 | verb)
    });
    path.end_at(None);
    match with {
        None => walk(blob, root, path, verb),
        // `%3A` may as well belong to a name: two readings, no opinion.
        Some(row) => Some(row).filter(|_| !colon.is_escaped() || walk(blob, root, path, verb).is_none()),
    }
}

fn custom_verb(blob: &Blob<'_>, name: &[u8]) -> Option<u16> {
    blob.custom_verb(name).or_else(|| blob.custom_verb(decode(name, &mut [0; MAX_LITERAL])?))
}

/// A place in the walk: a node, the next segment, and which choice is next.
#[derive(Clone, Copy)]
struct Step {
    node: u32,
    next: u16,
    choice: Choice,
}

#[derive(Clone, Copy)]
enum Choice {
    Literal,
    Star,
    DoubleStar,
    /// The node is the child of a `**` that may swallow more.
    More,
}

fn walk(blob: &Blob<'_>, root: u32, path: &Path<'_>, key: u16) -> Option<u32> {
    straight(blob, root, path, key).or_else(|| with_second_choices(blob, root, path, key))
}

/// Takes the first choice everywhere, which is right for almost every path, and leaves `**` alone.
fn straight(blob: &Blob<'_>, root: u32, path: &Path<'_>, key: u16) -> Option<u32> {
    let mut node = Node::at(blob.nodes, root);
    for index in 0..path.len() {
        let segment = path.segment(index);
        let child = match node.literal(blob, segment, path.is_escaped()) {
            Some(child) => child,
            None if is_name(segment) => node.star()?,
            None => return None,
        };
        node = Node::at(blob.nodes, child);
    }
    node.row(key)
}

/// Takes every choice, in the order of preference.
#[cold]
fn with_second_choices(blob: &Blob<'_>, root: u32, path: &Path<'_>, key: u16) -> Option<u32> {
    let mut step = Step { node: root, next: 0, choice: Choice::Literal };
    let mut open = Open { steps: [step; MAX_OPEN], len: 0 };
    for _ in 0..MAX_STEPS {
        let node = Node::at(blob.nodes, step.node);
        let on = if usize::from(step.next) < path.len() {
            advance(blob, &node, path, step, &mut open)
        } else if let Some(row) = node.row(key) {
            return Some(row);
        } else {
            None
        };
        step = match on {
            Some(on) => on,
            None => open.pop()?,
        };
    }
    None
}

/// One segment further, by the first choice that is left. Later choices are kept in `open`.
fn advance(blob: &Blob<'_>, node: &Node<'_>, path: &Path<'_>, step: Step, open: &mut Open) -> Option<Step> {
    let segment = path.segment(usize::from(step.next));
    let on = |node, choice| Some(Step { node, next: step.next + 1, choice });
    if let Choice::More = step.choice {
        open.push(Step { next: step.next + 1, ..step }, is_name(segment));
    }
    if let Choice::Literal | Choice::More = step.choice {
        if let Some(child) = node.literal(blob, segment, path.is_escaped()) {
            open.push(Step { choice: Choice::Star, ..step }, node.flags != 0);
            return on(child, Choice::Literal);
        }
    }
    if !is_name(segment) {
        return None;
    }
    if let (Some(child), Choice::Literal | Choice::More | Choice::Star) = (node.star(), step.choice) {
        open.push(Step { choice: Choice::DoubleStar, ..step }, node.flags & HAS_DOUBLE_STAR != 0);
        return on(child, Choice::Literal);
    }
    node.double_star().and_then(|child| on(child, Choice::More))
}

/// Whether a wildcard may stand for this segment.
fn is_name(segment: &[u8]) -> bool {
    !matches!(segment, b"" | b"." | b"..")
}

/// Choices not yet taken, the latest last.
struct Open {
    steps: [Step; MAX_OPEN],
    len: usize,
}

impl Open {
    fn push(&mut self, step: Step, wanted: bool) {
        if let (true, Some(place)) = (wanted, self.steps.get_mut(self.len)) {
            *place = step;
            self.len += 1;
        }
    }

    fn pop(&mut self) -> Option<Step> {
        self.len = self.len.checked_sub(1)?;
        self.steps.get(self.len).copied()
    }
}

pub(crate) struct Node<'a> {
    body: &'a [u8],
    /// Where in the body the literal hashes begin.
    hashes: usize,
    literals: usize,
    rows: usize,
    flags: u8,
}

impl<'a> Node<'a> {
    #[inline]
    fn at(nodes: &'a [u8], at: u32) -> Self {
        match nodes.get(at as usize..) {
            Some([a, b, rows, flags, body @ ..]) => Self {
                body,
                hashes: usize::from(*flags & WILD_BYTES),
                literals: usize::from(u16::from_le_bytes([*a, *b])),
                rows: usize::from(*rows),
                flags: *flags,
            },
            _ => Self { body: &[], hashes: 0, literals: 0, rows: 0, flags: 0 },
        }
    }

    pub(crate) fn star(&self) -> Option<u32> {
        (self.flags & HAS_STAR != 0).then(|| u24_at(self.body, 0))
    }

    pub(crate) fn double_star(&self) -> Option<u32> {
        let at = if self.flags & HAS_STAR != 0 { 3 } else { 0 };
        (self.flags & HAS_DOUBLE_STAR != 0).then(|| u24_at(self.body, at))
    }

    /// The child of the literal edge that equals the segment.
    #[inline]
    fn literal(&self, blob: &Blob<'_>, segment: &[u8], escaped: bool) -> Option<u32> {
        match self.literals {
            0 => None,
            _ if escaped => self.edge(blob, segment).or_else(|| self.encoded_literal(blob, segment)),
            _ => self.edge(blob, segment),
        }
    }

    /// The same for a segment of which more is encoded than need be.
    #[inline(never)]
    fn encoded_literal(&self, blob: &Blob<'_>, segment: &[u8]) -> Option<u32> {
        self.edge(blob, decode(segment, &mut [0; MAX_LITERAL])?)
    }

    #[inline(always)]
    fn edge(&self, blob: &Blob<'_>, text: &[u8]) -> Option<u32> {
        let texts = self.hashes + self.literals * 2;
        let child = |edge| Some(u24_at(self.body, texts + self.literals * 4 + edge * 3));
        let is_it = |edge| same(blob.text(self.body, texts + edge * 4), text);
        if self.literals == 1 {
            return if is_it(0) { child(0) } else { None };
        }
        let wanted = hash(text).to_le_bytes();
        for (edge, hash) in self.body.get(self.hashes..texts)?.chunks_exact(2).enumerate() {
            if *hash == wanted && is_it(edge) {
                return child(edge);
            }
        }
        None
    }

    /// The row of the method with this key that ends here.
    #[inline]
    fn row(&self, key: u16) -> Option<u32> {
        let from = self.hashes + self.literals * 9;
        let keys = self.body.get(from..from + self.rows * 2)?;
        let place = keys.chunks_exact(2).position(|two| u16_at(two, 0) == key)?;
        Some(u24_at(self.body, from + self.rows * 2 + place * 3))
    }
}

/// Three bytes; the section ends in one more, so that four can be read.
fn u24_at(bytes: &[u8], at: usize) -> u32 {
    u32_at(bytes, at) & 0xff_ffff
}

/// What is written down in the data, for those who want to see all of it.
#[allow(dead_code, reason = "only the benchmarks do")]
mod listing {
    use super::super::blob::{Blob, u16_at};
    use super::{Node, u24_at};

    impl<'a> Blob<'a> {
        pub(crate) fn node(&self, at: u32) -> Node<'a> {
            Node::at(self.nodes, at)
        }
    }

    impl<'a> Node<'a> {
        /// The literals, and where each leads.
        pub(crate) fn edges(&self, blob: &Blob<'a>) -> impl Iterator<Item = (&'a str, u32)> {
            let texts = self.hashes + self.literals * 2;
            let children = texts + self.literals * 4;
            let edge = |edge: usize| {
                let text = blob.text(self.body, texts + edge * 4);
                (std::str::from_utf8(text).unwrap_or_default(), u24_at(self.body, children + edge * 3))
            };
            (0..self.literals).map(edge).collect::<Vec<_>>().into_iter()
        }

        /// The keys of the methods that end here.
        pub(crate) fn keys(&self) -> impl Iterator<Item = u16> + '_ {
            let from = self.hashes + self.literals * 9;
            (0..self.rows).map(move |row| u16_at(self.body, from + row * 2))
        }
    }
}
