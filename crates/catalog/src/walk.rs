//! Finding the row of a REST method by host, HTTP verb and path: a walk down the trie of the host.
//!
//! Every host has a trie of path templates. An edge of the trie is a segment of a template: a
//! literal, `*` (one segment) or `**` (one or more segments).
//!
//! If several templates match a path, then the walk prefers a template with a custom verb
//! (`:publish`) to a template without a custom verb. At each segment, from left to right, the walk
//! prefers a literal to `*`, and `*` to `**`. If the preferred template has no method for the HTTP
//! verb, the walk tries the next template: `DELETE drive/v3/files/generateIds` is `files.delete`,
//! because the literal `generateIds` has a method for `GET` only. The generator checks this order
//! for every template of Google's documents: the walk finds the template's own method, or a method
//! that accepts the same scopes.
//!
//! A text behind a colon that has the form of a custom verb, at a place where templates have custom
//! verbs, leads to no method unless a template has this verb: `colon.rs` explains why.
//!
//! The section `nodes` contains each node as:
//! 1. the number of literals (`u16`), the number of methods (`u8`), and flags (`u8`): 8 means that
//!    the node has a child for `*`, 16 that it has a child for `**`, and the low bits are the
//!    length of item 2,
//! 2. the children for `*` and `**`, if any (`u24` each),
//! 3. the literals, in ascending order of their hashes: hash `u16`, child `u24`, text `u32`,
//! 4. the methods of the templates that end at this node: key `u16` (custom verb × 8 + HTTP verb),
//!    row `u24`.

use super::blob::{Blob, Host, NODES, u16_at, u32_at, verb_code};
use super::colon;
use super::path::{
    MAX_LITERAL, MAX_SEGMENTS, Segments, contains, decode, equal, has_colon_and_percent, hash,
    split_path, split_verb,
};

/// The name under which the data contains the trie of `www.googleapis.com/<api>/…`, for APIs whose
/// documents list another host. No request can have this name as its host.
pub const LEGACY: &str = "/legacy";
/// Prefixes of a path that precede the name of the API.
pub const BEFORE_API: [&str; 4] = ["/batch", "/download", "/resumable", "/upload"];
/// The host that serves the trie [`LEGACY`] in addition to its own trie.
pub const WWW: &str = "www.googleapis.com";

/// The flag of a node with a child for `*`.
pub const HAS_STAR: u8 = 8;
/// The flag of a node with a child for `**`.
pub const HAS_DOUBLE_STAR: u8 = 16;
/// The bits of the flags that contain the length of the children for `*` and `**`, in bytes.
pub(crate) const WILDCARD_BYTES: u8 = 7;
/// The length of a literal in a node, in bytes.
pub(crate) const EDGE: usize = 9;
/// The length of a method in a node, in bytes.
pub(crate) const METHOD: usize = 5;

/// A key that stands for all methods with a custom verb.
const ANY_CUSTOM_VERB: u16 = u16::MAX;

/// The largest number of steps of a walk. No real path needs that many; a path that was made to be
/// slow ends here.
const MAX_STEPS: usize = 2048;

/// Returns the row of the REST method that a request calls; `None` if no method matches, or if the
/// request can be read in two ways.
///
/// `host` is in lower case and has no port; `path` begins with `/` and has no query.
pub fn find(blob: &Blob<'_>, host: &str, verb: &str, path: &str) -> Option<u32> {
    find_at(blob, blob.host(host).filter(|_| !host.starts_with('/'))?, verb, path)
}

/// Returns the record of the section `hosts` for the API that a path at [`WWW`] names. The name of
/// the record is the first segment of the path, with its slash. Returns `None` if there is no such
/// record, or if `host` is another host.
#[cold]
pub(crate) fn api_at(blob: &Blob<'_>, host: Host, path: &str) -> Option<Host> {
    let mut rest = path;
    loop {
        let mut bytes = rest.get(1..)?.bytes();
        let end = bytes.position(|byte| byte == b'/').map_or(rest.len(), |slash| slash + 1);
        let (first, after) = rest.split_at(end);
        if !BEFORE_API.contains(&first) {
            return blob.host(first).filter(|_| blob.host_name(host) == WWW.as_bytes());
        }
        rest = after;
    }
}

/// Returns the row of the REST method that a request to this host calls, as [`find`] does.
///
/// This function and [`find_by_first_choice`] are inlined into one function for the built-in
/// catalog, and one function for opened catalogs. Where the compiler knows the address of the data,
/// the code has a tenth fewer instructions.
#[inline(always)]
pub(crate) fn find_at(blob: &Blob<'_>, host: Host, verb: &str, path: &str) -> Option<u32> {
    let verb = verb_code(verb)?;
    find_by_first_choice(blob, host, verb, path)
        .or_else(|| find_by_any_choice(blob, host, verb, path))
}

/// Searches by the preferred edge at every segment, and never by `**`. This search finds the method
/// of almost every path; [`find_by_any_choice`] finds the rest.
#[inline(always)]
fn find_by_first_choice(blob: &Blob<'_>, host: Host, verb: u16, path: &str) -> Option<u32> {
    let (common_prefix, below) = blob.common_prefix(host);
    let start = path.as_bytes().get(..common_prefix.len());
    let is_common =
        start.is_some_and(|start| equal(start, common_prefix)) && !common_prefix.is_empty();
    let (mut at, skipped) =
        if is_common { (below, common_prefix.len()) } else { (blob.root(host), 1) };
    let mut segments = Segments::new(path, skipped)?;
    loop {
        let segment = segments.next_segment();
        if segments.is_done() {
            let (has_colon, has_percent) = has_colon_and_percent(segment);
            // `%3A` is an encoded colon, which may belong to a name or to a custom verb.
            if has_percent && segment.windows(2).any(|two| two == b"%3") {
                return None;
            }
            let (segment, key) =
                if has_colon { split_last_segment(blob, segment, verb)? } else { (segment, verb) };
            let end = first_child(blob, at, segment, || has_percent)?;
            return Node::read(blob.section(NODES), end).method_row(key);
        }
        at = first_child(blob, at, segment, || contains(segment, b'%'))?;
    }
}

/// Returns the child for a segment: of the literal that equals the segment, otherwise of `*`.
#[inline(always)]
fn first_child(
    blob: &Blob<'_>,
    at: u32,
    segment: &[u8],
    has_percent: impl FnOnce() -> bool,
) -> Option<u32> {
    let node = Node::read(blob.section(NODES), at);
    match node.literal(blob, segment, has_percent) {
        None if fits_wildcard(segment) => node.star(),
        child => child,
    }
}

/// Splits the last segment at its last colon. Returns the segment without its custom verb, and the
/// key of the methods with this custom verb and HTTP verb. Returns `None` if the segment may end in
/// a custom verb that the catalog does not know.
#[inline(always)]
fn split_last_segment<'p>(
    blob: &Blob<'_>,
    segment: &'p [u8],
    verb: u16,
) -> Option<(&'p [u8], u16)> {
    let colon = segment.iter().rposition(|byte| *byte == b':')?;
    let (before, name) = (segment.get(..colon)?, segment.get(colon + 1..)?);
    match blob.custom_verb(name) {
        Some(custom) => Some((before, custom << 3 | verb)),
        None => (!contains(name, b'%') && !colon::is_like_verb(name)).then_some((segment, verb)),
    }
}

/// Tries all edges and all readings of the last segment, in the order that the module documents.
#[cold]
fn find_by_any_choice(blob: &Blob<'_>, host: Host, verb: u16, path: &str) -> Option<u32> {
    let mut buffer = [&b""[..]; MAX_SEGMENTS];
    let segments = split_path(path, &mut buffer)?;
    let name = std::str::from_utf8(blob.host_name(host)).unwrap_or_default();
    // A POST goes to a collection or has a custom verb: the name of a resource never ends its path.
    let is_name = Some(verb) != verb_code("POST") && colon::may_be_name(name, segments);
    find_below(blob, blob.root(host), verb, segments, is_name).or_else(|| {
        let legacy = blob.host(LEGACY).filter(|_| name == WWW)?;
        find_below(blob, blob.root(legacy), verb, segments, is_name)
    })
}

/// Searches the trie below `root` for the segments, with and without a custom verb. `is_name` is
/// whether the last segment may be a name that contains a colon.
fn find_below<'p>(
    blob: &Blob<'_>,
    root: u32,
    verb: u16,
    segments: &mut [&'p [u8]],
    is_name: bool,
) -> Option<u32> {
    let walk = |segments: &[&[u8]], key| {
        Walk { blob, segments, key, steps: MAX_STEPS }.visit(root, 0, false)
    };
    let last = *segments.last()?;
    let Some((name, custom, is_escaped)) = split_verb(last) else { return walk(segments, verb) };
    let is_doubtful = !is_name && is_like_verb(custom);
    let custom = custom_verb(blob, custom);
    let mut with_last = |text: &'p [u8], key| {
        *segments.last_mut()? = text;
        walk(segments, key)
    };
    let with_verb = custom.and_then(|custom| with_last(name, custom << 3 | verb));
    match with_verb {
        Some(row) if !is_escaped => Some(row),
        // `%3A` may separate a custom verb or belong to a name. If both readings match a method,
        // the method is not certain.
        Some(row) => Some(row).filter(|_| with_last(last, verb).is_none()),
        None if is_doubtful && with_last(name, ANY_CUSTOM_VERB).is_some() => None,
        None => with_last(last, verb),
    }
}

/// Checks whether a text, which may be percent-encoded, has the form of a custom verb.
fn is_like_verb(text: &[u8]) -> bool {
    colon::is_like_verb(decode(text, &mut [0; MAX_LITERAL]).unwrap_or(text))
}

/// Returns the number of a custom verb, which may be percent-encoded.
fn custom_verb(blob: &Blob<'_>, name: &[u8]) -> Option<u16> {
    blob.custom_verb(name).or_else(|| blob.custom_verb(decode(name, &mut [0; MAX_LITERAL])?))
}

/// A search through a trie for a method with this key, which tries every edge that matches.
struct Walk<'a> {
    blob: &'a Blob<'a>,
    segments: &'a [&'a [u8]],
    key: u16,
    /// How many steps are left.
    steps: usize,
}

impl Walk<'_> {
    /// Searches below the node at `at` for the segments from `next` on. If `**` leads to the node,
    /// then the next segments may belong to `**` as well.
    fn visit(&mut self, at: u32, next: usize, is_below_double_star: bool) -> Option<u32> {
        self.steps = self.steps.checked_sub(1)?;
        let node = Node::read(self.blob.section(NODES), at);
        let Some(segment) = self.segments.get(next) else { return self.end(node) };
        let literal = node.literal(self.blob, segment, || contains(segment, b'%'));
        let literal = literal.and_then(|child| self.visit(child, next + 1, false));
        if literal.is_some() || !fits_wildcard(segment) {
            return literal;
        }
        let star = node.star().and_then(|child| self.visit(child, next + 1, false));
        let double_star = |walk: &mut Self| walk.visit(node.double_star()?, next + 1, true);
        let longer = |walk: &mut Self| {
            if is_below_double_star { walk.visit(at, next + 1, true) } else { None }
        };
        star.or_else(|| double_star(self)).or_else(|| longer(self))
    }

    /// Returns the row of the method with the key of the search whose template ends at this node.
    fn end(&self, node: Node<'_>) -> Option<u32> {
        match self.key {
            // The caller asks only whether there is such a method, so any number stands for the
            // row.
            ANY_CUSTOM_VERB => node.has_custom_verbs().then_some(0),
            key => node.method_row(key),
        }
    }
}

/// Checks whether `*` and `**` match this segment.
#[inline]
fn fits_wildcard(segment: &[u8]) -> bool {
    // A server may resolve dot segments (RFC 3986, section 5.2.4), and then sees another path.
    segment.len() > 2 || !matches!(segment, b"" | b"." | b"..")
}

/// A node of a trie: its offset in the section `nodes`, and its first eight bytes as one number.
#[derive(Debug, Clone, Copy)]
struct Node<'a> {
    nodes: &'a [u8],
    at: usize,
    /// The numbers of literals and methods, the flags, and the first child for a wildcard.
    head: u64,
}

impl<'a> Node<'a> {
    /// Reads the node at offset `at` of the section `nodes`.
    #[inline]
    fn read(nodes: &'a [u8], at: u32) -> Self {
        let at = at as usize;
        let head = nodes
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |head| u64::from_le_bytes(*head));
        Self { nodes, at, head }
    }

    /// Returns the number of literals.
    fn literals(&self) -> usize {
        self.head as usize & 0xffff
    }

    fn flags(&self) -> u8 {
        (self.head >> 24) as u8
    }

    /// Returns the child for `*`.
    #[inline]
    fn star(&self) -> Option<u32> {
        (self.flags() & HAS_STAR != 0).then_some((self.head >> 32) as u32 & 0xff_ffff)
    }

    /// Returns the child for `**`.
    fn double_star(&self) -> Option<u32> {
        let at = if self.flags() & HAS_STAR != 0 { 7 } else { 4 };
        (self.flags() & HAS_DOUBLE_STAR != 0).then(|| u32_at(self.nodes, self.at + at) & 0xff_ffff)
    }

    /// Returns the child for the literal that equals the segment. `has_percent` checks whether the
    /// segment may be percent-encoded.
    #[inline(always)]
    fn literal(
        &self,
        blob: &Blob<'_>,
        segment: &[u8],
        has_percent: impl FnOnce() -> bool,
    ) -> Option<u32> {
        if self.literals() == 0 {
            return None;
        }
        self.edge(blob, segment).or_else(|| has_percent().then(|| self.decoded(blob, segment))?)
    }

    /// Returns the child for the literal that equals the percent-decoded segment.
    #[inline(never)]
    fn decoded(self, blob: &Blob<'_>, segment: &[u8]) -> Option<u32> {
        self.edge(blob, decode(segment, &mut [0; MAX_LITERAL])?)
    }

    /// Returns the child for the literal that equals this text.
    #[inline(always)]
    fn edge(&self, blob: &Blob<'_>, text: &[u8]) -> Option<u32> {
        let literals = self.literals();
        if literals == 1 {
            return self.edge_at(0).filter(|edge| edge.equals(blob, text)).map(|edge| edge.child);
        }
        let wanted = hash(text);
        // Hashes are distributed evenly, so that the position of a hash among the sorted literals
        // can be estimated from its value.
        let mut place = (usize::from(wanted) * literals) >> 16;
        while place > 0 && self.edge_at(place - 1)?.hash >= wanted {
            place -= 1;
        }
        while place < literals {
            let edge = self.edge_at(place)?;
            if edge.hash > wanted {
                return None;
            }
            if edge.hash == wanted && edge.equals(blob, text) {
                return Some(edge.child);
            }
            place += 1;
        }
        None
    }

    /// Returns the offset of the first literal.
    fn edges(&self) -> usize {
        self.at + 4 + usize::from(self.flags() & WILDCARD_BYTES)
    }

    /// Reads the literal with this index in the node.
    #[inline(always)]
    fn edge_at(&self, index: usize) -> Option<Edge> {
        let [numbers @ .., len] =
            self.nodes.get(self.edges() + index * EDGE..)?.first_chunk::<EDGE>()?;
        let numbers = u64::from_le_bytes(*numbers);
        Some(Edge {
            hash: numbers as u16,
            child: (numbers >> 16) as u32 & 0xff_ffff,
            text: (numbers >> 40) as u32 | u32::from(*len) << 24,
        })
    }

    /// Returns the row of the method with this key among the templates that end at this node.
    #[inline]
    fn method_row(&self, key: u16) -> Option<u32> {
        let method = self.methods().find(|method| u16_at(method, 0) == key)?;
        Some(u32::from(u16_at(method, 2)) | u32::from(*method.get(4)?) << 16)
    }

    /// Checks whether a template that ends at this node has a custom verb.
    fn has_custom_verbs(&self) -> bool {
        self.methods().any(|method| u16_at(method, 0) > 7)
    }

    /// Returns the methods of the templates that end at this node.
    #[inline]
    fn methods(&self) -> std::slice::ChunksExact<'a, u8> {
        let (from, count) =
            (self.edges() + self.literals() * EDGE, (self.head >> 16) as usize & 0xff);
        self.nodes.get(from..from + count * METHOD).unwrap_or_default().chunks_exact(METHOD)
    }
}

/// A literal of a node, and the child to which it leads.
struct Edge {
    hash: u16,
    child: u32,
    /// The reference to the literal's text.
    text: u32,
}

impl Edge {
    /// Checks whether the literal equals a text. The reference contains the length, which is
    /// compared first.
    #[inline(always)]
    fn equals(&self, blob: &Blob<'_>, text: &[u8]) -> bool {
        (self.text >> 24) as usize == text.len() && equal(blob.text_at_reference(self.text), text)
    }
}
