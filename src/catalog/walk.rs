//! From host, HTTP verb and path to a row: one walk down the host's trie of segments.
//!
//! Order of preference, measured to be right for every template of Google's Discovery documents:
//! a custom verb before none, a literal before `*` before `**`, leftmost segment first, and back
//! to the last choice when the method does not exist there (`DELETE drive/v3/files/generateIds` is
//! `files.delete`, because the literal has only `GET`).
//!
//! A node lies in the `nodes` section as: number of literals `u16`, number of methods `u8`, flags
//! `u8` (1: has `*`, 2: has `**`); the children of `*` and `**` if any (`u24`); literal hashes
//! (`u16`, ascending), literal texts (`u32`), literal children (`u24`); method keys (`u16`, custom
//! verb × 8 + HTTP verb), method rows (`u24`).

use super::blob::{Blob, u16_at, u32_at, verb_code};
use super::path::{Colon, MAX_LITERAL, Path, decode, hash};

/// Where the rows of `www.googleapis.com/<api>/…` live that its own documents do not list.
pub(crate) const LEGACY: &str = "/legacy";
const WWW: &str = "www.googleapis.com";

pub(crate) const HAS_STAR: u8 = 1;
pub(crate) const HAS_DOUBLE_STAR: u8 = 2;

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
    let path = Path::new(path)?;
    match under(blob, root, verb, &path) {
        None if host == WWW => under(blob, blob.host(LEGACY)?.root, verb, &path),
        found => found,
    }
}

fn under(blob: &Blob<'_>, root: u32, verb: u16, path: &Path<'_>) -> Option<u32> {
    let Some((rest, name, colon)) = path.split_verb() else {
        return walk(blob, root, path, verb);
    };
    let with = custom_verb(blob, name, path.is_escaped())
        .and_then(|custom| walk(blob, root, &rest, custom << 3 | verb));
    match (with, colon) {
        (Some(row), Colon::Plain) => Some(row),
        (Some(row), Colon::Escaped) if walk(blob, root, path, verb).is_none() => Some(row),
        // `%3A` may as well belong to a name: two readings, no opinion.
        (Some(_), Colon::Escaped) => None,
        (None, _) => walk(blob, root, path, verb),
    }
}

fn custom_verb(blob: &Blob<'_>, name: &[u8], escaped: bool) -> Option<u16> {
    let mut room = [0; MAX_LITERAL];
    blob.custom_verb(if escaped { decode(name, &mut room)? } else { name })
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
    let mut open = Open { steps: [Step { node: 0, next: 0, choice: Choice::Literal }; MAX_OPEN], len: 0 };
    let mut step = Step { node: root, next: 0, choice: Choice::Literal };
    for _ in 0..MAX_STEPS {
        let node = Node::at(blob.nodes, step.node);
        step = if usize::from(step.next) < path.len() {
            match advance(blob, &node, path, step, &mut open) {
                Some(on) => on,
                None => open.pop()?,
            }
        } else {
            match node.row(key) {
                Some(row) => return Some(row),
                None => open.pop()?,
            }
        };
    }
    None
}

/// One segment further, by the first choice that is left. Later choices are kept in `open`.
#[inline]
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
    #[inline]
    fn push(&mut self, step: Step, wanted: bool) {
        if let (true, Some(place)) = (wanted, self.steps.get_mut(self.len)) {
            *place = step;
            self.len += 1;
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Step> {
        self.len = self.len.checked_sub(1)?;
        self.steps.get(self.len).copied()
    }
}

struct Node<'a> {
    body: &'a [u8],
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
                literals: usize::from(u16::from_le_bytes([*a, *b])),
                rows: usize::from(*rows),
                flags: *flags,
            },
            _ => Self { body: &[], literals: 0, rows: 0, flags: 0 },
        }
    }

    fn star(&self) -> Option<u32> {
        (self.flags & HAS_STAR != 0).then(|| u24_at(self.body, 0))
    }

    fn double_star(&self) -> Option<u32> {
        let at = if self.flags & HAS_STAR != 0 { 3 } else { 0 };
        (self.flags & HAS_DOUBLE_STAR != 0).then(|| u24_at(self.body, at))
    }

    fn hashes_at(&self) -> usize {
        3 * usize::from((self.flags & HAS_STAR) + (self.flags & HAS_DOUBLE_STAR) / 2)
    }

    /// The child of the literal edge that equals the segment.
    #[inline]
    fn literal(&self, blob: &Blob<'_>, segment: &[u8], escaped: bool) -> Option<u32> {
        if self.literals == 0 {
            return None;
        }
        let mut room = [0; MAX_LITERAL];
        let decoded = if escaped { decode(segment, &mut room)? } else { segment };
        let from = self.hashes_at();
        let hashes = self.body.get(from..from + self.literals * 2)?;
        let wanted = hash(decoded);
        let texts = from + self.literals * 2;
        let children = texts + self.literals * 4;
        hashes
            .chunks_exact(2)
            .enumerate()
            .filter(|(_, two)| u16_at(two, 0) == wanted)
            .find(|(edge, _)| blob.text(self.body, texts + edge * 4) == decoded)
            .map(|(edge, _)| u24_at(self.body, children + edge * 3))
    }

    /// The row of the method with this key that ends here.
    #[inline]
    fn row(&self, key: u16) -> Option<u32> {
        let from = self.hashes_at() + self.literals * 9;
        let keys = self.body.get(from..from + self.rows * 2)?;
        let place = keys.chunks_exact(2).position(|two| u16_at(two, 0) == key)?;
        Some(u24_at(self.body, from + self.rows * 2 + place * 3))
    }
}

/// Three bytes; the section ends in one more, so that four can be read.
fn u24_at(bytes: &[u8], at: usize) -> u32 {
    u32_at(bytes, at) & 0xff_ffff
}
