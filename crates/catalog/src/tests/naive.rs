//! The catalog as a list of path templates, and a slow and simple search in that list. Tests
//! compare the search in the trie with this search.
//!
//! The templates are read from the data as `walk.rs` documents it, without the code of `walk.rs`.

use std::sync::OnceLock;

use crate::ApiMethod;
use crate::blob::{Blob, NODES, VERBS, u16_at, u32_at};
use crate::catalog::Catalog;

static BLOB: std::sync::LazyLock<&Blob<'static>> =
    std::sync::LazyLock::new(|| Catalog::built_in().blob());
/// The name of the trie for old paths of `www.googleapis.com`: see `walk::LEGACY`.
const LEGACY: &str = "/legacy";
/// The largest number of segments in a path: see `path::MAX_SEGMENTS`.
const SEGMENTS: usize = 64;
/// The length of the longest path, in bytes.
const LONGEST: usize = 65_535;

/// A host with the templates of its methods.
pub(crate) struct NaiveHost {
    pub(crate) name: &'static str,
    pub(crate) templates: Vec<NaiveTemplate>,
}

/// The path template of a method.
pub(crate) struct NaiveTemplate {
    pub(crate) parts: Vec<NaivePart>,
    /// Custom verb × 8 + HTTP verb.
    key: u16,
    pub(crate) row: u32,
}

impl NaiveTemplate {
    /// Returns the HTTP verb.
    pub(crate) fn verb(&self) -> &'static str {
        VERBS.get(usize::from(self.key & 7).wrapping_sub(1)).copied().unwrap_or_default()
    }

    /// Checks whether the template has a custom verb.
    pub(crate) fn has_custom_verb(&self) -> bool {
        self.key > 7
    }
}

/// A segment of a path template.
#[derive(Clone)]
pub(crate) enum NaivePart {
    Literal(&'static [u8]),
    Star,
    DoubleStar,
}

/// Returns a path that a template with these parts matches.
pub(crate) fn example(parts: &[NaivePart]) -> String {
    let segment = |part: &NaivePart| match part {
        NaivePart::Literal(text) => String::from_utf8_lossy(text).into_owned(),
        NaivePart::Star => "a-name".to_owned(),
        NaivePart::DoubleStar => "a-name/b-name".to_owned(),
    };
    parts.iter().map(|part| format!("/{}", segment(part))).collect()
}

/// Returns every host with a REST method, in alphabetical order.
pub(crate) fn hosts() -> &'static [NaiveHost] {
    static HOSTS: OnceLock<Vec<NaiveHost>> = OnceLock::new();
    HOSTS.get_or_init(|| {
        let mut names: Vec<_> = (0..BLOB.row_count())
            .map(|row| ApiMethod::from_row(Catalog::built_in(), row).host())
            .collect();
        names.sort_unstable();
        names.dedup();
        let hosts = names.into_iter().map(|name| NaiveHost { name, templates: list(name) });
        hosts.filter(|host| !host.templates.is_empty()).collect()
    })
}

/// Returns the templates of `www.googleapis.com` for APIs whose documents list another host.
fn legacy() -> &'static [NaiveTemplate] {
    static TEMPLATES: OnceLock<Vec<NaiveTemplate>> = OnceLock::new();
    TEMPLATES.get_or_init(|| list(LEGACY))
}

/// Returns all templates in the trie of a host.
pub(crate) fn list(host: &str) -> Vec<NaiveTemplate> {
    let mut templates = Vec::new();
    let mut open: Vec<(u32, Vec<NaivePart>)> =
        BLOB.host(host).map(|host| (BLOB.root(host), Vec::new())).into_iter().collect();
    while let Some((at, parts)) = open.pop() {
        let mut child = |at, part| open.push((at, [parts.as_slice(), &[part]].concat()));
        read(*BLOB, at, &mut child, &mut |key, row| {
            templates.push(NaiveTemplate { parts: parts.clone(), key, row });
        });
    }
    templates
}

/// Reads the node at `at`: calls `child` for each child of the node, and `end` for each method.
fn read(
    blob: &Blob<'static>,
    at: u32,
    child: &mut impl FnMut(u32, NaivePart),
    end: &mut impl FnMut(u16, u32),
) {
    let node = blob.section(NODES).get(at as usize..).unwrap_or_default();
    let [literals, rows, flags] =
        [usize::from(u16_at(node, 0)), usize::from(node[2]), usize::from(node[3])];
    let u24 = |at| u32_at(node, at) & 0xff_ffff;
    let mut place = 4;
    for (flag, part) in [(8, NaivePart::Star), (16, NaivePart::DoubleStar)] {
        if flags & flag != 0 {
            child(u24(place), part);
            place += 3;
        }
    }
    let edges = 4 + (flags & 7);
    for edge in (0..literals).map(|literal| edges + literal * 9) {
        child(u24(edge + 2), NaivePart::Literal(blob.text(node, edge + 5)));
    }
    let methods = edges + literals * 9;
    for method in (0..rows).map(|row| methods + row * 5) {
        end(u16_at(node, method), u24(method + 2));
    }
}

/// Returns the row that [`walk::find`](super::walk::find) must find.
pub(crate) fn find(host: &NaiveHost, verb: &str, path: &str) -> Option<u32> {
    let verb = VERBS.iter().position(|known| *known == verb)? as u16 + 1;
    let find = |templates| find_in(templates, verb, path, host.name);
    find(&host.templates)
        .or_else(|| if host.name == "www.googleapis.com" { find(legacy()) } else { None })
}

/// Searches the templates for a path, with and without a custom verb.
fn find_in(templates: &[NaiveTemplate], verb: u16, path: &str, host: &str) -> Option<u32> {
    let whole = best(templates, verb, path);
    let last = path.rsplit('/').next()?;
    let start = path.len() - last.len();
    let escaped = last.to_ascii_lowercase().rfind("%3a");
    let Some(colon) = last.rfind(':').max(escaped) else { return whole };
    let width = if escaped == Some(colon) { 3 } else { 1 };
    let name = last.get(colon + width..).unwrap_or_default().as_bytes();
    let custom = BLOB.custom_verb(name).or_else(|| BLOB.custom_verb(&decoded(name)?));
    let place = path.get(..start + colon)?;
    let with = custom.and_then(|custom| best(templates, custom << 3 | verb, place));
    match (with, whole) {
        (Some(_), Some(_)) if width == 3 => None,
        (Some(row), _) => Some(row),
        (None, whole) => {
            whole.filter(|_| !is_unknown_verb(templates, [place, path], name, verb, host))
        }
    }
}

/// Checks whether the text behind the last colon of a path may be a custom verb that no template
/// has: whether it is a word of letters, the path before the colon (`place`) matches a template
/// with a custom verb, and names at this place have no colon.
fn is_unknown_verb(
    templates: &[NaiveTemplate],
    [place, path]: [&str; 2],
    tail: &[u8],
    verb: u16,
    host: &str,
) -> bool {
    let tail = decoded(tail).unwrap_or_default();
    let is_word = tail.len() > 2
        && tail[0].is_ascii_lowercase()
        && tail.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let segments: Vec<&str> = path.split('/').collect();
    let [parents @ .., last] = segments.as_slice() else { return false };
    let parent = parents.last().copied().unwrap_or_default();
    let is_name = match host {
        "firestore.googleapis.com" => parents.contains(&"documents"),
        "artifactregistry.googleapis.com" => ["files", "packages", "versions"].contains(&parent),
        "sheets.googleapis.com" => parent == "values",
        _ => false,
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_domain = |text: &str| text.contains('.') && text.split('.').all(is_label);
    let has_domain =
        last.split_once(':').is_some_and(|(domain, id)| is_domain(domain) && !id.contains(':'));
    let is_project = ["projects", "apps"].contains(&parent) && has_domain;
    let keys: std::collections::BTreeSet<u16> =
        templates.iter().map(|template| template.key).collect();
    let with_verb = || keys.iter().any(|key| *key > 7 && best(templates, *key, place).is_some());
    let is_post = VERBS.get(usize::from(verb).wrapping_sub(1)) == Some(&"POST");
    is_word && (is_post || !(is_name || is_project)) && with_verb()
}

/// Returns the catalog row of the template that matches the path best, among the templates with
/// this key (verb and custom verb). [`rank`] defines which match is best. `None` if no template
/// matches.
fn best(templates: &[NaiveTemplate], key: u16, path: &str) -> Option<u32> {
    let segments = path.strip_prefix('/')?.split('/').map(str::as_bytes);
    let segments: Vec<NaiveSegment<'_>> =
        segments.map(|sent| NaiveSegment { sent, decoded: decoded(sent) }).collect();
    if segments.len() > SEGMENTS || path.len() > LONGEST {
        return None;
    }
    let fits = templates.iter().filter(|template| template.key == key);
    let ranked =
        fits.filter_map(|template| Some((rank(&template.parts, &segments)?, template.row)));
    ranked.min().map(|(_, row)| row)
}

/// A segment of a path, as in the request and percent-decoded. `decoded` is `None` if the decoded
/// segment contains a slash.
struct NaiveSegment<'p> {
    sent: &'p [u8],
    decoded: Option<Vec<u8>>,
}

impl NaiveSegment<'_> {
    /// Checks whether the segment equals a literal, as sent or after percent-decoding.
    fn is(&self, text: &[u8]) -> bool {
        self.sent == text || self.decoded.as_deref() == Some(text)
    }

    /// Checks whether a wildcard matches the segment.
    fn is_name(&self) -> bool {
        ![&b""[..], b".", b".."].contains(&self.sent)
    }
}

/// Returns how the parts of a template match each segment: 0 for a literal, 1 for `*`, 2 for the
/// first segment of a `**` and 3 for the other segments of the `**`. The smallest result is the
/// best match. `None` if the template does not match.
fn rank(parts: &[NaivePart], segments: &[NaiveSegment<'_>]) -> Option<Vec<u8>> {
    let Some((part, parts)) = parts.split_first() else {
        return segments.is_empty().then(Vec::new);
    };
    let (segment, rest) = segments.split_first()?;
    let first = match part {
        NaivePart::Literal(text) if segment.is(text) => 0,
        NaivePart::Star if segment.is_name() => 1,
        NaivePart::DoubleStar if segment.is_name() => 2,
        _ => return None,
    };
    // How many segments after the first one the part matches, and the segments that remain.
    let mut lengths = vec![(0, rest)];
    if let NaivePart::DoubleStar = part {
        let more = segments.iter().skip(1).take_while(|segment| segment.is_name()).count();
        lengths.extend((1..=more).filter_map(|more| Some((more, segments.get(more + 1..)?))));
    }
    let ranked = lengths
        .into_iter()
        .filter_map(|(more, rest)| Some([vec![first], vec![3; more], rank(parts, rest)?].concat()));
    ranked.min()
}

/// Percent-decodes a segment; `None` if the result contains a slash.
fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<char> = segment.iter().map(|byte| char::from(*byte)).collect();
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at) {
        let hex = |place: usize| text.get(place).and_then(|digit| digit.to_digit(16));
        let (byte, width) = match (first, hex(at + 1), hex(at + 2)) {
            ('%', Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
            _ => (*first as u8, 1),
        };
        bytes.push(byte);
        at += width;
    }
    (!bytes.contains(&b'/')).then_some(bytes)
}
