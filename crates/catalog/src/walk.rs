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

use super::blob::{Blob, Host, u16_at, u32_at, verb_code};
use super::path::{MAX_LITERAL, MAX_SEGMENTS, Path, Segments, colons, decode, hash, is_escaped, same};

/// Where the rows of `www.googleapis.com/<api>/…` live that its own documents do not list.
pub(crate) const LEGACY: &str = "/legacy";
const WWW: &str = "www.googleapis.com";

pub(crate) const HAS_STAR: u8 = 8;
pub(crate) const HAS_DOUBLE_STAR: u8 = 16;
pub(crate) const WILD_BYTES: u8 = 7;
pub(crate) const EDGE: usize = 9;
pub(crate) const METHOD: usize = 5;

/// The most choices that can be open at once; the generator checks that its tries need fewer.
pub(crate) const MAX_OPEN: usize = 16;
/// More steps than any real path takes, so that a path made to be slow is not looked at for long.
const MAX_STEPS: usize = 2048;

/// The row of the method that a request is, if there is exactly one.
///
/// `host` is the canonical name, `path` begins with `/` and has no query.
pub(crate) fn find(blob: &Blob<'_>, host: &str, verb: &str, path: &str) -> Option<u32> {
    find_at(blob, blob.host(host).filter(|_| host != LEGACY)?, verb, path)
}

/// The same where the host is known.
pub(crate) fn find_at(blob: &Blob<'_>, host: Host, verb: &str, path: &str) -> Option<u32> {
    let verb = verb_code(verb)?;
    straight(blob, host, verb, path).or_else(|| thorough(blob, host, verb, path))
}

/// Takes the first choice everywhere, which is right for almost every path, and leaves `**` alone.
fn straight(blob: &Blob<'_>, host: Host, verb: u16, path: &str) -> Option<u32> {
    let (highway, exit) = blob.highway(host);
    let begins = path.as_bytes().get(..highway.len()).is_some_and(|begin| same(begin, highway));
    let is_short = begins && !highway.is_empty();
    let (mut at, skipped) = if is_short { (exit, highway.len()) } else { (blob.root(host), 1) };
    let mut segments = Segments::of(path, skipped)?;
    loop {
        let segment = segments.take();
        if segments.is_done() {
            let (segment, key) = last(blob, segment, verb)?;
            let end = first_choice(blob, at, segment)?;
            return Node::at(blob.nodes, end).row(key);
        }
        at = first_choice(blob, at, segment)?;
    }
}

#[inline(always)]
fn first_choice(blob: &Blob<'_>, at: u32, segment: &[u8]) -> Option<u32> {
    let node = Node::at(blob.nodes, at);
    match node.literal(blob, segment) {
        None if is_name(segment) => node.star(),
        child => child,
    }
}

/// The last segment without its custom verb, and the key of the methods with that verb; nothing if there is
/// more than one way to read it.
#[inline]
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
    let mut cuts = [0; MAX_SEGMENTS + 1];
    let mut path = Path::new(path, &mut cuts)?;
    match under(blob, blob.root(host), verb, &mut path) {
        None if blob.host_name(host) == WWW.as_bytes() => {
            under(blob, blob.root(blob.host(LEGACY)?), verb, &mut path)
        }
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
        if let Some(child) = node.literal(blob, segment) {
            open.push(Step { choice: Choice::Star, ..step }, node.flags() != 0);
            return on(child, Choice::Literal);
        }
    }
    if !is_name(segment) {
        return None;
    }
    if let (Some(child), Choice::Literal | Choice::More | Choice::Star) = (node.star(), step.choice) {
        open.push(Step { choice: Choice::DoubleStar, ..step }, node.flags() & HAS_DOUBLE_STAR != 0);
        return on(child, Choice::Literal);
    }
    node.double_star().and_then(|child| on(child, Choice::More))
}

/// Whether a wildcard may stand for this segment.
#[inline]
fn is_name(segment: &[u8]) -> bool {
    segment.len() > 2 || !matches!(segment, b"" | b"." | b"..")
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

/// A node: where it is, and its first eight bytes as one number.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
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

    fn rows(&self) -> usize {
        (self.head >> 16) as usize & 0xff
    }

    fn flags(&self) -> u8 {
        (self.head >> 24) as u8
    }

    #[inline]
    pub(crate) fn star(&self) -> Option<u32> {
        (self.flags() & HAS_STAR != 0).then_some((self.head >> 32) as u32 & 0xff_ffff)
    }

    pub(crate) fn double_star(&self) -> Option<u32> {
        let at = if self.flags() & HAS_STAR != 0 { 7 } else { 4 };
        (self.flags() & HAS_DOUBLE_STAR != 0).then(|| u32_at(self.nodes, self.at + at) & 0xff_ffff)
    }

    /// The child of the literal edge that equals the segment.
    #[inline]
    fn literal(&self, blob: &Blob<'_>, segment: &[u8]) -> Option<u32> {
        match self.literals() {
            0 => None,
            _ => self
                .edge(blob, segment)
                .or_else(|| is_escaped(segment).then(|| self.encoded(blob, segment))?),
        }
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
        let from = self.edges() + self.literals() * EDGE;
        let methods = self.nodes.get(from..from + self.rows() * METHOD)?;
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

/// What is written down in the data, for those who want to see all of it.
#[allow(dead_code, reason = "for tests and benchmarks")]
mod listing {
    use super::super::blob::{Blob, u16_at, u32_at};
    use super::{EDGE, METHOD, Node};

    impl<'a> Blob<'a> {
        pub(crate) fn node(&self, at: u32) -> Node<'a> {
            Node::at(self.nodes, at)
        }
    }

    impl<'a> Node<'a> {
        /// The literals, and where each leads.
        pub(crate) fn children(&self, blob: &Blob<'a>) -> impl Iterator<Item = (&'a str, u32)> {
            let edges = (0..self.literals()).filter_map(|place| self.edge_at(place));
            let text = |reference| std::str::from_utf8(blob.text_of(reference)).unwrap_or_default();
            edges.map(|edge| (text(edge.text), edge.child)).collect::<Vec<_>>().into_iter()
        }

        /// The keys of the methods that end here, and their rows.
        pub(crate) fn methods(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
            let from = self.edges() + self.literals() * EDGE;
            let at = (0..self.rows()).map(move |row| from + row * METHOD);
            at.map(|at| (u16_at(self.nodes, at), u32_at(self.nodes, at + 2) & 0xff_ffff))
        }
    }
}
